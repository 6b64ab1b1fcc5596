"""Make the searchable PDF's font again: ``python -m tests.glyphless ocrwatchd/formats/output/pdf/glyphless.ttf``.

It has no outlines: two empty glyphs, ``.notdef`` and the one that stands for every character, half as wide as high.
Needs ``fonttools``.
"""

from __future__ import annotations

import sys

from fontTools.fontBuilder import FontBuilder
from fontTools.ttLib.tables._g_l_y_f import Glyph

UNITS = 1000
NAMES = [".notdef", "any"]

builder = FontBuilder(UNITS, isTTF=True)
builder.setupGlyphOrder(NAMES)
builder.setupCharacterMap({0x20: "any"})
builder.setupGlyf(dict.fromkeys(NAMES, Glyph()))
builder.setupHorizontalMetrics(dict.fromkeys(NAMES, (UNITS // 2, 0)))
builder.setupHorizontalHeader(ascent=UNITS, descent=0)
builder.setupOS2(sTypoAscender=UNITS, sTypoDescender=0, usWinAscent=UNITS, usWinDescent=0)
builder.setupNameTable({"familyName": "OcrwatchdGlyphless", "styleName": "Regular", "psName": "OcrwatchdGlyphless"})
builder.setupPost(keepGlyphNames=False)
builder.font["head"].created = builder.font["head"].modified = 0
builder.font.recalcTimestamp = False
builder.save(sys.argv[1])
