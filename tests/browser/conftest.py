"""A real Chromium and a running host for every test of the console."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.host import Host, running_host

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed (extra `dev`)")

CHROMIUM = Path(os.environ.get("SLUICEWAY_CHROMIUM", "/usr/bin/chromium"))
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

sync_api.expect.set_options(timeout=15_000)  # how long a busy machine may take; what is right passes at once

OpenPage = Callable[..., Any]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)


# Not for the whole session: while it is open, an event loop runs on the thread of the tests that follow.
@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    if not CHROMIUM.exists():
        pytest.skip(f"no Chromium at {CHROMIUM}; install one or name it in SLUICEWAY_CHROMIUM")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    with running_host(tmp_path) as made:
        yield made


@pytest.fixture
def open_page(chromium: Any, host: Host) -> Iterator[OpenPage]:
    """Return a function that opens an address of the host; keywords go to the browser's context.

    After the test no page may have raised an error or met the content security policy.
    """
    contexts: list[Any] = []
    troubles: list[str] = []

    def note(message: Any) -> None:
        if message.type == "error" and "Failed to load resource" not in message.text:
            troubles.append(message.text)

    def opened(path: str = "/", **context_settings: Any) -> Any:
        context = chromium.new_context(**{"viewport": {"width": 1280, "height": 900}, **context_settings})
        contexts.append(context)
        context.set_default_timeout(15_000)
        page = context.new_page()
        page.on("console", note)
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.goto(f"{host.address}{path}")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert troubles == []
