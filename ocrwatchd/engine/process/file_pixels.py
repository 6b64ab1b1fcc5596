"""A page that was read smaller than it lies in the file, in the pixels of the file."""

from __future__ import annotations

from dataclasses import replace

from ocrwatchd.core.model import Box, PageText

_QUARTER = 90


def in_pixels_of_the_file(read: PageText, scale: tuple[float, float]) -> PageText:
    """What was read on a smaller picture: size, resolution and boxes as if the whole picture had been read.

    Args:
        read: the page as recognised, turned by ``read.rotation``.
        scale: the file's pixels across and down in one of the picture, before that turn.
    """
    if scale == (1.0, 1.0):
        return read
    across, down = scale if read.rotation // _QUARTER % 2 == 0 else scale[::-1]

    def larger(box: Box | None) -> Box | None:
        return box and Box(box.left * across, box.top * down, box.right * across, box.bottom * down)

    lines = (
        replace(
            line,
            box=larger(line.box),
            words=tuple(replace(word, box=larger(word.box)) for word in line.words),
        )
        for line in read.lines
    )
    return replace(
        read,
        width=round(read.width * across),
        height=round(read.height * down),
        dpi=read.dpi * max(scale),
        lines=tuple(lines),
    )
