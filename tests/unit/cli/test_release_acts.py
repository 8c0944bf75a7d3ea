"""What takes a release along its road, and people's words on it, against a real server."""

from __future__ import annotations

import json

import pytest

from tests.unit.api.served import Served
from tests.unit.cli.conftest import Sluice
from tests.unit.cli.team import RELEASE, TEAM, as_person, made


@pytest.fixture
def team(server: Served, sluice: Sluice) -> Served:
    """A server with the team's process and people; ada, the release manager, has made a release."""
    office = server.office
    office.put_process(text=TEAM)
    office.person("ada", "release-manager@checkout")
    office.person("bob", "qa-lead@checkout")
    office.person("dee", "qa-lead@checkout")
    as_person(server, "ada")
    made(sluice, "--manager", "ada", "--scope", "feature: Pay by invoice")
    return server


def frozen(sluice: Sluice) -> None:
    """Take the release to its code freeze."""
    for words in (["decide", RELEASE, "freeze", "go", "-m", "cut"], ["move", RELEASE, "code-freeze"]):
        done = sluice("release", *words)
        assert done.exit_code == 0, done.stderr


@pytest.mark.usefixtures("team")
def test_a_refused_move_lists_all_that_is_missing_and_who_has_it(sluice: Sluice) -> None:
    frozen(sluice)

    refused = sluice("release", "move", RELEASE, "rolling-out")

    assert refused.exit_code == 15
    lines = refused.stderr.splitlines()
    assert lines[0] == f"sluice: {RELEASE} can't move from code-freeze to rolling-out yet:"
    assert [line for line in lines if line.startswith("- ")] == [
        "- Review waits for 1 of QA lead (bob or dee)",
        "- Quality is not attested (can be supplied by bob, dee, ada)",
        '- Before: "Notes are written" is not done (can be supplied by ada)',
        '- Before: "Data is backed up" is not done (can be supplied by ada)',
        '- the runbook "Drill" has not been run (can be supplied by ada, bob, dee)',
    ]


@pytest.mark.usefixtures("team")
def test_a_decision_is_recorded_and_lets_the_release_on(sluice: Sluice) -> None:
    no = sluice("release", "decide", RELEASE, "freeze", "no-go", "--reason", "not yet")
    held = sluice("release", "move", RELEASE, "code-freeze")
    yes = sluice("release", "decide", RELEASE, "freeze", "go")
    moved = sluice("release", "move", RELEASE, "code-freeze")
    back = sluice("release", "move", RELEASE, "draft")
    with_reason = sluice("release", "move", RELEASE, "draft", "-m", "one more thing")

    assert no.stdout.startswith("freeze: no-go\n")
    assert held.exit_code == 15
    assert yes.stdout == "freeze: go\ncheckout 1.1.0: Draft; nothing is missing to move on to Code freeze\n"
    assert moved.stdout == "checkout 1.1.0: Code freeze; 5 things are missing to move on to Rolling out\n"
    assert (back.exit_code, "say why" in back.stderr) == (2, True)
    assert with_reason.exit_code == 0


def test_a_vote_shows_what_is_agreed_to_first(team: Served, sluice: Sluice) -> None:
    as_person(team, "bob")

    declined = sluice("release", "approve", RELEASE, typed="n\n")
    agreed = sluice("release", "approve", RELEASE, "--comment", "fine", typed="y\n")

    assert declined.exit_code == 1
    assert "version: 1.1.0\nscope: pay-by-invoice | feature | Pay by invoice\n" in declined.stderr
    assert 'Review is given by bob (QA lead): "fine"\n' in agreed.stdout
    votes = json.loads(sluice("release", "show", "--json").stdout)["approvals"][0]["votes"]
    assert [(one["by"], one["kind"], one["role"]) for one in votes] == [("bob", "approve", "qa-lead")]


def test_people_say_no_take_it_back_and_agree_on_conditions(team: Served, sluice: Sluice) -> None:
    as_person(team, "bob")
    said = [
        sluice("release", "reject", RELEASE, "review", "-m", "too early"),
        sluice("release", "withdraw-vote", RELEASE),
        sluice("release", "abstain", RELEASE),
        sluice("release", "approve", RELEASE, "--if", "a backup", "--as", "qa-lead", "--yes"),
        sluice("release", "comment", RELEASE, "I will be there", "--on", "review"),
    ]

    assert [done.exit_code for done in said] == [0] * 5
    firsts = [done.stdout.splitlines()[0] for done in said]
    assert firsts[0] == 'Review is refused by bob (QA lead): "too early"'
    assert firsts[1] == firsts[2] == "Review waits for 1 of QA lead (bob or dee)"
    assert firsts[3].startswith("Review is given by bob (QA lead)")
    shown = sluice("release", "show").stdout
    assert "bob as qa-lead: approve-if, if a backup" in shown
    assert "I will be there" in shown
    met = sluice("release", "meet", RELEASE, "review-4-1", "--note", "there is one")
    assert met.stdout.startswith("review-4-1 is met\n")
    assert "met: bob, there is one" in sluice("release", "show").stdout


@pytest.mark.usefixtures("team")
def test_whoever_may_not_vote_is_told_the_rule(sluice: Sluice) -> None:
    unnamed = sluice("release", "approve", RELEASE, "--yes")
    named = sluice("release", "approve", RELEASE, "review", "--yes")

    assert (unnamed.exit_code, "you may vote on no approval" in unnamed.stderr) == (16, True)
    assert "ada wrote it" in unnamed.stderr
    assert (named.exit_code, "may not approve for checkout" in named.stderr) == (14, True)


def test_an_approval_is_named_where_there_are_several(server: Served, sluice: Sluice) -> None:
    two = TEAM.replace("approvals: [review]", "approvals: [review, second]").replace(
        "gates:\n  - id", "  - {id: second, title: Second, rule: {role: qa-lead}}\ngates:\n  - id"
    )
    server.office.put_process(text=two)
    server.office.person("bob", "qa-lead@checkout")
    server.office.person("ada", "release-manager@checkout")
    as_person(server, "ada")
    made(sluice)
    as_person(server, "bob")

    done = sluice("release", "approve", RELEASE, "--yes")

    assert (done.exit_code, "you may vote on 2 approvals" in done.stderr) == (2, True)
    assert "name one of: review, second" in done.stderr
    assert sluice("release", "approve", RELEASE, "second", "--yes").exit_code == 0


def test_a_gate_is_attested_and_waived(team: Served, sluice: Sluice) -> None:
    waived = sluice(
        "release", "waive", RELEASE, "quality", "-m", "lab is closed", "--until", "2026-12-01 10:00"
    )
    not_mine = sluice("release", "attest", RELEASE, "quality", "-m", "all pass")
    as_person(team, "bob")
    fails = sluice("release", "attest", RELEASE, "quality", "-m", "two fail", "--fails")
    holds = sluice("release", "attest", RELEASE, "quality", "-m", "all pass")

    assert waived.stdout.startswith("quality is waived until 2026-12-01 10:00 Europe/Berlin")
    assert not_mine.exit_code == 14
    assert fails.stdout.startswith("quality does not hold\n")
    assert holds.stdout.startswith("quality holds\n")
    gate = json.loads(sluice("release", "show", "--json").stdout)["gates"][0]
    assert (gate["standing"], gate["is_signed"], gate["statement"]) == ("passed", True, "all pass")
    assert 'Quality passed, says bob (qa-lead): "all pass"' in sluice("release", "show").stdout


@pytest.mark.usefixtures("team")
def test_the_calendar_is_overridden_with_a_reason(sluice: Sluice) -> None:
    done = sluice("release", "override", RELEASE, "-m", "it can't wait")

    assert done.exit_code == 0, done.stderr
    assert done.stdout.startswith("the calendar does not hold it\n")


@pytest.mark.usefixtures("team")
def test_what_ends_a_release_asks_first(sluice: Sluice) -> None:
    declined = sluice("release", "cancel", RELEASE, "-m", "no", typed="n\n")
    taken_back = sluice("release", "rollback", RELEASE, "-m", "wrong", typed="y\n")
    given_up = sluice("release", "cancel", RELEASE, "-m", "enough", "--yes")
    again = sluice("release", "cancel", RELEASE, "-m", "enough", "--yes")

    assert (declined.exit_code, "Cancelled" in declined.stdout) == (1, False)
    assert f"{RELEASE} checkout 1.1.0: give it up for good?" in declined.stderr
    assert "checkout 1.1.0: take it back?" in taken_back.stderr
    assert taken_back.stdout.endswith("checkout 1.1.0: Rolled back; it can go to Draft\n")
    assert given_up.stdout == "checkout 1.1.0: Cancelled\n"
    assert again.exit_code == 5


def test_a_rollout_is_started_once_the_release_may(team: Served, sluice: Sluice) -> None:
    early = sluice("release", "rollout", RELEASE, "--from", "1.0.0", "--yes")
    frozen(sluice)
    for item in ("notes", "backup"):
        assert sluice("checklist", "done", RELEASE, f"before/{item}").exit_code == 0
    as_person(team, "bob")
    assert sluice("release", "approve", RELEASE, "--yes").exit_code == 0
    assert sluice("release", "attest", RELEASE, "quality", "-m", "fine").exit_code == 0
    assert sluice("runbook", "start", RELEASE, "drill", "--set-aside", "copy", "--yes").exit_code == 0
    for _ in ("look", "tell"):
        assert sluice("runbook", "done", RELEASE).exit_code == 0
    as_person(team, "ada")
    assert sluice("release", "move", RELEASE, "rolling-out").exit_code == 0

    asked = sluice("release", "rollout", RELEASE, "--from", "1.0.0", typed="y\n")
    back = sluice("release", "rollback", RELEASE, "-m", "wrong", typed="n\n")

    assert (early.exit_code, "it rolls out in rolling-out" in early.stderr) == (15, True)
    assert asked.exit_code == 0, asked.stderr
    assert "begin to bring 1.1.0 to users by canary?" in asked.stderr
    assert "follow it with `sluice rollout watch`" in asked.stderr
    assert "bring everyone back to 1.0.0?" in back.stderr
    shown = sluice("release", "show").stdout
    assert "Rollouts" in shown
    assert "Runbooks" in shown


@pytest.mark.usefixtures("team")
def test_a_change_request_is_linked_and_unlinked(sluice: Sluice) -> None:
    unknown = sluice("release", "link", RELEASE, "CR-2026-042")
    unlinked = sluice("release", "unlink", RELEASE, "CR-2026-042")

    assert unknown.exit_code == 4
    assert (unlinked.exit_code, "is not linked" in unlinked.stderr) == (16, True)


def test_a_release_is_moved_to_the_process_in_force(team: Served, sluice: Sluice) -> None:
    team.office.put_process(text=TEAM.replace("title: Minor release", "title: A minor release"))

    before = sluice("release", "show").stdout
    done = sluice("release", "upgrade", RELEASE)

    assert f"`sluice release upgrade {RELEASE}` takes it" in before
    assert done.exit_code == 0, done.stderr
    assert "it follows checkout" in done.stderr
    assert "A minor release" in sluice("release", "show").stdout
