"""Rollouts by flag: stages set whom the flag reaches, and what happens to the flag happens to the rollout."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

import pytest

from sluiceway.domain.flags.model import Constraint, Flag, Operator, Reason, Rule, Serve
from sluiceway.domain.process.plan import Version
from sluiceway.domain.rollouts.model import CommandKind
from sluiceway.errors import ConflictError, IllegalMoveError, NotFoundError
from tests.unit.engine.flag_bench import ADA, PLACE, PROCESS, SERVICE, FlagBench, open_bench

SEARCH = Flag("new-search")
STAFF = Rule("staff", constraints=(Constraint("role", Operator.IN, ("staff",)),), serve=Serve("on"))


@pytest.fixture
def bench() -> Iterator[FlagBench]:
    with open_bench() as opened:
        opened.make(SEARCH)
        yield opened


def test_stages_open_the_flag_to_more_and_more_users_and_in_the_end_to_all(bench: FlagBench) -> None:
    rollout = bench.start()
    seen: list[frozenset[str]] = []
    while bench.row(rollout).state.phase != "promoted":
        bench.run(20)
        seen.append(bench.reached())
        assert len(seen) < 60

    assert all(before <= after for before, after in pairwise(seen))
    shares = sorted({len(one) for one in seen})
    assert shares[0] <= 16  # 0.1 percent of 4,000 are four
    assert any(330 <= share <= 470 for share in shares)
    assert any(1_850 <= share <= 2_150 for share in shares)
    assert shares[-1] == 4_000
    assert bench.flag().full_since is not None


def test_the_flag_is_off_until_the_first_stage_and_on_from_then(bench: FlagBench) -> None:
    bench.start()
    before = bench.flag()
    bench.run(5)

    assert (before.is_enabled, before.rules) == (False, ())
    assert bench.flag().is_enabled
    assert [(rule.id, rule.reach) for rule in bench.flag().rules] == [("rollout", 100)]
    assert bench.flag().full_since is None


def test_an_audience_has_the_flag_whatever_the_weight_until_its_stage_is_over(bench: FlagBench) -> None:
    rollout = bench.start()
    while bench.row(rollout).state.stage_index < 1:
        bench.run(1)
    bench.run(3)
    outside = next(user for user in ("a", "b", "c", "d", "e", "f") if not bench.evaluate(user).value)

    assert bench.evaluate(outside, plan="beta").value is True
    assert [rule.id for rule in bench.flag().rules] == ["rollout-audience-1", "rollout"]
    while bench.row(rollout).state.stage_index < 2:
        bench.run(1)
    bench.run(3)
    assert [rule.id for rule in bench.flag().rules] == ["rollout"]


def test_going_back_leaves_the_flag_to_those_whom_another_rule_gives_it(bench: FlagBench) -> None:
    bench.flags.edit(SERVICE, PLACE, replace(SEARCH, rules=(STAFF,)), ADA)
    rollout = bench.start()
    bench.run(80)
    reached = bench.reached()
    bench.act(rollout, CommandKind.ROLLBACK)
    bench.run(2)

    assert len(reached) > 300
    assert bench.reached() == frozenset()
    assert bench.evaluate("ada", role="staff").value is True
    bench.run_until(rollout, "rolled-back")
    assert [(rule.id, rule.reach) for rule in bench.flag().rules] == [("staff", 100_000), ("rollout", 0)]


def test_a_paused_rollout_keeps_who_is_reached(bench: FlagBench) -> None:
    rollout = bench.start()
    bench.run(80)
    reached = bench.reached()
    bench.act(rollout, CommandKind.PAUSE)
    bench.run(300)

    assert bench.row(rollout).state.phase == "paused"
    assert bench.reached() == reached


def test_nobody_edits_the_driven_rule_meanwhile_and_everything_else_may_be_edited(bench: FlagBench) -> None:
    rollout = bench.start()
    bench.run(5)
    flag = bench.flag()
    wider = replace(flag, rules=tuple(replace(rule, reach=50_000) for rule in flag.rules))

    with pytest.raises(IllegalMoveError, match=f"driven in production by rollout {rollout}"):
        bench.flags.edit(SERVICE, PLACE, wider, ADA)
    with pytest.raises(IllegalMoveError, match="driven in production"):
        bench.flags.archive(SERVICE, "new-search", ADA)
    bench.flags.edit(SERVICE, PLACE, replace(flag, description="Search by meaning"), ADA)
    assert bench.flag().description == "Search by meaning"
    assert bench.flag().rules == flag.rules


def test_a_kill_is_never_refused_and_takes_the_rollout_back(bench: FlagBench) -> None:
    rollout = bench.start()
    bench.run(80)
    bench.flags.kill(SERVICE, PLACE, "new-search", ADA, "the shop is down")
    at_once = bench.evaluate("user-1")
    bench.run_until(rollout, "rolled-back")

    assert (at_once.value, at_once.reason) == (False, Reason.KILLED)
    assert "flag new-search was killed: the shop is down" in bench.row(rollout).state.outcome
    assert [rule.reach for rule in bench.flag().rules] == [0]


def test_turning_the_flag_off_takes_the_rollout_back_and_nothing_turns_it_on_again(bench: FlagBench) -> None:
    rollout = bench.start()
    bench.run(80)
    bench.flags.toggle(SERVICE, PLACE, "new-search", False, ADA)
    bench.run_until(rollout, "rolled-back")

    assert not bench.flag().is_enabled


def test_a_process_without_automatic_rollback_pauses_instead(bench: FlagBench) -> None:
    rollout = bench.start(PROCESS + "  rollback: {automatic: false}\n")
    bench.run(80)
    bench.flags.kill(SERVICE, PLACE, "new-search", ADA)
    bench.run(3)

    assert bench.row(rollout).state.phase == "paused"


def test_a_rollout_goes_on_where_it_was_after_a_crash(bench: FlagBench) -> None:
    rollout = bench.start()
    bench.run(80)
    reached = bench.reached()
    bench.crash()

    assert bench.reached() == reached
    bench.run_until(rollout, "promoted")
    assert len(bench.reached()) == 4_000


def test_a_rollout_of_a_flag_that_is_not_there_is_refused(bench: FlagBench) -> None:
    with pytest.raises(NotFoundError, match="shop has no flag old-search in production"):
        bench.start(PROCESS.replace("new-search", "old-search"))


def test_a_rollout_of_a_flag_that_everyone_has_is_refused(bench: FlagBench) -> None:
    bench.flags.toggle(SERVICE, PLACE, "new-search", True, ADA)

    with pytest.raises(ConflictError, match="everyone has flag new-search in production already"):
        bench.start()


def test_a_rollout_of_a_killed_flag_is_refused(bench: FlagBench) -> None:
    bench.flags.kill(SERVICE, PLACE, "new-search", ADA)

    with pytest.raises(IllegalMoveError, match="held off in production by a kill"):
        bench.start()


def test_its_sides_are_called_by_the_version(bench: FlagBench) -> None:
    state = bench.row(bench.start()).state

    assert (state.new, state.stable, state.instances) == (Version("2.4.0"), Version("without-2.4.0"), 0)


def test_it_says_nothing_about_which_version_serves(bench: FlagBench) -> None:
    rollout = bench.start()
    bench.run_until(rollout, "promoted")

    with bench.store.read() as tx:
        assert tx.newest_rollouts() == []
    assert bench.driving.measured(SERVICE) is not None
    assert bench.driving.measured("another") is None


def test_a_trigger_takes_the_flag_back_by_pushed_figures_of_its_side(bench: FlagBench) -> None:
    slow = "  triggers:\n    - {when: slowness > 200, for: 5s, action: immediate, min_requests: 0}\n"
    rollout = bench.start(PROCESS + slow)
    bench.metrics.set(Version("2.4.0"), "slowness", 120)
    bench.run(80)
    assert bench.row(rollout).state.phase == "progressing"
    bench.metrics.set(Version("2.4.0"), "slowness", 300)
    bench.run(12)

    assert bench.reached() == frozenset()
    bench.run_until(rollout, "rolled-back")
