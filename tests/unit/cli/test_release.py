"""`sluice release new|edit|list|show|explain|history|plan`, against a real server."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.unit.api.served import Served
from tests.unit.cli.conftest import Sluice
from tests.unit.cli.team import RELEASE, TEAM, as_person, made


@pytest.fixture
def shop(server: Served) -> Served:
    """A server with the team's process in force, open to everybody."""
    server.office.put_process(text=TEAM)
    return server


@pytest.mark.usefixtures("shop")
def test_a_release_is_made_with_what_is_known_of_it(sluice: Sluice) -> None:
    words = [
        "--title",
        "Invoices",
        "--manager",
        "ada",
        "--scope",
        "feature: Pay by invoice",
        "--goal",
        "More; n; 1",
    ]
    words += ["--stakeholder", "support: mia", "--channel", "Web", "--target", "2026-12-15 10:00"]
    done = sluice("release", "new", "1.1.0", "--type", "minor", "--service", "checkout", *words)

    assert done.exit_code == 0, done.stderr
    assert done.stdout == f"{RELEASE}\n"
    assert "checkout 1.1.0: Draft; one thing is missing to move on to Code freeze" in done.stderr
    assert "target: 2026-12-15 10:00 Europe/Berlin" in done.stderr
    shown = sluice("release", "show").stdout
    for words_shown in ("Invoices", "feature: Pay by invoice", "More; n; 1", "support: mia", "Web: planned"):
        assert words_shown in shown
    assert "▶ Draft   · Code freeze   · Rolling out   · Closed" in shown
    assert "before  0 of 3" in shown


def test_a_process_file_is_put_in_force_with_the_release(server: Served, sluice: Sluice) -> None:
    file = Path("team.yaml")
    file.write_text(TEAM)
    done = sluice(
        "release", "new", "1.1.0", "--type", "minor", "-f", "team.yaml", "--target", "2026-07-01", "--json"
    )

    assert done.exit_code == 0, done.stderr
    made_now = json.loads(done.stdout)
    assert made_now["facts"]["target_at"] == "2026-06-30T22:00:00Z"
    assert made_now["summary"]["service"] == "checkout"
    assert [kind for kind, _, _ in server.office.trail()] == ["process-applied", "release-made"]


@pytest.mark.usefixtures("shop")
def test_a_release_needs_a_service_and_a_type(sluice: Sluice) -> None:
    no_service = sluice("release", "new", "1.1.0", "--type", "minor")
    no_type = sluice("release", "new", "1.1.0", "--service", "checkout")
    other = sluice("release", "new", "1.1.0", "--type", "minor", "--service", "billing")
    unfit = sluice("release", "new", "1.1.1", "--type", "minor", "--service", "checkout")

    assert (no_service.exit_code, "--service" in no_service.stderr) == (2, True)
    assert (no_type.exit_code, "--type minor" in no_type.stderr) == (2, True)
    assert (other.exit_code, "no process in force" in other.stderr) == (4, True)
    assert (unfit.exit_code, "1.1.1" in unfit.stderr) == (16, True)


@pytest.mark.usefixtures("shop")
def test_what_a_release_says_is_edited_by_options_and_by_file(sluice: Sluice) -> None:
    made(sluice, "--scope", "feature: Pay by invoice")

    added = sluice(
        "release", "edit", RELEASE, "--manager", "ada", "--scope", "fix: Rounding", "--target", "2026-12-15"
    )
    facts = sluice("release", "show", "checkout@1.1.0", "--facts").stdout
    Path("facts.yaml").write_text(
        facts.replace("Pay by invoice", "Pay later").replace("text: Rounding", "text: Cents")
    )
    replaced = sluice("release", "edit", RELEASE, "--facts", "facts.yaml", "--json")

    assert added.exit_code == 0, added.stderr
    assert added.stdout.startswith(
        "changed: target_at, manager, scope\ncheckout 1.1.0: Draft; one thing is missing"
    )
    assert "target: 2026-12-15 00:00 Europe/Berlin" in added.stderr
    assert replaced.exit_code == 0, replaced.stderr
    now = json.loads(replaced.stdout)["facts"]
    assert [item["text"] for item in now["scope"]] == ["Pay later", "Cents"]
    assert [item["id"] for item in now["scope"]] == ["pay-by-invoice", "rounding"]
    assert (now["manager"], now["target_at"]) == ("ada", "2026-12-14T23:00:00Z")


@pytest.mark.usefixtures("shop")
def test_an_edit_of_nothing_or_of_something_older_is_refused(sluice: Sluice) -> None:
    before = made(sluice)
    nothing = sluice("release", "edit", RELEASE)
    assert sluice("release", "edit", RELEASE, "--title", "One").exit_code == 0
    older = sluice("release", "edit", RELEASE, "--title", "Two", "--if-version", str(before["version"]))

    assert (nothing.exit_code, "say what to change" in nothing.stderr) == (2, True)
    assert (older.exit_code, "somebody changed it" in older.stderr) == (5, True)


@pytest.mark.usefixtures("shop")
def test_releases_are_listed_with_what_each_waits_for(sluice: Sluice) -> None:
    made(sluice)
    assert sluice("release", "new", "1.2.0", "--type", "minor", "--service", "checkout").exit_code == 0
    assert sluice("release", "cancel", "checkout@1.2.0", "--reason", "no", "--yes").exit_code == 0

    every = sluice("release", "list", "--limit", "2")
    opened = sluice("release", "list", "--open", "--service", "checkout").stdout
    older = json.loads(sluice("release", "list", "--before", "REL-2026-0002", "--json").stdout)
    none = sluice("release", "list", "--text", "zzz")

    assert [line.split()[0] for line in every.stdout.splitlines()] == ["id", "REL-2026-0002", RELEASE]
    assert f"there may be more: --before {RELEASE}" in every.stderr
    assert "REL-2026-0002" not in opened
    assert "manager must be filled in (and 1 more)" in opened
    assert [one["id"] for one in older] == [RELEASE]
    assert (none.exit_code, "no such release" in none.stderr) == (0, True)


@pytest.mark.usefixtures("shop")
def test_the_release_that_is_looked_at_may_be_left_out_while_one_is_open(sluice: Sluice) -> None:
    none = sluice("release", "show")
    made(sluice)
    one = sluice("release", "explain")
    assert sluice("release", "new", "1.2.0", "--type", "minor", "--service", "checkout").exit_code == 0
    two = sluice("release", "explain")
    for version in ("1.1.0", "1.2.0"):
        assert sluice("release", "cancel", f"checkout@{version}", "-m", "no", "--yes").exit_code == 0
    newest = sluice("release", "explain")

    assert (none.exit_code, "there is no release yet" in none.stderr) == (4, True)
    assert "2 things are missing to move on to Code freeze" in one.stdout
    assert (
        two.exit_code,
        "2 releases are open, name one of: REL-2026-0002 (checkout 1.2.0)" in two.stderr,
    ) == (2, True)
    assert newest.stdout.startswith("1.2.0: Cancelled since")


@pytest.mark.usefixtures("shop")
def test_what_is_missing_is_explained_with_the_id_that_commands_take(sluice: Sluice) -> None:
    made(sluice, "--manager", "ada")

    freeze = sluice("release", "explain", RELEASE).stdout
    rolling = sluice("release", "explain", RELEASE, "--to", "rolling-out", "--json").stdout

    assert "decision  freeze  the decision" in freeze
    assert {one["kind"] for one in json.loads(rolling)["missing"]} == {"road"}


@pytest.mark.usefixtures("shop")
def test_history_pages_from_the_newest(sluice: Sluice) -> None:
    made(sluice)
    assert sluice("release", "edit", RELEASE, "--title", "One").exit_code == 0

    newest = sluice("release", "history", "--limit", "1")
    seq = int(newest.stdout.split()[0])
    rest = json.loads(sluice("release", "history", RELEASE, "--before", str(seq), "--json").stdout)

    assert "release-edited" in newest.stdout
    assert "ada: changed: title" in newest.stdout
    assert f"--before {seq}" in newest.stderr
    assert [one["kind"] for one in rest] == ["release-made"]


@pytest.mark.usefixtures("shop")
def test_hostile_words_are_shown_and_never_obeyed(sluice: Sluice) -> None:
    made(sluice, "--title", "[red]a[/red] <script>alert(1)</script> :bomb:")

    shown = sluice("release", "show").stdout

    assert "[red]a[/red] <script>alert(1)</script> :bomb:" in shown


@pytest.mark.usefixtures("shop")
def test_names_that_can_t_be_a_release_are_not_asked_for(sluice: Sluice) -> None:
    for name in ("", "a/b", "a?b", "a#b"):
        done = sluice("release", "edit", name, "--title", "x")

        assert (done.exit_code, "is no release" in done.stderr) == (4, True)
    unknown = sluice("release", "show", "REL-2026-0042")
    assert unknown.exit_code == 4


# The plan


@pytest.mark.usefixtures("shop")
def test_the_plan_is_shown_in_the_process_s_days_and_drawn(sluice: Sluice) -> None:
    made(sluice, "--target", "2026-12-15 10:00")

    shown = sluice("release", "plan").stdout
    mermaid = sluice("release", "plan", "--mermaid").stdout
    drawn = sluice("release", "plan", "--svg", "plan.svg")
    as_json = json.loads(sluice("release", "plan", "--json").stdout)

    assert "Tue 2026-12-01  Mon 2026-12-07  release-manager" in shown
    assert "days are those of Europe/Berlin" in shown
    assert mermaid.startswith("gantt\n")
    assert drawn.exit_code == 0
    assert Path("plan.svg").read_text().startswith("<svg")
    assert [one["id"] for one in as_json["milestones"]] == ["build", "freeze", "go"]


@pytest.mark.usefixtures("shop")
def test_another_target_date_is_shown_first_and_taken_then(sluice: Sluice) -> None:
    made(sluice, "--target", "2026-12-15 10:00")

    only = sluice("release", "plan", "--target", "2026-12-22 10:00", "--show-only")
    before = json.loads(sluice("release", "show", "--json").stdout)["facts"]["target_at"]
    moved = sluice("release", "plan", "--target", "2026-12-22 10:00")
    after = json.loads(sluice("release", "show", "--json").stdout)["facts"]["target_at"]

    assert "Development  Mon 2026-12-07  Mon 2026-12-14" in only.stdout
    assert "would move from 2026-12-15 10:00 Europe/Berlin" in only.stderr
    assert moved.stdout == only.stdout
    assert "target moved from" in moved.stderr
    assert (before, after) == ("2026-12-15T09:00:00Z", "2026-12-22T09:00:00Z")


@pytest.mark.usefixtures("shop")
def test_a_plan_that_can_t_be_made_or_given_says_why(sluice: Sluice) -> None:
    made(sluice)

    undated = sluice("release", "plan")
    alone = sluice("release", "plan", "--show-only")
    both = sluice("release", "plan", "--mermaid", "--json")
    drawn = sluice("release", "plan", "--target", "2026-12-15", "--mermaid")
    assert sluice("release", "plan", "--target", "2026-12-15").exit_code == 0
    nowhere = sluice("release", "plan", "--svg", "no/such/folder.svg")

    assert (undated.exit_code, "has no target date" in undated.stderr) == (2, True)
    assert (alone.exit_code, "name it with --target" in alone.stderr) == (2, True)
    assert (both.exit_code, "choose one" in both.stderr) == (2, True)
    assert (drawn.exit_code, "move the date first" in drawn.stderr) == (2, True)
    assert (nowhere.exit_code, "can't be written" in nowhere.stderr) == (2, True)


def test_the_command_line_asks_for_rights_as_everybody_does(shop: Served, sluice: Sluice) -> None:
    made(sluice)
    shop.office.person("bob", "qa-lead@checkout")
    as_person(shop, "bob")

    refused = sluice("release", "edit", RELEASE, "--title", "x")

    assert (refused.exit_code, "bob may not plan for checkout" in refused.stderr) == (14, True)
