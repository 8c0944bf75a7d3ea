"""Whether users were spread as planned, asked again and again."""

from __future__ import annotations

import math
import random

import pytest

from sluiceway.domain.flags.model import Share
from sluiceway.domain.flags.sample_ratio import ALPHA, check_ratio, log_evidence

EVEN = (Share("A", 1), Share("B", 1))


def alarms(share_of_b: float, users: int, seed: int) -> bool:
    """Whether a split of two halves is ever said to be off, looked at after every 20 users."""
    chance, counts = random.Random(seed), {"A": 0, "B": 0}
    for number in range(users):
        counts["B" if chance.random() < share_of_b else "A"] += 1
        if number % 20 == 19 and check_ratio(counts, EVEN).is_off:
            return True
    return False


def test_a_fair_split_alarms_at_most_as_often_as_promised_over_all_looks() -> None:
    rung = sum(alarms(0.5, 3_000, seed) for seed in range(300))

    assert rung <= 300 * ALPHA + 3  # of 300: 3 are promised, by chance a few more


def test_52_to_48_is_found_within_20_000_users() -> None:
    found = sum(alarms(0.52, 20_000, seed) for seed in range(20))

    assert found >= 19


def test_the_expectation_of_the_evidence_is_one_under_the_planned_shares() -> None:
    number, share = 12, 0.3
    expected = sum(
        math.comb(number, count)
        * share**count
        * (1 - share) ** (number - count)
        * math.exp(log_evidence([count, number - count], [share, 1 - share]))
        for count in range(number + 1)
    )

    assert expected == pytest.approx(1.0)


def test_an_uneven_split_is_checked_against_its_own_weights() -> None:
    split = (Share("A", 90), Share("B", 10))

    assert not check_ratio({"A": 9_020, "B": 980}, split).is_off
    assert check_ratio({"A": 5_000, "B": 5_000}, split).is_off


def test_few_users_say_nothing() -> None:
    found = check_ratio({"A": 20}, EVEN)

    assert found.evidence == 1.0
    assert found.sentence == "too few users to check the split yet: 20 of 50"


def test_the_alarm_names_the_counts_and_what_to_look_for() -> None:
    found = check_ratio({"A": 4_000, "B": 6_000}, EVEN)

    assert found.sentence.startswith(
        "10,000 users are not spread as planned: A 40.0 percent (planned 50), B 60.0 percent (planned 50); at"
        " most 1 in 100 experiments"
    )


def test_variants_without_weight_and_those_of_other_rules_do_not_count() -> None:
    split = (*EVEN, Share("C", 0))

    assert check_ratio({"A": 500, "B": 510, "C": 3, "off": 9_000}, split).counts == {"A": 500, "B": 510}
