"""The types of files that are read and written: a new one is a line here, and its code."""

from __future__ import annotations

from itertools import chain
from typing import Final, NamedTuple

HEAD_BYTES: Final = 1024
"""The first bytes of a file that tell its type: at most so many."""

_ANY: Final = ord("?")
_BOX_HEAD_BYTES: Final = 8
_MOST_BRANDS_BYTES: Final = 256


class InputType(NamedTuple):
    """A type of scan that is read.

    Args:
        name: for people.
        suffixes: of its files' names, in small letters.
        starts: a file begins with one of these; "?" is any byte.
        structure: the function that tells what a file lacks: module of ``ocrwatchd.formats.input``, colon, name.
        reader: likewise the class that opens a file.
        one_page: a closed file is finished, also with several pictures; to others a scanner may add pages.
        brands: a HEIF file with one of these brands is of this type (ISO/IEC 23008-12, clause 10).
        within_bytes: other bytes may stand before the start, so many with it.
    """

    name: str
    suffixes: tuple[str, ...]
    starts: tuple[bytes, ...]
    structure: str
    reader: str = "images:Picture"
    one_page: bool = True
    brands: frozenset[bytes] = frozenset()
    within_bytes: int = 0


INPUT_TYPES: tuple[InputType, ...] = (
    InputType("PNG", (".png",), (b"\x89PNG\r\n\x1a\n",), "image_structure:png"),
    InputType("JPEG", (".jpg", ".jpeg", ".jpe", ".jfif"), (b"\xff\xd8\xff",), "image_structure:jpeg"),
    InputType(
        "TIFF",
        (".tif", ".tiff"),
        (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"),
        "tiff_structure:tiff",
        "tiff_pages:TiffPages",
        one_page=False,
    ),
    InputType(
        "PDF", (".pdf",), (b"%PDF-",), "image_structure:pdf", "pdf:PdfPages", one_page=False, within_bytes=HEAD_BYTES
    ),
    InputType(
        "HEIC",
        (".heic", ".heif", ".hif"),
        tuple(b"????ftyp" + brand for brand in (b"mif1", b"mif2", b"msf1", b"miaf")),
        "image_structure:heif",
        "heif:HeifPages",
        brands=frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"}),
    ),
    InputType(
        "AVIF",
        (".avif",),
        (b"????ftypavif", b"????ftypavis"),
        "image_structure:heif",
        brands=frozenset({b"avif", b"avis"}),
    ),
    InputType(
        "BMP",
        (".bmp", ".dib"),
        tuple(b"BM" + b"?" * 12 + bytes((size, 0, 0, 0)) for size in (12, 16, 40, 52, 56, 64, 108, 124)),
        "image_structure:bmp",
    ),
    InputType("GIF", (".gif",), (b"GIF87a", b"GIF89a"), "image_structure:gif", one_page=False),
    InputType("WebP", (".webp",), (b"RIFF????WEBP",), "image_structure:webp"),
)

OUTPUT_SUFFIXES: Final = {
    "txt": ".txt",
    "json": ".json",
    "raw": ".raw.txt",
    "pdf": ".pdf",
    "hocr": ".hocr",
    "md": ".md",
    "review": ".review.html",
}
"""What follows NAME in a delivered set, for our own formats; those of other packages bring theirs along."""


def input_type_of(head: bytes) -> InputType | None:
    """The type of a file with these first bytes; None for one that is not read."""
    brands = _brands(head)
    by_brand = (each for each in INPUT_TYPES if not brands.isdisjoint(each.brands))
    by_start = (each for each in INPUT_TYPES if any(_begins(head, start) for start in each.starts))
    # Last, for a picture may hold the start of a PDF, for example in a comment.
    by_search = (each for each in INPUT_TYPES if any(start in head[: each.within_bytes] for start in each.starts))
    return next(chain(by_brand, by_start, by_search), None)


def input_type_named(suffix: str) -> InputType | None:
    """The type that a file's name tells by its suffix, with the dot."""
    return next((each for each in INPUT_TYPES if suffix.lower() in each.suffixes), None)


def is_one_page(name: str) -> bool:
    """Whether no page is ever added to a file of the type with this name."""
    return any(each.one_page for each in INPUT_TYPES if each.name == name)


def may_become(head: bytes, named: InputType | None) -> bool:
    """Whether these few bytes could be the beginning of a file of the type that its name says, or of any other."""
    if named and named.brands and b"ftyp".startswith(head[4:8]):
        box_bytes = int.from_bytes(head[:4], "big")  # a known brand may be the last part of this box
        if len(head) < max(box_bytes, _BOX_HEAD_BYTES):
            return True
    return any(
        len(head) < len(start) and _matches(head, start) and (each == named or _ANY not in start)
        for each in INPUT_TYPES
        for start in each.starts
    )


def input_types() -> dict[str, str]:
    """The names of all types, for a message that has places for "types" and, behind its "or", for the "last" one."""
    *others, last = (each.name for each in INPUT_TYPES)
    return {"types": ", ".join(others), "last": last}


def _begins(head: bytes, start: bytes) -> bool:
    return len(head) >= len(start) and _matches(head, start)


def _matches(head: bytes, start: bytes) -> bool:
    start = start[: len(head)]
    if _ANY not in start:
        return head.startswith(start)
    return all(wanted in (found, _ANY) for found, wanted in zip(head, start, strict=False))


def _brands(head: bytes) -> set[bytes]:
    """All brands of a HEIF file, or none."""
    if head[4:8] != b"ftyp":
        return set()
    end = min(int.from_bytes(head[:4], "big"), _MOST_BRANDS_BYTES, len(head))
    return {head[8:12], *(head[at : at + 4] for at in range(16, end - 3, 4))}
