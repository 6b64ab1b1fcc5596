"""The code on a separator sheet: settings for the documents behind it, signed with the installation's key.

Whoever prints a code may put it before a scanner, so settings count only where the signature is right; a code of this
format with any fault still separates documents. Anatomy: ``ocrwatchd1:SIGNATURE:FIELDS``, all of it printable ASCII.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, unquote

from ocrwatchd.core.config.profile import LANGUAGE, is_profile_name

PREFIX: Final = "ocrwatchd1:"
"""Names the format and its version; it is signed too."""

LONGEST_CHARACTERS: Final = 1024
"""A longer code is not read; the longest that :func:`encode` writes is shorter."""
MOST_LANGUAGES: Final = 16
LONGEST_NAME_BYTES: Final = 255
"""No file system that Linux writes has longer names of folders."""
PRIORITIES: Final = range(-100, 101)
"""As ``priority`` of a profile."""

_SIGNATURE_BYTES: Final = 16
"""HMAC-SHA256, cut to 128 bits; RFC 2104 allows no less than half of the hash."""
_ANY_VERSION: Final = re.compile(r"ocrwatchd[0-9]{1,4}:")
_CODE: Final = re.compile(re.escape(PREFIX) + r"([A-Za-z0-9_-]{22}):([!-~]*)")
_FIELDS: Final = re.compile(r"(?:p=([^;=]+))?;?(?:l=([a-z+]+))?;?(?:n=(0|-?[1-9][0-9]{0,2}))?;?(d)?")
_LANGUAGE: Final = re.compile(LANGUAGE.removeprefix("^").removesuffix("$"))


@dataclass(frozen=True, slots=True)
class SheetSettings:
    """What a sheet says about the documents behind it.

    Args:
        profile: name of a profile of the configuration; "" = the one of the folder that the scan came into.
        languages: codes of ISO 639-3, in place of ``ocr.languages``; empty = those of the profile.
        priority: from -100 to 100; None = that of the profile.
        duplex: the documents are scanned on both sides, and so is the sheet.
    """

    profile: str = ""
    languages: tuple[str, ...] = ()
    priority: int | None = None
    duplex: bool = False


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet that was found in a scan; one whose signature is wrong has no settings, and only separates."""

    settings: SheetSettings
    signed: bool


_ONLY_SEPARATES: Final = Sheet(SheetSettings(), signed=False)


def encode(settings: SheetSettings, key: bytes) -> str:
    """The text of the code: printable ASCII, at most ``LONGEST_CHARACTERS``.

    Raises:
        ValueError: a setting is out of its range.
    """
    if not _is_sound(settings):
        raise ValueError(f"no sheet can say this: {settings}")
    told = ";".join(_fields(settings))
    return f"{PREFIX}{_signature(told, key)}:{told}"


def decode(text: str, key: bytes) -> Sheet | None:
    """Read any code that was found in a scan; None if it is not of a sheet.

    No text raises an error. A code of this format, of any version, that is not signed with ``key`` or has any fault
    gives a sheet without settings. Without a key (b"") none is signed: anybody could sign with that.
    """
    if not _ANY_VERSION.match(text):
        return None
    code = _CODE.fullmatch(text) if len(text) <= LONGEST_CHARACTERS else None
    if code is None:
        return _ONLY_SEPARATES
    signature, told = code.groups()
    if not key or not hmac.compare_digest(signature, _signature(told, key)):
        return _ONLY_SEPARATES
    settings = _settings(told)
    return Sheet(settings, signed=True) if settings else _ONLY_SEPARATES


def _fields(settings: SheetSettings) -> Iterator[str]:
    if settings.profile:
        yield f"p={quote(settings.profile, safe='')}"
    if settings.languages:
        yield f"l={'+'.join(settings.languages)}"
    if settings.priority is not None:
        yield f"n={settings.priority}"
    if settings.duplex:
        yield "d"


def _settings(told: str) -> SheetSettings | None:
    """The settings in the fields of a signed code; None unless they are exactly as :func:`encode` writes them."""
    if (fields := _FIELDS.fullmatch(told)) is None:
        return None
    profile, languages, priority, duplex = fields.groups()
    settings = SheetSettings(
        unquote(profile or "", errors="replace"),
        tuple(languages.split("+")) if languages else (),
        None if priority is None else int(priority),
        bool(duplex),
    )
    return settings if _is_sound(settings) and ";".join(_fields(settings)) == told else None


def _is_sound(settings: SheetSettings) -> bool:
    return (
        (not settings.profile or _is_name(settings.profile))
        and len(settings.languages) <= MOST_LANGUAGES
        and all(map(_LANGUAGE.fullmatch, settings.languages))
        and (settings.priority is None or settings.priority in PRIORITIES)
    )


def _is_name(profile: str) -> bool:
    try:
        return is_profile_name(profile) and len(profile.encode()) <= LONGEST_NAME_BYTES
    except UnicodeEncodeError:
        return False


def _signature(told: str, key: bytes) -> str:
    whole = hmac.new(key, f"{PREFIX}{told}".encode("ascii"), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(whole[:_SIGNATURE_BYTES]).decode("ascii").rstrip("=")
