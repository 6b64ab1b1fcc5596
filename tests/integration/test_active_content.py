"""What a PDF would do of itself in a reader: nothing of it is left, in whatever form it came, and the rest stays."""

import ctypes
import json
import re
import subprocess

import pikepdf
import pypdfium2
import pypdfium2.raw as pdfium
import pytest
from pikepdf import Array, Dictionary, Name, ObjectStreamMode, Stream, String

from ocrwatchd.core.errors import FormatUnusable
from ocrwatchd.formats.output import pdf
from ocrwatchd.formats.output.pdf import active_content
from tests.fakes.worded import document, worded
from tests.programs import needs

RECT = [10, 10, 90, 30]
SHAPES = ["direct", "indirect", "stream", "streams", "packed"]
"""How a dictionary is written: in its place, as an object, at the head of a stream (annotations too), packed."""
KINDS = [
    "JavaScript", "Launch", "SubmitForm", "ImportData", "ResetForm", "GoToR", "GoToE", "Rendition", "Movie", "Sound",
    "Trans", "GoTo3DView", "RichMediaExecute", "SetState", "NOP", "Unheard",
]  # fmt: skip
"""Actions that do more than to lead to a place."""
EVIL = re.compile(r"EVIL-[\w-]*")

pytestmark = pytest.mark.filterwarnings("ignore:This document has")  # fields that no form lists are one of the attacks


class Maker:
    """A scan of two pages, and dictionaries of it in one shape."""

    def __init__(self, shape):
        self.shape = shape
        self.pdf = pikepdf.new()
        for _ in range(2):
            self.pdf.add_blank_page(page_size=(200, 200))
        self.root, self.page = self.pdf.Root, self.pdf.pages[0].obj
        self.page.Annots = Array()

    def shaped(self, **entries):
        """A dictionary."""
        if self.shape in {"stream", "streams"}:
            return self.pdf.make_indirect(Stream(self.pdf, b"data", Dictionary(entries_of(entries))))
        made = Dictionary(entries_of(entries))
        return made if self.shape == "direct" else self.pdf.make_indirect(made)

    def action(self, kind, mark="", **entries):
        """An action that can be told again."""
        evil = String(f"EVIL-{kind}-{mark}")
        return self.shaped(S=Name(f"/{kind}"), JS=evil, N=evil, D=Array([evil, Name.Fit]), **entries)

    def annotation(self, kind, **entries):
        """One on the first page."""
        entries = {"Type": Name.Annot, "Subtype": Name(f"/{kind}"), "Rect": Array(RECT), **entries}
        table = Dictionary(entries_of(entries))
        made = self.pdf.make_indirect(table) if self.shape == "stream" else self.shaped(**entries)
        self.page.Annots.append(made)
        return made

    def scan(self, path):
        """The file."""
        mode = ObjectStreamMode.generate if self.shape == "packed" else ObjectStreamMode.disable
        self.pdf.save(path, object_stream_mode=mode)
        return path


def entries_of(entries):
    """The entries of a dictionary: a name cannot begin with a digit in Python."""
    return {f"/{name.lstrip('_')}": value for name, value in entries.items()}


def written(tmp_path, scan, count=2):
    """The PDF of a scan, sound by qpdf's own check."""
    (qpdf,) = needs("qpdf")
    target = tmp_path / "document.pdf"
    with target.open("w+b") as file:
        pdf.write(document(scan, count), iter([worded("one", number=number + 1) for number in range(count)]), file)
    checked = subprocess.run([qpdf, "--check", target], capture_output=True, text=True, timeout=60, check=False)
    assert (checked.returncode, checked.stderr) == (0, "")
    return target


def seen_by_qpdf(path):
    """All objects of a PDF, as JSON."""
    (qpdf,) = needs("qpdf")
    run = subprocess.run([qpdf, "--json", "--json-key=qpdf", path], capture_output=True, timeout=60, check=True)
    return json.loads(run.stdout)["qpdf"][1]


def tables(value):
    """All dictionaries in what qpdf tells."""
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from tables(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from tables(inner)


def bookmarks(opened, parent=None):
    """Kind of the action, and page, of each of PDFium's bookmarks; a circle has no end there, so few are looked at."""
    item = pdfium.FPDFBookmark_GetFirstChild(opened, parent)
    for _ in range(20):
        if not item:
            return
        destination = pdfium.FPDFBookmark_GetDest(opened, item)
        page = pdfium.FPDFDest_GetDestPageIndex(opened, destination) if destination else None
        yield pdfium.FPDFAction_GetType(pdfium.FPDFBookmark_GetAction(item)), page
        yield from bookmarks(opened, item)
        item = pdfium.FPDFBookmark_GetNextSibling(opened, item)


def links(opened, page):
    """Kind of the action, and page, of each of PDFium's links."""
    at, link = ctypes.c_int(0), pdfium.FPDF_LINK()
    while pdfium.FPDFLink_Enumerate(page, ctypes.byref(at), ctypes.byref(link)):
        destination = pdfium.FPDFLink_GetDest(opened, link)
        to = pdfium.FPDFDest_GetDestPageIndex(opened, destination) if destination else None
        yield pdfium.FPDFAction_GetType(pdfium.FPDFLink_GetAction(link)), to


def subtypes(page):
    """PDFium's kinds of a page's annotations."""
    for number in range(pdfium.FPDFPage_GetAnnotCount(page)):
        annotation = pdfium.FPDFPage_GetAnnot(page, number)
        yield pdfium.FPDFAnnot_GetSubtype(annotation)
        pdfium.FPDFPage_CloseAnnot(annotation)


def seen_by_pdfium(path):
    """What PDFium finds that acts: scripts, kinds of form, of actions and of annotations; and how the page looks."""
    with pypdfium2.PdfDocument(path) as opened:
        page = opened[0]
        return {
            "scripts": pdfium.FPDFDoc_GetJavaScriptActionCount(opened),
            "form": pdfium.FPDF_GetFormType(opened),
            "bookmarks": list(bookmarks(opened)),
            "links": list(links(opened, page)),
            "annotations": list(subtypes(page)),
            "attachments": pdfium.FPDFDoc_GetAttachmentCount(opened),
            "labels": [opened.get_page_label(number) for number in range(len(opened))],
            "picture": page.render().to_numpy().tobytes(),
        }


def in_catalogue(made):
    """What acts as soon as the document is opened, saved or closed, and what a reader would ask others for."""
    shaped, action, root = made.shaped, made.action, made.root
    root.AA = shaped(**{event: action("JavaScript", f"document-{event}") for event in ("WC", "WS", "DS", "WP", "DP")})
    tree = shaped(Kids=Array([shaped(Names=Array([String("x"), action("JavaScript", "names")]))]))
    root.Names = shaped(JavaScript=tree, Renditions=shaped(Names=Array([String("EVIL-rendition"), shaped()])),
                        AlternatePresentations=shaped(EVIL=String("EVIL-slides")))  # fmt: skip
    xfa = Array([String("EVIL-xfa"), Stream(made.pdf, b"<xdp>EVIL</xdp>")])
    root.AcroForm = shaped(XFA=xfa, Fields=Array(), CO=Array([String("EVIL-co")]))
    root.URI = shaped(Base=String("EVIL-base"))
    for name in ("Collection", "Perms", "DSS", "Legal", "SpiderInfo", "PieceInfo", "Unheard"):
        root[f"/{name}"] = shaped(Navigator=action("JavaScript", name))
    root.Requirements = Array([shaped(RH=Array([action("JavaScript", "requirement")]))])
    root.NeedsRendering = True
    root.PageMode = Name.FullScreen
    root.ViewerPreferences = shaped(HideMenubar=True, HideWindowUI=True, Direction=Name.R2L)
    root.OutputIntents = Array([shaped(S=Name.GTS_PDFX, DestOutputProfileRef=shaped(URLs=String("EVIL-profile")))])


def on_pages(made):
    """What acts when a page is shown."""
    shaped, action = made.shaped, made.action
    made.page.AA = shaped(O=action("JavaScript", "page"), C=action("Launch", "page"))
    made.page.Trans = shaped(S=Name.Split, X=String("EVIL-transition"))
    made.page.Dur = 1
    made.page.PresSteps = shaped(NA=action("JavaScript", "step"))
    made.root.Pages.AA = shaped(O=action("JavaScript", "pages"))


def in_annotations(made):
    """Actions of all kinds, chains of them, and what plays."""
    shaped, action = made.shaped, made.action
    for kind in KINDS:
        made.annotation("Link", A=action(kind, "link"))
        made.annotation("Link", A=shaped(S=Name.GoTo, D=Array([1, Name.Fit]), Next=action(kind, "next")))
        made.annotation("Link", A=shaped(S=Name.GoTo, D=Array([1, Name.Fit]), Next=Array([action(kind, "nexts")])))
        made.annotation("Widget", AA=shaped(**{event: action(kind, f"field-{event}") for event in ("E", "K", "PO")}))
    made.annotation("Link", A=shaped(S=String("JavaScript"), JS=String("EVIL-string")))
    made.annotation("Link", A=Array([action("JavaScript", "list")]))
    made.annotation("Link", PA=action("URI", "former"))
    made.annotation("Text", Popup=shaped(Subtype=Name.Popup, A=action("JavaScript", "popup")))
    made.annotation("Text", IRT=shaped(Subtype=Name.Text, AA=shaped(E=action("JavaScript", "reply"))))
    made.annotation("Screen", A=action("Rendition", "screen"), AA=shaped(PV=action("Rendition", "visible")))
    script = Stream(made.pdf, b"", OnInstantiate=String("EVIL-3D"))
    made.annotation("3D", _3DD=script, _3DA=shaped(A=Name.PV, X=String("EVIL-activation")))
    settings = shaped(Activation=shaped(Condition=Name.PO, Scripts=Array([String("EVIL-media")])))
    made.annotation("RichMedia", RichMediaSettings=settings, RichMediaContent=shaped(X=String("EVIL-content")))
    made.annotation("Movie", Movie=shaped(F=String("EVIL-film")), A=shaped(Mode=Name.Open, X=String("EVIL-mode")))
    made.annotation("Sound", Sound=Stream(made.pdf, b"", F=String("EVIL-sound")))
    made.annotation("Projection", ExData=shaped(X=String("EVIL-projection")))
    made.page.Annots.append(shaped(Subtype=String("RichMedia"), RichMediaContent=shaped(X=String("EVIL-name"))))
    made.page.Annots.append(Array([shaped(Subtype=Name.Link, A=action("Launch", "inner"))]))


def in_fields(made):
    """What acts when a form is filled in."""
    shaped, action = made.shaped, made.action
    child = made.shaped(
        AA=shaped(F=action("JavaScript", "kid")), Kids=Array([shaped(A=action("Launch", "grandchild"))])
    )
    field = shaped(FT=Name.Tx, T=String("field"), AA=shaped(V=action("JavaScript", "parent")), Kids=Array([child]))
    made.root.AcroForm.Fields.append(field)
    made.annotation("Widget", Parent=shaped(FT=Name.Btn, AA=shaped(U=action("JavaScript", "above"))))
    made.annotation("Widget", FT=Name.Sig, SV=shaped(TimeStamp=shaped(URL=String("EVIL-server"))))


def in_bookmarks(made):
    """Actions of bookmarks, also of those at which no reader should begin."""
    shaped, action = made.shaped, made.action
    going = shaped(S=Name.GoTo, D=Array([1, Name.Fit]), Next=action("JavaScript", "going"))
    last = shaped(Title=String("last"), A=going, Prev=shaped(Title=String("before"), A=action("Launch", "before")))
    inner = shaped(Title=String("inner"), A=action("Launch", "inner"), AA=shaped(X=action("JavaScript", "aa")))
    first = shaped(Title=String("first"), A=action("JavaScript", "bookmark"), First=inner, Next=last)
    made.root.Outlines = shaped(First=first, Last=last, A=action("JavaScript", "outlines"))


@pytest.mark.parametrize("shape", SHAPES)
def test_nothing_that_acts_is_left(tmp_path, shape):
    """In all places, as a dictionary, an object, a stream, and in an object stream."""
    made = Maker(shape)
    for put in (in_catalogue, on_pages, in_annotations, in_fields, in_bookmarks):
        put(made)
    scan = made.scan(tmp_path / "s.pdf")
    before = seen_by_pdfium(scan)
    assert before["scripts"], "PDFium would have run it"
    assert before["form"] != pdfium.FORMTYPE_ACRO_FORM
    assert (pdfium.PDFACTION_LAUNCH in {kind for kind, _ in before["links"]}) == (shape != "streams")
    target = written(tmp_path, scan)
    left = seen_by_qpdf(target)
    assert EVIL.findall(json.dumps(left)) == []
    keys = {key for table in tables(left) for key in table}
    assert not keys & {"/AA", "/JS", "/XFA", "/JavaScript", "/Trans", "/Dur", "/URI", "/HideMenubar", "/NeedsRendering"}
    kinds = {table.get(key) for table in tables(left) for key in ("/S", "/Subtype")}
    assert not kinds & {f"/{kind}" for kind in (*KINDS, "3D", "RichMedia", "Screen", "Movie", "Sound")}
    after = seen_by_pdfium(target)
    assert after["scripts"] == 0
    assert after["form"] == pdfium.FORMTYPE_ACRO_FORM
    assert {kind for kind, _ in after["links"] + after["bookmarks"]} <= {0, pdfium.PDFACTION_GOTO}
    assert not set(after["annotations"]) & {
        pdfium.FPDF_ANNOT_SCREEN, pdfium.FPDF_ANNOT_THREED, pdfium.FPDF_ANNOT_RICHMEDIA, pdfium.FPDF_ANNOT_MOVIE,
        pdfium.FPDF_ANNOT_SOUND,
    }  # fmt: skip


@pytest.mark.parametrize("shape", [SHAPES[0], *(pytest.param(shape, marks=pytest.mark.slow) for shape in SHAPES[1:])])
@pytest.mark.parametrize("kind", [*KINDS, "URI", "Named", "Hide", "SetOCGState", "Thread"])
def test_a_document_only_opens(tmp_path, shape, kind):
    """Nothing but a place in the document itself is gone to without a click."""
    made = Maker(shape)
    made.root.OpenAction = made.action(kind, URI=String("https://example.org/EVIL-address"))
    assert "EVIL" not in json.dumps(seen_by_qpdf(written(tmp_path, made.scan(tmp_path / "s.pdf"))))


@pytest.mark.parametrize("shape", SHAPES)
def test_a_document_opens_at_its_place(tmp_path, shape):
    """That place stays, without what would come next."""
    made = Maker(shape)
    place = Array([made.pdf.pages[1].obj, Name.Fit])
    made.root.OpenAction = made.shaped(S=Name.GoTo, D=place, Next=made.action("JavaScript"))
    with pikepdf.open(written(tmp_path, made.scan(tmp_path / "s.pdf"))) as opened:
        assert opened.Root.OpenAction.D[0].objgen == opened.pages[1].obj.objgen
        assert "/Next" not in opened.Root.OpenAction
    made.root.OpenAction = place
    with pikepdf.open(written(tmp_path, made.scan(tmp_path / "s.pdf"))) as opened:
        assert opened.Root.OpenAction[0].objgen == opened.pages[1].obj.objgen


LEADING = [
    ("URI", {"URI": "https://example.org/a b?c=d"}, None),
    ("URI", {"URI": "HTTP://example.org"}, None),
    ("URI", {"URI": "mailto:a@example.org?subject=x&body=y"}, None),
    ("URI", {"URI": "mailto:a@b.org?subject=x&attach=/etc"}, "mailto:a@b.org?subject=x&attach=/etc"),
    ("URI", {"URI": "javascript:app.alert(1)"}, "javascript:app.alert(1)"),
    ("URI", {"URI": " javascript:x"}, " javascript:x"),
    ("URI", {"URI": "file:///etc/passwd"}, "file:///etc/passwd"),
    ("URI", {"URI": "\\\\server\\share"}, "\\\\server\\share"),
    ("URI", {"URI": "//server/share"}, "//server/share"),
    ("URI", {"URI": "relative.html"}, "relative.html"),
    ("URI", {"URI": "http://x\njavascript:y"}, "http://x\njavascript:y"),
    ("URI", {"URI": "search-ms:query=x"}, "search-ms:query=x"),
    ("GoToR", {"F": "\\\\server\\other.pdf"}, "\\\\server\\other.pdf"),
    ("GoToE", {"F": "other.pdf"}, "other.pdf"),
    ("Launch", {"F": "cmd.exe"}, "cmd.exe"),
    ("Launch", {"Win": {"F": "calc.exe", "P": "x"}}, "calc.exe"),
    ("SubmitForm", {"F": {"FS": "URL", "F": "https://example.org/form"}}, "https://example.org/form"),
    ("ImportData", {"F": {"UF": "data.fdf", "F": "x"}}, "data.fdf"),
    ("Thread", {"F": "thread.pdf", "D": "x"}, "thread.pdf"),
    ("Thread", {"D": "x"}, None),
    ("Hide", {"T": "field"}, None),
    ("Named", {"N": Name.NextPage}, None),
    ("Named", {"N": Name.Print}, ""),
    ("JavaScript", {"JS": "x"}, ""),
    ("GoTo", {"D": "named"}, None),
    ("GoTo", {"D": 5}, ""),
]  # fmt: skip
"""Actions, and what is noted where they are taken out; None where they stay."""


@pytest.mark.parametrize("shape", SHAPES)
def test_where_a_link_led_stands_beside_it(tmp_path, shape):
    """Of what stays all is as before; a target of what goes is noted, below what is said there already."""
    made = Maker(shape)

    def value(told):
        if isinstance(told, dict):
            return made.shaped(**{name: value(inner) for name, inner in told.items()})
        return String(told) if isinstance(told, str) else told

    for kind, entries, _ in LEADING:
        action = made.shaped(S=Name(f"/{kind}"), **{name: value(entry) for name, entry in entries.items()})
        made.annotation("Link", A=action)
        made.annotation("Link", A=action, Contents=String("said"))
    with pikepdf.open(written(tmp_path, made.scan(tmp_path / "s.pdf"))) as opened:
        annotations = list(opened.pages[0].obj.Annots)
        for number, (kind, entries, noted) in enumerate(LEADING):
            bare, telling = annotations[2 * number : 2 * number + 2]
            if noted is None:
                assert str(bare.A.S) == f"/{kind}", entries
                for name, entry in entries.items():
                    assert bare.A[f"/{name}"] == value(entry), entries
            assert ("/A" in bare, "/A" in telling) == (noted is None,) * 2, entries
            assert str(bare.get("/Contents", "")) == (noted or ""), entries
            assert str(telling.Contents) == (f"said\n{noted}" if noted else "said"), entries


@pytest.mark.parametrize("shape", SHAPES)
def test_what_does_no_harm_stays(tmp_path, shape):
    """Links, bookmarks, fields, comments, stamps, attachments, page labels and structure, and how the page looks."""
    made = Maker(shape)
    shaped, second = made.shaped, made.pdf.pages[1].obj
    place = Array([second, Name.Fit])
    box = {"Type": Name.XObject, "Subtype": Name.Form, "BBox": Array([0, 0, 80, 20])}
    look = made.pdf.make_indirect(Stream(made.pdf, b"1 0 0 rg 0 0 80 20 re f", Dictionary(entries_of(box))))
    file = made.pdf.make_indirect(Stream(made.pdf, b"kept", Type=Name.EmbeddedFile))
    attached = shaped(Type=Name.Filespec, F=String("a.txt"), UF=String("a.txt"), EF=shaped(F=file, UF=file),
                      AFRelationship=Name.Data)  # fmt: skip
    made.annotation("Link", Dest=place)
    made.annotation("Link", Dest=String("named"))
    made.annotation("Link", A=shaped(S=Name.GoTo, D=place))
    made.annotation("Link", A=shaped(S=Name.URI, URI=String("https://example.org")))
    made.annotation("Text", Contents=String("comment"), T=String("who"), Popup=shaped(Subtype=Name.Popup, Open=True))
    made.annotation("Highlight", QuadPoints=Array([1, 2, 3, 4, 5, 6, 7, 8]), C=Array([1, 1, 0]))
    made.annotation("Stamp", AP=shaped(N=look), Name=Name.Approved)
    made.annotation("FileAttachment", FS=attached)
    made.annotation("3D", AP=shaped(N=look))
    field = made.annotation("Widget", FT=Name.Tx, T=String("field"), V=String("value"), F=4, AP=shaped(N=look))
    made.root.AcroForm = shaped(Fields=Array([field]), DA=String("/Helv 0 Tf 0 g"), NeedAppearances=False)
    made.root.Names = shaped(
        Dests=shaped(Names=Array([String("named"), Array([second, Name.Fit])])),
        EmbeddedFiles=shaped(Kids=Array([shaped(Names=Array([String("a.txt"), attached]))])),
    )
    made.root.AF = Array([attached])
    item = shaped(Title=String("going"), A=shaped(S=Name.GoTo, D=place))
    made.root.Outlines = shaped(First=shaped(Title=String("placed"), Dest=place, Next=item))
    made.root.PageLabels = shaped(Nums=Array([0, shaped(S=Name.r)]))
    made.root.StructTreeRoot = shaped(Type=Name.StructTreeRoot, K=shaped(S=Name.P, A=shaped(O=Name.Layout)))
    scan = made.scan(tmp_path / "s.pdf")
    target = written(tmp_path, scan)
    before, after = seen_by_pdfium(scan), seen_by_pdfium(target)
    assert [page for _, page in before["links"]] == ([1, 1, 1, None] if shape != "streams" else [])
    assert [page for _, page in before["bookmarks"]] == [1, 1]
    assert before["labels"] == (["1", "2"] if "stream" in shape else ["i", "ii"])
    assert before["attachments"] == 1
    assert (pdfium.FPDF_ANNOT_THREED in before["annotations"]) == (shape != "streams")
    before["annotations"] = [
        pdfium.FPDF_ANNOT_STAMP if kind == pdfium.FPDF_ANNOT_THREED else kind for kind in before["annotations"]
    ]
    assert after == before
    with pikepdf.open(scan) as old, pikepdf.open(target) as new:
        for mine, theirs in zip(new.pages[0].obj.Annots, old.pages[0].obj.Annots, strict=True):
            assert mine.keys() == theirs.keys()
        assert new.Root.keys() == old.Root.keys()
        assert new.pages[0].obj.Annots[-1].V == "value"
        assert new.Root.Names.EmbeddedFiles.Kids[0].Names[1].EF.UF.read_bytes() == b"kept"
        assert str(new.Root.StructTreeRoot.K.A.O) == "/Layout"


@pytest.mark.parametrize("shape", SHAPES)
def test_an_attachment_that_lies_elsewhere_is_none(tmp_path, shape):
    """A click would fetch it from another machine: its name is noted."""
    made = Maker(shape)
    made.annotation("FileAttachment", FS=made.shaped(F=String("\\\\server\\x.exe")))
    made.annotation("FileAttachment", FS=String("\\\\server\\y.exe"))
    elsewhere = made.shaped(FS=Name.URL, F=String("EVIL-far"))
    made.root.Names = made.shaped(EmbeddedFiles=made.shaped(Names=Array([String("x"), elsewhere])))
    target = written(tmp_path, made.scan(tmp_path / "s.pdf"))
    assert "EVIL" not in json.dumps(seen_by_qpdf(target))
    with pikepdf.open(target) as opened:
        noted = [("/FS" in note, str(note.Contents)) for note in opened.pages[0].obj.Annots]
    assert noted == [(False, "\\\\server\\x.exe"), (False, "\\\\server\\y.exe")]


def test_a_stream_brings_its_data_itself(tmp_path):
    """Neither data, nor a picture in its place, come from another file, and no program goes to the printer."""
    made = Maker("indirect")
    away = {"F": String("EVIL-data"), "FFilter": Name.FlateDecode, "Ref": Dictionary(F=String("EVIL-ref")),
            "OPI": Dictionary(F=String("EVIL-opi")), "PS": Stream(made.pdf, b"EVIL")}  # fmt: skip
    form = Stream(made.pdf, b"q Q", Dictionary(entries_of(away | {"Subtype": Name.Form})))
    made.page.Resources = Dictionary(XObject=Dictionary(A=form, AA=Stream(made.pdf, b"x", Subtype=Name.PS)))
    target = written(tmp_path, made.scan(tmp_path / "s.pdf"))
    assert "EVIL" not in json.dumps(seen_by_qpdf(target))
    with pikepdf.open(target) as opened:
        forms = opened.pages[0].obj.Resources.XObject
        assert forms.A.read_bytes() == b"q Q"
        assert "/Subtype" not in forms.AA


@pytest.mark.parametrize("odd", [5, True, "text", Name.JavaScript, [], [[]], [5], [{}], {}], ids=str)
def test_what_is_no_dictionary_is_no_trouble(tmp_path, odd):
    """A number, a name, a list: wherever a dictionary or list belongs."""
    made = Maker("direct")
    put = pikepdf.Object.parse(b"<< >>") if odd == {} else Array([Dictionary()]) if odd == [{}] else odd
    for number in range(3):
        made.annotation("Link", A=put, AA=put, Dest=put, Popup=put, Parent=put, Kids=put, FS=put, AP=put, Contents=put)
        made.page.Annots[number].A = Dictionary(S=Name.Launch, F=put) if number else put
    made.page.Annots.extend([put, put])
    for name in ("AA", "Trans"):
        made.page[f"/{name}"] = put
    for name in ("OpenAction", "Names", "AcroForm", "Outlines", "AF", "ViewerPreferences", "PageMode", "URI"):
        made.root[f"/{name}"] = put
    made.pdf.pages[1].obj.Annots = put
    written(tmp_path, made.scan(tmp_path / "s.pdf"))


def circles(made):
    """Whatever leads on leads back."""
    item, field = made.pdf.make_indirect(Dictionary()), made.pdf.make_indirect(Dictionary(Subtype=Name.Widget))
    for name in ("First", "Last", "Next", "Prev"):
        item[f"/{name}"] = item
    loop = made.pdf.make_indirect(Array([field]))
    loop.append(loop)
    for name in ("Kids", "Popup", "IRT", "Parent"):
        field[f"/{name}"] = loop
    action = made.pdf.make_indirect(Dictionary(S=Name.GoTo, D=String("x")))
    action.Next = action
    field.A = item.A = action
    made.root.Outlines, made.root.AcroForm, made.page.Annots = item, Dictionary(Fields=loop), loop
    tree = made.pdf.make_indirect(Dictionary())
    tree.Kids = Array([tree])
    made.root.Names = Dictionary(EmbeddedFiles=tree)


def deep(made):
    """A long way to the last bookmark and field, and lists in lists."""
    item = field = Dictionary(A=Dictionary(S=Name.Launch, F=String("deepest.exe")))
    for _ in range(3000):
        item = made.pdf.make_indirect(Dictionary(Next=item))
        field = made.pdf.make_indirect(Dictionary(Kids=Array([field])))
    inner = Array([Dictionary(Subtype=Name.Link, A=Dictionary(S=Name.Launch, F=String("deep.exe")))])
    for _ in range(80):
        inner = Array([inner])
    made.page.Annots = inner
    made.root.Outlines, made.root.AcroForm = item, Dictionary(Fields=Array([field]))


def shared(made):
    """Each of many annotations stands in many lists, and has the same long target."""
    target = made.pdf.make_indirect(String("x" * 1_000_000))
    action = made.pdf.make_indirect(Dictionary(S=Name.Launch, F=target))
    note = {"Subtype": Name.Link, "Contents": target}
    notes = [made.pdf.make_indirect(Dictionary(entries_of(note) | {"/A": action})) for _ in range(500)]
    notes.extend(made.pdf.make_indirect(Dictionary(Subtype=Name.Link, A=Dictionary(S=Name.Launch, F=target)))
                 for _ in range(500))  # fmt: skip
    every = made.pdf.make_indirect(Array(notes))
    made.page.Annots = Array([every] * 1000)
    made.pdf.pages[1].obj.Annots = every


@pytest.mark.parametrize("put", [circles, deep, shared])
def test_a_hostile_tree_costs_little(tmp_path, monkeypatch, put):
    """Circles, great depth, and what is shared: each object is looked at once, and no target grows the file."""
    monkeypatch.setattr(active_content, "MOST_LOOKED_AT", 20_000)
    made = Maker("indirect")
    put(made)
    scan = made.scan(tmp_path / "s.pdf")
    target = written(tmp_path, scan)
    assert target.stat().st_size < scan.stat().st_size + 1100 * active_content.MOST_LETTERS
    assert b"/Launch" not in target.read_bytes()


def test_more_than_can_be_looked_at_is_not_written(tmp_path, monkeypatch):
    """The document comes without NAME.pdf, rather than with one that was half looked at."""
    monkeypatch.setattr(active_content, "MOST_LOOKED_AT", 1000)
    made = Maker("indirect")
    for _ in range(1001):
        made.annotation("Link")
    with pytest.raises(FormatUnusable, match="more than 1,000 entries for annotations"):
        written(tmp_path, made.scan(tmp_path / "s.pdf"))


def test_a_page_that_stands_for_a_field_keeps_its_content(tmp_path):
    """Some programs write a field's page as its parent."""
    made = Maker("indirect")
    made.annotation("Widget", Parent=made.page)
    with pikepdf.open(written(tmp_path, made.scan(tmp_path / "s.pdf"))) as opened:
        assert opened.pages[0].obj.MediaBox == Array([0, 0, 200, 200])


@pytest.mark.parametrize("shape", SHAPES)
def test_an_object_in_two_places_acts_in_neither(tmp_path, shape):
    """Pages that are fields too, whose parent would add a script; a bookmark that is an action."""
    made = Maker(shape)
    above = made.pdf.make_indirect(Dictionary(FT=Name.Tx, AA=made.shaped(K=made.action("JavaScript", "above"))))
    other = made.pdf.pages[1].obj
    made.page.Parent = other.Parent = above
    made.root.AcroForm = made.shaped(Fields=Array([made.page, other]))
    both = made.pdf.make_indirect(Dictionary(S=Name.GoTo, D=String("x"), Title=String("x"), A=made.action("Launch")))
    both.Next = made.pdf.make_indirect(Dictionary(Title=String("y"), A=made.action("JavaScript", "bookmark")))
    made.root.Outlines = made.shaped(First=both)
    made.annotation("Link", A=both)
    made.annotation("Link", Parent=made.root, IRT=made.root.Outlines)
    made.root.AA = made.shaped(WC=made.action("JavaScript", "root"))
    target = written(tmp_path, made.scan(tmp_path / "s.pdf"))
    assert "EVIL-JavaScript" not in json.dumps(seen_by_qpdf(target))
    assert "/Launch" not in json.dumps(seen_by_qpdf(target))
