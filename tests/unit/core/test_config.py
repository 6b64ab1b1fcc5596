"""The settings, their file, and what is said about mistakes in it."""

import shutil
import tomllib
from pathlib import Path

import pytest

from ocrwatchd.core.config import loader, schema
from ocrwatchd.core.config.profile import Work
from ocrwatchd.core.config.schema import Config
from ocrwatchd.core.errors import ConfigError
from tests.paths import CHECKOUT

EXAMPLE = CHECKOUT / "config.example.toml"


def keys(table, prefix=""):
    """Every key of nested tables, dotted, with its value."""
    for name, value in table.items():
        if isinstance(value, dict):
            yield from keys(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def write(tmp_path, text):
    """A configuration file with that text."""
    path = tmp_path / "config.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_example_shows_every_key_with_its_default():
    """The example configuration holds exactly the code's keys, each with the code's default."""
    defaults = Config().model_dump(mode="json", exclude={"profiles", "tasks"})
    assert dict(keys(tomllib.loads(EXAMPLE.read_text(encoding="utf-8")))) == dict(keys(defaults))


def test_example_is_accepted_and_changes_nothing(tmp_path):
    """The example configuration loads as it is and equals the defaults."""
    shutil.copyfile(EXAMPLE, tmp_path / "config.toml")  # the checkout may be another user's
    assert loader.load(tmp_path / "config.toml") == Config()


def test_without_a_file_the_defaults_hold():
    """No file in the configuration directory means the defaults."""
    assert loader.load() == Config()


def test_file_in_the_configuration_directory_is_read(monkeypatch, tmp_path):
    """$CONFIGURATION_DIRECTORY names where config.toml is looked for."""
    write(tmp_path, "[queue]\nsize = 3\n")
    monkeypatch.setenv("CONFIGURATION_DIRECTORY", f"{tmp_path}:/elsewhere")
    assert loader.load().queue.size == 3


@pytest.mark.parametrize(
    ("variable", "directory"),
    [
        ("CONFIGURATION_DIRECTORY", schema.configuration_directory),
        ("STATE_DIRECTORY", schema.state_directory),
        ("CACHE_DIRECTORY", schema.cache_directory),
    ],
)
def test_service_directories_win_over_the_users(monkeypatch, variable, directory):
    """A directory that systemd names wins; without one it lies in the user's home."""
    monkeypatch.setenv(variable, "/srv/one:/srv/two")
    assert directory() == Path("/srv/one")
    monkeypatch.delenv(variable)
    assert directory().name == "ocrwatchd"


def test_every_mistake_is_named_at_once_with_key_value_and_remedy(tmp_path):
    """One run of the check shows all mistakes: where, what was written, what is allowed."""
    path = write(
        tmp_path,
        'colour = "red"\n'
        '[ocr]\nengin = "auto"\nengine = "tesseract"\nlanguages = ["en"]\nthreads = "4"\n'
        "[queue]\nsize = 0\n"
        '[llm]\nmodel = "hugginface"\ngpu_layers = "all"\n'
        '[output]\nformats = ["txt", "docx"]\n',
    )
    with pytest.raises(ConfigError) as caught:
        loader.load(path)
    said = str(caught.value).splitlines()
    assert all(line.startswith(f"{path}: ") for line in said)
    for part in (
        "colour = 'red': there is no such key",
        "ocr.engin = 'auto': there is no such key; did you mean 'engine'?",
        "ocr.engine = 'tesseract': use 'auto', 'aspose' or 'rapidocr'",
        "ocr.languages[0] = 'en': use a three-letter code",
        "ocr.threads = '4': must be a whole number",
        "queue.size = 0: must be greater than or equal to 1",
        'llm.model = \'hugginface\': use "auto", "builtin"',
        "llm.gpu_layers = 'all': use 'auto', or it must be a whole number",
        "output.formats[1] = 'docx': no installed package brings that format; there are 'hocr', 'json'",
    ):
        assert part in str(caught.value)
    assert len(said) == 9


def test_broken_toml_is_named_with_its_line(tmp_path):
    """A syntax error tells file and line."""
    with pytest.raises(ConfigError, match=r"config\.toml: not valid TOML: .*line 2"):
        loader.load(write(tmp_path, "[ocr]\nengine = \n"))


def test_text_without_quotes_is_told_by_what_is_missing(tmp_path):
    """The most frequent mistake in TOML."""
    with pytest.raises(ConfigError, match=r"not valid TOML: Invalid value .*line 2.*; put texts in quotes"):
        loader.load(write(tmp_path, "[folders]\nroot = /srv/scans\n"))


@pytest.mark.parametrize(
    ("tables", "words"),
    [
        ({"output": {"formats": "pdf"}}, "output.formats = 'pdf': must be a list, like [\"pdf\"]"),
        ({"output": {"name": ""}}, "output.name = '': must not be empty"),
        ({"output": {"name": "{nam}"}}, "output.name = '{nam}': there is no field {nam}; there are {name}, {date}"),
        ({"profiles": {"a": {"output": {"name": "x/y"}}}}, "profiles.a.output.name = 'x/y': a name holds no slash"),
        ({"ocr": {"languages": "eng, deu"}}, 'must be a list, like ["eng", "deu"]'),
        ({"notify": {"command": 3}}, 'notify.command = 3: must be a list, like ["one", "two"]'),
        ({"tasks": "summary"}, "tasks = 'summary': must be tables: [[tasks]]"),
        ({"root": "/srv"}, "root = '/srv': there is no such key; did you mean folders.root? put it below [folders]"),
        ({"threads": 1}, "did you mean ocr.threads or llm.threads? put it below [ocr] or [llm]"),
        ({"ocr": {"model": "off"}}, "did you mean llm.model? put it below [llm]"),
        (
            {"profiles": {"invoices": {"formats": ["pdf"]}}},
            "did you mean output.formats? put it below [profiles.invoices.output]",
        ),
        ({"ocr": {"lang": ["eng"]}}, "there is no such key; did you mean 'languages'?"),
        ({"ocr": {"la": ["eng"]}}, "there is no such key; did you mean 'languages' or 'layout'?"),
        ({"folders": {"file_mode": 640}}, "folders.file_mode = 640: write the mode in octal, like 0o640"),
        ({"folders": {"folder_mode": "2770"}}, "folders.folder_mode = '2770': write the mode in octal, like 0o2770"),
        ({"folders": {"folder_mode": 2770}}, "folders.folder_mode = 2770: write the mode in octal, like 0o2770"),
        ({"profiles": {"a/b": {}}}, 'one folder name, no "/", no dot at the start'),
    ],
)
def test_a_mistake_is_told_by_what_to_write_instead(tables, words):
    """For the very key."""
    with pytest.raises(loader.Mistakes) as caught:
        loader.parse(tables)
    assert words in str(caught.value)


def test_named_file_must_exist(tmp_path):
    """A file that --config names and that is missing is an error, not the defaults."""
    with pytest.raises(ConfigError, match="no such file"):
        loader.load(tmp_path / "nowhere.toml")


def test_folder_is_no_configuration(tmp_path):
    """A folder in the file's place gives a message, not a traceback."""
    with pytest.raises(ConfigError, match="cannot be read: a folder; give the file"):
        loader.load(tmp_path)


@pytest.mark.parametrize(
    ("section", "key"),
    [
        *(("folders", name) for name in ("root", "inbox", "outbox", "archive", "failed")),
        *(("ocr", "license"), ("ocr", "resources_dir"), ("llm", "model"), ("llm", "directory_model_path")),
    ],
)
def test_a_path_that_cannot_be_one_is_refused(section, key):
    """The home of somebody who has none, and what no system call takes, are mistakes and no traceback."""
    for path, words in (("~nobody-of-that-name/x", "home folder is not known"), ("/a\0/b", "no null character")):
        with pytest.raises(loader.Mistakes, match=words):
            loader.parse({section: {key: path}})


@pytest.mark.parametrize(("section", "key"), [("folders", "root"), ("ocr", "license"), ("metrics", "file")])
def test_a_path_from_the_current_directory_is_refused(section, key):
    """A service has another one than the person who writes the file; ~ is known to both."""
    with pytest.raises(loader.Mistakes, match=f"{section}.{key} = 'scans/a.prom': write the whole path, from / or ~"):
        loader.parse({section: {key: "scans/a.prom"}})
    for path in ("", "/scans/a.prom", "~/scans/a.prom"):
        loader.parse({section: {key: path}})


def test_configuration_of_other_letters_says_what_to_do(tmp_path):
    """A file saved as Latin-1 is told by what it has to be."""
    path = write(tmp_path, "")
    path.write_bytes("# Schlüssel".encode("latin-1"))
    with pytest.raises(ConfigError, match=r"not UTF-8 \(byte 6\); save it as UTF-8"):
        loader.load(path)


@pytest.mark.parametrize("pair", [("inbox", "outbox"), ("archive", "inbox"), ("failed", "failed")])
def test_folders_must_not_lie_in_one_another(pair):
    """An outbox in the inbox would be read again and again: overlapping folders are refused."""
    inner, outer = pair
    folders = (
        {inner: "/srv/scans/all/one", outer: "/srv/scans/all"}
        if inner != outer
        else {
            "failed": "/srv/x",
            "archive": "/srv/x",
        }
    )
    with pytest.raises(loader.Mistakes, match="must not lie in"):
        loader.parse({"folders": folders})


def test_handwriting_needs_aspose():
    """RapidOCR has no handwritten mode, and the configuration says so before any scan is touched."""
    with pytest.raises(loader.Mistakes, match="rapidocr reads print only"):
        loader.parse({"ocr": {"engine": "rapidocr", "mode": "handwritten"}})


def test_profile_overrides_and_inherits():
    """A profile has the top level's settings with its own put over them."""
    parsed = loader.parse(
        {"ocr": {"dpi": 200, "threads": 2}, "profiles": {"notes": {"ocr": {"threads": 1}, "priority": 7}}}
    )
    notes = parsed.work("notes")
    assert (notes.ocr.dpi, notes.ocr.threads, notes.priority) == (200, 1, 7)
    assert parsed.work("elsewhere") == parsed.work()
    assert parsed.work().ocr.threads == 2


def test_profile_mistakes_are_named_with_the_profile():
    """A mistake in a profile is shown where it stands, and one of the top level only once."""
    with pytest.raises(loader.Mistakes) as caught:
        loader.parse({"gate": {"max_rewrite": 3}, "profiles": {"a/b": {}, "x": {"ocr": {"engine": "q"}}}})
    said = str(caught.value)
    assert "profiles.a/b: a profile is a table named like a sub-folder" in said
    assert "profiles.x.ocr.engine = 'q'" in said
    assert said.count("max_rewrite") == 1


@pytest.mark.parametrize("name", ["", "..", ".hidden", "a\0b"])
def test_profile_that_no_folder_can_be_called_is_refused(name):
    """A profile's name is the name of a sub-folder that scans can lie in."""
    with pytest.raises(loader.Mistakes, match="named like a sub-folder of the inbox"):
        loader.parse({"profiles": {name: {}}})


@pytest.mark.parametrize(("name", "pattern"), [("x~", "*~"), ("@eaDir", "@eaDir"), ("NAS.TMP", "*.tmp")])
def test_profile_whose_folder_is_never_read_is_refused(name, pattern):
    """What lies in a folder that `arrival.ignore` matches would wait for ever; with other patterns the name is free."""
    with pytest.raises(loader.Mistakes) as caught:
        loader.parse({"queue": {"size": -1}, "profiles": {name: {"priority": 999}}})
    said = str(caught.value)
    assert f"profiles.{name}: arrival.ignore ignores that folder ({pattern!r})" in said
    assert "priority" in said
    assert name in loader.parse({"arrival": {"ignore": ["b*"]}, "profiles": {name: {}}}).profiles


@pytest.mark.parametrize("number", ["inf", "-inf", "nan"])
@pytest.mark.parametrize("key", ["llm.page_budget_s", "ocr.page_deadline_s", "arrival.incomplete_deadline_s"])
def test_numbers_have_an_end(tmp_path, key, number):
    """TOML has others, and JSON has not: an engine, here or on a worker, would refuse each job."""
    section, name = key.split(".")
    path = tmp_path / "config.toml"
    path.write_text(f"[{section}]\n{name} = {number}\n", encoding="ascii")
    with pytest.raises(ConfigError, match=f"{key} = {number}: must be a finite number"):
        loader.load(path)


def test_settings_travel_as_json():
    """A job's settings survive the way to the engine process."""
    work = loader.parse({"ocr": {"pdf_passwords": ["x"]}, "llm": {"gpu_layers": 3}}).work()
    assert Work.model_validate_json(work.model_dump_json()) == work


@pytest.mark.parametrize(
    "url", ["redis://host:6379/2", "rediss://:word@host", "amqp://me@host/office", "amqps://[::1]"]
)
def test_brokers_are_named_by_url(url):
    """With TLS or without, with a user, a password, a database or a virtual host."""
    assert loader.parse({"queue": {"broker": url}}).queue.broker == url


@pytest.mark.parametrize(
    "url",
    ["host:6379", "http://host", "redis://", "amqp://host:port", "redis:///socket", "redis://host/office", "amqp://["],
)
def test_what_is_no_brokers_url_is_refused(url):
    """With an example of one."""
    with pytest.raises(loader.Mistakes, match="use a URL like redis://"):
        loader.parse({"queue": {"broker": url}})


@pytest.mark.parametrize(
    ("file", "words"),
    [("/var/m.txt", "names end in .prom"), ("/r/inbox/m.prom", "metrics.file must not lie in /r/inbox")],
)
def test_metrics_lie_where_they_are_looked_for(file, words):
    """A name that the collector passes over, and a folder in which it would be taken for a scan, are refused."""
    with pytest.raises(loader.Mistakes, match=words):
        loader.parse({"folders": {"root": "/r"}, "metrics": {"file": file}})
