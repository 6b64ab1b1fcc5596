"""A root with a past: a ledger of scans that have ended, and their receipts in the outbox."""

from __future__ import annotations

import json
from pathlib import Path

from ocrwatchd.core.config.schema import ROOTS, Folders, state_directory
from ocrwatchd.core.i18n import Message
from ocrwatchd.core.reason import Reason
from ocrwatchd.formats.output import receipt
from ocrwatchd.storage.ledger import Ledger
from ocrwatchd.storage.ledger_file import LEDGER
from ocrwatchd.storage.work_folder import ROOT_ID
from tests.fakes.planned import planned

ROOT_OF_OURS = "0123456789abcdef"


def edit(before, after, why=Reason.SIMILAR_WORD, **more):
    """An edit, as a receipt has it."""
    return {"before": before, "after": after, "why": why, **more}


class Past:
    """Writes what a daemon would have written.

    Args:
        root: of the folders.
    """

    def __init__(self, root):
        self.folders = Folders(root=str(root))
        self.outbox = self.folders.path("outbox")
        for folder in (self.outbox, self.folders.work_path):
            folder.mkdir(parents=True)
        (self.folders.work_path / ROOT_ID).write_text(f"{ROOT_OF_OURS}\n", encoding="ascii")
        self.ledger = Ledger(state_directory() / ROOTS / ROOT_OF_OURS / LEDGER)

    def scan(self, name, at, *, outcome="outbox", counts=None, sets=(), **figures):
        """A scan that has ended at a Unix time, of one page where nothing else is said; without counts, none are known.

        Its job is called as it, but in plain ASCII. ``sets`` are the paths of its sets, where these have other names.
        """
        relative, job = Path(f"{name}.pdf"), name.encode("ascii", "replace").decode()
        self.ledger.claimed(job, relative)
        if outcome == "outbox":
            known = {"sha256": "0" * 64, "pages": 1, "seconds": 1.0} | figures
            self.ledger.recognised(job, **known, counts=counts)
        paths = [Path(each) for each in sets or (relative.with_suffix(""),)]
        plan = tuple(planned(each.name, ".json", folder=str(each.parent)) for each in paths)
        self.ledger.delivering(job, outcome, relative.stem, plan, Message(""))
        self.ledger.ended(job)
        self.ledger._run("UPDATE scan SET ended_at = ? WHERE job = ?", (at, job))
        if counts is None:
            self.ledger._run("UPDATE scan SET counts = '' WHERE job = ?", (job,))

    def receipt(self, name, *pages, **head):
        """A scan's receipt in the outbox; its pages are given by their edits and refusals."""
        path = self.outbox / f"{name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        table = {"schema": 3, "job": name, "page_count": len(pages), "totals": {}} | head
        told = ({"edits": edits, "refused": refused, "lines": [{"text": "x"}]} for edits, refused in pages)
        path.write_bytes(b"".join(receipt.laid_out(table, told)))
        return path


def counts(words=100, edits=None, refused=None, confidence=None, **more):
    """What the engine has counted."""
    kinds = {"edits_by_reason": edits or {}, "refused_by_reason": refused or {}}
    return json.loads(json.dumps({"words": words, **kinds, "confidence": confidence, **more}))
