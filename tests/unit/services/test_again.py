"""Doing something anew when somebody else was faster."""

from __future__ import annotations

import pytest

from sluiceway.errors import ConflictError, RuleError
from sluiceway.services.again import TRIES, again_on_conflict


class Act:
    """Meets somebody else's save as often as it was told to."""

    def __init__(self, conflicts: int) -> None:
        self.conflicts = conflicts
        self.tries = 0

    def __call__(self) -> str:
        self.tries += 1
        if self.tries <= self.conflicts:
            raise ConflictError(f"conflict {self.tries}")
        return "done"


def test_an_act_is_done_anew_until_nobody_is_in_the_way() -> None:
    act = Act(conflicts=TRIES - 1)

    assert again_on_conflict(act) == "done"
    assert act.tries == TRIES


def test_after_the_last_try_the_conflict_is_told() -> None:
    act = Act(conflicts=TRIES)

    with pytest.raises(ConflictError, match=f"conflict {TRIES}"):
        again_on_conflict(act)
    assert act.tries == TRIES


def test_what_is_refused_is_not_tried_again() -> None:
    def act() -> None:
        raise RuleError("no")

    with pytest.raises(RuleError, match="no"):
        again_on_conflict(act)
