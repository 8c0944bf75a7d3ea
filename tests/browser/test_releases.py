"""People take a release along its road in a real browser: they agree, attest, check off, move, roll out."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from sluiceway.domain.approvals.model import VoteKind
from sluiceway.domain.releases.model import Goal
from sluiceway.services.release_facts import FactsPatch
from tests.browser.conftest import OpenPage
from tests.browser.host import Host
from tests.browser.measure import focused, texts
from tests.browser.team import HOSTILE, SERVICE, Team, a_release_on_its_way, a_team, some_facts


@pytest.fixture
def team(host: Host) -> Team:
    return a_release_on_its_way(host)


def as_person(open_page: OpenPage, team: Team, name: str, path: str = "", **more: Any) -> Page:
    """Open the team's release, or another page, as somebody."""
    page: Page = open_page(path or f"/releases/{team.release}", **team.as_person(name), **more)
    return page


def dialog_of(page: Page, button: str) -> Locator:
    """Open the dialog of a button and return it."""
    page.get_by_role("button", name=button, exact=True).click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    return dialog


def confirm(dialog: Locator) -> None:
    dialog.locator("#act-confirm").click()
    expect(dialog).to_be_hidden()


def test_an_approval_is_given_in_the_voter_s_name(team: Team, open_page: OpenPage) -> None:
    page = as_person(open_page, team, "theo")
    dialog = dialog_of(page, "Vote: Release readiness review")
    expect(dialog).to_contain_text("Saved cards in checkout")
    dialog.get_by_label("Comment").fill("The rollback was tried on Tuesday.")

    confirm(dialog)

    approval = page.locator("#approval-readiness-review")
    expect(approval).to_contain_text("theo approves as Tech lead")
    expect(approval).to_contain_text("The rollback was tried on Tuesday.")
    assert [vote.by for vote in team.view().approvals[0].votes] == ["quinn", "theo"]


def test_an_approval_on_conditions_makes_items_to_do(team: Team, open_page: OpenPage) -> None:
    page = as_person(open_page, team, "paul")
    dialog = dialog_of(page, "Vote: Release readiness review")
    dialog.get_by_label("Approve with conditions").check()
    dialog.get_by_label("Conditions", exact=True).fill(
        "The shop's texts are translated\n\nPrices are right\n"
    )

    confirm(dialog)

    expect(page.locator("#conditions .line-title")).to_have_text(
        ["Support has the new answers", "The shop's texts are translated", "Prices are right"]
    )


def test_a_refusal_is_told_in_the_dialog_and_what_was_written_stays(team: Team, open_page: OpenPage) -> None:
    page = as_person(open_page, team, "paul")
    dialog = dialog_of(page, "Vote: Release readiness review")
    dialog.get_by_label("Approve with conditions").check()
    dialog.get_by_label("Comment").fill("Nearly.")

    dialog.locator("#act-confirm").click()

    expect(dialog.get_by_role("alert").filter(visible=True)).to_contain_text("condition")
    expect(dialog.get_by_label("Comment")).to_have_value("Nearly.")
    expect(dialog.locator("#act-confirm")).to_be_enabled()


def test_what_changes_under_a_voter_s_eyes_is_said_and_shown(team: Team, open_page: OpenPage) -> None:
    page = as_person(open_page, team, "theo")
    dialog = dialog_of(page, "Vote: Release readiness review")
    dialog.get_by_label("Reject").check()
    dialog.get_by_label("Comment").fill("Half written")

    releases = team.host.office.services.releases
    releases.move(team.release, "in-development", team["rita"], reason="One more fix")
    releases.edit(team.release, FactsPatch(version="2.5.0"), team["pia"])

    expect(page.locator("#act-changed")).to_contain_text("has changed while you were reading")
    expect(dialog.locator(".subject")).to_contain_text("2.5.0")
    expect(dialog.get_by_label("Comment")).to_have_value("Half written")
    expect(dialog.get_by_label("Reject")).to_be_checked()


def test_a_gate_is_attested_and_its_signature_holds(team: Team, open_page: OpenPage) -> None:
    page = as_person(open_page, team, "theo")
    dialog = dialog_of(page, "Attest: Documentation")
    expect(dialog).to_contain_text("Known issues")
    dialog.get_by_label("What you looked at").fill("Release notes of Friday")

    confirm(dialog)

    gate = page.locator("#gate-documentation")
    expect(gate).to_contain_text("passed")
    expect(gate).to_contain_text("Release notes of Friday")
    expect(gate).to_contain_text("the signature holds")


def test_a_gate_that_does_not_hold_is_said_so(team: Team, open_page: OpenPage) -> None:
    page = as_person(open_page, team, "theo")
    dialog = dialog_of(page, "Attest: Documentation")
    dialog.get_by_label("It does not hold").check()
    dialog.get_by_label("What you looked at").fill("The notes are empty")

    confirm(dialog)

    expect(page.locator("#gate-documentation .badge")).to_have_text("failed")


def test_a_gate_is_waived_with_a_reason(team: Team, open_page: OpenPage) -> None:
    page = as_person(open_page, team, "rita")
    dialog = dialog_of(page, "Waive: Documentation")
    dialog.locator("#act-confirm").click()
    assert dialog.get_by_label("Reason").evaluate("(one) => one.validity.valueMissing")
    dialog.get_by_label("Reason").fill("Nothing that users see has changed")

    confirm(dialog)

    expect(page.locator("#gate-documentation .badge")).to_have_text("waived")


def test_items_are_checked_off_and_set_aside_while_the_list_stays_open(
    team: Team, open_page: OpenPage
) -> None:
    page = as_person(open_page, team, "rita")
    page.get_by_role("link", name=re.compile("^One week before")).click()
    checklist = page.locator("#checklist-one-week-before")
    expect(checklist).to_have_attribute("open", "")
    dialog = dialog_of(page, "Done: Hold the release readiness review")
    expect(dialog).to_contain_text("“Hold the release readiness review”")
    dialog.get_by_label("Link to evidence").fill("https://example.org/review")

    confirm(dialog)

    item = page.locator("#item-one-week-before-readiness-review")
    expect(item.locator(".badge")).to_have_text("done")
    expect(item.get_by_role("link")).to_have_attribute("href", "https://example.org/review")
    expect(checklist.locator("summary").first).to_contain_text("1 of 5")
    expect(checklist).to_have_attribute("open", "")
    page.get_by_role("button", name="Reopen: Hold the release readiness review").click()
    confirm(page.get_by_role("dialog"))
    expect(item.locator(".badge")).to_have_text("to do")


def test_a_condition_is_met_by_whoever_can(team: Team, open_page: OpenPage) -> None:
    page = as_person(open_page, team, "sue")
    dialog = dialog_of(page, "Met: Support has the new answers")
    dialog.get_by_label("Note").fill("Sent to all of us")

    confirm(dialog)

    expect(page.locator("#conditions")).to_contain_text("met by sue")
    expect(page.locator("#conditions")).to_contain_text("Sent to all of us")


def test_once_nothing_is_missing_the_way_forward_opens_by_itself(team: Team, open_page: OpenPage) -> None:
    page = as_person(open_page, team, "rita")
    expect(page.locator(".headline").first).to_contain_text("things are missing for Go or no-go")
    expect(page.get_by_role("button", name="Move to Go or no-go")).to_have_count(0)

    _let_everybody_agree(team)

    dialog = dialog_of(page, "Move to Go or no-go")
    confirm(dialog)
    expect(page.locator("#phase")).to_have_text("Go or no-go")
    expect(page.locator(".stop[aria-current=step]")).to_contain_text("Go or no-go")
    assert team.view().summary.phase == "go-no-go"


def test_a_release_is_sent_back_with_a_reason_and_shows_it(team: Team, open_page: OpenPage) -> None:
    page = as_person(open_page, team, "rita")
    dialog = dialog_of(page, "Send back")
    dialog.get_by_label("In development").check()
    dialog.get_by_label("Reason").fill("One more fix")

    confirm(dialog)

    expect(page.locator("#phase")).to_have_text("In development")
    expect(page.locator("#activity")).to_contain_text("One more fix")


def test_a_rollout_of_the_release_is_started_and_shown_live(team: Team, open_page: OpenPage) -> None:
    _let_everybody_agree(team)
    team.go("go-no-go")
    releases = team.host.office.services.releases
    (condition,) = team.view().conditions
    releases.meet_condition(team.release, condition.id, team["sue"])
    team.go("rolling-out")
    rollout = team.start_rollout()
    page = as_person(open_page, team, "dev")
    card = page.locator(f"#rollout-{rollout}")
    expect(card).to_contain_text("Progressing")

    team.host.figures[rollout].new_p95_ms = 900.0
    team.host.step_until(rollout, "rolled-back")

    expect(card).to_contain_text("Rolled back")
    expect(card.get_by_role("link")).to_have_attribute("href", f"/rollouts/{rollout}")


def test_a_runbook_is_started_and_carried_on_by_people(team: Team, open_page: OpenPage) -> None:
    page = as_person(open_page, team, "dev")
    dialog = dialog_of(page, "Start: Rehearse the way back")
    confirm(dialog)
    page.locator("#runs .line-title").get_by_role("link", name="Rehearse the way back").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Rehearse the way back")

    for left in ("Tell the team", ""):
        confirm(dialog_of(page, "It is done"))
        if left:
            expect(page.locator("[aria-current=step]")).to_contain_text(left)

    expect(page.locator(".head .badge")).to_have_text("Done")
    expect(page.get_by_role("button", name="It is done")).to_have_count(0)


def test_whoever_only_looks_sees_everything_and_no_button(team: Team, open_page: OpenPage) -> None:
    page = as_person(open_page, team, "vera")

    expect(
        page.get_by_role("button", name=re.compile("Vote|Attest|Done|Move|Send|Cancel|Decide"))
    ).to_have_count(0)
    expect(page.get_by_role("link", name="Edit", exact=True)).to_have_count(0)
    expect(page.locator("#approval-readiness-review")).to_contain_text("quinn approves if")


def test_a_release_is_made_and_edited_with_all_its_lists(host: Host, open_page: OpenPage) -> None:
    team = a_team(host)
    page = as_person(open_page, team, "pia", "/releases/new", timezone_id="Asia/Tokyo")
    page.get_by_label("Version").fill("3.0.0")
    page.get_by_label("Type").select_option("Major release")
    page.get_by_label("Title").fill("A new shop")
    expect(page.get_by_text("(Asia/Tokyo)")).to_be_visible()
    page.get_by_label("Target (Asia/Tokyo)").fill("2031-05-02T09:00")
    for goal in ("Faster", "Nicer"):
        page.get_by_role("button", name="Add a goal").click()
        page.locator("[data-rows='facts.goals'] [data-cell=text]").last.fill(goal)
    page.get_by_role("button", name="Add an item").click()
    expect(page.get_by_label("What", exact=True)).to_be_focused()
    page.keyboard.type("A new front page")
    page.get_by_label("Number or key").fill("SHOP-1")
    page.get_by_role("button", name="Make release").click()
    page.wait_for_url("**/releases/REL-*")
    team.release = page.url.rsplit("/", 1)[-1]
    view = team.view()
    assert (view.summary.version, view.facts.goals) == ("3.0.0", (Goal("Faster"), Goal("Nicer")))
    assert view.facts.target_at is not None
    assert view.facts.target_at.isoformat() == "2031-05-02T00:00:00+00:00"
    assert (view.facts.scope[0].id, view.facts.scope[0].kind, view.author) == ("SHOP-1", "feature", "pia")

    page.get_by_role("link", name="Edit", exact=True).click()
    expect(page.get_by_label("Target (Asia/Tokyo)")).to_have_value("2031-05-02T09:00")
    page.get_by_role("button", name="Remove a goal").first.click()
    page.get_by_role("button", name="Save").click()
    page.wait_for_url(f"**/releases/{team.release}")

    assert team.view().facts.goals == (Goal("Nicer"),)


def test_a_form_that_is_refused_says_why_and_keeps_what_was_written(host: Host, open_page: OpenPage) -> None:
    team = a_team(host)
    page = as_person(open_page, team, "pia", "/releases/new")
    page.get_by_label("Version").fill("3.0.1")
    page.get_by_label("Type").select_option("Major release")
    page.get_by_label("Title").fill("Kept")

    page.get_by_role("button", name="Make release").click()

    expect(page.get_by_role("alert").filter(visible=True)).to_contain_text("3.0.1")
    expect(page.get_by_label("Title")).to_have_value("Kept")


def test_what_people_wrote_is_shown_and_never_run(host: Host, open_page: OpenPage) -> None:
    team = a_team(host)
    releases = host.office.services.releases
    hostile = some_facts(
        host,
        title=HOSTILE,
        code_name="<b>Bold</b>",
        user_impact=HOSTILE,
        goals=(Goal(HOSTILE, HOSTILE, HOSTILE),),
    )
    team.release = releases.new(SERVICE, hostile, team["pia"]).summary.id
    releases.vote(
        team.release,
        "readiness-review",
        VoteKind.APPROVE_IF,
        team["quinn"],
        comment=HOSTILE,
        conditions=(HOSTILE,),
    )
    page = as_person(open_page, team, "rita")

    expect(page.locator("#conditions .line-title")).to_have_text(HOSTILE)
    expect(page.locator(".head-title")).to_have_text(HOSTILE)
    expect(dialog_of(page, f"Met: {HOSTILE}")).to_contain_text(f"“{HOSTILE}”")
    assert page.locator("main img:not(.chart img), main script").count() == 0
    assert page.title() != "run"


def test_releases_are_found_by_what_they_say_and_where_they_are(host: Host, open_page: OpenPage) -> None:
    team = a_team(host)
    releases = host.office.services.releases
    for version, title in (("2.5.0", "Vouchers"), ("2.6.0", "Gift cards")):
        team.release = releases.new(
            SERVICE, some_facts(host, version=version, title=title), team["pia"]
        ).summary.id
    releases.cancel(team.release, team["rita"], reason="Not this year")
    page = as_person(open_page, team, "rita", "/releases")
    found = page.locator(".row-item h3")
    expect(found).to_have_text([re.compile("2.6.0"), re.compile("2.5.0")])

    page.get_by_label("Search").fill("Vouch")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(found).to_have_text([re.compile("2.5.0")])
    page.get_by_role("link", name="Show all").click()
    page.get_by_label("State").select_option("Open")
    page.get_by_role("button", name="Show", exact=True).click()

    expect(found).to_have_text([re.compile("2.5.0")])
    expect(page.get_by_label("State")).to_have_value("open")


def test_my_work_leads_to_where_it_can_be_done(team: Team, open_page: OpenPage) -> None:
    page = as_person(open_page, team, "theo", "/work")
    mine = page.get_by_role("region", name="Waits for you")
    expect(mine).to_contain_text("Release readiness review")
    expect(page.get_by_role("region", name="Waits for others")).to_contain_text(
        "Communication is not attested"
    )

    mine.get_by_role("link", name=re.compile("^Documentation")).click()

    page.wait_for_url(f"**/releases/{team.release}#gate-documentation")
    expect(page.locator("#gate-documentation")).to_be_in_viewport()


def test_a_dialog_is_opened_filled_in_and_closed_with_the_keyboard_alone(
    team: Team, open_page: OpenPage
) -> None:
    page = as_person(open_page, team, "theo")
    button = page.locator("#do-vote-readiness-review")
    button.focus()
    page.keyboard.press("Enter")
    expect(page.locator("input[value=approve]")).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(page.locator("input[value=approve-if]")).to_be_checked()

    page.keyboard.press("Escape")

    assert focused(page) == "do-vote-readiness-review"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_text_of_a_release_has_enough_contrast(team: Team, open_page: OpenPage, scheme: str) -> None:
    page = as_person(open_page, team, "rita", color_scheme=scheme, reduced_motion="reduce")
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")

    seen = texts(page)

    assert len(seen) > 300
    assert [text for text in seen if text.ratio < text.needed] == []


def _let_everybody_agree(team: Team) -> None:
    """Give the votes that are missing, then supply what else the next phase waits for."""
    releases = team.host.office.services.releases
    for voter in ("theo", "paul"):
        releases.vote(team.release, "readiness-review", VoteKind.APPROVE, team[voter])
    team.supply("go-no-go")
    for one in releases.explain(team.release, team["rita"], "go-no-go").missing:
        checklist, _, item = one.ref.partition("/")  # what only a role that nobody plays could do
        team.set_aside(checklist, item)
