"""NAME.pdf: the unchanged scan under its invisible corrected words, for searching and copying.

A PDF's own pages are kept as they are; a picture becomes a page, dot for dot (``image_pages``). Each page gets one form
with its words (``text_layer``), but those that the PDF says itself, and an older invisible layer goes: words would be
found twice (``old_text_layer``). What a PDF would do in a reader, but to lead to a place, is taken out
(``active_content``). A PDF with a password keeps it. The document information gets the receipt's id, by which an inbox
refuses the PDF: else an outbox that leads into an inbox would be read for ever. A claim of the scan's to be PDF/A goes,
for this is no longer what was checked; ``pdf_a`` makes our own where ``output.pdf`` asks for it.

Why pikepdf (MPL-2.0, on qpdf): it changes PDFs without touching what is not meant, copies from the file on disk when it
saves, and reads damaged ones. fpdf2 (LGPL) and img2pdf (LGPL) only make new PDFs, and hold them in memory. OCRmyPDF
(MPL-2.0) stands on these three and around an OCR engine that it calls itself: its layer is the example for ours.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO, NamedTuple

import pikepdf
from pikepdf import Name

from ocrwatchd.core.config.profile import ARCHIVAL
from ocrwatchd.core.errors import FormatUnusable, UnreadableScan
from ocrwatchd.core.file_types import OUTPUT_SUFFIXES
from ocrwatchd.core.fs.anonymous_file import nameless
from ocrwatchd.core.fs.safe_open import open_regular
from ocrwatchd.core.model import Document, FinishedPage, PageText
from ocrwatchd.formats.input import decompression_limit, kind_of
from ocrwatchd.formats.input.common import DELIVERED, OWN_TEXT
from ocrwatchd.formats.input.pdf_page_tree import save
from ocrwatchd.formats.output.pdf import active_content, archivable, bilevel, old_text_layer, page_range, pdf_a
from ocrwatchd.formats.output.pdf.coordinates import matrix
from ocrwatchd.formats.output.pdf.font import Fonts
from ocrwatchd.formats.output.pdf.image_pages import draw
from ocrwatchd.formats.output.pdf.pages import layer_of, put_under, view_of
from ocrwatchd.formats.output.pdf.sources import TOO_MUCH, PdfSources, check_count, opened
from ocrwatchd.formats.output.pdf.stream_writer import Scratch
from ocrwatchd.formats.output.pdf.text_layer import Layer
from ocrwatchd.formats.output.word_boxes import PlacedLine, placed, size_of, with_mark

SUFFIX = OUTPUT_SUFFIXES["pdf"]


class _Worded(NamedTuple):
    """A page's words that the PDF does not say itself, and how the page was recognised; its text is no longer held."""

    page: PageText
    layer: Layer | None


def write(document: Document, pages: Iterable[FinishedPage], file: BinaryIO) -> str:
    """Write the searchable PDF; return why it is no PDF/A, where it was to be one.

    Raises:
        FormatUnusable: the scan is a PDF that cannot be opened for changing, has too many annotations, or unpacks to
            too much.
        OSError: the file cannot be written.
    """
    try:
        if (file_of := _only_pdf(document)) is not None:
            return _of_pdf(file_of, document, pages, file)
        return _of_files(document, pages, file)
    except UnreadableScan as error:
        raise FormatUnusable(f"the scan cannot be opened again: {error}") from error


def reworded(delivered: BinaryIO, document: Document, pages: Iterable[FinishedPage], file: BinaryIO) -> bool:
    """Write a delivered PDF again with other words on its pages; False, and nothing is written, where they are there.

    Raises:
        FormatUnusable: it is locked, damaged, or no longer as it was delivered.
        OSError: it cannot be read or written.
    """
    try:
        opened = pikepdf.open(delivered)
    except pikepdf.PasswordError as error:
        raise FormatUnusable("it is locked by a password") from error
    except pikepdf.PdfError as error:
        raise FormatUnusable("it is damaged, or was changed by hand") from error
    with opened as pdf:
        fonts, changed = Fonts(pdf), False
        for page, (read, layer) in zip(pdf.pages, _worded(document, pages), strict=False):
            form = layer_of(page)
            if layer is None:
                continue
            if form is None:
                raise FormatUnusable(f"page {read.number} has no text layer of ours; was it changed by hand?")
            if form.read_raw_bytes() != layer.content:
                layer.fill(form, fonts)
                changed = True
        if changed:
            _save(pdf, file)
        return changed


def _only_pdf(document: Document) -> Path | None:
    """The PDF that all pages lie in, in its order; None where there is none."""
    leaves = document.leaves or (document.leaf(1),)
    numbers = [leaf.number for leaf in leaves]
    if len({leaf.file for leaf in leaves}) > 1 or numbers != sorted(set(numbers)):
        return None
    # The page that stands for those beyond the limit is none of the PDF's.
    if document.leaves and numbers[-1] > document.work.ocr.max_pages:
        return None
    descriptor = open_regular(leaves[0].file)
    try:
        return leaves[0].file if kind_of(descriptor) == "PDF" else None
    finally:
        os.close(descriptor)


def _of_pdf(scan: Path, document: Document, pages: Iterable[FinishedPage], file: BinaryIO) -> str:
    """Write a PDF again, or some of its pages."""
    ocr = document.work.ocr
    descriptor = open_regular(scan)
    try:
        # By way of the descriptor, as PDFium does.
        with opened(f"/proc/self/fd/{descriptor}", ocr.pdf_passwords)[0] as pdf:
            if document.leaves:
                numbers = [leaf.number for leaf in document.leaves]
                check_count(pdf, scan, ocr)
                if document.parts > 1 or len(numbers) < len(pdf.pages):
                    page_range.keep(pdf, numbers, alone=document.parts == 1)
            return _finish(pdf, document, _worded(document, pages), file)
    finally:
        os.close(descriptor)


def _of_files(document: Document, pages: Iterable[FinishedPage], file: BinaryIO) -> str:
    """Write a PDF of pictures, and of PDFs among them.

    Pages come once, so their words are kept, compressed, until all pictures are written.
    """
    with nameless(_beside(file)) as drawn, PdfSources(document.work.ocr) as sources:
        scratch = Scratch(drawn)
        words = list(_worded(document, draw(pages, document, sources, scratch)))
        scratch.close()
        with opened(f"/proc/self/fd/{drawn.fileno()}", ())[0] as pdf:
            pdf.docinfo[Name.Producer] = f"ocrwatchd {document.versions.get('ocrwatchd', '')}".rstrip()
            leaves = ((index, document.leaf(words[index].page.number)) for index in range(len(words)))
            sources.put_in(pdf, [(index, leaf) for index, leaf in leaves if sources.holds(leaf, needed=False)])
            pdf_a.describe(pdf, document)
            return _finish(pdf, document, words, file, sources.encryption)


def _worded(document: Document, pages: Iterable[FinishedPage]) -> Iterator[_Worded]:
    marked = not document.evaluation
    for finished in pages:
        lines = placed(finished)
        if not marked and finished.page.engine != OWN_TEXT:  # such a page gets no layer
            lines, marked = with_mark(document, finished, lines), True
        said = [PlacedLine(tuple(word for word in line.words if word.source != OWN_TEXT)) for line in lines]
        bare = finished.page.engine == OWN_TEXT and not any(line.words for line in said)
        yield _Worded(
            replace(finished.page, text="", lines=(), warnings=()),
            None if bare else Layer.of(said, size_of(finished.page), finished.page.skew),
        )


def _finish(
    pdf: pikepdf.Pdf,
    document: Document,
    words: Iterable[_Worded],
    file: BinaryIO,
    encryption: pikepdf.Encryption | None = None,
) -> str:
    """Put the words on the pages, and write all; return why it is no PDF/A, where it was to be one."""
    count = document.pages
    if len(pdf.pages) != count <= document.work.ocr.max_pages:
        raise FormatUnusable(f"the PDF is too damaged for a searchable copy: {count} pages were read, and "
                             f"{len(pdf.pages)} are in it")  # fmt: skip
    active_content.take_out(pdf)
    fonts = Fonts(pdf)
    seen: old_text_layer.Seen = set()
    for page, (read, layer) in zip(pdf.pages, words, strict=False):
        if layer is None:
            continue
        old_text_layer.take_out(pdf, page, seen, everything=read.unseen_text)
        put_under(pdf, page, layer.form(pdf, fonts, matrix(read, view_of(page))))
    _claim_nothing(pdf)
    bilevel.shrink(pdf)
    pdf.docinfo[f"/{DELIVERED}"] = document.job
    against = ""
    if document.work.output.pdf == ARCHIVAL:
        against = archivable.why_not(pdf) if encryption is None else archivable.LOCKED
        if not against:
            pdf_a.describe(pdf, document)
            pdf_a.claim(pdf)
            _save(pdf, file, version=pdf_a.VERSION)
            return ""
    _save(pdf, file, encryption)
    return against and f"NAME{SUFFIX} is no PDF/A: the scan has {against}"


def _save(pdf: pikepdf.Pdf, file: BinaryIO, encryption: pikepdf.Encryption | None = None, version: str = "") -> None:
    save(pdf, file, encryption, version)
    if decompression_limit.was_exceeded(pdf):
        raise FormatUnusable(f"no searchable copy of the PDF was written: {TOO_MUCH}")


def _claim_nothing(pdf: pikepdf.Pdf) -> None:
    told = pdf.Root.get(Name.Metadata)
    if isinstance(told, pikepdf.Stream) and b"pdfaid" in (old_text_layer.joined((told,)) or b"pdfaid"):
        del pdf.Root[Name.Metadata]


def _beside(file: BinaryIO) -> Path | None:
    """The folder that a file lies in."""
    name = getattr(file, "name", None)
    return Path(name).parent if isinstance(name, str) else None
