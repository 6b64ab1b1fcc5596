"""Any picture mode into the two that engines take: "L" and "RGB", on white paper."""

from __future__ import annotations

import numpy as np
from PIL import Image

_DEPTHS = (1.0, 255.0, 4095.0, 65535.0)
"""White in the usual scales: fractions, 8, 12 and 16 bits."""


def flatten(image: Image.Image, *, white_is_zero: bool = False) -> Image.Image:
    """A picture in mode "L" or "RGB"; transparent parts are white.

    Args:
        image: loaded, in any of Pillow's modes.
        white_is_zero: the file counts from white to black. Pillow heeds that itself up to 8 bits a dot, not above.
    """
    mode = image.mode
    if mode in {"L", "RGB"}:
        return image
    if mode == "1":
        return image.convert("L")
    if mode in {"LA", "La", "PA", "RGBA", "RGBa"} or "transparency" in image.info:
        return _on_white(image)
    if mode == "F" or mode.startswith("I"):
        return _deep(image, white_is_zero=white_is_zero)
    return image.convert("RGB")  # P, CMYK, YCbCr, LAB, HSV, RGBX


def _on_white(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):  # a grey PNG of 16 bits with one transparent shade
        return _deep(image)
    clear = image.convert("RGBA")
    paper = Image.new("RGB", image.size, "white")
    paper.paste(clear, mask=clear.getchannel("A"))
    return paper.convert("L") if image.mode in {"L", "LA", "La", "1"} else paper


def _deep(image: Image.Image, *, white_is_zero: bool = False) -> Image.Image:
    """More than 8 bits a dot: the smallest usual scale that holds all values becomes 0 to 255."""
    values = np.nan_to_num(np.asarray(image, dtype=np.float32), nan=0.0, posinf=0.0, neginf=0.0)
    low, high = float(values.min(initial=0.0)), float(values.max(initial=0.0))
    white = next((depth for depth in _DEPTHS if depth >= high), high)
    if image.mode.startswith("I;16") and white < _DEPTHS[-2]:
        white = _DEPTHS[-2]  # a page that is dark all over, not one of 8 bits
    scaled = (values - low) * (255.0 / max(white - low, 1e-9))
    grey = np.clip(scaled, 0, 255).round().astype(np.uint8)
    return Image.fromarray(255 - grey if white_is_zero else grey)
