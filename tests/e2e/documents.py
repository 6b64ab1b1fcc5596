"""Files to send: as large as a scan of one page, so that an upload of them takes a while."""

import functools
import io
import random

from PIL import Image

SIDE = 900
"""Pixels; noise does not compress, so a picture has SIDE * SIDE bytes."""


def page(seed=0):
    """A picture of noise."""
    return Image.frombytes("L", (SIDE, SIDE), random.Random(seed).randbytes(SIDE * SIDE))


@functools.cache
def document(kind, pages=1):
    """A whole file of a type as Pillow names it."""
    out = io.BytesIO()
    more = {"save_all": True, "append_images": [page(number) for number in range(1, pages)]} if pages > 1 else {}
    if kind == "WEBP":
        more["lossless"] = True
    page().save(out, kind, **more)
    return out.getvalue()
