"""Which points are taken, as what, and what is said of those that are not."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluiceway.domain.points.admission import Admitted, Place, Refused, admit, problem_of_names
from sluiceway.domain.points.model import Events, Outcomes, Point, RawPoint, Values
from sluiceway.domain.process.plan import AnalysedMetric, Comparison, MetricSource, MetricSpec
from sluiceway.testing.builders import T0, at

PLACE = Place("shop", frozenset({"v1", "v2"}), began_at=at(-600))
RATED = AnalysedMetric(
    "user_satisfaction", MetricSource.PUSH, Comparison.MEANS, low=1, high=5, higher_is_worse=False
)


def a_raw(metric: str = "order_completion", **parts: Any) -> RawPoint:
    return RawPoint(id="p1", metric=metric, service="shop", version="v2", **parts)


def admitted(raw: RawPoint, place: Place = PLACE, *, version: str = "v2", rollout: str = "") -> Admitted:
    found = admit(raw, place, version, rollout, T0)
    assert isinstance(found, Admitted), found
    return found


def point(raw: RawPoint, place: Place = PLACE) -> Point:
    return admitted(raw, place).point


def refusal(raw: RawPoint, place: Place = PLACE) -> str:
    found = admit(raw, place, "v2", "", T0)
    assert isinstance(found, Refused), found
    return found.reason


def test_of_so_many_so_many_bad_and_so_many_good_are_the_same() -> None:
    bad = point(a_raw(count=100, bad=5))
    good = point(a_raw(count=100, good=95))

    assert bad.measure == good.measure == Outcomes(100, 5)
    assert bad.digest == good.digest


def test_a_value_is_a_batch_of_one() -> None:
    assert point(a_raw("user_satisfaction", value=4.5)).measure == Values(1, 4.5, 20.25)


def test_a_count_alone_is_how_often_something_happened() -> None:
    assert point(a_raw("support_tickets", count=3)).measure == Events(3)


@pytest.mark.parametrize(
    ("metric", "figures", "reason"),
    [
        ("order_completion", {}, "the figures are missing; send one of: value, or count with total and"),
        ("order_completion", {"count": 1, "bad": 0, "good": 1}, "the figures are count with bad with good"),
        ("order_completion", {"bad": 3}, "the figures are bad; send one of"),
        ("order_completion", {"count": 3, "bad": 4}, "bad is 4 of a count of 3; it can't be more"),
        ("order_completion", {"count": 3, "good": 4}, "good is 4 of a count of 3; it can't be more"),
        ("order_completion", {"count": -1, "bad": 0}, "count is -1; it can't be negative"),
        ("order_completion", {"count": 1, "bad": -1}, "bad is -1; it can't be negative"),
        ("order_completion", {"value": float("nan")}, "value is nan, which is no figure"),
        ("order_completion", {"count": float("inf"), "bad": 0}, "count is inf, which is no figure"),
        ("order_completion", {"count": 1e16, "bad": 0}, "count is 1e+16; use at most 1e+15"),
        ("order_completion", {"value": 95}, "order_completion is 95; a share is 0 to 1"),
        ("order_completion", {"count": 5}, "order_completion (share) does not add up from count; send count"),
        ("user_satisfaction", {"count": 5, "bad": 1}, "user_satisfaction (score) does not add up from count"),
        (
            "support_tickets",
            {"value": 5},
            "support_tickets (count) does not add up from value, or count with",
        ),
        ("active_users", {"count": 5}, "active_users (count) does not add up from count; send value, or"),
        ("user_satisfaction", {"count": 2, "total": 6, "squares": 17}, "have at least 18"),
        (
            "user_satisfaction",
            {"count": 0, "total": 6, "squares": 36},
            "total is 6 and squares 36 of no values",
        ),
    ],
)
def test_figures_that_make_no_sense_are_refused(metric: str, figures: dict[str, float], reason: str) -> None:
    assert reason in refusal(a_raw(metric, **figures))


@pytest.mark.parametrize(
    ("figures", "is_taken"),
    [
        ({"value": 1}, True),
        ({"value": 5}, True),
        ({"value": 0.9}, False),
        ({"value": 6}, False),
        ({"count": 2, "total": 6, "squares": 26}, True),  # 1 and 5
        ({"count": 2, "total": 6, "squares": 27}, False),  # further apart than the bounds allow
        ({"count": 2, "total": 11, "squares": 61}, False),
        ({"count": 0, "total": 0, "squares": 0}, True),
    ],
)
def test_values_outside_the_bounds_of_a_running_comparison_are_refused(
    figures: dict[str, float], is_taken: bool
) -> None:
    place = replace(PLACE, analysed={RATED.name: RATED})

    found = admit(a_raw("user_satisfaction", **figures), place, "v2", "", T0)

    assert isinstance(found, Admitted) == is_taken
    if isinstance(found, Refused):
        assert found.reason.endswith("the process says 1 to 5")


@given(st.lists(st.floats(1, 5), min_size=1, max_size=50))
def test_whatever_ratings_within_bounds_are_batched_the_batch_is_taken(ratings: list[float]) -> None:
    place = replace(PLACE, analysed={RATED.name: RATED})
    batch = {
        "count": len(ratings),
        "total": sum(ratings),
        "squares": sum(rating**2 for rating in ratings),
    }

    assert isinstance(admit(a_raw("user_satisfaction", **batch), place, "v2", "", T0), Admitted)


@given(st.floats(5.001, 1e6) | st.floats(-1e6, 0.999))
def test_a_value_out_of_bounds_is_refused_however_it_is_sent(outside: float) -> None:
    place = replace(PLACE, analysed={RATED.name: RATED})
    batch = {"count": 1, "total": outside, "squares": outside**2}

    assert isinstance(admit(a_raw("user_satisfaction", value=outside), place, "v2", "", T0), Refused)
    assert isinstance(admit(a_raw("user_satisfaction", **batch), place, "v2", "", T0), Refused)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        (None, T0),
        ("2026-03-01T12:00:00Z", T0),
        ("2026-03-01T13:30:00+01:30", T0),
        ("2026-03-01 12:00:00.5+00:00", at(0.5)),
        ("2026-03-01T12:01:00Z", at(60)),
    ],
)
def test_a_moment_is_understood_in_any_zone(text: str | None, moment: object) -> None:
    assert point(a_raw(value=0.5, at=text)).at == moment


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("2026-03-01T12:00:00", "without a time zone"),
        ("yesterday", "at is 'yesterday'; write it like 2026-03-01T12:00:00Z"),
        ("1772366400", "write it like"),
        ("0001-01-01T00:00:00+14:00", "write it like"),
        ("2026-03-01T12:01:01Z", "at is 1m1s in the future; set the sender's clock, or leave at out"),
    ],
)
def test_a_moment_that_can_not_be_is_refused(text: str, reason: str) -> None:
    assert reason in refusal(a_raw(value=0.5, at=text))


def test_a_point_older_than_an_hour_is_late_and_judges_nothing() -> None:
    place = replace(PLACE, began_at=at(-7_200))
    old = (T0 - timedelta(seconds=3_601)).isoformat()
    just = (T0 - timedelta(seconds=3_600)).isoformat()

    found = admitted(a_raw(value=0.5, at=old), place)

    assert (found.point.is_late, found.point.is_compared) == (True, False)
    assert found.note == "older than 3600 s: kept, but nothing is judged by it"
    assert not point(a_raw(value=0.5, at=just), place).is_late


def test_a_metric_with_a_longer_window_looks_back_further() -> None:
    own = MetricSpec("user_satisfaction", MetricSource.PUSH, "score", window_s=7_200)
    place = replace(PLACE, own={own.name: own})
    old = (T0 - timedelta(seconds=7_000)).isoformat()

    assert not point(a_raw("user_satisfaction", value=4, at=old), place).is_late


@pytest.mark.parametrize(
    ("seconds", "version", "rollout", "is_compared"),
    [
        (-600, "v1", "", True),
        (0, "v2", "", True),
        (-601, "v2", "", False),  # before the rollout began
        (0, "v3", "", False),  # another version
        (0, "v2", "r1", False),  # the release as a whole
    ],
)
def test_what_belongs_to_the_rollout_under_way_is_compared(
    seconds: float, version: str, rollout: str, is_compared: bool
) -> None:
    raw = a_raw(count=10, bad=1, at=at(seconds).isoformat())

    assert admitted(raw, version=version, rollout=rollout).point.is_compared is is_compared


def test_without_a_rollout_under_way_nothing_is_compared() -> None:
    assert not point(a_raw(count=10, bad=1), replace(PLACE, began_at=None)).is_compared


def test_a_point_without_a_moment_is_the_same_when_it_is_sent_again_later() -> None:
    raw = a_raw(count=10, bad=1)
    first, again = admit(raw, PLACE, "v2", "", T0), admit(raw, PLACE, "v2", "", at(30))

    assert isinstance(first, Admitted)
    assert isinstance(again, Admitted)
    assert first.point.digest == again.point.digest
    assert first.point.digest != point(a_raw(count=10, bad=2)).digest


@pytest.mark.parametrize(
    ("raw", "place", "note"),
    [
        (a_raw(count=10, bad=1), PLACE, ""),
        (a_raw("moon_phase", value=1), PLACE, "no process of shop names moon_phase so far"),
        (
            a_raw("payment_failur_rate", count=9, bad=1),
            PLACE,
            "no process of shop names payment_failur_rate so far; did you mean payment_failure_rate?",
        ),
        (a_raw("error_rate", value=0.1), PLACE, "error_rate is read from envoy unless the process gives it"),
        (a_raw(value=0.9), replace(PLACE, versions=frozenset({"v8", "v9"})), "is about v8, v9, not v2"),
        (
            a_raw(value=0.9),
            replace(
                PLACE, analysed={"order_completion": AnalysedMetric("order_completion", MetricSource.PUSH)}
            ),
            "the statistical comparison of order_completion needs count with bad (or good)",
        ),
    ],
)
def test_a_point_that_nothing_may_look_at_is_taken_with_a_note(
    raw: RawPoint, place: Place, note: str
) -> None:
    found = admitted(raw, place).note

    assert note in found
    assert bool(note) == bool(found)


@pytest.mark.parametrize(
    ("parts", "problem"),
    [
        ({"id": None}, "id is missing"),
        ({"id": ""}, "id is missing"),
        ({"id": "x" * 201}, "id has 201 characters; use 1 to 200 printable ones"),
        ({"id": "a\x00b"}, "printable"),
        ({"metric": None}, "metric is missing; use small letters"),
        ({"metric": "Order Completion"}, "metric is 'Order Completion'"),
        ({"rollout": "r1"}, "version and rollout are both there"),
        ({"version": None}, "service and version are needed"),
        ({"service": None}, "service and version are needed"),
        ({"version": "v" * 101}, "version is 'vvv"),
        ({"service": ""}, "service is ''; use 1 to 100 printable characters"),
    ],
)
def test_a_point_must_say_what_it_is_about(parts: dict[str, Any], problem: str) -> None:
    raw = replace(a_raw(value=1), **parts)

    assert problem in problem_of_names(raw)


def test_a_figure_of_the_whole_release_needs_its_rollout_only() -> None:
    assert problem_of_names(RawPoint(id="p", metric="support_tickets", rollout="r1", count=1)) == ""
    assert problem_of_names(a_raw(value=1)) == ""
