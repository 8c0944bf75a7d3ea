"""`sluice checklist ...`, `sluice runbook ...`, `sluice status` and `sluice work`, against a real server."""

from __future__ import annotations

import json

import pytest

from tests.unit.api.served import Served
from tests.unit.cli.conftest import Sluice
from tests.unit.cli.team import RELEASE, TEAM, as_person, made


@pytest.fixture
def team(server: Served, sluice: Sluice) -> Served:
    """A server on which ada, the release manager, has made a release; bob leads quality."""
    server.office.put_process(text=TEAM)
    server.office.person("ada", "release-manager@checkout")
    server.office.person("bob", "qa-lead@checkout")
    as_person(server, "ada")
    made(sluice, "--manager", "ada", "--target", "2026-12-15T10:00Z")
    return server


@pytest.mark.usefixtures("team")
def test_items_are_shown_with_when_they_are_due_and_whose_they_are(sluice: Sluice) -> None:
    every = sluice("checklist", "show").stdout
    later = sluice("checklist", "show", RELEASE, "--only", "later").stdout
    as_json = json.loads(sluice("checklist", "show", "--only", "before", "--json").stdout)
    unknown = sluice("checklist", "show", "--only", "befor")

    assert "Before  0 of 3 done" in every
    assert (
        "before/backup  open   2026-12-14 10:00  release-manager  Data is backed up [if stored data changes]"
        in every
    )
    assert "Lights are green [not required] [answers by itself (command)]" in every
    assert "Before" not in later
    assert [item["id"] for item in as_json[0]["items"]] == ["notes", "backup", "lights"]
    assert (unknown.exit_code, 'did you mean "before"' in unknown.stderr) == (4, True)


@pytest.mark.usefixtures("team")
def test_items_are_done_set_aside_and_opened_again(sluice: Sluice) -> None:
    done = sluice(
        "checklist", "done", RELEASE, "before/notes", "later/notes", "-m", "page 4", "--link", "https://w.e/4"
    )
    aside = sluice("checklist", "set-aside", RELEASE, "backup", "-m", "nothing stored")
    left = sluice("checklist", "show", "--open").stdout
    again = sluice("checklist", "reopen", RELEASE, "before/notes", "--json")

    assert done.stdout == "before/notes: done (page 4)\nlater/notes: done (page 4)\n"
    assert "checkout 1.1.0: Draft" in done.stderr
    assert aside.stdout == "before/backup: set-aside (nothing stored)\n"
    assert "before/lights" in left
    assert "before/backup" not in left
    assert "later/notes" not in left
    assert json.loads(again.stdout)["checklists"][0]["items"][0]["state"] == "open"


@pytest.mark.usefixtures("team")
def test_an_item_is_named_well_enough(sluice: Sluice) -> None:
    both = sluice("checklist", "done", RELEASE, "notes")
    near = sluice("checklist", "done", RELEASE, "before/note")
    by_itself = sluice("checklist", "done", RELEASE, "lights")

    assert (both.exit_code, "name one of: before/notes, later/notes" in both.stderr) == (2, True)
    assert (near.exit_code, 'did you mean "before/notes"' in near.stderr) == (4, True)
    assert (by_itself.exit_code, "run it instead" in by_itself.stderr) == (16, True)


@pytest.mark.usefixtures("team")
def test_an_item_that_answers_by_itself_is_run_on_demand(sluice: Sluice) -> None:
    first = sluice("checklist", "run", RELEASE, "lights")
    second = sluice("checklist", "run", RELEASE, "lights")

    assert first.stdout.endswith("before/lights: is being answered\n")  # after what the server logs
    assert "running" in sluice("checklist", "show", "--only", "before").stdout
    assert (second.exit_code, "is being answered already" in second.stderr) == (16, True)


# Runbooks


def test_a_runbook_is_carried_out_with_people_s_words(team: Served, sluice: Sluice) -> None:
    asked = sluice("runbook", "start", RELEASE, "drill", typed="n\n")
    none = sluice("runbook", "show", RELEASE)
    started = sluice("runbook", "start", RELEASE, "drill", "--yes")
    not_mine = sluice("runbook", "done", RELEASE)
    as_person(team, "bob")
    looked = sluice("runbook", "done", RELEASE, "-m", "all fine", "--step", "look")
    shown = sluice("runbook", "show", RELEASE).stdout
    moved_on = sluice("runbook", "done", RELEASE, "--step", "look")
    aside = sluice("runbook", "set-aside", RELEASE, "-m", "nothing stored")
    told = sluice("runbook", "done", started.stdout.strip())
    listed = sluice("runbook", "list", RELEASE).stdout
    over = sluice("runbook", "done", RELEASE)

    assert (asked.exit_code, "checkout 1.1.0: carry out Drill?" in asked.stderr) == (1, True)
    assert (none.exit_code, "has no run yet" in none.stderr) == (4, True)
    assert f"look at it with `sluice runbook show {started.stdout.strip()}`" in started.stderr
    assert (not_mine.exit_code, "waits for qa-lead" in not_mine.stderr) == (16, True)
    assert looked.stdout.startswith("Drill: 1 of 3 steps done;")
    assert "by bob: all fine" in shown
    assert "▶  copy  waiting  Data is copied [if stored data changes]" in shown
    assert "you may say: done, failed, go-on, set-aside, stop, take-back" in shown
    assert (moved_on.exit_code, 'is at "copy" now' in moved_on.stderr) == (5, True)
    assert aside.stdout.startswith("Drill: 2 of 3 steps done;")
    assert told.stdout.endswith("Drill: 3 of 3 steps done; all is done\n")
    assert "Drill: To be ready" in listed
    assert "copy: if stored data changes" in listed
    assert f"{started.stdout.strip()}  drill  done" in listed
    assert (over.exit_code, "has no run that is not over" in over.stderr) == (4, True)


@pytest.mark.usefixtures("team")
def test_runs_are_stopped_failed_and_told_apart(sluice: Sluice) -> None:
    first = sluice("runbook", "start", RELEASE, "drill", "--applies", "copy", "--yes").stdout.strip()
    second = json.loads(sluice("runbook", "start", RELEASE, "drill", "--yes", "--json").stdout)["summary"][
        "id"
    ]

    two = sluice("runbook", "stop", RELEASE, "--yes")
    stopped = sluice("runbook", "stop", first, "--take-back", "-m", "not today", typed="y\n")
    declined = sluice("runbook", "stop", second, typed="n\n")
    runs = json.loads(sluice("runbook", "list", "--json").stdout)
    no_runbook = sluice("runbook", "start", RELEASE, "dril", "--yes")

    assert (two.exit_code, f"2 runs for {RELEASE} are not over" in two.stderr) == (2, True)
    assert "stop it and take back what was done?" in stopped.stderr
    assert "stopped" in sluice("runbook", "show", first).stdout
    assert declined.exit_code == 1
    assert [(run["id"], run["phase"]) for run in runs] == [(second, "waiting"), (first, "stopped")]
    assert (no_runbook.exit_code, "it has: drill" in no_runbook.stderr) == (4, True)


def test_a_failed_step_and_one_to_carry_out(team: Served, sluice: Sluice) -> None:
    as_person(team, "bob")
    started = [sluice("runbook", "start", RELEASE, "drill", "--yes").stdout.strip() for _ in range(2)]
    failed = sluice("runbook", "failed", started[0], "-m", "it smokes")
    assert sluice("runbook", "done", started[1]).exit_code == 0
    goes_on = sluice("runbook", "go-on", started[1])

    assert "it smokes" in failed.stdout
    assert "Drill: 1 of 3 steps done;" in goes_on.stdout


# What waits


def test_what_waits_for_whom_and_what_waits_for_me(team: Served, sluice: Sluice) -> None:
    assert sluice("release", "decide", RELEASE, "freeze", "go").exit_code == 0
    assert sluice("release", "move", RELEASE, "code-freeze").exit_code == 0

    status = sluice("status", "--service", "checkout").stdout
    mine = sluice("work").stdout
    as_person(team, "bob")
    his = sluice("work").stdout
    as_json = json.loads(sluice("work", "--json").stdout)
    first = sluice("status", "--limit", "1")

    assert f"{RELEASE}  checkout 1.1.0" in status
    assert "approval   review" in status
    assert 'Before: "Notes are written" is not done' in mine
    assert "Review waits" not in mine
    assert "Review waits for 1 of QA lead (bob)" in his
    assert "Notes are written" not in his
    assert {one["ref"] for one in as_json} >= {"review", "quality", "drill"}
    assert (len(first.stdout.splitlines()), "there may be more" in first.stderr) == (3, True)


def test_nothing_waits_where_there_is_nothing(server: Served, sluice: Sluice) -> None:
    assert server.url
    assert sluice("status").stderr == "nothing waits for anybody\n"
    assert sluice("work").stderr == "nothing waits for you\n"
    assert json.loads(sluice("status", "--json").stdout) == []


def test_what_may_be_agreed_to_ahead_of_time_comes_last(team: Served, sluice: Sluice) -> None:
    as_person(team, "bob")

    found = sluice("work").stdout

    assert "(ahead of time)" in found.splitlines()[-1]
