"""The decision matrix: totals by weight and direction, the mean, the spread, who is missing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluiceway.domain.changes.matrix import check_score, tally, value_of
from sluiceway.domain.changes.model import Score
from sluiceway.domain.process.control import MatrixCriterion
from tests.unit.domain.changes.requests import MATRIX, after

ROLES = ("cto", "qa")
IDS = tuple(criterion.id for criterion in MATRIX)


def scores(by: str, role: str, *points: int, at: float = 0) -> list[Score]:
    """Return one member's points for value, complexity and fit."""
    return [Score(by, role, criterion, each, after(at)) for criterion, each in zip(IDS, points, strict=False)]


def test_a_total_is_weighted_and_a_low_score_is_good_where_the_process_says_so() -> None:
    found = tally(MATRIX, scores("carl", "cto", 8, 3, 4), ROLES)

    # 30 % of 8, 20 % of 11 - 3, 50 % of the best of 0 to 4, which is 10
    assert found.members[0].total == pytest.approx(0.3 * 8 + 0.2 * 8 + 0.5 * 10)
    assert found.missing == ("qa",)
    assert found.sentence == "9.00 of 10, by one member; still to score: qa"


def test_members_are_averaged_and_their_disagreement_is_shown() -> None:
    found = tally(MATRIX, [*scores("carl", "cto", 10, 1, 4), *scores("quin", "qa", 2, 1, 4)], ROLES)

    assert found.total == pytest.approx((10 + 7.6) / 2)
    assert found.spread == pytest.approx(2.4)
    assert (found.criteria[0].mean, found.criteria[0].spread) == (6, 8)
    assert found.sentence == (
        "8.80 of 10 by 2 members, who are 2.40 apart, furthest on Business value (8 points)"
    )


def test_members_who_agree_are_not_said_to_be_apart_on_anything() -> None:
    found = tally(MATRIX, [*scores("carl", "cto", 5, 5, 2), *scores("quin", "qa", 5, 5, 2)], ROLES)

    assert found.sentence.endswith("by 2 members, who are 0.00 apart")


def test_a_member_counts_once_every_criterion_is_scored() -> None:
    found = tally(MATRIX, scores("carl", "cto", 8, 3), ROLES)

    assert found.members[0].missing == ("fit",)
    assert (found.total, found.spread, found.missing) == (None, None, ROLES)
    assert found.criteria[0].mean == 8
    assert found.sentence == "nobody has scored every criterion yet; still to score: cto, qa"


def test_the_newest_score_of_a_member_counts() -> None:
    found = tally(MATRIX, [*scores("carl", "cto", 1, 1, 0), *scores("carl", "cto", 10, 1, 4, at=1)], ROLES)

    assert found.total == 10
    assert len(found.criteria[0].scores) == 1


def test_scores_that_the_matrix_does_not_know_are_passed_over() -> None:
    stray = [Score("carl", "cto", "beauty", 5, after(0)), Score("carl", "cto", "fit", 9, after(0))]

    assert tally(MATRIX, stray, ()).members == ()


@pytest.mark.parametrize(
    ("criterion", "points", "refusal"),
    [
        ("value", 1, None),
        ("value", 10, None),
        ("value", 11, "Business value is scored from 1 to 10, not 11"),
        ("fit", -1, "Fit is scored from 0 to 4, not -1"),
        ("valu", 5, 'unknown criterion "valu"; did you mean "value"?'),
        ("zzz", 5, 'unknown criterion "zzz"; use value, complexity, fit'),
    ],
)
def test_a_score_outside_its_range_is_refused(criterion: str, points: int, refusal: str | None) -> None:
    assert check_score(MATRIX, criterion, points) == refusal


@given(low=st.integers(-5, 5), width=st.integers(1, 20), part=st.integers(0, 20), higher=st.booleans())
def test_points_come_to_a_value_from_1_to_10_and_turned_round_to_its_mirror(
    low: int, width: int, part: int, higher: bool
) -> None:
    points = low + part % (width + 1)
    one = MatrixCriterion("x", "X", 100, low, low + width, higher_is_better=higher)
    other = MatrixCriterion("x", "X", 100, low, low + width, higher_is_better=not higher)

    assert 1 <= value_of(one, points) <= 10
    assert value_of(one, points) + value_of(other, points) == pytest.approx(11)


@given(points=st.lists(st.tuples(*[st.integers(1, 4)] * 3), min_size=1, max_size=6))
def test_the_mean_lies_between_the_members_and_the_spread_is_their_distance(
    points: list[tuple[int, int, int]],
) -> None:
    given_by = [score for n, each in enumerate(points) for score in scores(f"m{n}", "cto", *each)]

    found = tally(MATRIX, given_by, ("cto",))

    totals = [member.total for member in found.members if member.total is not None]
    assert found.total is not None
    assert min(totals) - 1e-9 <= found.total <= max(totals) + 1e-9
    assert found.spread == max(totals) - min(totals)
    assert found.missing == ()


def test_the_sentence_names_roles_by_their_titles() -> None:
    found = tally(MATRIX, (), ("cto", "qa"), {"cto": "Chief technology officer"})

    assert found.sentence.endswith("still to score: Chief technology officer, qa")
    assert found.missing == ("cto", "qa")
