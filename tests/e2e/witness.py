"""An eye on folders that misses nothing: the kernel's own list of what became visible, and what became of scans."""

import ctypes
import json
import os
import struct
from pathlib import Path

TEMPORARY_PREFIX = ".ocrwatchd-"
WRITTEN, CREATED, CAME, WENT, DELETED, OVERFLOW = 0x2, 0x100, 0x80, 0x40, 0x200, 0x4000
WORDS = {WRITTEN: "written", CREATED: "created", CAME: "came", WENT: "went", DELETED: "deleted", OVERFLOW: "lost"}

_libc = ctypes.CDLL(None, use_errno=True)


class Witness:
    """Sees each name that appears in folders, however briefly; use it in a ``with`` block.

    Args:
        folders: they exist.
    """

    def __init__(self, *folders: Path):
        self._folders = folders
        self._watches = {}
        self._seen = []

    def __enter__(self):
        self._queue = _libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        mask = WRITTEN | CREATED | CAME | WENT | DELETED
        for folder in self._folders:
            watch = _libc.inotify_add_watch(self._queue, os.fsencode(folder), mask)
            assert watch > 0, os.strerror(ctypes.get_errno())
            self._watches[watch] = folder
        return self

    def __exit__(self, *_):
        os.close(self._queue)

    def seen(self):
        """So far: folder's name, file's name, what was seen of it; in order, temporary names left out."""
        while True:
            try:
                data = os.read(self._queue, 1 << 16)
            except BlockingIOError:
                return self._seen
            while data:
                watch, mask, _cookie, length = struct.unpack_from("iIII", data)
                name = os.fsdecode(data[16 : 16 + length].rstrip(b"\0"))
                data = data[16 + length :]
                assert not mask & OVERFLOW, "the witness has missed something"
                if watch in self._watches and name and not name.startswith(TEMPORARY_PREFIX):
                    what = next(word for bit, word in WORDS.items() if mask & bit)
                    self._seen.append((self._watches[watch].name, name, what))

    def confirm(self):
        """No half file and no half set was ever visible: each name appeared once, whole, the receipt after its set."""
        seen = self.seen()
        assert all(what == "came" for _, _, what in seen), [entry for entry in seen if entry[2] != "came"]
        came = [(folder, name) for folder, name, _ in seen]
        assert len(came) == len(set(came)), [entry for entry in came if came.count(entry) > 1]
        for place, (folder, name) in enumerate(came):
            if folder == "outbox" and name.endswith(".json"):
                text = (folder, name.removesuffix(".json") + ".txt")
                assert text in came[:place], f"{name} was visible before its text"
            if folder == "archive":
                receipt = ("outbox", Path(name).stem + ".json")
                assert receipt in came[:place], f"{name} was archived before it was delivered"


def confirm_delivered(daemon, scans, *, text=None):
    """Each scan was delivered exactly once, whole, and nothing else lies anywhere.

    Args:
        daemon: a tests.e2e.running.Running that has come to rest.
        scans: name in the inbox to content.
        text: what each delivered text has to be.
    """
    assert daemon.lying("failed") == []
    assert daemon.lying("inbox") == []
    assert daemon.lying_in_jobs() == []
    assert daemon.lying("archive") == sorted(scans)
    stems = sorted(Path(name).stem for name in scans)
    expected = sorted(f"{stem}{suffix}" for stem in stems for suffix in (".json", ".txt"))
    assert daemon.lying("outbox") == expected, daemon.lying("outbox")
    for name, content in scans.items():
        assert (daemon.root / "archive" / name).read_bytes() == content, name
        receipt = json.loads((daemon.root / "outbox" / f"{Path(name).stem}.json").read_text(encoding="utf-8"))
        assert receipt["complete"], name
        delivered = (daemon.root / "outbox" / f"{Path(name).stem}.txt").read_text(encoding="utf-8")
        for page in receipt["pages"]:
            assert page["text"].strip() in delivered, name
        assert text is None or delivered == text, name
