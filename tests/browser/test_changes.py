"""People write a change request, score it, vote and decide in a real browser; a board holds its meetings."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from sluiceway.domain.changes.model import ChangeFacts
from tests.browser.conftest import OpenPage
from tests.browser.host import Host
from tests.browser.measure import texts
from tests.browser.team import HOSTILE, SERVICE, Team, a_change, a_team, some_facts
from tests.browser.test_releases import as_person, confirm, dialog_of

WRITTEN = """\
change_request:
  title: Vouchers by post
  requestor: pia
  description: Vouchers can be sent by post.
"""


@pytest.fixture
def team(host: Host) -> Team:
    return a_team(host)


def facts_of(team: Team, page: Page) -> ChangeFacts:
    """Return what the request of the page says."""
    return team.host.office.services.changes.get(page.url.rsplit("/", 1)[-1], team["rita"]).facts


def test_a_request_is_written_answered_and_submitted(team: Team, open_page: OpenPage) -> None:
    page = as_person(open_page, team, "pia", "/changes/new")
    page.get_by_label("Title").fill("A new client of the gateway")
    page.get_by_label("Why", exact=True).fill("The old one is switched off.")
    page.get_by_label("What changes").fill("Another library")
    page.get_by_label("What it touches").fill("Payments by card")
    page.get_by_label("Acceptance criteria").fill("Every payment passes\nNobody waits longer")
    page.get_by_role("button", name="Add a risk").click()
    page.keyboard.type("Payments fail")
    page.get_by_label("Probability").select_option("Low")
    page.get_by_role("button", name="Add a phase").click()
    page.keyboard.type("Build")
    page.get_by_label("How long").fill("2 weeks")
    page.get_by_role("button", name="Write request").click()
    page.wait_for_url("**/changes/CR-*")

    facts = facts_of(team, page)
    assert facts.requestor == "pia"
    assert facts.acceptance_criteria == ("Every payment passes", "Nobody waits longer")
    risks = [(one.risk, one.probability, one.impact) for one in facts.impact.risks]
    assert risks == [("Payments fail", "low", "")]
    assert facts.timeline == (("Build", "2 weeks"),)

    dialog = dialog_of(page, "Answer questions")
    dialog.get_by_label("How many users notice?").select_option("All")
    dialog.get_by_label("Is there a way back?").select_option("It was tried")
    confirm(dialog)
    expect(page.locator("#risk")).to_contain_text("scores 67 of 100")
    confirm(dialog_of(page, "Submit"))
    expect(page.locator(".head .badge").first).to_have_text("Submitted")
    expect(page.locator(".headline").first).to_have_text("Waits for votes of the Change board.")


def test_members_score_and_the_spread_is_shown(team: Team, open_page: OpenPage) -> None:
    change = a_change(team)
    page = as_person(open_page, team, "theo", f"/changes/{change}")
    dialog = dialog_of(page, "Score")
    for label, points in (("Value to users", "10"), ("Effort", "2"), ("Safety", "9")):
        dialog.get_by_label(re.compile(f"^{label}")).fill(points)
    dialog.locator("#act-confirm").click()
    assert dialog.get_by_label(re.compile("^Safety")).evaluate("(one) => one.validity.rangeOverflow")
    dialog.get_by_label(re.compile("^Safety")).fill("4")

    confirm(dialog)

    row = page.locator("#matrix tbody tr").first
    expect(row.locator("td")).to_contain_text(["50 %", "8", "5", "10", "7.67"])
    expect(row.get_by_role("img")).to_have_attribute("aria-label", "3 scores, apart by 5")
    expect(row.locator("circle")).to_have_count(3)


def test_a_board_s_vote_is_cast_and_closed(team: Team, open_page: OpenPage) -> None:
    change = a_change(team)
    page = as_person(open_page, team, "rita", f"/changes/{change}")
    confirm(dialog_of(page, "Vote: Change board"))
    expect(page.locator("#approvals")).to_contain_text("rita approves as Release manager")
    dialog = dialog_of(page, "Close the vote")
    dialog.get_by_label("Conditions of the board").fill("Not on a Friday")

    confirm(dialog)

    expect(page.locator(".head .badge").first).to_have_text("Approved")
    expect(page.locator("#decisions")).to_contain_text("Not on a Friday")
    expect(page.get_by_role("button", name="Close the vote")).to_have_count(0)


def test_a_request_becomes_part_of_a_release(team: Team, open_page: OpenPage) -> None:
    services = team.host.office.services
    team.release = services.releases.new(SERVICE, some_facts(team.host), team["pia"]).summary.id
    change = a_change(team)
    page = as_person(open_page, team, "rita", f"/changes/{change}")
    dialog = dialog_of(page, "Link a release")
    dialog.get_by_label("The release").fill("checkout@2.4.0")
    confirm(dialog)

    page.locator("#releases").get_by_role("link", name=team.release).click()

    expect(page.locator("#changes")).to_contain_text("A new client of the payment gateway")
    confirm(dialog_of(page, f"Take link away: {change}"))
    expect(page.locator("#changes")).to_contain_text("No change request is linked")


def test_a_request_written_as_yaml_is_taken_in(team: Team, open_page: OpenPage) -> None:
    page = as_person(open_page, team, "pia", "/changes/import")
    text = page.get_by_label("The change request as YAML")
    text.fill("change_request:\n  titel: Vouchers\n")
    page.get_by_role("button", name="Import").click()
    expect(page.get_by_role("alert").filter(visible=True)).to_contain_text("title")

    text.fill(WRITTEN)
    page.get_by_role("button", name="Import").click()

    page.wait_for_url("**/changes/CR-*")
    expect(page.get_by_role("heading", level=1)).to_have_text("Vouchers by post")


def test_a_request_is_edited_where_it_stands(team: Team, open_page: OpenPage) -> None:
    change = a_change(team)
    page = as_person(open_page, team, "pia", f"/changes/{change}/edit")
    expect(page.get_by_label("Technical impact")).to_have_value("Another library\nNew timeouts")
    page.get_by_label("Title").fill("The gateway's own client")

    page.get_by_role("button", name="Save").click()

    page.wait_for_url(f"**/changes/{change}")
    facts = facts_of(team, page)
    assert (facts.title, facts.impact.technical) == (
        "The gateway's own client",
        ("Another library", "New timeouts"),
    )
    expect(page.locator("#approvals")).to_contain_text("Does not count")


def test_a_board_meets_and_its_minutes_are_kept(team: Team, open_page: OpenPage) -> None:
    change = a_change(team)
    page = as_person(open_page, team, "rita", "/boards")
    expect(page.get_by_text("1 request waits")).to_be_visible()
    page.get_by_role("link", name="Change board").click()
    expect(page.locator("#agenda")).to_contain_text("A new client of the payment gateway")
    expect(page.locator("#agenda .tally")).to_have_text("1 for, 0 against")
    confirm(dialog_of(page, "Call a meeting"))
    meeting = page.locator(".meeting")
    expect(meeting).to_contain_text(change)

    called = team.host.office.services.boards.meetings(SERVICE, "change-board", team["rita"])[0].id
    dialog = dialog_of(page, f"Close: {called}")
    dialog.get_by_label("Minutes").fill("We wait for the second vote.")
    confirm(dialog)

    expect(meeting.locator("summary")).to_contain_text("closed")
    expect(meeting.locator(".prose")).to_have_text("We wait for the second vote.")


def test_requests_are_listed_by_state(team: Team, open_page: OpenPage) -> None:
    a_change(team)
    changes = team.host.office.services.changes
    draft = ChangeFacts(title="A thought", requestor="pia", service=SERVICE)
    changes.new(draft, team["pia"], service=SERVICE)
    page = as_person(open_page, team, "rita", "/changes")
    expect(page.locator(".row-item h3")).to_have_count(2)

    page.get_by_label("State").select_option("Submitted")
    page.get_by_role("button", name="Show", exact=True).click()

    expect(page.locator(".row-item h3")).to_have_text(["A new client of the payment gateway"])
    expect(page.locator(".row-how")).to_contain_text("Waits for votes of the Change board.")


def test_whoever_may_not_write_requests_is_told_so(team: Team, open_page: OpenPage) -> None:
    page = as_person(open_page, team, "vera", "/changes/new")

    expect(page.get_by_role("heading", level=1)).to_have_text("This is not for you to see")


def test_what_a_request_says_is_shown_and_never_run(team: Team, open_page: OpenPage) -> None:
    change = a_change(
        team,
        title=HOSTILE,
        description=HOSTILE,
        rollback_plan=HOSTILE,
        timeline=((HOSTILE, HOSTILE),),
        fields=((HOSTILE, HOSTILE),),
    )
    page = as_person(open_page, team, "rita", f"/changes/{change}")

    expect(page.get_by_role("heading", level=1)).to_have_text(HOSTILE)
    assert page.locator("main img, main script").count() == 0
    page.goto(f"{team.host.address}/boards/checkout/change-board")
    expect(page.locator("#agenda .line-title")).to_have_text(HOSTILE)
    assert page.locator("main img, main script").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_text_of_a_request_and_its_board_has_enough_contrast(
    team: Team, open_page: OpenPage, scheme: str
) -> None:
    change = a_change(team)
    page = as_person(
        open_page, team, "rita", f"/changes/{change}", color_scheme=scheme, reduced_motion="reduce"
    )
    seen = texts(page)
    page.goto(f"{team.host.address}/boards/checkout/change-board")
    seen += texts(page)

    assert len(seen) > 120
    assert [text for text in seen if text.ratio < text.needed] == []
