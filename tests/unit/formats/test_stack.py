"""Several files as one scan: the order of their pages, files that cannot be read, limits, open descriptors."""

from __future__ import annotations

from pathlib import Path

import pikepdf
import pytest
from PIL import Image

from ocrwatchd.core.config.profile import Ocr
from ocrwatchd.core.errors import UnreadablePage, UnreadableScan
from ocrwatchd.core.model import Leaf
from ocrwatchd.formats.input.openings import MOST_OPEN
from ocrwatchd.formats.input.stack import Stack, leaf_of, open_stack, page_order
from tests import hostile


def pictures(folder, name, shades):
    """A TIFF with a page of each shade of grey."""
    first, *others = (Image.new("L", (60, 80), shade) for shade in shades)
    first.save(folder / name, save_all=True, append_images=others, dpi=(300, 300))
    return folder / name


def opened(files, ocr=None, *, strict=True, interleave=False):
    """The stack of these files."""
    return open_stack(files, ocr or Ocr(), strict=strict, alive=lambda: None, interleave=interleave)


def shades(pages):
    """What each page shows, or why it cannot be read."""
    found = []
    for number in range(1, pages.count + 1):
        try:
            page = pages.page(number)
        except UnreadablePage as error:
            found.append(str(error.message))
        else:
            assert page.number == number
            found.append(page.image.convert("L").getpixel((5, 5)))
    return found


def test_pages_of_several_files_run_on():
    """File by file."""
    assert list(page_order([2, 0, 1], paired=False)) == [(0, 1), (0, 2), (2, 1)]


def test_backs_are_scanned_from_the_last_sheet_to_the_first():
    """So the last back belongs to the first front."""
    assert list(page_order([3, 3], paired=True)) == [(0, 1), (1, 3), (0, 2), (1, 2), (0, 3), (1, 1)]


@pytest.mark.parametrize("counts", [[2, 3], [1, 1, 1], [2]])
def test_only_two_sides_with_as_many_pages_are_paired(counts):
    """Everything else stays as it was scanned."""
    assert list(page_order(counts, paired=True)) == list(page_order(counts, paired=False))


def test_one_file_is_opened_as_ever(tmp_path):
    """The very pages of its reader."""
    file = pictures(tmp_path, "a.tif", [10])
    with opened([file]) as (pages, told):
        assert not isinstance(pages, Stack)
        assert (pages.count, told, leaf_of(pages, file, 1)) == (1, (), Leaf(file, 1))


def test_files_of_all_kinds_are_one_scan(tmp_path):
    """Each page knows its file, and its number there; its picture as a file too."""
    picture, several = pictures(tmp_path, "a.png", [20]), pictures(tmp_path, "b.tif", [30, 40])
    document = tmp_path / "c.pdf"
    document.write_bytes(hostile.pdf_of_pages(2))
    files = [several, document, picture]
    with opened(files) as (pages, told):
        assert (pages.count, told) == (5, ())
        found = shades(pages)
        assert (found[:2], found[4:]) == ([30, 40], [20])
        leaves = [leaf_of(pages, Path(), number) for number in range(1, 6)]
        assert leaves == [Leaf(several, 1), Leaf(several, 2), Leaf(document, 1), Leaf(document, 2), Leaf(picture, 1)]
        assert len(list(pages.files(5))) == 1
        assert not list(pages.files(3))


def test_a_pages_own_text_has_the_scans_number(tmp_path):
    """And not the number in its own file."""
    made = pikepdf.new()
    made.add_blank_page(page_size=(600, 800))
    font = pikepdf.Dictionary(Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica)
    page = made.pages[0].obj
    page.Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F=font))
    line = b"(The quick brown fox jumps over the lazy dog and then it sleeps) Tj 0 -20 Td "
    page.Contents = pikepdf.Stream(made, b"BT /F 14 Tf 50 700 Td " + line * 8 + b"ET")
    made.save(tmp_path / "b.pdf")
    with opened([pictures(tmp_path, "a.tif", [10, 20]), tmp_path / "b.pdf"], Ocr(languages=("eng",))) as (pages, _):
        assert pages.own_text(1) is None
        own = pages.own_text(3)
        assert own is not None
        assert own.page.number == 3
        assert "brown fox" in own.page.text


def test_a_file_that_cannot_be_read_is_a_page_that_says_why(tmp_path):
    """One that broke off too; the others are read, and the reason names the file."""
    (tmp_path / "empty.pdf").write_bytes(b"")
    whole = pictures(tmp_path, "a.png", [50])
    cut = pictures(tmp_path, "cut.tif", [60, 70])
    cut.write_bytes(cut.read_bytes()[:-200])
    with opened([tmp_path / "empty.pdf", whole, cut]) as (pages, _):
        first, second, third = shades(pages)
        assert first.startswith("empty.pdf: the upload broke off: the file is empty")
        assert second == 50
        assert third.startswith("cut.tif: the upload broke off")


def test_a_link_among_the_files_is_not_followed(tmp_path):
    """It is a page that says so."""
    (tmp_path / "link.png").symlink_to(pictures(tmp_path, "secret.png", [1]))
    with opened([tmp_path / "link.png", pictures(tmp_path, "a.png", [50])]) as (pages, _):
        assert shades(pages)[0].startswith("link.png: it is a link")


def test_a_stack_without_a_readable_file_is_unreadable(tmp_path):
    """The reason is the first file's."""
    for name in ("a.pdf", "b.pdf"):
        (tmp_path / name).write_bytes(b"nothing that is known")
    with pytest.raises(UnreadableScan, match=r"^a\.pdf: "), opened([tmp_path / "a.pdf", tmp_path / "b.pdf"]):
        pass


def test_the_sides_of_a_turned_stack_are_paired(tmp_path):
    """Fronts 1, 2, 3 and backs 3, 2, 1."""
    files = [pictures(tmp_path, "f.tif", [10, 30, 50]), pictures(tmp_path, "b.tif", [60, 40, 20])]
    with opened(files, interleave=True) as (pages, told):
        assert (shades(pages), told) == ([10, 20, 30, 40, 50, 60], ())
        assert leaf_of(pages, Path(), 2) == Leaf(files[1], 3)


def test_sides_that_differ_stay_as_they_are_with_a_warning(tmp_path):
    """It says both numbers."""
    files = [pictures(tmp_path, "f.tif", [10, 30, 50]), pictures(tmp_path, "b.tif", [60, 40])]
    with opened(files, interleave=True) as (pages, (told,)):
        assert shades(pages) == [10, 30, 50, 60, 40]
        assert "f.tif has 3 pages" in told
        assert "b.tif has 2" in told
        assert "scan both sides again" in told


def test_the_limit_of_pages_counts_over_the_whole(tmp_path):
    """The rest is one page that cannot be read."""
    files = [pictures(tmp_path, "a.tif", [10, 20]), pictures(tmp_path, "b.tif", [30, 40])]
    with opened(files, Ocr(max_pages=3)) as (pages, _):
        assert shades(pages)[:3] == [10, 20, 30]
        assert (pages.count, "only the first 3 pages" in shades(pages)[3]) == (4, True)


def test_a_delivered_file_among_others_is_found(tmp_path):
    """The stack has its receipt."""
    with pikepdf.new() as made:
        made.add_blank_page()
        made.docinfo["/ocrwatchd"] = "20261129-7"
        made.save(tmp_path / "delivered.pdf")
    with opened([pictures(tmp_path, "a.tif", [10]), tmp_path / "delivered.pdf"]) as (pages, _):
        assert pages.receipt == "20261129-7"


def test_warnings_name_their_file(tmp_path):
    """Here about its missing end."""
    (tmp_path / "short.jpg").write_bytes(jpeg_without_end(tmp_path))
    with opened([pictures(tmp_path, "a.tif", [10]), tmp_path / "short.jpg"], strict=False) as (pages, _):
        (warning,) = pages.warnings
        assert warning.startswith("short.jpg: the file's end is missing")


def jpeg_without_end(folder):
    """A JPEG that lacks its last marker."""
    Image.new("L", (60, 80), 90).save(folder / "x.jpg")
    return (folder / "x.jpg").read_bytes()[:-2]


def descriptors():
    """How many this process has."""
    return len(list(Path("/proc/self/fd").iterdir()))


def test_many_files_are_not_open_at_once(tmp_path):
    """However they are read, and none stays open."""
    files = [pictures(tmp_path, f"{number}.tif", [number]) for number in range(3 * MOST_OPEN)]
    before = descriptors()
    with opened(files) as (pages, _):
        for _ in range(2):
            for number in range(1, pages.count + 1):
                pages.page(number)
                assert descriptors() <= before + MOST_OPEN + 1
    assert descriptors() == before
