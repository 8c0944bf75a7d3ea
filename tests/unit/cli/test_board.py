"""`sluice board` against a real server without accounts."""

from __future__ import annotations

import json

import pytest

from tests.unit.api.served import Served
from tests.unit.cli.conftest import Sluice
from tests.unit.services.board_room import FACTS, PROCESS, SHOP
from tests.unit.services.desk import ADA


@pytest.fixture
def change(server: Served) -> str:
    """A submitted request of the shop."""
    server.office.put_process(SHOP, PROCESS)
    changes = server.office.services.changes
    made = changes.new(FACTS, ADA, service=SHOP).summary.id
    changes.submit(made, ADA)
    return made


def done(sluice: Sluice, *words: str) -> str:
    result = sluice("board", *words)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_boards_are_listed_with_when_they_meet(sluice: Sluice, change: str) -> None:
    listed = done(sluice, "list")

    assert listed.split()[:5] == ["board", "service", "title", "next", "meeting"]
    assert "2026-01-06 10:00 Europe/Berlin" in listed
    assert [one["waiting"][0]["id"] for one in json.loads(done(sluice, "list", "--json"))] == [change]


def test_a_board_is_shown_with_members_rules_and_what_waits(sluice: Sluice, change: str) -> None:
    shown = done(sluice, "show", "ccb", "--service", SHOP)

    for words in ("Change board of shop", "2 votes are a quorum, 1 in an emergency", "Is it worth it?"):
        assert words in shown
    assert change in shown
    assert "meets every Tuesday at 10:00, for 30 minutes" in shown


def test_an_agenda_is_shown_and_written_to_be_sent(sluice: Sluice, change: str) -> None:
    shown, written = done(sluice, "agenda"), done(sluice, "agenda", "--markdown")

    assert change in shown
    assert written.startswith("# Change board: agenda\n\nTuesday 6 January 2026 at 10:00 (Europe/Berlin)\n")
    assert f"1. {change} Pay by invoice\n" in written
    assert json.loads(done(sluice, "agenda", "--json"))["items"][0]["change"]["id"] == change
    assert sluice("board", "agenda", "--markdown", "--json").exit_code == 2


def test_a_meeting_is_called_listed_and_closed(sluice: Sluice, change: str) -> None:
    called = done(sluice, "meet", "--change", change, "--at", "2026-01-07 09:00")
    listed = done(sluice, "meetings")
    closed = done(sluice, "close", "mtg-2026-001", "-m", "Nobody came")

    assert called.startswith("MTG-2026-001 regular, ")
    assert change in listed
    assert ", closed\n" in closed
    assert "Nobody came" in closed
    assert json.loads(done(sluice, "meetings", "--open", "--json")) == []
    again = sluice("board", "close", "MTG-2026-001")
    assert (again.exit_code, "is closed; its minutes stand" in again.stderr) == (5, True)


def test_an_emergency_meeting_takes_a_reason(sluice: Sluice, change: str) -> None:
    refused = sluice("board", "meet", "--emergency", "--change", change)
    called = done(sluice, "meet", "--emergency", "--change", change, "-m", "Orders are lost")

    assert (refused.exit_code, "needs a reason" in refused.stderr) == (16, True)
    assert ", open: Orders are lost" in called


def test_which_board_is_meant_must_be_clear(sluice: Sluice, server: Served, change: str) -> None:
    server.office.put_process("till", PROCESS.replace("name: shop", "name: till"))

    two, none = sluice("board", "show"), sluice("board", "show", "cab")

    assert two.exit_code == 2
    assert "2 boards fit, name one, with --service: ccb of shop, ccb of till" in two.stderr
    assert (none.exit_code, "there is no board 'cab'" in none.stderr) == (4, True)
    assert "Change board of till" in done(sluice, "show", "--service", "till")
    assert sluice("board", "close", "a/b").exit_code == 4
    assert change in done(sluice, "show", "ccb", "--service", SHOP)


def test_nothing_is_said_to_be_nothing(sluice: Sluice, server: Served) -> None:
    assert "no boards; a process names them" in sluice("board", "list").stderr
    server.office.put_process(SHOP, PROCESS)
    assert "nothing waits for the board" in done(sluice, "agenda")
    assert "the Change board has not met" in sluice("board", "meetings").stderr
    assert done(sluice, "success", SHOP) == "no change ended in the last 365 days\n"
    assert json.loads(done(sluice, "success", SHOP, "--json"))["score"] is None
