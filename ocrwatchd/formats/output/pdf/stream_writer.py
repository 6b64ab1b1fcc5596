"""A PDF of pictures, written object by object as they come: nothing of it is held in memory.

pikepdf, fpdf2 and img2pdf all hold every picture of a document until it is saved: 680 MiB for a TIFF of 640 MB, also if
pikepdf copies the pages from files. So the pictures go into this plain file first; pikepdf opens it and does the rest.
"""

from __future__ import annotations

from typing import BinaryIO

_PAGES, _CATALOG = 1, 2


class Scratch:
    """A new file, open for writing; :meth:`close` leaves it open."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._offsets = {_PAGES: 0, _CATALOG: 0}
        self._pages: list[int] = []
        file.write(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")

    def stream(self, entries: str, data: bytes) -> int:
        """Write a stream with these entries in its dictionary; its number."""
        return self._write(f"<< {entries} /Length {len(data)} >>\nstream\n".encode(), data, b"\nendstream")

    def page(self, width: float, height: float, content: str, resources: str) -> None:
        """Write a page; its width and height are in points."""
        drawn = self.stream("", content.encode())
        told = (
            f"<< /Type /Page /Parent {_PAGES} 0 R /MediaBox [0 0 {width:.4f} {height:.4f}] "
            f"/Resources << {resources} >> /Contents {drawn} 0 R >>"
        )
        self._pages.append(self._write(told.encode()))

    def close(self) -> None:
        """Write the page tree, the catalogue and the cross-reference table."""
        kids = " ".join(f"{page} 0 R" for page in self._pages)
        self._write(f"<< /Type /Pages /Count {len(self._pages)} /Kids [{kids}] >>".encode(), number=_PAGES)
        self._write(f"<< /Type /Catalog /Pages {_PAGES} 0 R >>".encode(), number=_CATALOG)
        start = self._file.tell()
        count = len(self._offsets) + 1
        self._file.write(f"xref\n0 {count}\n0000000000 65535 f \n".encode())
        self._file.writelines(f"{self._offsets[number]:010} 00000 n \n".encode() for number in range(1, count))
        self._file.write(f"trailer\n<< /Size {count} /Root {_CATALOG} 0 R >>\nstartxref\n{start}\n%%EOF\n".encode())
        self._file.flush()

    def _write(self, *parts: bytes, number: int = 0) -> int:
        number = number or len(self._offsets) + 1
        self._offsets[number] = self._file.tell()
        self._file.write(f"{number} 0 obj\n".encode())
        self._file.writelines(parts)
        self._file.write(b"\nendobj\n")
        return number
