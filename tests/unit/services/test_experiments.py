"""Experiments from their plan to their end, over a real store; the clock is moved by hand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from sluiceway.domain.flags.model import Experiment, FlagType, Serve, Share
from sluiceway.errors import (
    ConflictError,
    FlagFileError,
    ForbiddenError,
    IllegalMoveError,
    InvalidInputError,
    NotFoundError,
)
from sluiceway.services.experiment_intake import Did, Seen
from sluiceway.services.experiments import ExperimentService
from tests.unit.services.desk import ADA, BOB, open_office
from tests.unit.services.experiment_desk import BUY, DRAFT, FLAG, SERVICE, WHERE, Lab

ASKING = """\
approvals: [{id: flag-change, title: Release managers, rule: {people: [rosa]}}]
flags: {environments: {production: {approval: flag-change}}}
"""


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    with open_office(tmp_path) as office:
        yield Lab(office)


def last(lab: Lab) -> tuple[str, str, str]:
    """Return kind, actor and reason of the newest audit entry."""
    with lab.office.store.read() as tx:
        entry = tx.audit_entries(rollout_id=None, after=0, limit=500)[-1].content
    return entry.kind, entry.actor, entry.why


def test_a_better_variant_is_found_decided_and_rolled_out(lab: Lab) -> None:
    lab.started()
    lab.come("A", 1_000, buy=200, refund=10)
    lab.come("B", 1_000, buy=350, refund=10)

    view = lab.wait()
    assert (view.advice, view.likely_winner) == ("a-variant-is-better", "B")
    assert view.sentence.startswith("buy conversions on B are ")
    assert view.summary.asks == view.sentence

    decided = lab.experiments.decide(SERVICE, DRAFT.id, "B", ADA, "clear enough", roll_out=True)

    assert decided.roll_out == "everybody gets B in production now"
    assert (decided.summary.state, decided.summary.winner, decided.why) == ("decided", "B", "clear enough")
    assert decided.verdict == view.sentence
    assert decided.counted == 2_000
    live = lab.office.services.flag_sets.current(SERVICE, WHERE).evaluator
    assert all(live.evaluate("button", {"targetingKey": f"user-{n}"}).value == "blue" for n in range(50))


def test_a_decision_is_in_the_audit_trail_with_its_figures(lab: Lab) -> None:
    lab.started()
    lab.come("A", 500, buy=100)
    lab.come("B", 500, buy=250)
    view = lab.wait()

    lab.experiments.decide(SERVICE, DRAFT.id, "B", BOB, "more sales")

    assert last(lab) == ("experiment-decided", "bob", f"winner B; {view.sentence} (more sales)")


def test_users_count_once_their_window_is_over(lab: Lab) -> None:
    lab.started()
    lab.come("A", 10, buy=2)
    lab.come("B", 10, buy=3)

    before, after = lab.wait(600), lab.wait(300)

    assert (before.users, before.counted) == (20, 0)
    assert (after.users, after.counted) == (20, 20)


def test_a_conversion_counts_once_and_only_within_the_window(lab: Lab) -> None:
    lab.started()
    now = lab.clock.wall()
    lab.report([Seen("button", "A", "ann", now, now), Seen("button", "B", "ben", now, now)], [])
    in_time = [Did("buy", "ann", 1.0, now + timedelta(seconds=second)) for second in (1, 2, 3)]
    too_late = Did("buy", "ben", 1.0, now + timedelta(seconds=601))
    lab.clock.advance(700)
    lab.report([], [*in_time, too_late])

    (finding, *_) = lab.wait().findings

    assert (finding.control_value, finding.value) == (1.0, 0.0)


def test_an_event_that_comes_before_its_exposure_is_reported_counts(lab: Lab) -> None:
    lab.started()
    now = lab.clock.wall()
    lab.clock.advance(30)
    lab.report([], [Did("buy", "ben", 1.0, now + timedelta(seconds=5))])
    lab.report([Seen("button", "A", "ann", now, now), Seen("button", "B", "ben", now, now)], [])

    assert lab.wait().findings[0].value == 1.0


def test_exposures_before_the_start_do_not_count(lab: Lab) -> None:
    before = lab.clock.wall()
    lab.clock.advance(60)
    lab.started()
    lab.report([Seen("button", "A", "early", before, before)], [])
    lab.report([Seen("button", "B", "regular", before, lab.clock.wall())], [])

    assert (lab.look().users, lab.look().ratio.counts) == (1, {"A": 0, "B": 1})


def test_who_was_seen_with_two_variants_counts_for_none(lab: Lab) -> None:
    lab.started()
    lab.come("A", 5)
    lab.come("B", 5)
    now = lab.clock.wall()
    lab.report([Seen("button", variant, "both", now, now) for variant in "AB"], [])

    view = lab.wait()

    assert (view.counted, view.mixed) == (10, 1)
    assert view.warnings == (
        (
            "more than 1 in 100 users (1) were seen with several variants and count for none: is their key"
            " the same everywhere?"
        ),
    )


def test_other_flags_variants_and_environments_do_not_count(lab: Lab) -> None:
    lab.started()
    now = lab.clock.wall()
    lab.report([Seen("other", "A", "ann", now, now), Seen("button", "off", "ben", now, now)], [])
    lab.report([Seen("button", "A", "cy", now, now)], [], environment="staging")

    assert lab.look().users == 0


def test_beyond_its_bound_users_are_counted_and_not_kept(lab: Lab) -> None:
    lab.started(replace(DRAFT, max_subjects=100))

    lab.come("A", 130)

    assert (lab.look().users, lab.look().dropped) == (100, 30)


def test_a_broken_guard_turns_the_flag_off_where_the_experiment_says_so(lab: Lab) -> None:
    lab.started_to_hold()
    lab.come("A", 1_000, buy=200, refund=20)
    lab.come("B", 1_000, buy=300, refund=150)

    view = lab.wait()

    assert lab.held() == "threshold"
    assert (view.summary.state, view.summary.ended_by) == ("stopped", "sluiceway")
    assert view.verdict.startswith("the guard broke: refund conversions on B are ")


def test_a_broken_guard_asks_a_person_otherwise_and_asks_once(lab: Lab) -> None:
    lab.started()
    lab.come("A", 1_000, refund=20)
    lab.come("B", 1_000, refund=150)

    lab.wait()
    view = lab.wait()

    assert (lab.held(), view.summary.state) == ("", "running")
    assert view.summary.asks.startswith("the guard broke: refund conversions on B are ")
    kinds = [kind for kind, _, _ in lab.office.trail()]
    assert kinds.count("experiment-guard-broken") == 1


def test_a_split_that_is_off_is_told_at_once_and_stays_told(lab: Lab) -> None:
    lab.started()
    lab.come("A", 300)
    lab.come("B", 600)
    lab.experiments.count()
    lab.come("A", 300)

    view = lab.look()

    assert view.ratio.is_off
    assert (view.advice, view.likely_winner) == ("split-is-off", "")
    assert view.sentence.startswith("900 users are not spread as planned: A 33.3 percent")


def test_what_is_known_survives_a_restart(lab: Lab) -> None:
    lab.started()
    lab.come("A", 400, buy=80)
    lab.come("B", 400, buy=90)
    view = lab.wait()

    services = lab.office.services
    anew = ExperimentService(lab.office.store, lab.clock, services.flags, services.flag_sets)

    assert anew.look(SERVICE, DRAFT.id, ADA) == view
    assert view.curves[0].low != ()


def test_who_took_part_is_forgotten_at_the_end_and_the_figures_stay(lab: Lab) -> None:
    lab.started()
    lab.come("A", 60, buy=30)
    lab.come("B", 60, buy=30)
    running = lab.wait()

    stopped = lab.experiments.stop(SERVICE, DRAFT.id, ADA, "no budget")

    assert stopped.findings == running.findings
    assert (stopped.users, stopped.verdict) == (120, running.sentence)
    with lab.office.store.read() as tx:
        assert not tx.assigned(SERVICE, WHERE, DRAFT.id).by_variant


def test_a_changed_split_is_warned_of(lab: Lab) -> None:
    lab.started()
    other = Serve(split=(Share("A", 3), Share("B", 1)))
    lab.flags.edit(SERVICE, WHERE, replace(FLAG, is_enabled=True, serve=other), ADA)

    assert lab.look().warnings == (
        (
            "the split of button was changed since the start: users have moved between variants, so stop this"
            " experiment and start a new one"
        ),
    )


def test_a_flag_that_does_not_fit_is_refused_with_every_problem(lab: Lab) -> None:
    lab.flags.create(SERVICE, replace(FLAG, id="plain", type=FlagType.RELEASE, serve=Serve("A")), ADA)

    with pytest.raises(FlagFileError) as refused:
        lab.experiments.draft(SERVICE, replace(DRAFT, flag="plain", metrics=()), ADA)

    assert refused.value.problems == (
        "experiment button-colour: there is no metric to decide by; name at least one",
        "experiment button-colour: the flag plain is of type release; make it experimental",
        "experiment button-colour: the flag plain has no splits; an experiment compares the variants of one",
    )


def test_a_flag_that_is_off_can_not_be_started_on(lab: Lab) -> None:
    lab.experiments.draft(SERVICE, DRAFT, ADA)
    lab.flags.toggle(SERVICE, WHERE, "button", False, ADA)

    with pytest.raises(FlagFileError, match="the flag button is off in production; turn it on first"):
        lab.experiments.start(SERVICE, DRAFT.id, ADA)


def test_an_experiment_is_started_and_ended_once(lab: Lab) -> None:
    lab.started()
    with pytest.raises(IllegalMoveError, match="is running; plan a new one to start again"):
        lab.experiments.start(SERVICE, DRAFT.id, ADA)
    lab.experiments.stop(SERVICE, DRAFT.id, ADA)

    with pytest.raises(IllegalMoveError, match="the experiment button-colour is stopped, it does not run"):
        lab.experiments.decide(SERVICE, DRAFT.id, "B", ADA)


def test_a_winner_that_was_not_compared_is_refused(lab: Lab) -> None:
    lab.started()

    with pytest.raises(InvalidInputError, match="'off' was not compared; the variants are A, B"):
        lab.experiments.decide(SERVICE, DRAFT.id, "off", ADA)


def test_ids_are_taken_once_and_unknown_ones_are_named(lab: Lab) -> None:
    lab.experiments.draft(SERVICE, DRAFT, ADA)
    with pytest.raises(ConflictError, match="has an experiment button-colour already"):
        lab.experiments.draft(SERVICE, DRAFT, ADA)
    with pytest.raises(NotFoundError, match="checkout has no flag 'nope' in production"):
        lab.experiments.draft(SERVICE, replace(DRAFT, flag="nope"), ADA)
    with pytest.raises(NotFoundError, match="checkout has no environment 'moon'"):
        lab.experiments.draft(SERVICE, replace(DRAFT, environment="moon"), ADA)
    with pytest.raises(NotFoundError, match="checkout has no experiment 'nope'"):
        lab.experiments.look(SERVICE, "nope", ADA)


def test_looking_needs_the_right_to_read_and_acting_the_right_to_flags(lab: Lab) -> None:
    lab.started()
    viewer = lab.office.person("vera", "viewer")
    stranger = lab.office.person("sam")

    assert [one.id for one in lab.experiments.list("", viewer)] == [DRAFT.id]
    assert lab.experiments.list("", stranger) == []
    with pytest.raises(ForbiddenError):
        lab.experiments.look(SERVICE, DRAFT.id, stranger)
    with pytest.raises(ForbiddenError):
        lab.experiments.draft(SERVICE, replace(DRAFT, id="second"), viewer)
    with pytest.raises(ForbiddenError):
        lab.experiments.stop(SERVICE, DRAFT.id, viewer)
    with pytest.raises(ForbiddenError):
        lab.experiments.decide(SERVICE, DRAFT.id, "B", viewer)


def test_rolling_out_waits_where_the_process_asks_for_an_approval(lab: Lab) -> None:
    lab.started()
    lab.office.put_process(SERVICE, ASKING)

    decided = lab.experiments.decide(SERVICE, DRAFT.id, "B", ADA, roll_out=True)

    assert decided.summary.winner == "B"
    assert decided.roll_out.startswith("B for everybody in production waits for ")
    live = lab.office.services.flag_sets.current(SERVICE, WHERE).evaluator
    assert not all(live.evaluate("button", {"targetingKey": f"user-{n}"}).value == "blue" for n in range(50))


def test_a_decision_stands_also_when_the_winner_can_not_be_rolled_out(lab: Lab) -> None:
    lab.started()
    lab.flags.archive(SERVICE, "button", ADA)

    decided = lab.experiments.decide(SERVICE, DRAFT.id, "B", ADA, roll_out=True)

    assert decided.summary.winner == "B"
    assert decided.roll_out.startswith("B was not rolled out: checkout has no flag 'button' in production")


def test_a_second_experiment_on_a_flag_is_refused_while_one_runs(lab: Lab) -> None:
    lab.started()
    second = replace(DRAFT, id="second", metrics=(BUY,))
    named = replace(FLAG, is_enabled=True, experiment=Experiment("second"))
    lab.flags.edit(SERVICE, WHERE, named, ADA)
    lab.experiments.draft(SERVICE, second, ADA)

    with pytest.raises(FlagFileError, match="the experiment button-colour runs on button already"):
        lab.experiments.start(SERVICE, "second", ADA)
