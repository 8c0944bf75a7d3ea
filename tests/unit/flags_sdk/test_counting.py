"""Evaluations, counted as they happen."""

from __future__ import annotations

import random
import threading
from dataclasses import replace

import pytest

from sluiceway.domain.flags.compiling import Evaluator, compile_set
from sluiceway.domain.flags.model import Experiment, Flag, FlagSet, Serve, Share
from sluiceway.flags_sdk import Context, counting
from sluiceway.flags_sdk.counting import Counted, Counter, Exposure

TRIED = Flag(
    "tried",
    is_enabled=True,
    serve=Serve(split=(Share("on", 1), Share("off", 1))),
    experiment=Experiment("e1"),
)


def evaluator(*flags: Flag) -> Evaluator:
    return compile_set(FlagSet("shop", "test", 1, flags), now=lambda: 0.0, chance=random.random)


def test_each_outcome_is_counted_by_flag_and_variant() -> None:
    counter = Counter()
    decide = counter.counted(evaluator(Flag("a", is_enabled=True), Flag("b")))
    for flag in ("a", "b", "a"):
        decide(flag, {})

    assert counter.taken() == ([Counted("a", "on", "", 2), Counted("b", "off", "", 1)], 0)


def test_what_was_taken_is_not_taken_again() -> None:
    counter = Counter()
    decide = counter.counted(evaluator(Flag("a")))
    decide("a", {})
    counter.taken()

    assert counter.taken() == ([], 0)

    decide("a", {})

    assert counter.taken() == ([Counted("a", "off", "", 1)], 0)


def test_errors_are_no_exposures() -> None:
    counter = Counter()
    decide = counter.counted(evaluator(Flag("a", serve=Serve("missing"), is_enabled=True)))
    decide("a", {})
    decide("unknown", {})

    assert counter.taken() == ([], 0)


def test_counts_of_many_threads_are_exact() -> None:
    counter = Counter()
    decide = counter.counted(evaluator(Flag("a")))

    def ask() -> None:
        for _ in range(2_000):
            decide("a", {})

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for one in threads:
        one.start()
    taken = 0
    while any(one.is_alive() for one in threads):
        taken += sum(one.times for one in counter.taken()[0])
    for one in threads:
        one.join()
    taken += sum(one.times for one in counter.taken()[0])

    assert taken == 16_000


def test_users_of_an_experiment_are_counted_one_by_one_and_told_of_once() -> None:
    told: list[Exposure] = []
    counter = Counter(told.append)
    decide = counter.counted(evaluator(TRIED, Flag("a")))
    variant = decide("tried", Context("ann")).variant
    decide("tried", Context("ann"))
    decide("a", Context("ann"))
    counter.taken()

    found, _ = counter.taken()  # samples come one collection later

    assert found == [Counted("tried", variant, "ann", 2)]
    assert told == [Exposure("tried", variant, "ann")]


def test_a_user_without_a_key_or_with_a_giant_one_is_no_sample() -> None:
    counter = Counter()
    decide = counter.counted(evaluator(replace(TRIED, serve=Serve("on"))))
    decide("tried", {})
    decide("tried", Context("k" * 2_000))

    assert sum(one.times for one in counter.taken()[0]) == 2  # they count all the same, for nobody
    assert counter.taken() == ([], 0)


def test_samples_beyond_the_bound_are_lost_and_counted_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "MAX_SAMPLES", 3)
    counter = Counter()
    decide = counter.counted(evaluator(TRIED))
    for user in range(10):
        decide("tried", Context(f"user-{user}"))

    assert counter.taken()[1] == 7
    assert len(counter.taken()[0]) == 3


def test_outcomes_beyond_the_bound_are_lost_and_counted_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "MAX_OUTCOMES", 1)
    counter = Counter()
    decide = counter.counted(evaluator(Flag("a"), Flag("b")))
    for flag in ("a", "b", "b"):
        decide(flag, {})

    assert counter.taken() == ([Counted("a", "off", "", 1)], 2)


def test_outcomes_of_a_set_that_is_gone_are_let_go() -> None:
    counter = Counter()
    for _ in range(3):
        counter.counted(evaluator(Flag("a")))("a", {})
    for _ in range(5):
        counter.taken()

    assert counter.outcomes == 0


def test_counting_goes_on_when_a_set_comes_back_to_an_outcome_that_was_let_go() -> None:
    counter = Counter()
    decide = counter.counted(evaluator(Flag("a")))
    decide("a", {})
    for _ in range(6):
        counter.taken()
    decide("a", {})

    assert counter.taken() == ([Counted("a", "off", "", 1)], 0)
