"""Sheets to a PDF: Chromium prints many in one call."""

from __future__ import annotations

import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pypdfium2

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.layouts.model import Sheet

AT_ONCE = 50
STYLE = """
@page { size: 210mm 297mm; margin: 0 }
@page wide { size: 297mm 210mm; margin: 0 }
* { box-sizing: border-box }
body { margin: 0; -webkit-print-color-adjust: exact }
section { width: 210mm; height: 297mm; overflow: hidden; break-after: page; hyphens: manual; position: relative }
section.wide { page: wide; width: 297mm; height: 210mm }
.fit { width: 100%; height: 100%; overflow: hidden; line-height: 1.3 }
p, h1, h2, h3, ul, ol, table { margin: 0 }
p { margin-bottom: .6em }
h1 { font-size: 1.8em; margin-bottom: .5em; line-height: 1.15 }
h2 { font-size: 1.3em; margin: .5em 0 .3em; line-height: 1.15 }
td, th { vertical-align: top; text-align: left; font-weight: inherit }
.row { display: flex; justify-content: space-between }
.dots { flex: none; white-space: pre }
.num { text-align: right; white-space: nowrap }
"""
# A page that does not fit is set smaller, as whoever makes a page does. Dots fill the room between their neighbours.
FIT = """
for (const page of document.querySelectorAll(".fit")) {
  let size = parseFloat(getComputedStyle(page).fontSize);
  for (let n = 0; n < 60; n++) {
    if (page.scrollHeight <= page.clientHeight + 1 && page.scrollWidth <= page.clientWidth + 1) break;
    size *= 0.97;
    page.style.fontSize = size + "px";
  }
}
for (const dots of document.querySelectorAll(".dots")) {
  const some = 20;
  dots.textContent = dots.dataset.sign.repeat(some);
  const one = dots.getBoundingClientRect().width / some;
  const [row, before, after] = [dots.parentElement, dots.previousElementSibling, dots.nextElementSibling];
  const inner = row.clientWidth - parseFloat(getComputedStyle(row).paddingLeft);
  const room = inner - before.getBoundingClientRect().width - after.getBoundingClientRect().width;
  dots.textContent = dots.dataset.sign.repeat(Math.max(0, Math.floor(room / one) - 1));
}
"""
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer", "--disable-dev-shm-usage")


def printed(sheets: Sequence[Sheet], chromium: str = "chromium") -> pypdfium2.PdfDocument:
    """A PDF with one page for each sheet.

    Args:
        sheets: at most :data:`AT_ONCE`.
        chromium: the program.

    Raises:
        ValueError: the PDF has more or fewer pages than sheets.
        subprocess.SubprocessError: Chromium fails, or does not end.
    """
    with TemporaryDirectory() as folder:
        source, target = Path(folder, "sheets.html"), Path(folder, "sheets.pdf")
        source.write_text(_html(sheets), encoding="utf-8")
        profile = f"--user-data-dir={folder}/profile"
        command = [chromium, *FLAGS, profile, f"--print-to-pdf={target}", source.as_uri()]
        subprocess.run(command, check=True, capture_output=True, timeout=110)
        pdf = pypdfium2.PdfDocument(target.read_bytes())
    if len(pdf) != len(sheets):
        raise ValueError(f"{len(sheets)} sheets were printed on {len(pdf)} pages")
    return pdf


def _html(sheets: Sequence[Sheet]) -> str:
    pages = "\n".join(
        f'<section lang="{sheet.language}" class="{"wide" if sheet.wide else "tall"}" style="padding:{sheet.margin}mm;'
        f'font-family:{sheet.font}"><div class="fit" style="font-size:{sheet.size}pt">{sheet.html}</div></section>'
        for sheet in sheets
    )
    return f'<!doctype html><meta charset="utf-8"><style>{STYLE}</style><body>{pages}<script>{FIT}</script></body>'
