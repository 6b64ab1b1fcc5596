"""status.html of a real daemon, in a real browser: while it works, after kill -9, and after the next start."""

import json
import os
import signal
import time

import pytest

from ocrwatchd.core.i18n import Message
from ocrwatchd.monitoring import status_page
from ocrwatchd.monitoring.status import Status
from ocrwatchd.storage.set_names import STATUS_PAGE
from tests.e2e.browser import DESK, PHONE, barriers, chromium, opened, runs_over
from tests.e2e.running import Running, await_that
from tests.fakes.engine import write_scan
from tests.receipts import mistakes

pytestmark = pytest.mark.slow

EVIL = b"<img src=x onerror=alert(1)>\xe2\x80\xae\xff.pdf"


@pytest.fixture(scope="module")
def browser():
    """One for all."""
    with chromium() as made:
        yield made


@pytest.fixture
def daemon(tmp_path):
    """A daemon that keeps the page, in German, and reads nothing twice."""
    folders = {"root": str(tmp_path / "root"), "status_page": True}
    return Running(tmp_path, folders=folders, output={"language": "de"}, job={"duplicates": "skip", "max_attempts": 1})


def holds(path, *words):
    """Wait until the page holds these words; no look at it ever meets half a page."""

    def there():
        if not path.exists():
            return False
        told = path.read_text(encoding="utf-8")
        assert told.endswith("</html>\n")
        return all(word in told for word in words)

    await_that(there, 60, f"{words} in {path}")


def test_the_page_tells_what_happens(daemon, browser):
    """What is done and has failed, with hostile names; that nothing runs after a kill; and all goes on at a start."""
    path = daemon.root / "outbox" / STATUS_PAGE
    with daemon:
        (daemon.inbox / os.fsdecode(EVIL)).write_bytes(b"%PDF-1.7\nno end")
        write_scan(daemon.inbox / "status.tif", "fine", "unreadable")
        write_scan(daemon.inbox / "status.html.tif", "fine")
        daemon.await_files("outbox", ["status.txt", "status.json", "status.html.txt"])
        write_scan(daemon.inbox / "again.tif", "fine", "unreadable")
        daemon.await_files("outbox", ["again.json"])
        holds(path, "<dd>3</dd>", "<dd>1</dd>", "Läuft", "Die Übertragung ist abgebrochen")
        with opened(browser, path) as page:
            assert page.locator("h1").inner_text() == "Läuft"
            assert page.locator(".failed .file").inner_text().startswith("<img src=x onerror=alert(1)>\ufffd\ufffd")
            assert page.locator("#stale").is_hidden()
            assert barriers(page) == []
        (note,) = (daemon.root / "failed").glob("*.reason.txt")
        assert "Grund: Die Übertragung ist abgebrochen" in note.read_text(encoding="utf-8")
        daemon.process.send_signal(signal.SIGKILL)
        daemon.process.wait()
        told = daemon.ask("status", "--page")
        assert told.returncode == 0, told.stderr
        holds(path, "Läuft nicht seit")
    with daemon:
        holds(path, '<h1 class="good"')
    holds(path, "Der Dienst wurde angehalten.")
    outbox = [name for name in daemon.lying("outbox") if name.endswith(".json")]
    receipts = {name: json.loads((daemon.root / "outbox" / name).read_text()) for name in outbox}
    assert sorted(receipts) == ["again.json", "status.html.json", "status.json"]
    assert not any(mistakes(receipt) for receipt in receipts.values())
    assert not receipts["status.json"]["complete"]
    assert receipts["again.json"]["duplicate_of"] == "status"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("code", "size"), [("", DESK), ("de", PHONE), ("zh", PHONE)])
def test_the_page_is_usable_by_everybody(browser, tmp_path, scheme, code, size):
    """axe-core finds nothing, by day and night, on a desk and on a phone; nothing runs over the edge."""
    now = time.time()
    name = f"{'Rechnung-' * 20}<script>alert(1)</script>.pdf"
    seen = Status(
        "running", pid=1, version="1", root="/r", started_at=now, written_at=now, waiting=3, in_work=name, page=3,
        pages=12, delivered_today=1204, last_delivery_at=now, failures=((name, Message("the PDF has no pages")),),
        trouble=(Message("the watch on /in has died"),),
    )  # fmt: skip
    path = tmp_path / STATUS_PAGE
    path.write_text(status_page.page(seen, now, code), encoding="utf-8")
    with opened(browser, path, size=size, scheme=scheme) as page:
        assert barriers(page) == []
        assert runs_over(page) == 0
        assert page.locator("progress").get_attribute("value") == "2"


def test_a_page_that_nobody_renews_takes_itself_back(browser, tmp_path):
    """With script it says so; without, it tells until when it can be believed."""
    now = time.time() - 2 * status_page.GOOD_SECONDS
    path = tmp_path / STATUS_PAGE
    path.write_text(
        status_page.page(Status("running", pid=1, version="1", root="/r", started_at=now, written_at=now), now),
        encoding="utf-8",
    )
    with opened(browser, path) as page:
        assert page.locator("#stale").is_visible()
        assert page.locator("h1").inner_text() == "Probably not running"
        assert barriers(page) == []
    with opened(browser, path, script=False) as page:
        assert "more than three minutes ago" in page.locator("footer").inner_text()
        assert page.locator("#stale").is_hidden()
