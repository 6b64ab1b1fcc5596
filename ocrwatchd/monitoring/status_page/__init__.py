"""status.html: how the service is, for people who see only the share. No document text; everything in it is inert.

A page cannot change once nobody writes it any more. So it tells until when it is good, in words and to a few lines of
script that compare this with the reader's clock; and whoever comes after a crash (systemd's ``ExecStopPost=``, the
next start) writes the truth.
"""

from __future__ import annotations

import base64
import hashlib
import string
import time
from functools import lru_cache
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from ocrwatchd.core.i18n import say
from ocrwatchd.core.i18n.language import language
from ocrwatchd.core.log import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ocrwatchd.core.i18n.language import Language
    from ocrwatchd.monitoring.status import Status

MARK: Final = "<!-- ocrwatchd writes this page again and again: what is changed here is lost -->"
"""Stands in the page's second line, and in nobody else's."""

RENEWED_SECONDS: Final = 60.0
"""How old a page becomes at most while the service runs."""

GOOD_SECONDS: Final = 180.0
"""How long it can be believed."""

AGAIN_SECONDS: Final = 15
"""How often a browser reads it again."""

TO_DO: Final = say(
    "The originals lie in the folder “failed”, each beside a note. Do what the reason says; then move the file back "
    "into the inbox, or scan the page again."
)

_TAGS: Final = {"de": "de", "en": "en", "zh": "zh-Hans"}
_AT_WORK: Final = frozenset({"running", "stopping"})


def page(status: Status, now: float, code: str = "") -> str:
    """The page as HTML, in the language ``code`` (see ``output.language``); ``now`` is Unix time."""
    words = language(code)
    headline, lead, sign = _state(status, words)
    body = "\n".join(_body(status, words))
    template, style, script = _parts()
    alive = status.state in _AT_WORK
    policy = (
        f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    return template.substitute(
        mark=MARK,
        code=_TAGS[words.code],
        policy=policy,
        again=AGAIN_SECONDS,
        title=_plain(f"ocrwatchd: {headline}"),
        style=style,
        good_until=round(now + GOOD_SECONDS) if alive else 0,
        state=sign,
        headline=_plain(headline),
        old=_plain(words.say("Probably not running")),
        lead=_plain(lead),
        stale=_plain(_stale(now, words)),
        body=body,
        footer=_plain(_footer(now, words, alive=alive)),
        script=script,
    )


def _state(status: Status, words: Language) -> tuple[str, str, str]:
    """Headline, what it means, and its colour."""
    when = _moment(status.written_at, words)
    safe = words.say("Scans can be put into the inbox all the same: they are read once the service runs again.")
    whom = words.say("Tell the person who looks after it.")
    match status.state:
        case "running" if status.trouble:
            return words.say("Running, with trouble"), words.say("Nothing is lost. What is wrong stands below."), "wait"
        case "running":
            return words.say("Running"), words.say("Scans that are put into the inbox are read."), "good"
        case "stopping":
            return words.say("Stopping"), safe, "wait"
        case "stopped":
            stopped = words.say("It was stopped.")
            return words.say("Not running since {time}", time=when), words.together(stopped, safe), "bad"
        case "silent":
            hangs = words.say("It has not answered since {time}.", time=when)
            return words.say("Not answering"), words.together(hangs, whom, safe), "bad"
        case _:
            broke = words.say("It ended unexpectedly.")
            return words.say("Not running since {time}", time=when), words.together(broke, whom, safe), "bad"


def _stale(now: float, words: Language) -> str:
    told = words.say(
        "This page was written at {time} and should have been renewed since. The service is probably not running, or "
        "this computer's clock is wrong.",
        time=_moment(now, words),
    )
    whom = words.say("Tell the person who looks after it.")
    return words.together(told, whom)


def _footer(now: float, words: Language, *, alive: bool) -> str:
    if not alive:
        return words.say("Written at {time}.", time=_moment(now, words))
    return words.say(
        "Written at {time}, and again at least once a minute. If that is more than three minutes ago, the service is "
        "not running.",
        time=_moment(now, words),
    )


def _body(status: Status, words: Language) -> Iterator[str]:
    yield "<dl class=figures>"
    for name, value in (
        (words.say("Waiting"), status.waiting + status.queued),
        (words.say("Done today"), status.delivered_today),
        (words.say("Failed today"), status.failed_today),
    ):
        yield f"<div><dt>{_plain(name)}</dt><dd>{_plain(words.number(value))}</dd></div>"
    yield "</dl>"
    if status.state in _AT_WORK:
        yield from _in_work(status, words)
    if status.last_delivery_at:
        when = words.say("Last done at {time}.", time=_moment(status.last_delivery_at, words))
        yield f'<p class="soft">{_plain(when)}</p>'
    if status.state in _AT_WORK and status.trouble:
        yield from _heading(words.say("What is wrong"))
        yield "<ul class=trouble>"
        yield from (f"<li>{_plain(words.of(each))}</li>" for each in status.trouble)
        yield "</ul>"
    if status.failures:
        yield from _failures(status, words)


def _in_work(status: Status, words: Language) -> Iterator[str]:
    yield from _heading(words.say("In work"))
    if not status.in_work:
        nothing = words.say("Nothing at the moment.")
        yield f'<p class="card soft">{_plain(nothing)}</p>'
        return
    yield f'<div class=card><p class="file"><bdi>{_plain(status.in_work)}</bdi></p>'
    if status.pages:
        told = _plain(words.say("page {page} of {pages}", page=status.page, pages=status.pages))
        done = min(max(status.page - 1, 0), status.pages)
        yield f'<p class="soft">{told}</p><progress aria-label="{told}" max={status.pages} value={done}></progress>'
    yield "</div>"


def _failures(status: Status, words: Language) -> Iterator[str]:
    yield from _heading(words.say("Could not be read"))
    yield f"<p>{_plain(words.of(TO_DO))}</p><ul class=failed>"
    for name, reason in status.failures:
        told = _plain(words.of(reason))
        yield f'<li class="card"><p class="file"><bdi>{_plain(name)}</bdi></p><p class="why">{told}</p></li>'
    yield "</ul>"


def _heading(words: str) -> Iterator[str]:
    yield f"<h2>{_plain(words)}</h2>"


def _moment(when: float, words: Language) -> str:
    return time.strftime(words.say("%Y-%m-%d %H:%M"), time.localtime(when))


def _plain(text: str) -> str:
    """Text that can only be text: no markup, no control character, nothing that turns the direction of what follows."""
    return escape(printable(text))


def _digest(content: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}"


@lru_cache
def _parts() -> tuple[string.Template, str, str]:
    """The page's frame, style and script."""
    frame, style, script = (
        files(__name__).joinpath(f"page.{kind}").read_text("utf-8") for kind in ("html", "css", "js")
    )
    return string.Template(frame), f"\n{style}", f"\n{script}"
