"""Pictures into pages."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from ocrwatchd.core.config.profile import Ocr
from ocrwatchd.core.errors import UnreadablePage, UnreadableScan
from ocrwatchd.formats.input import open_pages

SIZE = (60, 20)


def only_page(path, **ocr):
    """Page 1 of a file that has just one."""
    with open_pages(path, Ocr(**ocr)) as pages:
        assert pages.count == 1
        return pages.page(1)


def half_black(mode="L"):
    """A picture whose left half is black."""
    picture = Image.new("L", SIZE, 255)
    picture.paste(0, (0, 0, SIZE[0] // 2, SIZE[1]))
    return picture.convert(mode)


def shades(image):
    """Mean grey of the left and of the right half."""
    values = np.asarray(image.convert("L"), dtype=float)
    half = values.shape[1] // 2
    return round(values[:, :half].mean()), round(values[:, half:].mean())


@pytest.mark.parametrize("suffix", ["png", "jpg", "tif", "bmp", "gif", "webp"])
def test_reads_each_format_whatever_its_name(tmp_path, suffix):
    """The first bytes say what a file is."""
    written = tmp_path / f"scan.{suffix}"
    half_black().save(written, **({"lossless": True} if suffix == "webp" else {}))
    page = only_page(written.rename(tmp_path / "scan.dat"))
    left, right = shades(page.image)
    assert page.number == 1
    assert page.image.size == SIZE
    assert page.image.mode in {"L", "RGB"}
    assert left < 10
    assert right > 245


@pytest.mark.parametrize(
    ("mode", "suffix"),
    [("1", "png"), ("P", "png"), ("RGB", "png"), ("LA", "png"), ("RGBA", "png"), ("CMYK", "tif"), ("CMYK", "jpg"),
     ("YCbCr", "tif"), ("LAB", "tif"), ("1", "tif"), ("I;16", "png"), ("I;16", "tif"), ("F", "tif"), ("I", "tif")],
)  # fmt: skip
def test_turns_every_mode_into_grey_or_colour(tmp_path, mode, suffix):
    """Black stays black and white stays white, in every mode that files have."""
    if mode in {"I;16", "I", "F"}:
        kind, white = {"I;16": (np.uint16, 65535), "I": (np.int32, 65535), "F": (np.float32, 1.0)}[mode]
        picture = Image.fromarray((np.asarray(half_black(), dtype=float) / 255 * white).astype(kind))
        assert picture.mode == mode
    else:
        picture = half_black("RGB").convert(mode)
    picture.save(tmp_path / f"scan.{suffix}")
    image = only_page(tmp_path / f"scan.{suffix}").image
    left, right = shades(image)
    assert image.mode in {"L", "RGB"}
    assert left < 12
    assert right > 243


def test_a_dark_page_of_16_bits_stays_dark(tmp_path):
    """Twelve bits are told from sixteen; a page is never stretched to full contrast."""
    Image.fromarray(np.full((20, 60), 200, dtype=np.uint16)).save(tmp_path / "dark.png")
    assert shades(only_page(tmp_path / "dark.png").image)[0] < 20


@pytest.mark.parametrize("kind", [np.uint16, np.float32])
def test_deep_pages_that_count_from_white_to_black(tmp_path, kind):
    """Pillow turns them round only up to 8 bits; an all-white page of 16 is not black."""
    white = 65535 if kind is np.uint16 else 1
    for name, values in {"half": [[white] * 30 + [0] * 30] * 20, "white": [[0] * 60] * 20}.items():
        path = tmp_path / f"{name}.tif"
        Image.fromarray(np.array(values, dtype=kind)).save(path, tiffinfo={262: 0})
        with Image.open(path) as written:
            assert written.tag_v2[262] == 0
    assert shades(only_page(tmp_path / "half.tif").image) == (0, 255)
    assert shades(only_page(tmp_path / "white.tif").image) == (255, 255)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_what_is_transparent_is_white(tmp_path, mode):
    """Transparent parts are paper, not black."""
    picture = Image.new("RGBA", SIZE, (0, 0, 0, 0))
    picture.paste((0, 0, 0, 255), (0, 0, SIZE[0] // 2, SIZE[1]))
    if mode == "P":
        flat = Image.new("P", SIZE, 1)
        flat.putpalette([0, 0, 0, 0, 0, 0])
        flat.paste(0, (0, 0, SIZE[0] // 2, SIZE[1]))
        flat.save(tmp_path / "scan.png", transparency=1)
    else:
        picture.convert(mode).save(tmp_path / "scan.png")
    left, right = shades(only_page(tmp_path / "scan.png").image)
    assert (left, right) == (0, 255)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(tmp_path, orientation):
    """The page comes upright as its file says."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    half_black().save(tmp_path / "scan.jpg", exif=exif, quality=95)
    image = only_page(tmp_path / "scan.jpg").image
    assert image.size == (SIZE if orientation < 5 else SIZE[::-1])


def test_low_resolution_is_told(tmp_path):
    """Under 200 dpi a warning names what was found and what to use."""
    half_black().save(tmp_path / "low.png", dpi=(150, 150))
    half_black().save(tmp_path / "good.png", dpi=(300, 300))
    half_black().save(tmp_path / "unknown.png")
    low, good, unknown = (only_page(tmp_path / f"{name}.png") for name in ("low", "good", "unknown"))
    assert round(low.dpi) == 150
    assert "150 dpi" in low.warnings[0]
    assert "300 dpi" in low.warnings[0]
    assert (round(good.dpi), good.warnings) == (300, ())
    assert (unknown.dpi, unknown.warnings) == (0.0, ())


def jfif(unit, density):
    """A JPEG that tells its resolution in whole dots an inch (1) or a centimetre (2)."""
    out = io.BytesIO()
    half_black().save(out, "JPEG", dpi=(density, density))
    content = bytearray(out.getvalue())
    content[13] = unit
    return bytes(content)


def tiff_in_centimetres(density):
    """A TIFF that tells its resolution in dots a centimetre."""
    out = io.BytesIO()
    half_black().save(out, "TIFF", resolution=density, resolution_unit=3)
    return out.getvalue()


def png(dots_a_metre):
    """A PNG with its resolution, which only comes in whole dots a metre."""
    out = io.BytesIO()
    half_black().save(out, "PNG", dpi=(dots_a_metre * 0.0254, dots_a_metre * 0.0254))
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (png(7874), ""),
        (png(7873), ""),
        (png(7717), "196 dpi"),
        (jfif(2, 79), ""),
        (jfif(2, 78), ""),
        (jfif(2, 77), "196 dpi"),
        (jfif(1, 199), ""),
        (jfif(1, 196), "196 dpi"),
        (tiff_in_centimetres(78.74), ""),
        (tiff_in_centimetres(78.7), ""),
        (tiff_in_centimetres(77), "196 dpi"),
    ],
)
def test_a_resolution_of_200_dpi_may_be_rounded(tmp_path, content, told):
    """Files tell it in whole dots a metre or a centimetre: the same page has no warning in one of them only."""
    (tmp_path / "scan").write_bytes(content)
    warnings = only_page(tmp_path / "scan").warnings
    assert len(warnings) == bool(told)
    assert all(told in each for each in warnings)


def test_a_resolution_that_cannot_be_true_is_unknown(tmp_path):
    """A camera's 72 dpi on 4000 pixels is nobody's measurement."""
    Image.new("L", (4000, 10), 255).save(tmp_path / "photo.png", dpi=(72, 72))
    page = only_page(tmp_path / "photo.png")
    assert (page.dpi, page.warnings) == (0.0, ())


def test_oblong_pixels_are_made_square(tmp_path):
    """A fax of 204 x 98 dpi regains its height."""
    half_black().save(tmp_path / "fax.tif", dpi=(204, 98))
    page = only_page(tmp_path / "fax.tif")
    assert page.image.size == (60, 42)
    assert round(page.dpi) == 204
    assert "204 x 98 dpi" in page.warnings[0]


@pytest.mark.parametrize("suffix", ["png", "jpg", "tif", "bmp", "gif", "webp"])
def test_half_a_picture_is_unreadable(tmp_path, suffix):
    """Data that broke off is an error, never a page that is grey from there on."""
    noise = np.random.default_rng(1).integers(0, 255, (200, 200), dtype=np.uint8)
    whole = tmp_path / f"whole.{suffix}"
    Image.fromarray(noise).save(whole)
    data = whole.read_bytes()
    cut = tmp_path / f"cut.{suffix}"
    if suffix == "tif":  # its directory lies before its data only where somebody puts it there
        Image.fromarray(noise).save(whole, compression="tiff_deflate")
        data = whole.read_bytes()
        middle = len(data) // 3
        cut.write_bytes(data[:middle] + bytes(200) + data[middle + 200 :])
    else:
        cut.write_bytes(data[: len(data) // 2])
    with pytest.raises(UnreadablePage, match="page 1 is damaged or broke off"):
        only_page(cut)


def jpeg(**options):
    """A page of noise and a white tail."""
    page = Image.new("L", (600, 800), "white")
    page.paste(Image.fromarray(np.random.default_rng(1).integers(0, 255, (300, 600), dtype=np.uint8)))
    written = io.BytesIO()
    page.save(written, format="JPEG", **options)
    return written.getvalue()


@pytest.mark.parametrize("options", [{}, {"optimize": True}, {"progressive": True}, {"restart_marker_rows": 2}])
def test_a_jpeg_that_ends_too_soon_says_so(tmp_path, capfd, options):
    """Lines that are missing under a proper end are told; a white tail is no damage."""
    path = tmp_path / "scan.jpg"
    path.write_bytes(jpeg(**options))
    assert only_page(path).warnings == ()
    path.write_bytes(jpeg(**options)[:-9000] + b"\xff\xd9")
    page = only_page(path)
    assert page.image.size == (600, 800)
    assert any("lines may be missing" in warning for warning in page.warnings)
    assert capfd.readouterr().err == ""


def test_a_white_jpeg_is_not_damaged(tmp_path):
    """Nor one with a few bytes too many before its end, as some scanners write."""
    written = io.BytesIO()
    Image.new("RGB", (2000, 3000), "white").save(written, format="JPEG")
    (tmp_path / "scan.jpg").write_bytes(written.getvalue()[:-2] + bytes(4) + b"\xff\xd9")
    assert only_page(tmp_path / "scan.jpg").warnings == ()


def test_a_vast_picture_is_refused_before_it_is_decoded(tmp_path):
    """A page of more than four times max_pixels names its size, the limit and the way out."""
    Image.new("1", (400, 300)).save(tmp_path / "vast.png")
    with pytest.raises(UnreadablePage, match=r"400 x 300 pixels.*ocr.max_pixels = 29999.*raise that limit"):
        only_page(tmp_path / "vast.png", max_pixels=29_999)
    assert only_page(tmp_path / "vast.png", max_pixels=120_000).image.size == (400, 300)


def test_a_decompression_bomb_is_refused(tmp_path):
    """A header that claims a gigantic picture costs neither memory nor the process."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 1, 0, 0, 0, 0)
    bomb = (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(10))) + chunk(b"IEND", b"")
    )
    (tmp_path / "bomb.png").write_bytes(bomb)
    with pytest.raises(UnreadablePage, match="lower resolution"):
        only_page(tmp_path / "bomb.png")


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP"])
def test_an_animation_gives_its_first_picture_and_a_warning(tmp_path, kind):
    """An animation is no scan, and its other frames are mostly differences."""
    frames = [half_black(), Image.new("L", SIZE, 0)]
    frames[0].save(tmp_path / "moving", format=kind, save_all=True, append_images=frames[1:], duration=100)
    page = only_page(tmp_path / "moving")
    assert shades(page.image)[1] > 245
    assert page.warnings == (f"an animated {kind}: only its first picture was read",)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty"),
        (b"junk, nothing but junk", "this type of file is not read"),
        (b"%!PS-Adobe\n" * 200, "this type of file is not read"),
    ],
)
def test_what_is_no_scan_says_so(tmp_path, content, message):
    """Junk and empty files are refused, with what to do."""
    (tmp_path / "scan.png").write_bytes(content)
    with pytest.raises(UnreadableScan, match=message):
        open_pages(tmp_path / "scan.png", Ocr())


def test_formats_that_are_not_ours_are_not_opened(tmp_path):
    """Pillow reads dozens of formats; none but the named ones is let in."""
    half_black().save(tmp_path / "scan.png", format="PPM")
    with pytest.raises(UnreadableScan):
        open_pages(tmp_path / "scan.png", Ocr())


def test_links_are_refused(tmp_path):
    """The scan is a regular file, whatever its name pointed to a moment ago."""
    half_black().save(tmp_path / "scan.png")
    (tmp_path / "link.png").symlink_to(tmp_path / "scan.png")
    with pytest.raises(OSError, match="symbolic link"):
        open_pages(tmp_path / "link.png", Ocr())


def test_undecodable_names_are_opened(tmp_path):
    """A file's name may hold any bytes."""
    path = tmp_path / b"scan-\xff.png".decode("utf-8", "surrogateescape")
    half_black().save(tmp_path / "scan.png")
    (tmp_path / "scan.png").rename(path)
    assert only_page(path).image.size == SIZE
