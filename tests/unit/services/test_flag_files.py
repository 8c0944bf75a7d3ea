"""History and undo, segments, and flags as code."""

from __future__ import annotations

import pytest

from sluiceway.domain.flags.model import Flag, Reason, Rule, Segment
from sluiceway.errors import ConflictError, IllegalMoveError, InvalidInputError, NotFoundError
from sluiceway.services.flag_views import Outcome
from sluiceway.services.flags import FlagService
from tests.unit.services.desk import ADA, BOB, Office
from tests.unit.services.flag_desk import PRODUCTION, SERVICE, FlagDesk, a_flag_desk

FILE = """\
flags:
  - {id: new, enabled: true}
  - {id: old}
segments:
  - {id: beta, included: [ann]}
"""


@pytest.fixture
def flags(office: Office) -> FlagService:
    return office.services.flags


def test_every_change_stays_in_the_history_and_the_newest_can_be_undone(flags: FlagService) -> None:
    flags.create(SERVICE, Flag("new"), ADA)
    flags.toggle(SERVICE, PRODUCTION, "new", True, ADA, why="ready")
    flags.kill(SERVICE, PRODUCTION, "new", BOB, why="not ready")

    killed, turned_on, *_ = flags.history(SERVICE, "new", ADA, environment=PRODUCTION)
    assert [killed.act, turned_on.act] == ["flag-killed", "flag-turned-on"]
    assert (turned_on.by, turned_on.why, turned_on.lines) == ("ada", "ready", ("turned on",))
    assert (killed.is_undoable, turned_on.is_undoable) == (True, False)
    with pytest.raises(ConflictError, match=r"bob changed flag new in production .* undo the newer"):
        flags.undo(SERVICE, turned_on.id, ADA)
    flags.undo(SERVICE, killed.id, ADA, why="it was ready")
    flags.undo(SERVICE, turned_on.id, ADA)

    newest = flags.history(SERVICE, "new", ADA)[0]
    assert (newest.act, newest.undoes, newest.lines) == ("flag-change-undone", turned_on.id, ("turned off",))


def test_undoing_an_archived_flag_brings_it_back(office: Office, flags: FlagService) -> None:
    flags.create(SERVICE, Flag("new", is_enabled=True), ADA)
    flags.archive(SERVICE, "new", ADA)
    archived = flags.history(SERVICE, "new", ADA, environment="development")[0]

    flags.undo(SERVICE, archived.id, ADA)

    live = office.services.flag_sets.current(SERVICE, "development")
    assert live.evaluator.evaluate("new", {}).value is True


def test_a_page_of_history_continues_below_the_last_one(flags: FlagService) -> None:
    flags.create(SERVICE, Flag("new"), ADA)

    first = flags.history(SERVICE, "", ADA, limit=2)
    rest = flags.history(SERVICE, "", ADA, before=first[-1].id, limit=2)
    assert [len(first), len(rest)] == [2, 1]
    with pytest.raises(InvalidInputError, match="limit is 0"):
        flags.history(SERVICE, "new", ADA, limit=0)


def test_a_segment_that_is_used_stays(office: Office, flags: FlagService) -> None:
    flags.save_segment(SERVICE, Segment("beta", included=("ann",)), ADA)
    rule = Rule("testers", segments=("beta",))
    flags.create(SERVICE, Flag("new", is_enabled=True, rules=(rule,)), ADA)

    assert [(one.id, one.used_by) for one in flags.list_segments(SERVICE, ADA, environment=PRODUCTION)] == [
        ("beta", ("new",))
    ]
    with pytest.raises(IllegalMoveError, match="segment beta is used in development by new; take it out"):
        flags.delete_segment(SERVICE, "beta", ADA)
    flags.save_segment(SERVICE, Segment("beta", included=("bob",)), ADA, environment="development")
    live = office.services.flag_sets.current(SERVICE, "development").evaluator
    assert live.evaluate("new", {"targetingKey": "ann"}).reason is Reason.DEFAULT
    assert live.evaluate("new", {"targetingKey": "bob"}).value is True


def test_a_segment_that_nobody_uses_can_go(flags: FlagService) -> None:
    flags.save_segment(SERVICE, Segment("beta"), ADA, environment=PRODUCTION)

    flags.delete_segment(SERVICE, "beta", ADA)

    assert flags.list_segments(SERVICE, ADA) == ()
    with pytest.raises(NotFoundError, match="no segment 'beta'"):
        flags.delete_segment(SERVICE, "beta", ADA)


def test_a_file_is_planned_applied_and_then_changes_nothing(flags: FlagService) -> None:
    planned = flags.plan(SERVICE, FILE, ADA, environment=PRODUCTION)
    assert planned[0].changed == ("beta", "new", "old")
    assert "+ new: added the flag" in planned[0].lines

    applied = flags.apply(SERVICE, FILE, ADA, environment=PRODUCTION)

    assert [(one.environment, one.outcome) for one in applied] == [(PRODUCTION, Outcome.APPLIED)]
    assert flags.plan(SERVICE, FILE, ADA, environment=PRODUCTION)[0].lines == ()
    newest = flags.history(SERVICE, "new", ADA)[0]
    assert (newest.act, newest.why) == ("flags-applied", "from flags.yaml")


def test_what_was_edited_elsewhere_is_shown_and_never_overwritten(office: Office, flags: FlagService) -> None:
    flags.apply(SERVICE, FILE, ADA)
    flags.edit(SERVICE, PRODUCTION, Flag("new", is_enabled=True, owner="bob"), BOB)
    mine = FILE.replace("id: new,", "id: new, owner: ann,").replace("  - {id: old}\n", "")

    (plan,) = flags.plan(SERVICE, mine, ADA, environment=PRODUCTION)
    assert (plan.conflicts, plan.changed) == (("new",), ("old",))
    with pytest.raises(ConflictError, match=r"elsewhere since flags\.yaml was last applied") as caught:
        flags.apply(SERVICE, mine, ADA)

    assert '!   in the file: owner "" -> ann' in str(caught.value)
    assert '!   in force: owner "" -> bob' in str(caught.value)
    live = office.services.flag_sets.current(SERVICE, "development").evaluator
    assert live.keys == ("new", "old")


def test_a_kill_is_no_edit_and_survives_the_next_file(office: Office, flags: FlagService) -> None:
    flags.apply(SERVICE, FILE, ADA)
    flags.kill(SERVICE, PRODUCTION, "new", BOB)

    flags.apply(SERVICE, FILE.replace("id: new,", "id: new, owner: ann,"), ADA)

    live = office.services.flag_sets.current(SERVICE, PRODUCTION).evaluator
    assert live.evaluate("new", {}).reason is Reason.KILLED
    assert live.flag_set.flags[0].owner == "ann"


def test_what_is_written_reads_back_as_what_is_in_force(flags: FlagService) -> None:
    flags.apply(SERVICE, FILE, ADA)
    flags.toggle(SERVICE, PRODUCTION, "new", False, ADA)

    text = flags.export(SERVICE, ADA)

    assert {lines for one in flags.plan(SERVICE, text, ADA) for lines in one.lines} == set()


def test_a_file_of_another_service_is_refused(flags: FlagService) -> None:
    with pytest.raises(InvalidInputError, match=r"flags\.yaml is about the flags of search, not of checkout"):
        flags.apply(SERVICE, f"service: search\n{FILE}", ADA)


def test_a_file_is_one_proposal_where_the_process_asks(office: Office) -> None:
    desk: FlagDesk = a_flag_desk(office)

    applied = {one.environment: one for one in desk.flags.apply(SERVICE, FILE, desk.dev)}

    assert applied["staging"].outcome is Outcome.APPLIED
    assert applied[PRODUCTION].outcome is Outcome.WAITING
    (waiting,) = desk.flags.proposed(SERVICE, desk.owner)
    assert waiting.items == ("beta", "new", "old")
    desk.flags.approve(waiting.id, desk.owner)
    assert desk.served("new").value is True
    again = FILE.replace("id: new,", "id: new, owner: ann,")
    assert desk.flags.plan(SERVICE, again, desk.dev, environment=PRODUCTION)[0].conflicts == ()
