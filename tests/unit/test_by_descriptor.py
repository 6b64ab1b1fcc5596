"""Where others may write, files are reached by the descriptor of their folder, not by a path that can be exchanged."""

import ast

import pytest

from tests.paths import CHECKOUT

ROOMS = ("arrival", "cli/edits", "cli/retry", "monitoring/canary", "monitoring/status_page", "storage")

CHANGING = {
    *("chmod", "chown", "hardlink_to", "lchmod", "lchown", "link", "makedirs", "mkdir", "mkfifo", "move", "remove"),
    *("removedirs", "rename", "renames", "replace", "rmdir", "rmtree", "symlink", "symlink_to", "touch", "truncate"),
    *("unlink", "utime", "write_bytes", "write_new", "write_text"),
}
LOOKING = {
    *("copy", "exists", "glob", "is_dir", "is_file", "is_symlink", "isdir", "isfile", "islink", "iterdir", "lexists"),
    *("lexists_strict", "listdir", "lstat", "open", "open_regular", "read_bytes", "read_text", "rglob", "same_content"),
    *("samefile", "scandir", "stat", "walk", "walk_files"),
}
HELD = {"copy": {"target_in"}, "move": {"source_in", "target_in"}, "write_new": {"folder"}}
"""What each of our own functions is given, where its folder is held."""

PLACES = {"lexists_strict": 2, "open_regular": 2, "same_content": 4}
"""So many arguments they have then."""

CHANGES = {
    ("claim.py", "aside.unlink()"): "in a job's folder, in .work",
    ("claim.py", "target.unlink()"): "likewise",
    ("claim.py", "files.move(source, aside, source_in=here)"): "likewise",
    ("claim.py", "files.move(source, target, source_in=here)"): "likewise",
    ("claim.py", "files.move(target, source.with_name(name), target_in=here)"): "likewise",
    ("checked_json.py", "files.write_new(path, "): "likewise",
    ("inbox.py", "folder.rmdir()"): "likewise",
    ("outbox.py", "files.write_new(note, "): "likewise",
    ("outbox.py", "shutil.rmtree(job.folder)"): "likewise",
    ("work_folder.py", "folder.rmdir()"): "likewise",
    ("work_folder.py", "files.write_new(self._path / ROOT_ID, "): "in .work itself",
    ("late_writes.py", ""): "likewise; what goes into the inbox goes by descriptor",
    ("ledger_file.py", ""): "in the state directory",
}
"""What is changed by its path, where nobody else may write: module, beginning of the call, reason."""

LOOKS = {
    ("__init__.py", "files(__name__)"): "in this package",
    ("page.py", "(resources.files(__package__)"): "likewise",
    ("inotify_watches.py", ""): "which folders have a watch; a wrong answer costs a sweep",
    ("watcher.py", ""): "likewise",
    ("inbox.py", "entry.is_dir("): "what the sweep finds is looked at by descriptor before anything is done with it",
    ("inbox.py", "os.scandir(folder)"): "likewise",
    ("inbox.py", "os.lstat(path)"): "likewise",
    ("inbox.py", "os.lstat(scan.path)"): "of what may not be read; the claim looks again",
    ("claim.py", "files.copy(file, target)"): "in a job's folder, in .work",
    ("claim.py", "os.lstat(aside)"): "likewise",
    ("claim.py", "os.lstat(target)"): "likewise",
    ("checked_json.py", "safe_open.open_regular(path)"): "likewise",
    ("group_members.py", ""): "likewise",
    ("work_folder.py", ""): "likewise",
    ("outbox.py", "os.lstat(job."): "likewise",
    ("outbox.py", "os.path.lexists(job."): "likewise",
    ("outbox.py", "os.path.lexists(note)"): "likewise",
    ("outbox.py", "out.iterdir()"): "likewise",
    ("outbox.py", "safe_open.walk_files(job."): "likewise",
    ("outbox.py", "os.path.lexists(source)"): "whether there is something to move, which is done by descriptor",
    ("outbox.py", "os.path.lexists(target)"): "likewise",
    ("outbox.py", "os.path.lexists(moves[0][1])"): "likewise",
    ("outbox.py", "safe_open.lexists_strict(source)"): "likewise",
    ("receipt_edits.py", "os.path.lexists(each)"): "which files a set has; they are opened by descriptor",
    ("sheet_key.py", ""): "whose the state directory is, for a message",
    ("ledger_rebuild.py", ""): "whoever may exchange a folder may as well write into it what is read there",
    ("match.py", "failed.is_dir()"): "a folder in the root itself, in which nobody else may write",
    ("move_back.py", "failed.is_dir()"): "likewise",
    ("root_folders.py", ""): "likewise",
}
"""What is only looked at by its path."""


def by_path(source, module):
    """Each call that reaches a file by its path, against the two lists.

    Args:
        source: of the module.
        module: its name.
    """
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        given = {keyword.arg for keyword in node.keywords}
        of_text = name == "replace" and (len(node.args) > 1 or isinstance(node.func, ast.Name))
        held = given & {"dir_fd", "src_dir_fd"} or (name in HELD and given >= HELD[name])
        if name not in CHANGING | LOOKING or held or of_text or len(node.args) >= PLACES.get(name, 99):
            continue
        call, allowed = ast.unparse(node), CHANGES if name in CHANGING else CHANGES | LOOKS
        if not any(module == at and call.startswith(beginning) for at, beginning in allowed):
            yield f"{module}:{node.lineno} {call}"


@pytest.mark.parametrize("room", ROOMS)
def test_what_others_may_exchange_is_reached_by_descriptor(room):
    """Another path needs a reason in one of the lists, or better a held folder."""
    modules = sorted((CHECKOUT / "ocrwatchd" / room).glob("*.py"))
    assert modules
    assert [call for each in modules for call in by_path(each.read_text(encoding="utf-8"), each.name)] == []


@pytest.mark.parametrize(
    "call",
    [
        *("os.rename(a, b)", "path.unlink()", "shutil.rmtree(path)", "open(path)", "path.read_text()", "os.stat(path)"),
        *("files.move(a, b, source_in=x)", "files.write_new(path, b'')", "open_regular(path)", "path.replace(other)"),
    ],
)
def test_a_path_is_seen(call):
    """The proof above is worth something."""
    assert list(by_path(call, "any.py")) == [f"any.py:1 {call}"]


@pytest.mark.parametrize(
    "call",
    [
        *("os.rename(a, b, src_dir_fd=x, dst_dir_fd=y)", "os.unlink(name, dir_fd=x)", "text.replace('a', 'b')"),
        *(
            "files.move(a, b, source_in=x, target_in=y)",
            "files.write_new(path, b'', folder=x)",
            "open_regular(path, x)",
        ),
    ],
)
def test_a_held_folder_is_no_path(call):
    """Neither is text."""
    assert list(by_path(call, "any.py")) == []
