"""Making and changing flags, without anybody who has to agree."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sluiceway.domain.flags.model import Dependency, Flag, HeldOffBy, Hold, Reason, Rule, Serve
from sluiceway.errors import (
    ConflictError,
    FlagFileError,
    ForbiddenError,
    IllegalMoveError,
    InvalidInputError,
    NotFoundError,
    StoreError,
)
from sluiceway.services.flag_views import Outcome
from sluiceway.services.flags import FlagService
from tests.unit.services.desk import ADA, BOB, Office
from tests.unit.services.flag_desk import FlagDesk, a_flag_desk

SERVICE, DEVELOPMENT, STAGING, PRODUCTION = "checkout", "development", "staging", "production"


@pytest.fixture
def flags(office: Office) -> FlagService:
    return office.services.flags


@pytest.fixture
def desk(office: Office) -> FlagDesk:
    """Somebody who may do anything, as nobody has an account."""
    return FlagDesk(office, ADA, BOB, ADA, ADA)


def test_a_new_flag_is_as_given_in_development_and_off_everywhere_else(
    desk: FlagDesk, flags: FlagService
) -> None:
    made = flags.create(SERVICE, Flag("new", is_enabled=True), ADA, why="for the autumn")

    assert [(one.environment, one.outcome, one.version) for one in made] == [
        (DEVELOPMENT, Outcome.APPLIED, 1),
        (STAGING, Outcome.APPLIED, 1),
        (PRODUCTION, Outcome.APPLIED, 1),
    ]
    assert [desk.served("new", one).value for one in (DEVELOPMENT, STAGING, PRODUCTION)] == [
        True,
        False,
        False,
    ]
    (listed,) = flags.list(SERVICE, ADA)
    assert [(one.environment, one.words) for one in listed.states] == [
        (DEVELOPMENT, "on for everyone"),
        (STAGING, "off"),
        (PRODUCTION, "off"),
    ]


def test_a_flag_of_the_same_id_is_not_made_twice(flags: FlagService) -> None:
    flags.create(SERVICE, Flag("new"), ADA)

    with pytest.raises(ConflictError, match="checkout has a flag new already, in development"):
        flags.create(SERVICE, Flag("new"), BOB)


@pytest.mark.parametrize("flag", ["", "a b", "../x", "-new", "n" * 101, "a/b"])
def test_an_id_that_could_not_stand_in_an_address_is_refused(flags: FlagService, flag: str) -> None:
    with pytest.raises(InvalidInputError, match=r"the id is .*; use at most 100 letters"):
        flags.create(SERVICE, Flag(flag), ADA)


def test_an_edit_puts_the_whole_flag_in_place_and_is_served_at_once(
    desk: FlagDesk, flags: FlagService
) -> None:
    flags.create(SERVICE, Flag("new"), ADA)
    before = desk.sets.current(SERVICE, PRODUCTION)

    rules = (Rule("few", reach=25_000),)
    changed = flags.edit(SERVICE, PRODUCTION, Flag("new", is_enabled=True, rules=rules), ADA, why="a quarter")

    after = desk.sets.current(SERVICE, PRODUCTION)
    assert changed.lines == ("new: turned on", 'new: added rule "few": 25% of everyone')
    assert (before.version, after.version) == (1, 2)
    assert before.etag != after.etag
    assert before.evaluator.evaluate("new", {}).reason is Reason.DISABLED
    assert after.evaluator.flag_set.flags[0].rules == rules
    with desk.office.store.read() as tx:
        (entry,) = tx.newest_audit_entries("flag:checkout/new", before=None, limit=1)
    assert (entry.content.kind, entry.content.actor) == ("flag-edited", "ada")
    assert (
        entry.content.why == 'production: new: turned on; new: added rule "few": 25% of everyone (a quarter)'
    )


def test_an_edit_that_changes_nothing_leaves_no_trace(desk: FlagDesk, flags: FlagService) -> None:
    flags.create(SERVICE, Flag("new"), ADA)
    trail = desk.office.trail()

    assert flags.edit(SERVICE, PRODUCTION, Flag("new"), ADA).outcome is Outcome.UNCHANGED
    assert desk.office.trail() == trail
    assert desk.sets.current(SERVICE, PRODUCTION).version == 1


def test_of_two_people_who_edit_at_once_the_second_is_told_who_was_first(flags: FlagService) -> None:
    flags.create(SERVICE, Flag("new"), ADA)
    seen = flags.get(SERVICE, "new", BOB).definitions[2].version
    flags.edit(SERVICE, PRODUCTION, Flag("new", owner="ann"), ADA, expected_version=seen)

    with pytest.raises(
        ConflictError, match=r"at version 2 in production, not 1: ada changed it at 2026-01-05"
    ):
        flags.edit(SERVICE, PRODUCTION, Flag("new", owner="bob"), BOB, expected_version=seen)


def test_every_problem_of_the_set_that_would_come_about_is_told(desk: FlagDesk, flags: FlagService) -> None:
    flags.create(SERVICE, Flag("new"), ADA)

    broken = Flag("new", serve=Serve("onn"), dependencies=(Dependency("old"),))
    with pytest.raises(FlagFileError) as caught:
        flags.edit(SERVICE, PRODUCTION, broken, ADA)

    assert len(caught.value.problems) == 2
    assert all(one.startswith("production: flags.new: ") for one in caught.value.problems)
    assert desk.sets.current(SERVICE, PRODUCTION).version == 1


def test_two_flags_can_not_come_to_depend_on_each_other(flags: FlagService) -> None:
    flags.create(SERVICE, Flag("a"), ADA)
    flags.create(SERVICE, Flag("b", dependencies=(Dependency("a"),)), ADA)

    with pytest.raises(FlagFileError, match="a -> b -> a"):
        flags.edit(SERVICE, PRODUCTION, Flag("a", dependencies=(Dependency("b"),)), ADA)


def test_a_slip_in_an_id_makes_no_new_flag(flags: FlagService) -> None:
    with pytest.raises(NotFoundError, match="checkout has no flag 'nwe'"):
        flags.edit(SERVICE, PRODUCTION, Flag("nwe"), ADA)


def test_users_change_buckets_only_with_a_reason(flags: FlagService) -> None:
    flags.create(SERVICE, Flag("new"), ADA)

    with pytest.raises(InvalidInputError, match="other users are reached; say why"):
        flags.edit(SERVICE, PRODUCTION, Flag("new", salt="other"), ADA)
    changed = flags.edit(SERVICE, PRODUCTION, Flag("new", salt="other"), ADA, why="the first users suffered")
    assert changed.lines == ("new: salt (who is reached changes) new -> other",)


def test_a_killed_flag_is_off_everywhere_until_it_is_released(desk: FlagDesk, flags: FlagService) -> None:
    flags.create(SERVICE, Flag("new", is_enabled=True), ADA)
    flags.toggle(SERVICE, PRODUCTION, "new", True, ADA)

    killed = flags.kill(SERVICE, "", "new", BOB, why="orders are lost")

    assert {one.environment for one in killed} == {DEVELOPMENT, STAGING, PRODUCTION}
    assert desk.served("new").reason is Reason.KILLED
    flags.edit(SERVICE, PRODUCTION, Flag("new", is_enabled=True, owner="ann"), ADA)
    assert desk.served("new").reason is Reason.KILLED
    with pytest.raises(IllegalMoveError, match=r"held off in production by a kill.*restore it first"):
        flags.toggle(SERVICE, PRODUCTION, "new", True, ADA)
    flags.release_kill(SERVICE, "", "new", ADA)
    assert desk.served("new").value is True
    with pytest.raises(IllegalMoveError, match="is not held off"):
        flags.release_kill(SERVICE, "", "new", ADA)


def test_killing_twice_keeps_the_first_reason(desk: FlagDesk, flags: FlagService) -> None:
    flags.create(SERVICE, Flag("new", is_enabled=True), ADA)
    flags.kill(SERVICE, PRODUCTION, "new", ADA, why="orders are lost")

    (again,) = flags.kill(SERVICE, PRODUCTION, "new", BOB, why="me too")

    assert again.outcome is Outcome.UNCHANGED
    assert flags.list(SERVICE, ADA)[0].states[2].held_off_why == "orders are lost"


def test_a_threshold_does_not_take_the_place_of_a_kill(desk: FlagDesk, flags: FlagService) -> None:
    flags.create(SERVICE, Flag("new", is_enabled=True), ADA)
    slow = Hold(HeldOffBy.THRESHOLD, "p95 was 300 ms", "p95_ms")

    flags.hold(SERVICE, DEVELOPMENT, "new", slow, "engine")
    assert desk.served("new", DEVELOPMENT).reason is Reason.THRESHOLD
    flags.unhold(SERVICE, DEVELOPMENT, "new", "engine")
    assert desk.served("new", DEVELOPMENT).value is True

    flags.kill(SERVICE, DEVELOPMENT, "new", ADA)
    flags.hold(SERVICE, DEVELOPMENT, "new", slow, "engine")
    flags.unhold(SERVICE, DEVELOPMENT, "new", "engine")
    assert desk.served("new", DEVELOPMENT).reason is Reason.KILLED


def test_what_drives_a_flag_changes_all_but_what_holds_it(desk: FlagDesk, flags: FlagService) -> None:
    flags.create(SERVICE, Flag("new", is_enabled=True), ADA)
    flags.kill(SERVICE, DEVELOPMENT, "new", ADA)

    flags.drive(SERVICE, DEVELOPMENT, "new", lambda flag: replace(flag, owner="r1", hold=None), "rollout r1")

    (flag,) = desk.sets.current(SERVICE, DEVELOPMENT).evaluator.flag_set.flags
    assert (flag.owner, flag.hold is not None) == ("r1", True)


def test_an_archived_flag_is_gone_and_may_be_made_again(desk: FlagDesk, flags: FlagService) -> None:
    flags.create(SERVICE, Flag("new"), ADA)
    flags.create(SERVICE, Flag("next", dependencies=(Dependency("new"),)), ADA)
    with pytest.raises(FlagFileError, match="new"):
        flags.archive(SERVICE, "new", ADA)
    flags.archive(SERVICE, "next", ADA)

    flags.archive(SERVICE, "new", ADA, why="the code is gone")

    assert flags.list(SERVICE, ADA) == ()
    assert not desk.served("new").has_value
    with pytest.raises(NotFoundError):
        flags.get(SERVICE, "new", ADA)
    made = flags.create(SERVICE, Flag("new"), ADA)
    assert {one.version for one in made} == {5}


def test_each_act_takes_its_right(office: Office) -> None:
    desk = a_flag_desk(office)
    desk.flags.create(SERVICE, Flag("new"), desk.dev)

    with pytest.raises(ForbiddenError, match="sue may not flag for checkout"):
        desk.flags.toggle(SERVICE, STAGING, "new", True, desk.helper)
    with pytest.raises(ForbiddenError, match="guest may not kill for checkout"):
        desk.flags.kill(SERVICE, "", "new", desk.guest)
    with pytest.raises(ForbiddenError):
        desk.flags.list("search", desk.guest)
    assert desk.flags.kill(SERVICE, STAGING, "new", desk.helper)[0].outcome is Outcome.APPLIED
    assert [one.id for one in desk.flags.list(SERVICE, desk.guest)] == ["new"]


def test_an_explanation_says_why_somebody_gets_what_they_get(flags: FlagService) -> None:
    flags.create(SERVICE, Flag("new", is_enabled=True), ADA)

    found = flags.explain(SERVICE, DEVELOPMENT, "new", {"targetingKey": "ann"}, ADA)

    assert (found.evaluation.value, found.evaluation.reason) == (True, Reason.STATIC)
    with pytest.raises(NotFoundError, match="no flag 'old' in development"):
        flags.explain(SERVICE, DEVELOPMENT, "old", {}, ADA)


def test_with_a_full_disk_the_set_stays_as_it_was_committed(desk: FlagDesk, flags: FlagService) -> None:
    flags.create(SERVICE, Flag("new", is_enabled=True), ADA)
    before = desk.sets.current(SERVICE, DEVELOPMENT)
    with desk.office.store.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count=1")

    with pytest.raises(StoreError, match="the disk is full and nothing was saved"):
        flags.edit(SERVICE, DEVELOPMENT, Flag("new", is_enabled=True, description="x" * 400_000), ADA)

    assert desk.sets.current(SERVICE, DEVELOPMENT) is before
    assert desk.served("new", DEVELOPMENT).value is True
