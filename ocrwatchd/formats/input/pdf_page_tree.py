"""Count the pages of a PDF in its page tree. PDFium believes the number that the root of the tree states.

Read by qpdf, by way of pikepdf, which looks at the tree itself. Hostile trees are bounded: each node is looked at once,
a circle ends where it began, and the search ends beyond the pages that are read of any document.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import BinaryIO, NamedTuple

import pikepdf
from pikepdf import Array, Dictionary, Encryption, Name, Object, ObjectStreamMode, Pdf, StreamDecodeLevel

from ocrwatchd.core.faults import is_machines
from ocrwatchd.core.fs.anonymous_file import nameless
from ocrwatchd.formats.input import decompression_limit
from ocrwatchd.formats.input.common import MAX_PAGES

MOST_LOOKED_AT = 4 * MAX_PAGES
"""Most entries of the tree that are examined, in 0.5 s at most."""

logging.getLogger("pikepdf").setLevel(logging.CRITICAL)  # what it finds strange in a scan is no news of ours


class Tree(NamedTuple):
    """The result of counting the entries of a page tree.

    Args:
        places: for pages, whether or not there is one; no more than are read, and one.
        plain: no page stands in it twice.
        full: there is something in every place.
    """

    places: int
    plain: bool
    full: bool = True


def tree_of(path: str, password: str) -> Tree | None:
    """Examine the page tree of a PDF; None if that fails."""
    try:
        # Handing down what pages inherit would make a copy of a page for each time that it stands in the tree.
        with pikepdf.open(path, password=password, inherit_page_attributes=False) as pdf:
            root = pdf.Root.get(Name.Pages)
            tree = _looked_at(root) if isinstance(root, Dictionary) else None
            return None if decompression_limit.was_exceeded(pdf) else tree
    except Exception as error:  # the boundary to a parser: hostile data makes it raise almost anything
        if is_machines(error):
            raise
        return None


def mended(path: str, password: str) -> BinaryIO | None:
    """Write the PDF with a repaired page tree into a temporary file; None if that fails.

    Its tree must be plain; otherwise the new file could be larger by any factor.

    Raises:
        OSError: there is no room for it.
    """
    file = nameless(Path(path).resolve().parent)  # that has held as much already
    try:
        with pikepdf.open(path, password=password) as pdf:
            save(pdf, file)
            whole = not decompression_limit.was_exceeded(pdf)
        file.flush()
    except BaseException as error:
        file.close()
        if isinstance(error, Exception) and not is_machines(error):  # as above
            return None
        raise
    if whole:
        return file
    file.close()
    return None


def save(pdf: Pdf, file: BinaryIO, encryption: Encryption | None = None, version: str = "") -> None:
    """Write a PDF without changing its streams. It keeps its password, or gets one; ``version`` is of PDF, as "1.7".

    Raises:
        pikepdf.PdfError: it is too damaged.
        OSError: the file cannot be written.
    """
    if pdf.is_encrypted or encryption:  # qpdf encrypts only streams that it may decode
        pdf.save(file, encryption=encryption or True, object_stream_mode=ObjectStreamMode.preserve)
    else:
        as_they_are = StreamDecodeLevel.none
        pdf.save(
            file,
            object_stream_mode=ObjectStreamMode.preserve,
            stream_decode_level=as_they_are,
            force_version=version,
        )


def _looked_at(root: Object) -> Tree:
    nodes, seen = [root], {root.objgen}
    places = looked_at = 0
    plain = full = True
    while nodes:
        kids = nodes.pop().get(Name.Kids)
        if not isinstance(kids, Array):
            places += 1
            continue
        for kid in kids:
            looked_at += 1
            if places > MAX_PAGES or looked_at > MOST_LOOKED_AT:
                return Tree(MAX_PAGES + 1, plain=False)
            indirect = isinstance(kid, Dictionary) and kid.is_indirect
            known = indirect and kid.objgen in seen
            plain &= not known
            if indirect:
                seen.add(kid.objgen)
            full &= isinstance(kid, Dictionary)
            if not (isinstance(kid, Dictionary) and Name.Kids in kid):
                places += 1
            elif not known:
                nodes.append(kid)
    return Tree(places, plain, full)
