"""What a PDF may hold that does nothing by itself (PDF 32000-1 and -2): all else is taken out by ``active_content``.

A list of what is allowed: a new kind of action, or an entry of a reader's own, is refused until somebody has looked at
it.
"""

from __future__ import annotations

import re


def _entries(plain: str, **parts: str) -> dict[str, str]:
    return {f"/{name}": "" for name in plain.split()} | {f"/{name}": part for name, part in parts.items()}


PARTS: dict[str, dict[str, str]] = {
    "catalogue": _entries(
        "Type Version Extensions PageLabels Dests PageLayout PageMode OpenAction Threads Metadata MarkInfo Lang "
        "OCProperties",
        Pages="page", StructTreeRoot="structure", Outlines="bookmark", AcroForm="form", Names="names", AF="attachment",
        OutputIntents="intent", ViewerPreferences="preferences",
    ),
    "page": _entries(  # and a node of the page tree
        "Type Count LastModified Resources MediaBox CropBox BleedBox TrimBox ArtBox BoxColorInfo Contents "
        "Rotate Group Thumb B StructParents Tabs PZ SeparationInfo Metadata UserUnit VP",
        Kids="page", Parent="page", Annots="annotation", AF="attachment",
    ),
    "bookmark": _entries(
        "Type Title Count Dest A SE C F",
        First="bookmark", Last="bookmark", Next="bookmark", Prev="bookmark", Parent="bookmark",
    ),
    "structure": _entries("Type K IDTree ParentTree ParentTreeNextKey RoleMap ClassMap Namespaces"),
    "form": _entries("DR DA Q NeedAppearances SigFlags", Fields="annotation"),
    "annotation": _entries(  # and a form's field: one object is often both
        # of every annotation, and of links
        "Type Subtype Rect Contents P NM M F AP AS Border C StructParent OC ca CA BM Lang BS A Dest H QuadPoints "
        # of comments and markup
        "T RC CreationDate Subj RT IT Open Name State StateModel DA DS Q CL BE RD LE L IC LL LLE LLO Cap CP CO Measure "
        "Vertices Path InkList RO OverlayText Repeat FixedPrint MN LastModified Version AnnotStates FontFauxing "
        # of fields; SV would name a server for signing
        "FT TU TM Ff V DV RV Opt TI I MaxLen Lock MK",
        Kids="annotation", Parent="annotation", Popup="annotation", IRT="annotation", FS="attachment", AF="attachment",
    ),
    "names": _entries("Dests AP", EmbeddedFiles="attachments"),
    "attachments": _entries("Limits", Names="attachment", Kids="attachments"),
    "attachment": _entries("Type F UF EF Desc AFRelationship"),
    # A profile could lie on another machine: DestOutputProfileRef.
    "intent": _entries("Type S OutputCondition OutputConditionIdentifier RegistryName Info DestOutputProfile"),
    # No reader shall hide its window's frame, or fill the screen.
    "preferences": _entries(
        "FitWindow CenterWindow DisplayDocTitle Direction ViewArea ViewClip PrintArea PrintClip PrintScaling Duplex "
        "PickTrayByPDFSize PrintPageRange NumCopies Enforce"
    ),
}  # fmt: skip
"""Which entries each part of a document may have; behind an entry with a name begins the part of that name.

An object is looked at once, as the first of these parts that it is found in, and may stand in others too. So none but
an action may have /S and what an action needs, and an entry that leads on from one part leads on from each that has it.
"""

STREAM = frozenset({"/Length", "/Filter", "/DecodeParms"})
"""Entries without which a stream's data cannot be read."""

OUTSIDE = ("/FFilter", "/FDecodeParms", "/Ref", "/OPI", "/PS", "/Subtype2")
"""Entries of a stream, beside /F, by which data or a picture would come from another file, or be a program."""

ANNOTATIONS = frozenset(
    _entries(
        "Text Link FreeText Line Square Circle Polygon PolyLine Highlight Underline Squiggly StrikeOut Caret Stamp Ink "
        "Popup FileAttachment Widget PrinterMark TrapNet Watermark Redact"
    )
)
"""Not of them: sounds, films, screens, 3D and rich media, which bring players and scripts."""

ACTIONS: dict[str, frozenset[str]] = {
    "/GoTo": frozenset(_entries("Type S D")),
    "/URI": frozenset(_entries("Type S URI IsMap")),
    "/Named": frozenset(_entries("Type S N")),
    "/Thread": frozenset(_entries("Type S D B")),
    "/Hide": frozenset(_entries("Type S T H")),
    "/SetOCGState": frozenset(_entries("Type S State PreserveRB")),
}
"""Kinds that wait for a click and lead to a place, or show one; with their entries, of which /Next is none."""

NAMED = frozenset({"/NextPage", "/PrevPage", "/FirstPage", "/LastPage"})
"""Named actions that lead to a page; others print, save or close."""

MODES = frozenset({"/UseNone", "/UseOutlines", "/UseThumbs", "/UseOC", "/UseAttachments"})
"""How a reader may begin: not with a full screen."""

ADDRESS = re.compile(
    # A mail program could attach a file of its user's to a mail whose address asks for it.
    r"https?://[^\x00-\x1f\x7f]*+"
    r"|mailto:[^?\x00-\x1f\x7f]*+(?:\?(?:subject|body|cc|bcc|to)=[^&\x00-\x1f\x7f]*+"
    r"(?:&(?:subject|body|cc|bcc|to)=[^&\x00-\x1f\x7f]*+)*+)?",
    re.IGNORECASE,
)
"""Where a link may lead outside: to the web, or to a new mail."""
