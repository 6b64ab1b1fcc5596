"""A real browser for the pages that people open: Debian's Chromium, without a network."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

from tests.programs import needs

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

PHONE = (360, 740)
DESK = (1280, 900)
FLAGS = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@contextmanager
def chromium() -> Iterator[Browser]:
    """A headless Chromium; skips, or fails where nothing may be left out, without one."""
    (program,) = needs("chromium")
    flags = [*FLAGS, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=flags)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def opened(
    browser: Browser,
    file: Path,
    *,
    size: tuple[int, int] = DESK,
    scheme: Literal["light", "dark"] = "light",
    script: bool = True,
    wants: list[str] | None = None,
) -> Iterator[Page]:
    """A file's page as somebody sees it who opens it in a folder.

    Args:
        browser: from :func:`chromium`.
        file: absolute path.
        size: of the window, CSS pixels.
        scheme: what the system asks for.
        script: whether JavaScript runs.
        wants: takes the addresses that the page asks for beside its own; none are given to it.

    Yields:
        The page; what it or its script complains of, as a violated policy, fails the test.
    """
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]}, color_scheme=scheme, java_script_enabled=script
    )
    page = context.new_page()
    address, complaints = file.as_uri(), []
    page.on("console", lambda said: complaints.append(said.text) if said.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    asked = [] if wants is None else wants

    def answer(route) -> None:
        if route.request.url.split("#")[0].split("?")[0] == address or route.request.url.startswith(("data:", "blob:")):
            route.continue_()
        else:
            asked.append(route.request.url)
            route.abort()

    context.route("**/*", answer)
    try:
        page.goto(address)
        yield page
        assert not complaints
        assert wants is not None or not asked
    finally:
        context.close()


def barriers(page: Page) -> list[str]:
    """What axe-core finds that keeps people from using the page, a line each."""
    found = Axe().run(page).response["violations"]
    return [f"{each['id']}: {node['html'][:200]}: {node['failureSummary']}" for each in found for node in each["nodes"]]


def runs_over(page: Page) -> int:
    """By how many CSS pixels the page is wider than its window."""
    return page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
