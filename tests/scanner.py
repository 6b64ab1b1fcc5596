"""A bad scanner: sheets of paper, given as PDFs, become pictures that are turned, skewed, noisy or faint."""

import numpy as np
import pypdfium2
from PIL import Image, ImageFilter


def drawn(pdf, dpi, page=0):
    """A page of a PDF as a grey picture."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        return document[page].render(scale=dpi / 72, grayscale=True).to_pil()
    finally:
        document.close()


def worn(picture, turns=0, degrees=0.0, *, noise=0.0, paper=255, ink=0, bilevel=False, blur=0.6):
    """A scan of a grey picture.

    Args:
        picture: dark on light.
        turns: quarter turns to the left.
        degrees: skew, to the left.
        noise: standard deviation of each pixel.
        paper: brightness of white.
        ink: brightness of black.
        bilevel: black and white, cut half-way between paper and ink.
        blur: radius, pixels.
    """
    soft = picture.filter(ImageFilter.GaussianBlur(blur))
    soft = soft.rotate(degrees, fillcolor=255, resample=Image.Resampling.BICUBIC).rotate(90 * turns, expand=True)
    seen = ink + np.asarray(soft, np.float32) / 255 * (paper - ink)
    seen += np.random.default_rng(1).normal(0, noise, seen.shape)
    if bilevel:
        seen = (seen > (paper + ink) / 2) * 255
    return Image.fromarray(seen.clip(0, 255).astype(np.uint8))
