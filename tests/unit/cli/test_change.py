"""`sluice change` against a real server without accounts, where everybody plays every role."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from tests.unit.api.served import Served
from tests.unit.cli.conftest import Sluice
from tests.unit.services.board_room import PROCESS, SHOP

REQUEST = """\
change_request:
  id: CR-2025-007
  title: Pay by invoice
  requestor: Sales
  description: Customers may pay later
  business_justification: They ask for it
  impact_assessment: {scope: minor, effort_estimate: 2 weeks}
  acceptance_criteria: [An invoice arrives]
  answers: {users: none}
"""
CHANGE = "CR-2025-007"


class Shop:
    """The shop's server and somebody at a terminal."""

    def __init__(self, sluice: Sluice, server: Served, patch: pytest.MonkeyPatch) -> None:
        self._sluice = sluice
        self._patch = patch
        self.server = server
        server.office.put_process(SHOP, PROCESS)
        Path("change.yaml").write_text(REQUEST)

    def change(self, *words: str, by: str = "olga", typed: str | None = None) -> Result:
        self._patch.setenv("SLUICE_ACTOR", by)
        return self._sluice("change", *words, typed=typed)

    def done(self, *words: str, by: str = "olga") -> str:
        result = self.change(*words, by=by)
        assert result.exit_code == 0, result.output
        return result.stdout

    def view(self) -> Any:
        return json.loads(self.done("show", CHANGE, "--json"))

    def submitted(self) -> None:
        self.done("import", "change.yaml", "--service", SHOP)
        self.done("submit", CHANGE)

    def agreed(self) -> None:
        self.submitted()
        for name, role in (("carl", "cto"), ("quin", "qa")):
            self.done("vote", CHANGE, "approve", "--as", role, "--yes", by=name)
        self.done("decide", CHANGE, by="carl")


@pytest.fixture
def shop(sluice: Sluice, server: Served, monkeypatch: pytest.MonkeyPatch) -> Shop:
    return Shop(sluice, server, monkeypatch)


def test_a_request_is_made_of_options(shop: Shop) -> None:
    made = shop.change(
        *("new", "New tax", "--service", SHOP, "--description", "As the law says", "--scope", "major"),
        *("--criterion", "It adds up", "--answer", "users=all", "--starts", "2026-03-10 10:00"),
    )

    assert made.stdout == "CR-2026-001\n"
    assert made.stderr == "CR-2026-001 New tax: draft; it waits for olga to submit it\n"
    shown = json.loads(shop.done("show", "CR-2026-001", "--json"))
    assert shown["facts"]["starts_at"] == "2026-03-10T09:00:00Z"  # 10:00 in the process's zone
    assert (shown["facts"]["requestor"], shown["risk"]["level"]) == ("olga", "high")


def test_an_imported_request_is_listed_shown_and_written_as_it_came(shop: Shop) -> None:
    assert shop.done("import", "change.yaml", "--service", SHOP) == f"{CHANGE}\n"

    listed = shop.done("list", "--service", SHOP, "--state", "draft", "--state", "submitted")
    shown = shop.done("show", CHANGE)
    written = shop.done("show", CHANGE, "--yaml")

    assert CHANGE in listed
    assert "olga to submit it" in listed
    for words in ("Pay by invoice", "asked by", "Sales", "Normal change", "How many users notice?"):
        assert words in shown
    assert written.startswith("change_request:\n  title: Pay by invoice\n  requestor: Sales\n")
    assert shop.change("show", CHANGE, "--yaml", "--json").exit_code == 2
    again = shop.change("import", "change.yaml", "--service", SHOP)
    assert (again.exit_code, f"there is a change request {CHANGE} already" in again.stderr) == (5, True)


def test_problems_of_a_file_are_told_with_their_place(shop: Shop) -> None:
    Path("bad.yaml").write_text("change_request:\n  title: x\n  requestor: y\n  kin: normal\n")

    result = shop.change("import", "bad.yaml", "--service", SHOP)

    assert result.exit_code == 3
    assert 'bad.yaml:4:3: change_request.kin: unknown key "kin"' in result.stderr


def test_a_request_is_edited_with_options_and_with_a_file(shop: Shop) -> None:
    shop.done("import", "change.yaml", "--service", SHOP)

    edited = shop.done("edit", CHANGE, "--title", "Pay later", "--criterion", "It is paid")
    assert edited.startswith("changed: title, acceptance_criteria\n")
    Path("other.yaml").write_text(shop.done("show", CHANGE, "--yaml").replace("minor", "major"))
    shop.done("edit", CHANGE, "--file", "other.yaml", "--title", "Pay never")

    facts = shop.view()["facts"]
    assert (facts["title"], facts["impact"]["scope"]) == ("Pay never", "major")
    assert facts["acceptance_criteria"] == ["An invoice arrives", "It is paid"]
    assert shop.change("edit", CHANGE).exit_code == 2
    stale = shop.change("edit", CHANGE, "--title", "x", "--if-version", "1")
    assert (stale.exit_code, "look again and decide anew" in stale.stderr) == (5, True)


def test_the_board_scores_votes_and_decides(shop: Shop) -> None:
    shop.submitted()

    scored = shop.done("score", CHANGE, "value=8", "complexity=2", "--as", "qa", "-m", "Easy", by="quin")
    voted = shop.done("vote", CHANGE, "approve", "--as", "cto", "--yes", by="carl")
    early = shop.change("decide", CHANGE, by="carl")
    shop.done(
        *("vote", CHANGE, "approve-if", "--if", "A load test", "--as", "qa", "--yes"),
        by="quin",
    )
    decided = shop.done("decide", CHANGE, "--if", "Tell support", by="carl")
    shown = shop.done("show", CHANGE)

    assert scored.startswith("8.40 of 10, by one member; still to score: CTO, Security lead\n")
    assert voted.startswith("Change board waits for 1 more vote for the quorum of 2 of the Change board ")
    assert voted.endswith("Pay by invoice: submitted; it waits for votes of the Change board\n")
    assert (early.exit_code, "can't be closed" in early.stderr) == (16, True)
    assert decided.splitlines() == [
        "Change board agrees: 2 for, 0 against, 0 abstained, on 1 condition",
        f"{CHANGE} Pay by invoice: approved; it waits for a time or a release",
    ]
    assert "A load test (asked by Change board): to be met once it is part of a release" in shown


def test_who_agrees_is_shown_what_they_agree_to_and_may_think_again(shop: Shop) -> None:
    shop.submitted()

    result = shop.change("vote", CHANGE, "approve", "--as", "cto", by="carl", typed="n\n")

    assert result.exit_code == 1
    assert "Change board: you agree to" in result.stderr
    assert "  description: Customers may pay later" in result.stderr
    assert shop.view()["approvals"][0]["votes"] == []


def test_the_author_is_told_why_they_can_not_vote(shop: Shop) -> None:
    shop.submitted()

    refused = shop.change("vote", CHANGE, "approve", "--yes", by="olga")
    elsewhere = shop.change("vote", CHANGE, "approve", "--on", "cab", "--yes", by="carl")

    assert (refused.exit_code, "Change board: olga wrote it" in refused.stderr) == (16, True)
    assert (elsewhere.exit_code, "does not ask 'cab'" in elsewhere.stderr) == (4, True)


def test_a_comment_goes_to_the_board(shop: Shop) -> None:
    shop.submitted()
    shop.done("vote", CHANGE, "comment", "-m", "What do you think?", by="olga")

    assert "What do you think?" in shop.done("show", CHANGE)


def test_where_two_ask_for_a_vote_one_is_named(shop: Shop) -> None:
    Path("change.yaml").write_text(REQUEST.replace("requestor: Sales", "requestor: Sales\n  kind: careful"))
    shop.submitted()

    result = shop.change("vote", CHANGE, "approve", "--yes", by="sam")
    named = shop.done("vote", CHANGE, "approve", "--on", "tech", "--yes", by="sam")

    assert result.exit_code == 2
    assert f"you may vote in 2 places on {CHANGE}; --on: tech, ccb" in result.stderr
    assert named.startswith("Technical sign-off is given by sam (Security lead)\n")


def test_a_standard_change_asks_nobody(shop: Shop) -> None:
    Path("change.yaml").write_text(REQUEST.replace("requestor: Sales", "requestor: Sales\n  kind: standard"))
    shop.done("import", "change.yaml", "--service", SHOP)

    result = shop.change("vote", CHANGE, "approve", "--yes", by="carl")

    assert (result.exit_code, "nobody is asked for a vote" in result.stderr) == (4, True)


def test_a_request_is_timed_carried_out_and_told_of(shop: Shop) -> None:
    shop.agreed()

    timed = shop.done("schedule", CHANGE, "--starts", "2026-03-02 10:00", "--ends", "2026-03-02 12:00")
    shop.done("start", CHANGE)
    ended = shop.done("finish", CHANGE, "--failed", "-m", "Orders were lost")
    history = shop.done("history", CHANGE, "--limit", "2")

    assert timed.splitlines()[0].startswith("from 2026-03-02 10:00 Europe/Berlin")
    assert timed.splitlines()[1].startswith(f"! {CHANGE}: ")  # the spring sale
    assert ended == f"{CHANGE} Pay by invoice: failed\n"
    assert "change-finished" in history.splitlines()[0]
    assert "olga: failed: Orders were lost" in history.splitlines()[0]
    assert json.loads(shop.done("history", CHANGE, "--json"))[0]["kind"] == "change-finished"


def test_a_request_becomes_part_of_a_release_and_leaves_it(shop: Shop, sluice: Sluice) -> None:
    shop.agreed()
    sluice("release", "new", "1.1.0", "--type", "minor", "--service", SHOP)

    linked = shop.done("link", CHANGE, "shop@1.1.0")
    shown = shop.done("show", CHANGE)
    unlinked = shop.done("unlink", CHANGE, "REL-2026-0001")

    assert linked == f"{CHANGE} Pay by invoice: scheduled; it waits for its release\n"
    assert "REL-2026-0001" in shown
    assert unlinked == f"{CHANGE} Pay by invoice: approved; it waits for a time or a release\n"


def test_an_answer_tells_the_risk_and_ways_back_take_a_reason(shop: Shop) -> None:
    shop.submitted()

    answered = shop.done("answer", CHANGE, "users=all")
    shop.done("take-back", CHANGE, "-m", "to mend it")
    gone = shop.done("withdraw", CHANGE, "-m", "nobody wants it")

    assert answered.startswith("High: the questionnaire scores 100 of 100, which is High\n")
    assert gone == f"{CHANGE} Pay by invoice: withdrawn\n"
    assert shop.change("withdraw", CHANGE).exit_code == 2


def test_an_emergency_is_reviewed(shop: Shop) -> None:
    Path("change.yaml").write_text(REQUEST.replace("requestor: Sales", "requestor: Sales\n  kind: emergency"))
    shop.submitted()
    shop.done("vote", CHANGE, "approve", "--as", "cto", "--yes", by="carl")
    shop.done("decide", CHANGE, by="carl")

    shop.done("review", CHANGE, "-m", "It could have waited", "--disagrees", by="carl")

    assert shop.view()["decisions"][-1]["sentence"] == (
        "the Change board does not agree with what was done: It could have waited"
    )


def test_what_is_no_id_is_told(shop: Shop) -> None:
    for given, code in (("", 4), ("a/b", 4), ("42", 2), ("CR-2026-099", 4)):
        assert shop.change("show", given).exit_code == code, given


def test_an_empty_list_says_how_to_begin(shop: Shop) -> None:
    result = shop.change("list")

    assert "make one with `sluice change new" in result.stderr


def test_hostile_text_is_shown_and_does_nothing(shop: Shop) -> None:
    Path("change.yaml").write_text(REQUEST.replace("Pay by invoice", "'[red]x[/red] <b>y</b>'"))
    shop.done("import", "change.yaml", "--service", SHOP)

    assert "[red]x[/red] <b>y</b>" in shop.done("show", CHANGE)
