"""PDF pages with text of their own, made anew: what is to be seen of it, and what is not."""

import io
import string

import pikepdf
from pikepdf import Array, Dictionary, Name, Stream
from PIL import Image, ImageDraw, ImageFont

SIZE = (400, 600)
LINES = ("Dear reader, this page was written by a program", "and so every letter on it is known to be right,",
         "down to the last full stop at the end of it.")  # fmt: skip


def lines_at(x, y, lines=LINES, font="/F 12", apart=20):
    """Operators that write lines, some points apart."""
    return f"BT {font} Tf {x} {y} Td " + " ".join(f"({line}) Tj 0 -{apart} Td" for line in lines) + " ET\n"


class Made:
    """A PDF of one page, to be added to and saved."""

    def __init__(self, rotate=0, size=SIZE):
        self.pdf = pikepdf.new()
        self.pdf.add_blank_page(page_size=size)
        self.page = self.pdf.pages[0].obj
        self.page.Rotate = rotate
        self.page.Resources = Dictionary(Font=self.fonts(), XObject=Dictionary(), ExtGState=Dictionary(),
                                         Properties=Dictionary())  # fmt: skip
        self.drawn = []

    def fonts(self):
        """The fonts that :func:`lines_at` names, and one of signs."""
        font = Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica, Encoding=Name.WinAnsiEncoding)
        signs = Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.ZapfDingbats)
        return Dictionary(F=font, ZaDb=signs)

    def type3(self):
        """Add a font ``/T`` whose letters are drawings: bars."""
        names = {ord(letter): letter for letter in string.ascii_letters} | {32: "space", 44: "comma"}
        drawn = {f"/{name}": self.pdf.make_stream(b"600 0 0 0 400 700 d1" + b" 0 0 400 700 re f" * (name != "space"))
                 for name in names.values()}  # fmt: skip
        differences = [part for code, name in sorted(names.items()) for part in (code, Name(f"/{name}"))]
        encoding = Dictionary(Type=Name.Encoding, Differences=Array(differences))
        self.page.Resources.Font.T = Dictionary(
            Type=Name.Font, Subtype=Name.Type3, FontBBox=Array([0, 0, 600, 700]), Encoding=encoding,
            FontMatrix=Array([0.001, 0, 0, 0.001, 0, 0]), CharProcs=Dictionary(drawn),
            FirstChar=32, LastChar=122, Widths=Array([600] * 91))  # fmt: skip
        return self

    def draw(self, content):
        """Add operators."""
        self.drawn.append(content.encode() if isinstance(content, str) else content)
        return self

    def form(self, content):
        """Add a form, and draw it."""
        name = f"/X{len(self.page.Resources.XObject)}"
        form = Stream(self.pdf, content.encode(), Type=Name.XObject, Subtype=Name.Form, BBox=Array([0, 0, *SIZE]),
                      Resources=self.page.Resources)  # fmt: skip
        self.page.Resources.XObject[name] = form
        return self.draw(f"q {name} Do Q\n")

    def undrawn(self):
        """Take out what was drawn last; its form is still there."""
        self.drawn.pop()
        return self

    def picture(self, text, box, strips=1):
        """Draw a picture of text over a part of the page: left, bottom, width, height in points."""
        left, bottom, width, height = box
        image = Image.new("L", (width * 4, height * 4), 255)
        font = ImageFont.load_default(size=44)
        ImageDraw.Draw(image).multiline_text((40, 40), text, 0, font, spacing=24)
        tall = image.height // strips
        for strip in range(strips):
            data = io.BytesIO()
            image.crop((0, strip * tall, image.width, (strip + 1) * tall)).save(data, "JPEG", quality=90)
            name = f"/X{len(self.page.Resources.XObject)}"
            self.page.Resources.XObject[name] = Stream(
                self.pdf, data.getvalue(), Type=Name.XObject, Subtype=Name.Image, Width=image.width, Height=tall,
                ColorSpace=Name.DeviceGray, BitsPerComponent=8, Filter=Name.DCTDecode)  # fmt: skip
            lowest = bottom + height * (1 - (strip + 1) / strips)
            self.draw(f"q {width} 0 0 {height / strips} {left} {lowest} cm {name} Do Q\n")
        return self

    def layer(self, content, *, on):
        """Draw in a layer that is switched on or off."""
        layer = self.pdf.make_indirect(Dictionary(Type=Name.OCG, Name="a layer"))
        shown = {"/ON" if on else "/OFF": Array([layer])}
        self.pdf.Root.OCProperties = Dictionary(OCGs=Array([layer]), D=Dictionary(shown))
        self.page.Resources.Properties.Layer = layer
        return self.draw(f"/OC /Layer BDC {content} EMC\n")

    def annotation(self, subtype, rect, look=None, states=None, **more):
        """Add an annotation, with an appearance or several states of one."""

        def appearance(content):
            form = Stream(self.pdf, content.encode(), Type=Name.XObject, Subtype=Name.Form,
                          BBox=Array([0, 0, rect[2] - rect[0], rect[3] - rect[1]]),
                          Resources=Dictionary(Font=self.fonts()))  # fmt: skip
            return self.pdf.make_indirect(form)

        found = Dictionary(Type=Name.Annot, Subtype=Name(subtype), Rect=Array(list(rect)), **({"F": 4} | more))
        if look is not None:
            found.AP = Dictionary(N=appearance(look))
        if states:
            found.AP = Dictionary(N=Dictionary({f"/{name}": appearance(content) for name, content in states.items()}))
        found = self.pdf.make_indirect(found)
        self.page.Annots = Array([*self.page.get(Name.Annots, ()), found])
        return found

    def field(self, kind, rect, look=None, states=None, **more):
        """Add a form field."""
        found = self.annotation("/Widget", rect, look, states, FT=Name(kind), T=f"field {rect}", **more)
        form = self.pdf.Root.get(Name.AcroForm) or Dictionary(
            Fields=Array(), DR=Dictionary(Font=self.fonts()), DA=pikepdf.String("/F 12 Tf 0 g")
        )
        form.Fields = Array([*form.get(Name.Fields, ()), found])
        self.pdf.Root.AcroForm = form
        return self

    def save(self, path):
        """Write it."""
        self.page.Contents = Stream(self.pdf, b"".join(self.drawn))
        self.pdf.save(path)
        return path
