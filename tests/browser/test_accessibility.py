"""axe-core finds nothing serious on any page, on a desk and on a phone, in the light and in the dark."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage
from tests.browser.flagged import SERVICE as FLAGGED
from tests.browser.flagged import a_full_shop
from tests.browser.host import Host
from tests.browser.measure import overflow_px
from tests.browser.plans import put_at_quarter
from tests.browser.team import HOSTILE, Team, a_change, a_release_on_its_way
from tests.unit.services.experiment_desk import DRAFT, furnished_experiment

axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="not installed (extra `dev`)")

DESK, PHONE = {"width": 1280, "height": 900}, {"width": 380, "height": 800}
LONG = "a-word-that-no-browser-would-break-anywhere-by-itself-" * 2


def furnished(host: Host) -> tuple[Team, dict[str, str]]:
    """Return a team and every page there is by name, each with something on it."""
    rollout = put_at_quarter(host)  # while nobody has an account
    furnished_experiment(host.office)
    team = a_release_on_its_way(host)
    services = host.office.services
    run = services.releases.start_run(team.release, "drill", team["dev"]).summary.id
    change = a_change(team)
    services.changes.link(change, team.release, team["rita"])
    a_change(team, title=f"{HOSTILE} {LONG}", description=LONG)
    services.boards.call_meeting("checkout", "change-board", team["rita"])
    pages = {
        "rollouts": "/",
        "rollout": f"/rollouts/{rollout}",
        "releases": "/releases",
        "release": f"/releases/{team.release}",
        "new release": "/releases/new",
        "edit release": f"/releases/{team.release}/edit",
        "run": f"/runs/{run}",
        "work": "/work",
        "changes": "/changes",
        "change": f"/changes/{change}",
        "new change": "/changes/new",
        "edit change": f"/changes/{change}/edit",
        "import": "/changes/import",
        "boards": "/boards",
        "board": "/boards/checkout/change-board",
        "experiments": "/experiments",
        "experiment": f"/flags/checkout/experiments/{DRAFT.id}",
        "nothing": "/releases/REL-1999-0001",
    }
    return team, pages


FLAG_PAGES = {
    "flags": "/flags",
    "flag": f"/flags/{FLAGGED}/saved-cards",
    "waiting flag": f"/flags/{FLAGGED}/new-gateway",
    "hostile flag": f"/flags/{FLAGGED}/hostile",
    "edit flag": f"/flags/{FLAGGED}/saved-cards/development/edit",
    "edit split": f"/flags/{FLAGGED}/banner/development/edit",
    "new flag": f"/flags/new?service={FLAGGED}",
    "explained": f"/flags/{FLAGGED}/saved-cards/explain?key=ada&attributes=country%3DDE",
    "segments": f"/segments?service={FLAGGED}",
    "segment": f"/segments/{FLAGGED}/staging/edit/staff",
}


def serious(page: Page) -> list[tuple[str, str]]:
    """Return what axe-core calls serious or critical, with the first place of each."""
    found: list[dict[str, Any]] = axe.Axe().run(page).response["violations"]
    return [(one["id"], one["nodes"][0]["html"]) for one in found if one["impact"] in {"serious", "critical"}]


def looked_at(page: Page, address: str, pages: dict[str, str]) -> Iterator[str]:
    """Open each page, with everything unfolded, and yield its name."""
    for name, path in pages.items():
        page.goto(f"{address}{path}")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
        yield name


@pytest.mark.parametrize(
    ("size", "scheme"), [(DESK, "light"), (PHONE, "dark")], ids=["desk, light", "phone, dark"]
)
def test_no_page_has_a_serious_violation_or_is_too_wide(
    host: Host, open_page: OpenPage, size: dict[str, int], scheme: str
) -> None:
    team, pages = furnished(host)
    page = open_page(
        "/", viewport=size, color_scheme=scheme, reduced_motion="reduce", **team.as_person("rita")
    )

    found: dict[str, object] = {}
    for name in looked_at(page, host.address, pages):
        found[name] = (serious(page), overflow_px(page))

    assert found == {name: ([], 0) for name in pages}


@pytest.mark.parametrize(
    ("size", "scheme"), [(DESK, "light"), (PHONE, "dark")], ids=["desk, light", "phone, dark"]
)
def test_no_page_of_flags_has_a_serious_violation_or_is_too_wide(
    host: Host, open_page: OpenPage, size: dict[str, int], scheme: str
) -> None:
    shop = a_full_shop(host)
    page = open_page(
        "/", viewport=size, color_scheme=scheme, reduced_motion="reduce", **shop.as_person("pia")
    )

    found: dict[str, object] = {}
    for name in looked_at(page, host.address, FLAG_PAGES):
        if name.startswith("edit"):
            expect(page.locator("#review")).to_contain_text("What saving changes")
        found[name] = (serious(page), overflow_px(page))

    assert found == {name: ([], 0) for name in FLAG_PAGES}


def test_every_dialog_has_no_serious_violation_and_fits_a_phone(host: Host, open_page: OpenPage) -> None:
    team, pages = furnished(host)
    page = open_page("/", viewport=PHONE, reduced_motion="reduce", **team.as_person("rita"))

    found: dict[str, object] = {}
    for name in looked_at(
        page, host.address, {one: pages[one] for one in ("release", "change", "board", "run")}
    ):
        keys = page.evaluate(
            """() => {
              const buttons = [...document.querySelectorAll('[data-act]')];
              return [...new Map(buttons.map((one) => [one.dataset.act, one.id])).values()];
            }"""
        )
        for key in keys:
            page.evaluate("(id) => document.getElementById(id).click()", key)
            expect(page.get_by_role("dialog")).to_be_visible()
            expect(page.locator("#act-confirm")).to_be_in_viewport()
            found[f"{name} {key}"] = (serious(page), overflow_px(page))
            page.locator("#act-cancel").click()

    assert len(found) > 20
    assert {key: problems for key, problems in found.items() if problems != ([], 0)} == {}
