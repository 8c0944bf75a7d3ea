"""What several points amount to, by the metric's unit."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluiceway.domain.points.figures import Summary, Sums, reading_of
from sluiceway.domain.rollouts.model import Reading

NO_POINTS = Summary()
OUTCOMES = Summary(outcomes=Sums(2, count=40, bad=10, most=30))
RATINGS = Summary(values=Sums(4, count=4, total=14, most=1))
BATCHES = Summary(values=Sums(2, count=400, total=1_400, most=300))
EVENTS = Summary(events=Sums(3, count=6, most=3))
ZERO = Summary(outcomes=Sums(1), events=Sums(1))


@pytest.mark.parametrize(
    ("unit", "higher_is_worse", "summary", "reading"),
    [
        ("share", True, OUTCOMES, Reading(0.25, 40)),
        ("share", False, OUTCOMES, Reading(0.75, 40)),
        ("share", True, RATINGS, Reading(3.5)),
        ("share", True, ZERO, Reading(None)),
        ("count", True, EVENTS, Reading(6)),
        ("count", True, OUTCOMES, Reading(10, 40)),
        ("count", False, OUTCOMES, Reading(30, 40)),
        ("count", True, ZERO, Reading(0, 0)),
        ("count", True, RATINGS, Reading(3.5)),
        ("/s", True, EVENTS, Reading(0.1)),
        ("score", False, RATINGS, Reading(3.5)),
        ("score", False, BATCHES, Reading(3.5, 400)),
        ("score", False, ZERO, Reading(0)),
        ("", True, OUTCOMES, Reading(0.25, 40)),
        ("", True, EVENTS, Reading(6)),
        ("ms", True, RATINGS, Reading(3.5)),
    ],
)
def test_the_unit_says_how_points_add_up(
    unit: str, higher_is_worse: bool, summary: Summary, reading: Reading
) -> None:
    assert reading_of(summary, unit=unit, higher_is_worse=higher_is_worse, window_s=60) == reading


@pytest.mark.parametrize("unit", ["share", "count", "/s", "score", "ms", "", "eur"])
def test_no_points_are_no_data(unit: str) -> None:
    assert reading_of(NO_POINTS, unit=unit, higher_is_worse=True, window_s=60) == Reading(None)


@given(count=st.floats(1e-3, 1e9), part=st.floats(0, 1))
def test_what_went_badly_and_what_went_well_make_up_the_whole(count: float, part: float) -> None:
    summary = Summary(outcomes=Sums(1, count=count, bad=count * part))

    worse = reading_of(summary, unit="share", higher_is_worse=True, window_s=1).value
    better = reading_of(summary, unit="share", higher_is_worse=False, window_s=1).value

    assert worse is not None
    assert better is not None
    assert worse + better == pytest.approx(1)
    assert -1e-9 <= worse <= 1 + 1e-9
