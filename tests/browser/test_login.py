"""Logging in and out in a real browser, on a desk and on a phone."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPage
from tests.browser.host import Host
from tests.browser.measure import overflow_px
from tests.browser.plans import a_full_plan, put_at_quarter
from tests.unit.services.desk import PASSWORD

axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="not installed (extra `dev`)")
DESK, PHONE = {"width": 1280, "height": 900}, {"width": 380, "height": 800}


def fill(page: Page, name: str, password: str) -> None:
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in").click()


def test_a_stranger_logs_in_and_comes_to_where_they_wanted_to_go(host: Host, open_page: OpenPage) -> None:
    rollout_id = host.put_rollout(a_full_plan())
    host.office.person("mia", "operator")
    page = open_page(f"/rollouts/{rollout_id}")
    expect(page.get_by_role("heading", name="Log in")).to_be_visible()
    expect(page.get_by_label("Name")).to_be_focused()

    fill(page, "mia", "wrong password entirely")
    expect(page.get_by_role("alert")).to_have_text("the name or the password is wrong")
    expect(page.get_by_label("Password")).to_be_focused()
    fill(page, "mia", PASSWORD)

    page.wait_for_url(f"**/rollouts/{rollout_id}")
    expect(page.locator(".who-name")).to_have_text("mia")
    expect(page.locator("#link-state")).to_have_text("Live")


def test_whoever_is_logged_in_acts_under_their_name_and_leaves(host: Host, open_page: OpenPage) -> None:
    rollout_id = put_at_quarter(host)
    host.office.person("mia", "operator")
    page = open_page(f"/login?next=/rollouts/{rollout_id}")
    fill(page, "mia", PASSWORD)
    expect(page.locator("#link-state")).to_have_text("Live")  # the page's script runs
    page.get_by_role("button", name="Pause").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("as done by mia")
    expect(dialog.get_by_label("Your name")).to_have_count(0)
    dialog.get_by_role("button", name="Pause").click()
    expect(dialog).to_be_hidden()

    page.get_by_role("button", name="Log out").click()

    page.wait_for_url("**/login*")
    page.goto(f"{host.address}/rollouts/{rollout_id}")
    expect(page.get_by_role("heading", name="Log in")).to_be_visible()
    assert host.office.services.rollouts.get(rollout_id, host.office.log_in("mia")).decisions[0].by == "mia"


def test_a_page_whose_login_ended_goes_to_the_login_by_itself(host: Host, open_page: OpenPage) -> None:
    rosa = host.office.set_up_accounts()
    host.office.person("mia", "viewer")
    page = open_page("/login")
    fill(page, "mia", PASSWORD)
    expect(page.locator(".who-name")).to_have_text("mia")

    host.office.services.accounts.disable("mia", rosa)

    page.wait_for_url("**/login?next=*")


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_the_login_page_fits_and_is_accessible(host: Host, open_page: OpenPage, size: dict[str, int]) -> None:
    host.office.set_up_accounts()
    page = open_page("/", viewport=size)
    fill(page, "a" * 63, "wrong password entirely")
    expect(page.get_by_role("alert")).to_be_visible()

    assert overflow_px(page) == 0
    assert [one["id"] for one in axe.Axe().run(page).response["violations"]] == []


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_a_long_name_in_the_corner_breaks_nothing(
    host: Host, open_page: OpenPage, size: dict[str, int]
) -> None:
    name = "a" * 63
    host.office.person(name, "viewer")
    page = open_page("/login", viewport=size)
    fill(page, name, PASSWORD)
    expect(page.locator(".who-name")).to_have_text(name)

    assert overflow_px(page) == 0
    assert [one["id"] for one in axe.Axe().run(page).response["violations"]] == []
