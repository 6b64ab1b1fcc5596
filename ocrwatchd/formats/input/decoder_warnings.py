"""Detect lost data that decoders only warn about: missing lines of a fax or parts of a JPEG.

Pillow keeps the warnings of libtiff and libjpeg to itself, and libtiff's errors go to standard error, into the midst
of the log. So standard error is listened to while a picture is decoded, and faxes and JPEGs, whose decoders go on
whatever they find, are decoded a second time by OpenCV, which passes on what its copies of the two libraries say.
"""

from __future__ import annotations

import contextlib
import os
import re
import struct
import sys
from collections.abc import Iterator
from typing import IO

from PIL import Image

DAMAGED = "parts of the picture's data are damaged: lines may be missing or wrong; scan or copy it again"

MOST_HEARD_BYTES = 1 << 16
"""A decoder may write one warning per line. The pipe holds this much; the rest is dropped."""

MOST_LISTENED_TO_BYTES = 256 << 20
"""Larger files are not decoded a second time, because the file would be held in memory."""

_BAD = re.compile(
    rb"Bad code word|Premature EO[LF]|Line length mismatch|Uncompressed data \(not supported\)|without EOL"
    rb"|Not enough data|[Pp]remature end of|bad Huffman code|bad arithmetic code|found marker 0x\w+ instead of"
    rb"|extraneous bytes before marker 0xd[0-7]|Unsupported marker type|Inconsistent progression"
)
"""Complaints that mean lost data. Bytes too many before the last marker (0xd9) are common and harmless."""

_FAX = frozenset({2, 3, 4, 32771})
_JPEG_IN_TIFF = 7
_COPIED_TAGS = (256, 257, 258, 259, 262, 266, 273, 277, 278, 279, 284, 292, 293, 322, 323, 324, 325, 347, 530)
_OFFSETS = {273: 279, 324: 325}
_LONG, _UNDEFINED = 4, 7


@contextlib.contextmanager
def capture_stderr() -> Iterator[bytearray]:
    """Catch what native code writes to standard error. The value is filled when the block ends."""
    said = bytearray()
    sys.stderr.flush()
    reader, writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    kept = os.dup(2)
    os.dup2(writer, 2)
    os.close(writer)
    try:
        yield said
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        with contextlib.suppress(BlockingIOError):
            said += os.read(reader, MOST_HEARD_BYTES)
        os.close(reader)


def tells_damage(said: bytes | bytearray) -> bool:
    """Whether warnings of a decoder mean that data is lost."""
    return bool(_BAD.search(said))


def redecode(image: Image.Image, file: IO[bytes]) -> bool | None:
    """Decode a fax or a JPEG a second time; True if the decoder reports lost data, None if that is unknown.

    False also for other formats, whose decoders do not go on after lost data.

    Args:
        image: opened by Pillow from ``file``, not loaded yet; of a TIFF the frame in question.
        file: its offset is as before afterwards.
    """
    compression = getattr(image, "tag_v2", {}).get(259)
    if image.format != "JPEG" and not (image.format == "TIFF" and compression in _FAX | {_JPEG_IN_TIFF}):
        return False
    at = file.tell()
    try:
        data = _jpeg(file) if image.format == "JPEG" else _alone(image, file)
    except (ValueError, TypeError, struct.error):  # tags that make no sense: Pillow decides what to make of them
        return None
    finally:
        file.seek(at)
    if not data:
        return None
    import cv2  # only these formats need it
    import numpy as np

    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_WARNING)
    # An eighth of the size costs the least; a fax has no such shortcut.
    flag = cv2.IMREAD_REDUCED_GRAYSCALE_8 if image.format == "JPEG" else cv2.IMREAD_GRAYSCALE
    decoded = None
    with capture_stderr() as said, contextlib.suppress(cv2.error):
        decoded = cv2.imdecode(np.frombuffer(data, np.uint8), flag)
    if tells_damage(said):
        return True
    return None if decoded is None else False


def _jpeg(file: IO[bytes]) -> bytes:
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    return file.read(size) if size <= MOST_LISTENED_TO_BYTES else b""


def _alone(image: Image.Image, file: IO[bytes]) -> bytes:
    """Copy a fax's or a JPEG's frame into a TIFF that has no other source of warnings than the image data."""
    tags = getattr(image, "tag_v2", {})
    fields = {tag: _numbers(tags[tag]) for tag in _COPIED_TAGS if tag in tags}
    strips = next((tag for tag in _OFFSETS if tag in fields), 0)
    lengths = fields.get(_OFFSETS.get(strips, 0), ())
    if not strips or len(lengths) != len(fields[strips]) or sum(lengths) > MOST_LISTENED_TO_BYTES:
        return b""
    body, offsets = bytearray(8), []
    for offset, length in zip(fields[strips], lengths, strict=True):
        offsets.append(len(body))
        file.seek(offset)
        body += file.read(length)
    fields[strips] = tuple(offsets)
    return _tiff(body, fields)


def _numbers(value: object) -> tuple[int, ...]:
    if isinstance(value, bytes):
        return tuple(value)
    return tuple(int(part) for part in value) if isinstance(value, tuple) else (int(str(value)),)


def _tiff(body: bytearray, fields: dict[int, tuple[int, ...]]) -> bytes:
    """Data and fields as a TIFF (6.0, section 2), its one directory at the end."""
    entries = bytearray()
    for tag, numbers in sorted(fields.items()):
        kind = _UNDEFINED if tag == 347 else _LONG  # JPEGTables is the one that holds bytes
        packed = bytes(numbers) if kind == _UNDEFINED else struct.pack(f"<{len(numbers)}I", *numbers)
        if len(packed) > struct.calcsize("I"):
            body += bytes(len(body) % 2)
            packed, here = struct.pack("<I", len(body)), packed
            body += here
        entries += struct.pack("<HHI4s", tag, kind, len(numbers), packed)
    body += bytes(len(body) % 2)
    struct.pack_into("<2sHI", body, 0, b"II", 42, len(body))
    return bytes(body + struct.pack("<H", len(fields)) + entries + bytes(4))
