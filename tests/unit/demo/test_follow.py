"""Following a rollout, played view by view."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sluiceway.demo.follow import Follower, make_breaker
from sluiceway.services.views import RolloutView
from tests.unit.demo.views import T0, decided, view


class Watch:
    """A follower with a clock of its own, and what it did."""

    def __init__(self, *, is_faulty: bool = True) -> None:
        self.at = 0.0
        self.broken_at: list[float] = []
        self.decisions: list[str] = []
        self.follower = Follower(
            (lambda: self.broken_at.append(self.at)) if is_faulty else None,
            lambda decision: self.decisions.append(decision.why),
            now=lambda: self.at,
        )

    def see(self, *views: RolloutView) -> None:
        for one in views:
            self.at += 1.0
            self.follower.take(one)


def test_the_new_version_breaks_when_a_tenth_of_the_users_is_seen_on_it_and_only_once() -> None:
    watch = Watch()
    watch.see(view(0), view(1), view(9.9), view(10), view(25))
    assert watch.broken_at == [4.0]
    assert watch.follower.timeline.fault_at == 4.0


def test_a_proxy_that_does_not_answer_breaks_nothing() -> None:
    watch = Watch()
    watch.see(view(None), view(None))
    assert watch.broken_at == []


def test_a_sound_version_never_has_a_fault() -> None:
    watch = Watch(is_faulty=False)
    watch.see(view(10), view(100), view(100, "promoted"))
    assert watch.follower.timeline.fault_at is None


def test_nothing_breaks_once_the_way_back_was_decided() -> None:
    watch = Watch()
    watch.see(view(1), view(10, "rolling-back", decided(3)))
    assert watch.broken_at == []


def test_users_are_exposed_from_the_first_weight_seen() -> None:
    watch = Watch()
    watch.see(view(0), view(1), view(10))
    assert watch.follower.timeline.exposed_at == 2.0


def test_the_decision_counts_from_when_the_server_made_it() -> None:
    watch = Watch()
    watch.see(view(10), view(10, "rolling-back", decided(5)))
    assert watch.follower.timeline.decided_at == T0.replace(second=5).timestamp()


def test_the_new_version_is_empty_when_the_proxy_says_so_after_the_decision() -> None:
    watch = Watch()
    watch.see(view(0), view(10), view(10, "rolling-back", decided(5)), view(0, "rolling-back", decided(5)))
    assert watch.follower.timeline.empty_at == 4.0


def test_a_rollback_that_ended_before_it_was_seen_to_empty_counts_as_empty_at_its_end() -> None:
    watch = Watch()
    watch.see(view(10), view(None, "rolled-back", decided(5)))
    assert watch.follower.timeline.empty_at == 2.0


@pytest.mark.parametrize(("phase", "outcome"), [("promoted", "promoted"), ("rolled-back", "rolled_back")])
def test_the_outcome_is_the_last_phase(phase: str, outcome: str) -> None:
    watch = Watch()
    watch.see(view(100), view(100, phase))
    assert (watch.follower.timeline.outcome, watch.follower.timeline.finished_at) == (outcome, 2.0)


def test_an_unfinished_rollout_has_no_outcome() -> None:
    watch = Watch()
    watch.see(view(100))
    assert (watch.follower.timeline.outcome, watch.follower.timeline.finished_at) == ("", None)


def test_each_decision_is_told_once_and_oldest_first() -> None:
    watch = Watch()
    first, second = decided(1, "stage-entered"), decided(2, "stage-entered")
    watch.see(view(1, "progressing", first), view(1, "progressing", second, first))
    assert watch.decisions == ["why 1", "why 2"]


def test_the_breaker_makes_the_file_that_the_shop_watches(tmp_path: Path) -> None:
    make_breaker(tmp_path / "fault")()
    assert (tmp_path / "fault").exists()


def test_views_may_differ_in_anything_else() -> None:
    watch = Watch()
    watch.see(replace(view(10), problems=("the proxy is slow",)))
    assert watch.broken_at == [1.0]
