"""Known answers: a change of one of these numbers moves real users, and is a new hash version."""

from __future__ import annotations

import math

import pytest

from sluiceway.domain.flags.hashing import bucket, picks, reaches
from sluiceway.domain.flags.model import BUCKETS, HashVersion

KEYS = [f"user-{number}" for number in range(20_000)]
OURS, UNLEASH = HashVersion.SLUICE_1, HashVersion.UNLEASH


def within_four_deviations(found: int, share: float) -> bool:
    spread = math.sqrt(len(KEYS) * share * (1 - share))
    return abs(found - len(KEYS) * share) < 4 * spread


@pytest.mark.parametrize(
    ("key", "expected"),  # in checkout, in search, by Unleash; the variant of four, and one of Unleash
    [
        ("user-1", (81_466, 46_540, 33_000, 3, 2)),
        ("user-2", (99_371, 99_642, 10_000, 0, 0)),
        ("", (3_444, 59_309, 72_000, 2, 1)),
        ("ü", (35_942, 34_626, 5_000, 2, 2)),
        ("a" * 1_000, (87_668, 38_285, 4_000, 3, 1)),
        ("\ud800", (66_845, 39_485, 10_000, 2, 2)),
        ("42", (61_235, 16_385, 84_000, 3, 1)),
    ],
)
def test_keys_keep_their_buckets_for_ever(key: str, expected: tuple[int, ...]) -> None:
    found = (
        bucket(key, "checkout"),
        bucket(key, "search"),
        bucket(key, "checkout", UNLEASH),
        picks("checkout", (1, 1, 1, 1), OURS)(key),
        picks("checkout", (100, 300, 500, 100), UNLEASH)(key),
    )

    assert found == expected


def test_unleash_s_own_example_has_its_bucket() -> None:
    # "123" of group "gr1" is 73 of 100 in the specification of its clients, "999" of "groupX" is 25.
    assert bucket("123", "gr1", UNLEASH) // 1_000 + 1 == 73
    assert bucket("999", "groupX", UNLEASH) // 1_000 + 1 == 25
    # With the seed of variants they are 96 and 60.
    assert picks("gr1", [1] * 100, UNLEASH)("123") + 1 == 96
    assert picks("groupX", [1] * 100, UNLEASH)("999") + 1 == 60


@pytest.mark.parametrize("version", list(HashVersion))
@pytest.mark.parametrize("reach", [0, 1_000, 25_000, 50_000, 99_000, BUCKETS])
def test_a_reach_is_the_buckets_below_it(reach: int, version: HashVersion) -> None:
    is_reached = reaches("checkout", reach, version)

    assert all(is_reached(key) is (bucket(key, "checkout", version) < reach) for key in KEYS[:2_000])


@pytest.mark.parametrize("reach", [1, 100, 1_000, 10_000, 50_000])
def test_a_percentage_reaches_its_share_down_to_a_tenth_of_one_and_below(reach: int) -> None:
    is_reached = reaches("checkout", reach, OURS)

    assert within_four_deviations(sum(map(is_reached, KEYS)), reach / BUCKETS)


@pytest.mark.parametrize("version", list(HashVersion))
def test_a_split_gives_each_variant_its_part(version: HashVersion) -> None:
    weights = (500, 300, 150, 50, 0)
    pick = picks("checkout", weights, version)
    given = [0] * len(weights)
    for key in KEYS:
        given[pick(key)] += 1

    assert given[4] == 0
    assert all(within_four_deviations(given[at], weights[at] / 1_000) for at in range(4))


def test_variants_do_not_follow_from_who_is_reached() -> None:
    is_reached = reaches("checkout", 20_000, OURS)
    pick = picks("checkout", (1, 1), OURS)
    of_reached = [pick(key) for key in KEYS if is_reached(key)]

    assert abs(sum(of_reached) / len(of_reached) - 0.5) < 4 * 0.5 / math.sqrt(len(of_reached))


def test_who_is_reached_by_one_flag_says_nothing_about_another() -> None:
    one, other = reaches("checkout", 50_000, OURS), reaches("search", 50_000, OURS)

    assert within_four_deviations(sum(one(key) and other(key) for key in KEYS), 0.25)


def test_weights_beyond_any_percentage_work() -> None:
    pick = picks("checkout", (10**30, 10**30), OURS)

    assert {pick(key) for key in KEYS[:100]} == {0, 1}
