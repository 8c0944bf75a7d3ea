"""How a team's past changes went, and how sure a few of them make one."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from sluiceway.domain.changes.model import Change, ChangeState
from sluiceway.domain.changes.success import ended_at, lower_bound, team_success
from tests.unit.domain.changes.requests import NOW, request


def ended(state: ChangeState, at: datetime = NOW) -> Change:
    change = request()
    return replace(change, state=state, history=(*change.history, (at, "eve", state.value, "")))


DONE, FAILED = ended(ChangeState.DONE), ended(ChangeState.FAILED)


def test_the_score_is_what_is_sure_of_the_share_that_ended_well() -> None:
    found = team_success([DONE] * 17 + [FAILED] * 3, NOW)

    assert (found.done, found.failed, found.share) == (17, 3, 0.85)
    assert found.score == pytest.approx(0.6396, abs=1e-4)
    assert found.sentence == (
        "17 of 20 changes in the last 365 days ended well, 85%; "
        "from so many it is at least 64% (95 percent confidence)"
    )


def test_one_good_change_says_little() -> None:
    assert team_success([DONE], NOW).score == pytest.approx(0.2065, abs=1e-4)
    assert team_success([FAILED], NOW).score == 0


def test_without_ended_changes_there_is_no_score() -> None:
    found = team_success([request()], NOW)

    assert (found.share, found.score) == (None, None)
    assert found.sentence == "no change ended in the last 365 days"


def test_only_what_ended_in_the_window_counts_and_only_what_was_carried_out() -> None:
    old = ended(ChangeState.FAILED, NOW - timedelta(days=366))
    others = [ended(ChangeState.WITHDRAWN), ended(ChangeState.REJECTED), request()]

    found = team_success([DONE, old, *others], NOW)

    assert (found.done, found.failed) == (1, 0)
    assert team_success([old], NOW, window_days=400).failed == 1
    assert ended_at(request()) is None
    assert ended_at(old) == NOW - timedelta(days=366)


@given(good=st.integers(0, 200), bad=st.integers(0, 200))
@example(good=0, bad=125)
def test_the_bound_is_below_the_share_and_more_of_the_same_makes_it_surer(good: int, bad: int) -> None:
    total = good + bad
    assume(total > 0)
    bound = lower_bound(good, total)

    assert 0 <= bound <= good / total
    assert lower_bound(good * 2, total * 2) >= bound
    assert lower_bound(good + 1, total + 1) >= bound
    assert lower_bound(good, total + 1) <= bound
