"""Files that nobody wants in an inbox, and whole ones of every format to make more of them."""

import functools
import hashlib
import io
import itertools
import random
import struct
import zlib

from PIL import Image

from tests.paths import DATA

PADDING = bytes.fromhex("28BF4E5E4E758A4164004E56FFFA01082E2E00B6D0683E802F0CA9FE6453697A")


def pdf(objects, trailer=b""):
    """A PDF of these objects, the first one its catalogue."""
    body, offsets = b"%PDF-1.7\n", []
    for number, content in enumerate(objects, 1):
        offsets.append(len(body))
        body += b"%d 0 obj\n%b\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    size = len(objects) + 1
    return body + (
        b"xref\n0 %d\n0000000000 65535 f \n%btrailer\n<</Size %d/Root 1 0 R%b>>\nstartxref\n%d\n%%%%EOF\n"
        % (size, table, size, trailer, len(body))
    )


def stream(content, keys=b""):
    """A PDF's stream object."""
    return b"<<%b/Length %d>>stream\n%b\nendstream" % (keys, len(content), content)


def pdf_of_pages(count, side_pt=20, told=None):
    """A PDF of so many blank pages; its page tree tells of another number."""
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 %d %d]>>" % (side_pt, side_pt)
    kids = b" ".join(b"%d 0 R" % number for number in range(3, count + 3))
    root = b"<</Type/Pages/Count %d/Kids[%b]>>" % (told or count, kids)
    return pdf([b"<</Type/Catalog/Pages 2 0 R>>", root, *[page] * count])


def pdf_of_one_page(times):
    """A PDF whose page tree names its only page so many times: six bytes a page."""
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 20 20]>>"
    root = b"<</Type/Pages/Count %d/Kids[%b]>>" % (times, b"3 0 R " * times)
    return pdf([b"<</Type/Catalog/Pages 2 0 R>>", root, page])


def png_with_more_rows(data, more):
    """A PNG whose image data goes on behind its last row: so many zeros, each a thousandth of a byte packed."""
    rows = zlib.decompress(b"".join(body for name, body in png_chunks(data) if name == b"IDAT"))
    chunks = [(name, body) for name, body in png_chunks(data) if name != b"IDAT"]
    chunks.insert(-1, (b"IDAT", zlib.compress(rows + bytes(more))))
    return data[:8] + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in chunks
    )


def png_chunks(data):
    """The name and the content of each chunk."""
    at = 8
    while at < len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        yield data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        at += 12 + length


def pdf_of_picture(data, filter_name, width, height):
    """A PDF of one page at 200 dpi that is one grey picture, compressed as ``filter_name`` says."""
    box = (width * 72 // 200, height * 72 // 200)
    picture = b"/Type/XObject/Subtype/Image/Width %d/Height %d/BitsPerComponent 8" % (width, height)
    return pdf(
        [
            b"<</Type/Catalog/Pages 2 0 R>>",
            b"<</Type/Pages/Count 1/Kids[3 0 R]>>",
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 %d %d]/Contents 4 0 R/Resources<</XObject<</I 5 0 R>>>>>>" % box,
            stream(b"q %d 0 0 %d 0 0 cm /I Do Q" % box),
            stream(data, picture + b"/ColorSpace/DeviceGray/Filter/%b" % filter_name),
        ]
    )


def pdf_bomb(layers=2, size=400 << 20):
    """A PDF whose page, packed several times over, unpacks into very much more."""
    content = packed(size)
    for _ in range(layers - 1):
        content = zlib.compress(content, 9)
    filters = b"/Filter[%b]" % (b"/FlateDecode" * layers)
    return pdf(
        [
            b"<</Type/Catalog/Pages 2 0 R>>",
            b"<</Type/Pages/Count 1/Kids[3 0 R]>>",
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 72 72]/Contents 4 0 R>>",
            stream(content, filters),
        ]
    )


def object_stream_bomb(held, size, filters=(b"/FlateDecode",), parameters=b"", table=0):
    """A PDF of one page of which a compressed object stream holds some objects, and blanks behind them.

    Args:
        held: numbers of the objects in it: 1 is the catalogue, 2 the page tree, 5 the page's resources.
        size: of the blanks, bytes.
        filters: of the object stream, all of them deflate.
        parameters: of the filter, as an entry of the dictionary.
        table: bytes of blanks behind the cross-reference table, which is compressed too.
    """
    objects = {
        1: b"<</Type/Catalog/Pages 2 0 R>>",
        2: b"<</Type/Pages/Count 1/Kids[3 0 R]>>",
        3: b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 72 72]/Contents 4 0 R/Resources 5 0 R>>",
        4: stream(b"0 0 36 36 re f"),
        5: b"<</ProcSet[/PDF]>>",
    }
    index, inner = b"", b""
    for number in held:
        index += b"%d %d " % (number, len(inner))
        inner += objects.pop(number) + b" "
    data = packed(size, index + inner)
    for _ in filters[1:]:
        data = zlib.compress(data, 9)
    keys = b"/Type/ObjStm/N %d/First %d/Filter[%b]%b" % (len(held), len(index), b"".join(filters), parameters)
    objects[6] = stream(data, keys)
    body, rows = b"%PDF-1.7\n", {number: struct.pack(">BIH", 2, 6, place) for place, number in enumerate(held)}
    for number, content in objects.items():
        rows[number] = struct.pack(">BIH", 1, len(body), 0)
        body += b"%d 0 obj\n%b\nendobj\n" % (number, content)
    rows[7] = struct.pack(">BIH", 1, len(body), 0)
    whole = bytes(7) + b"".join(row for _number, row in sorted(rows.items()))
    keys = b"/Type/XRef/Size 8/W[1 4 2]/Root 1 0 R/Filter/FlateDecode"
    return body + b"7 0 obj\n%b\nendobj\nstartxref\n%d\n%%%%EOF\n" % (stream(packed(table, whole), keys), len(body))


def encrypted(password):
    """A PDF that opens with a password only (PDF 1.7, 7.6.3, revision 2), given as the format has it: in bytes."""
    padded = (password + PADDING)[:32]
    owner = _rc4(hashlib.md5(padded).digest()[:5], padded)  # noqa: S324  # as the format has it
    file_id = bytes(16)
    key = hashlib.md5(padded + owner + (-4).to_bytes(4, "little", signed=True) + file_id).digest()[:5]  # noqa: S324
    keys = (owner.hex().encode(), _rc4(key, PADDING).hex().encode())
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 72 72]>>",
        b"<</Filter/Standard/V 1/R 2/O<%b>/U<%b>/P -4>>" % keys,
    ]
    name = file_id.hex().encode()
    return pdf(objects, b"/Encrypt 4 0 R/ID[<%b><%b>]" % (name, name))


def _rc4(key, data):
    box, j, out = list(range(256)), 0, bytearray()
    for i in range(256):
        j = (j + box[i] + key[i % len(key)]) % 256
        box[i], box[j] = box[j], box[i]
    i = j = 0
    for byte in data:
        i = (i + 1) % 256
        j = (j + box[i]) % 256
        box[i], box[j] = box[j], box[i]
        out.append(byte ^ box[(box[i] + box[j]) % 256])
    return bytes(out)


def png_that_claims(width, height, *chunks):
    """A PNG of a few bytes whose header claims any size.

    Args:
        width: pixels.
        height: the same.
        chunks: kind and content of more chunks.
    """

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    parts = [(b"IHDR", header), *chunks, (b"IDAT", zlib.compress(bytes(10))), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(itertools.starmap(chunk, parts))


def packed(size, before=b""):
    """Some bytes and so many blanks, compressed, and never held unpacked."""
    packer = zlib.compressobj(1)
    return (
        packer.compress(before)
        + b"".join(packer.compress(b" " * (1 << 20)) for _ in range(size >> 20))
        + packer.flush()
    )


def tiff_chain(frames, *, loop=False, pixels=(1, 1)):
    """A TIFF of nothing but directories, the last of which ends the chain or leads back to the first."""
    data = bytearray(b"II*\0" + struct.pack("<I", 8))
    for index in range(frames):
        tags = {256: pixels[0], 257: pixels[1], 258: 1, 259: 1, 262: 0, 273: 8 + index, 279: 1}
        entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags.items())
        following = 8 + (index + 1) * (len(entries) + 6) if index + 1 < frames else 8 * loop
        data += struct.pack("<H", len(tags)) + entries + struct.pack("<I", following)
    return bytes(data)


@functools.cache
def text():
    """Some lines of print, 200 dpi."""
    with Image.open(DATA / "phototest.tif") as scan:
        return scan.convert("L").crop((0, 60, 640, 240))


def picture(kind, mode="L", **more):
    """Those lines in a format, as Pillow names it, and a mode."""
    out = io.BytesIO()
    image = text()
    if mode == "I;16":
        image = Image.frombytes("I;16", image.size, b"".join(struct.pack("<H", grey * 257) for grey in image.tobytes()))
    else:
        image = image.convert(mode)
    image.save(out, kind, **more)
    return out.getvalue()


@functools.cache
def whole():
    """Whole files by name, of each format and each unusual kind of picture."""
    width, height = text().size
    other = [text().transpose(Image.Transpose.FLIP_LEFT_RIGHT)]
    pages = {"save_all": True, "append_images": other}
    return {
        "grey.png": picture("PNG"),
        "16bit.png": picture("PNG", "I;16"),
        "alpha.png": picture("PNG", "RGBA"),
        "1bit.png": picture("PNG", "1"),
        "palette.png": picture("PNG", "P"),
        "colour.jpg": picture("JPEG", "RGB"),
        "progressive.jpg": picture("JPEG", progressive=True),
        "cmyk.jpg": picture("JPEG", "CMYK"),
        "rows.bmp": picture("BMP", "RGB"),
        "still.gif": picture("GIF"),
        "animated.gif": picture("GIF", **pages),
        "lossy.webp": picture("WEBP"),
        "fax.tif": picture("TIFF", "1", compression="group4"),
        "lzw.tif": picture("TIFF", compression="tiff_lzw", **pages),
        "deflate.tif": picture("TIFF", "RGBA", compression="tiff_adobe_deflate"),
        "jpeg.tif": picture("TIFF", "RGB", compression="jpeg"),
        "16bit.tif": picture("TIFF", "I;16"),
        "cmyk.tif": picture("TIFF", "CMYK"),
        "big.tif": picture("TIFF", big_tiff=True),
        "pages.pdf": picture("PDF", "RGB", resolution=200, **pages),
        "fax.pdf": picture("PDF", "1", resolution=200),
        "jpeg2000.pdf": pdf_of_picture(picture("JPEG2000"), b"JPXDecode", width, height),
        "phototest.tif": (DATA / "phototest.tif").read_bytes(),
    }


def mutate(chance: random.Random) -> tuple[str, bytes]:
    """One of the whole files, damaged in some ways; its name tells which it was, and may lie about the type."""
    name = chance.choice(sorted(whole()))
    data = bytearray(whole()[name])
    for _ in range(chance.choice((1, 1, 1, 2, 4))):
        chance.choice(_DAMAGES)(data, chance)
    if chance.random() < 0.1:
        name = name.rpartition(".")[0] + chance.choice((".pdf", ".tif", ".png", ".jpg"))
    return name, bytes(data)


def _flip(data, chance):
    """Some bits."""
    for _ in range(min(len(data), chance.choice((1, 2, 8)))):
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)


def _number(data, chance):
    """A number that is at the end of its range, or nearly."""
    width = chance.choice((1, 2, 4, 8))
    at = chance.randrange(min(len(data), chance.choice((64, 512, 1 << 30))) or 1)
    value = chance.choice((0, 1, (1 << 8 * width) - 1, 1 << 8 * width - 1, chance.randrange(1 << 8 * width)))
    data[at : at + width] = value.to_bytes(width, chance.choice(("little", "big")))


def _cut(data, chance):
    """The end, or a part."""
    start = chance.randrange(len(data) or 1)
    stop = len(data) if chance.random() < 0.3 else start + chance.randrange(1, 300)
    del data[start:stop]


def _again(data, chance):
    """A part once more, somewhere else."""
    start, at = chance.randrange(len(data) or 1), chance.randrange(len(data) or 1)
    data[at:at] = data[start : start + chance.randrange(1, 2000)]


def _blank(data, chance):
    """A part that was never written."""
    start = chance.randrange(len(data) or 1)
    stop = min(len(data), start + chance.randrange(1, 500))
    data[start:stop] = bytes(stop - start)


def _splice(data, chance):
    """A part of another file."""
    other = whole()[chance.choice(sorted(whole()))]
    start, at = chance.randrange(len(other)), chance.randrange(len(data) or 1)
    length = chance.randrange(1, 1000)
    data[at : at + length] = other[start : start + length]


_DAMAGES = (_flip, _flip, _flip, _number, _number, _number, _cut, _again, _blank, _splice)
"""Most of them leave a file's length and end as they are: what is cut is refused before it is opened."""
