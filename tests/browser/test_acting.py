"""A person acts on a rollout through the page."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from sluiceway.services.views import AuditView, RolloutView
from tests.browser.conftest import OpenPage
from tests.browser.host import Host
from tests.browser.measure import focused, tab_to
from tests.browser.plans import MANUAL, put_at_quarter
from tests.unit.services.desk import ADA


@pytest.fixture
def rollout(host: Host) -> str:
    return put_at_quarter(host)


def view(host: Host, rollout_id: str) -> RolloutView:
    return host.office.service.get(rollout_id, ADA)


def last_ask(host: Host, rollout_id: str) -> AuditView | None:
    entries = host.office.service.history(rollout_id, ADA, limit=500)
    asks = [one for one in entries if one.kind.startswith("asked-")]
    return asks[-1] if asks else None


def test_pausing_takes_a_confirmation_and_keeps_who_and_why(
    host: Host, rollout: str, open_page: OpenPage
) -> None:
    page = open_page(f"/rollouts/{rollout}")
    page.get_by_role("button", name="Pause").click()
    dialog = page.get_by_role("dialog", name="Pause this rollout?")
    expect(dialog).to_contain_text("Traffic stays as it is: 25\u00a0% on 2.0, 75\u00a0% on 1.0.")
    assert last_ask(host, rollout) is None

    dialog.get_by_label("Reason").fill("the database is slow")
    dialog.get_by_label("Your name").fill("Zoë")
    dialog.get_by_role("button", name="Pause").click()

    expect(dialog).to_be_hidden()
    expect(page.locator("#phase")).to_have_text("Paused")
    asked = last_ask(host, rollout)
    assert asked is not None
    assert (asked.kind, asked.actor, asked.why) == ("asked-pause", "Zoë", "pause: the database is slow")


def test_a_name_is_remembered_for_the_next_act(host: Host, rollout: str, open_page: OpenPage) -> None:
    page = open_page(f"/rollouts/{rollout}")
    page.get_by_role("button", name="Pause").click()
    page.get_by_label("Your name").fill("ada")
    page.locator("#act-confirm").click()
    expect(page.locator("#phase")).to_have_text("Paused")

    page.get_by_role("button", name="Resume").click()

    expect(page.get_by_label("Your name")).to_have_value("ada")


def test_escape_leaves_everything_as_it_was_and_returns_the_focus(
    host: Host, rollout: str, open_page: OpenPage
) -> None:
    page = open_page(f"/rollouts/{rollout}")
    page.locator("#do-rollback").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()

    page.keyboard.press("Escape")

    expect(page.get_by_role("dialog")).to_be_hidden()
    assert focused(page) == "do-rollback"
    assert last_ask(host, rollout) is None


def test_a_rollback_needs_nothing_but_the_keyboard(host: Host, rollout: str, open_page: OpenPage) -> None:
    page = open_page(f"/rollouts/{rollout}")
    expect(page.locator("#link-state")).to_have_text("Live")
    tab_to(page, "do-rollback")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name="Send everyone back to 1.0?")).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("radio", name="Emergency")).to_be_checked()
    tab_to(page, "act-reason")
    page.keyboard.type("checkout fails for everyone")
    tab_to(page, "act-confirm")
    page.keyboard.press("Enter")

    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(page.locator("#share-stable")).to_have_text("100\u00a0%")
    decision = next(one for one in view(host, rollout).decisions if one.kind == "rollback-decided")
    assert decision.why.startswith("emergency rollback")
    assert "checkout fails for everyone" in decision.why


def test_after_an_act_the_focus_is_somewhere_sensible(rollout: str, open_page: OpenPage) -> None:
    page = open_page(f"/rollouts/{rollout}")
    page.get_by_role("button", name="Pause").click()
    page.locator("#act-confirm").click()
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(page.locator("#do-resume")).to_be_visible()

    assert focused(page) in {"do-pause", "title", "BODY"}
    page.keyboard.press("Tab")
    assert focused(page) != "BODY"


def test_promoting_without_a_reason_is_not_sent(host: Host, rollout: str, open_page: OpenPage) -> None:
    page = open_page(f"/rollouts/{rollout}")
    page.get_by_role("button", name="Promote").click()

    page.locator("#act-confirm").click()

    expect(page.get_by_role("dialog")).to_be_visible()
    assert page.evaluate("document.getElementById('act-reason').validity.valueMissing")
    assert last_ask(host, rollout) is None


def test_a_manual_criterion_is_attested_beside_its_words(
    host: Host, rollout: str, open_page: OpenPage
) -> None:
    page = open_page(f"/rollouts/{rollout}")
    page.get_by_role("button", name=MANUAL).click()
    expect(page.get_by_role("dialog")).to_contain_text(f"You state, in your name: “{MANUAL}”.")

    page.locator("#act-confirm").click()

    expect(page.locator(".criterion", has_text=MANUAL).locator(".badge")).to_have_text("attested")
    criteria = next(stage for stage in view(host, rollout).stages if stage.status == "current").criteria
    assert criteria[2].verdict == "attested"


def test_a_dialog_says_when_the_rollout_changed_behind_it(
    host: Host, rollout: str, open_page: OpenPage
) -> None:
    page = open_page(f"/rollouts/{rollout}")
    expect(page.locator("#link-state")).to_have_text("Live")
    page.get_by_role("button", name="Roll back").click()
    page.get_by_role("radio", name="Gradual").check()

    host.figures[rollout].new_error_rate = 0.3
    host.step_until(rollout, "rolling-back")

    expect(page.locator("#act-changed")).to_contain_text("has changed while you were reading")
    expect(page.locator("#act-title")).to_have_text("Take everyone back to 1.0 faster?")


def test_an_act_that_has_become_impossible_can_t_be_confirmed(
    host: Host, rollout: str, open_page: OpenPage
) -> None:
    page = open_page(f"/rollouts/{rollout}")
    expect(page.locator("#link-state")).to_have_text("Live")
    page.get_by_role("button", name="Promote").click()

    host.figures[rollout].new_error_rate = 0.3
    host.step_until(rollout, "rolling-back")

    expect(page.locator("#act-changed")).to_contain_text("no longer possible")
    expect(page.locator("#act-confirm")).to_be_disabled()


def test_a_refusal_is_shown_in_the_server_s_words(host: Host, rollout: str, open_page: OpenPage) -> None:
    page = open_page(f"/rollouts/{rollout}")
    expect(page.locator("#link-state")).to_have_text("Live")
    page.route("**/actions/skip", lambda route: route.continue_(post_data='{"expected_version": 1}'))
    page.get_by_role("button", name="Skip stage").click()
    page.get_by_label("Reason").fill("it is late")

    page.locator("#act-confirm").click()

    expect(page.locator("#act-error")).to_contain_text("not 1: somebody or something changed it")
    assert view(host, rollout).summary.stage == "quarter"


def test_a_rolled_back_rollout_can_be_started_again_from_its_page(
    host: Host, rollout: str, open_page: OpenPage
) -> None:
    host.figures[rollout].new_error_rate = 0.3
    host.step_until(rollout, "rolled-back")
    page = open_page(f"/rollouts/{rollout}")

    page.get_by_role("button", name="Start again").click()
    page.locator("#act-confirm").click()

    page.wait_for_url(lambda url: "/rollouts/" in url and rollout not in url)
    expect(page.locator("#phase")).to_have_text("Preparing")
