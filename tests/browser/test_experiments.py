"""An experiment's page in a real browser: what it says, its curves, and a decision."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage
from tests.browser.host import Host
from tests.browser.measure import overflow_px
from tests.unit.services.desk import ADA
from tests.unit.services.experiment_desk import DRAFT, SERVICE, WHERE, Lab, furnished_experiment

PAGE = f"/flags/{SERVICE}/experiments/{DRAFT.id}"


def test_the_page_says_what_is_known_and_draws_how_it_came_about(host: Host, open_page: OpenPage) -> None:
    furnished_experiment(host.office)
    page: Page = open_page(PAGE)

    expect(page.get_by_text("Buy conversions on B are", exact=False).first).to_be_visible()
    expect(page.locator(".uplot canvas")).to_have_count(2)
    expect(page.get_by_text("users are spread as planned", exact=False)).to_be_visible()
    page.locator(".uplot .u-over").first.hover()
    expect(page.locator("[data-then=range]").first).to_contain_text("%")


def test_the_page_fits_on_a_phone(host: Host, open_page: OpenPage) -> None:
    furnished_experiment(host.office)
    page: Page = open_page(PAGE, viewport={"width": 380, "height": 800})

    expect(page.locator(".uplot canvas")).to_have_count(2)
    assert overflow_px(page) <= 0


def test_a_winner_is_decided_and_everybody_gets_it(host: Host, open_page: OpenPage) -> None:
    furnished_experiment(host.office)
    page: Page = open_page(PAGE)
    page.get_by_role("button", name="Decide").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("radio", name="B", exact=False)).to_be_checked()
    dialog.get_by_role("checkbox", name="Give everybody the winner", exact=False).check()
    dialog.get_by_label("Your name", exact=False).fill("ada")
    dialog.get_by_role("button", name="Decide").click()

    expect(page.get_by_text("B won")).to_be_visible()
    live = host.office.services.flag_sets.current(SERVICE, WHERE).evaluator
    assert all(live.evaluate("button", {"targetingKey": f"user-{n}"}).value == "blue" for n in range(30))


def test_curves_grow_without_reloading_the_page(host: Host, open_page: OpenPage) -> None:
    lab = Lab(host.office)
    lab.started()
    page: Page = open_page(PAGE)
    expect(page.get_by_text("Nothing is known", exact=False).first).to_be_visible()

    lab.come("A", 40, buy=10)
    lab.come("B", 40, buy=12)
    lab.wait()

    expect(page.locator(".uplot canvas")).to_have_count(2, timeout=30_000)


def test_experiments_are_listed(host: Host, open_page: OpenPage) -> None:
    lab = Lab(host.office)
    lab.started()
    page: Page = open_page("/experiments")

    page.get_by_role("link", name=DRAFT.id).click()

    expect(page.get_by_role("heading", level=1)).to_have_text(DRAFT.id)
    assert [one.id for one in lab.experiments.list("", ADA)] == [DRAFT.id]
