"""Takes pictures of a board, a vote and flags for the docs, of the teams that the browser tests use.

Run `python -m tests.browser.pictures docs/pictures`.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, ViewportSize, sync_playwright

from tests.browser.conftest import ARGUMENTS, CHROMIUM
from tests.browser.flagged import SERVICE as FLAGGED
from tests.browser.flagged import Shop, a_full_shop
from tests.browser.host import running_host
from tests.browser.team import Team, a_change, a_release_on_its_way

SIZE = ViewportSize(width=1120, height=1150)


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as data, running_host(Path(data)) as host, sync_playwright() as driver:
        team = a_release_on_its_way(host)
        a_change(team)
        host.office.services.boards.call_meeting("checkout", "change-board", team["rita"])
        browser = driver.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        context = browser.new_context(viewport=SIZE, locale="en-GB", **team.as_person("theo"))
        page = context.new_page()
        _board(page, team, folder)
        _vote(page, team, folder)
        browser.close()
    with tempfile.TemporaryDirectory() as data, running_host(Path(data)) as host, sync_playwright() as driver:
        shop = a_full_shop(host)
        host.catch_up()
        browser = driver.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        context = browser.new_context(viewport=SIZE, locale="en-GB", **shop.as_person("pia"))
        page = context.new_page()
        _flag(page, shop, folder)
        _rules(page, shop, folder)
        browser.close()


def _board(page: Page, team: Team, folder: Path) -> None:
    """Take the picture of a board with something on its agenda."""
    page.goto(f"{team.host.address}/boards/checkout/change-board")
    page.locator("#link-state[data-state=live]").wait_for()
    page.screenshot(path=folder / "board.png")


def _vote(page: Page, team: Team, folder: Path) -> None:
    """Take the picture of somebody about to vote."""
    page.goto(f"{team.host.address}/releases/{team.release}")
    page.get_by_role("button", name="Vote: Release readiness review").click()
    page.get_by_role("textbox", name="Comment").fill("The way back was tried on Tuesday.")
    page.get_by_role("dialog").screenshot(path=folder / "vote.png")


def _flag(page: Page, shop: Shop, folder: Path) -> None:
    """Take the picture of a flag that is on, killed and held off by a threshold."""
    page.goto(f"{shop.host.address}/flags/{FLAGGED}/saved-cards")
    page.locator("#link-state[data-state=live]").wait_for()
    page.screenshot(path=folder / "flag.png")


def _rules(page: Page, shop: Shop, folder: Path) -> None:
    """Take the picture of the rule editor while a rule is made to reach more."""
    page.goto(f"{shop.host.address}/flags/{FLAGGED}/saved-cards/development/edit")
    page.locator("[data-rule]").nth(1).get_by_label("Reaches").fill("50")
    page.locator("#review").get_by_text("25% -> 50%").wait_for()
    page.screenshot(path=folder / "flag-rules.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
