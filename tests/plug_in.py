"""Another package with formats of its own, installed as pip does it: a module and its metadata on the path."""

from ocrwatchd.core.config.format_plugins import GROUP

WORDS = """
SUFFIX = ".words.docx"
def write(document, pages, file):
    for page in pages:
        file.write(page.correction.text.encode())
"""


def install(folder, text=WORDS, names=("docx",), package="others"):
    """Put a package into a folder of ``sys.path``.

    Args:
        folder: of the path.
        text: of its module.
        names: of its formats.
        package: its name.
    """
    (folder / f"{package}.py").write_text(text, encoding="utf-8")
    metadata = folder / f"{package}-1.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1\n", encoding="utf-8")
    points = "".join(f"{name} = {package}\n" for name in names)
    (metadata / "entry_points.txt").write_text(f"[{GROUP}]\n{points}", encoding="utf-8")
