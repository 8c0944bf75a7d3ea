"""How a team's past changes went: a score that few changes can't make look better than is known.

The score is the lower end of Wilson's 95 percent interval for the share of changes that ended well: with
`n` ended, a share `p` of them well and `z` 1.96,

    (p + z^2 / 2n - z * sqrt(p (1 - p) / n + z^2 / 4n^2)) / (1 + z^2 / n)

Source: E. B. Wilson, "Probable inference, the law of succession, and statistical inference", Journal of the
American Statistical Association 22 (1927), 209-212.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sluiceway.domain.changes.model import Change, ChangeState

WINDOW_DAYS = 365
_Z = 1.959964  # 95 percent, two-sided


@dataclass(frozen=True, slots=True)
class Success:
    """`share` is that of changes that ended well, `score` what it is at least; both None without any."""

    done: int
    failed: int
    share: float | None
    score: float | None
    sentence: str


def team_success(changes: Sequence[Change], now: datetime, *, window_days: int = WINDOW_DAYS) -> Success:
    """Return how the changes that ended in the last `window_days` went. `changes` are those of one team.

    A change ended well when it is done and badly when it failed, that is was taken back. What was rejected,
    withdrawn or is still open says nothing about carrying changes out.
    """
    since = now - timedelta(days=window_days)
    ended = [
        change.state for change in changes if (at := ended_at(change)) is not None and since <= at <= now
    ]
    done = sum(state is ChangeState.DONE for state in ended)
    failed = len(ended) - done
    if not ended:
        return Success(0, 0, None, None, f"no change ended in the last {window_days} days")
    share, score = done / len(ended), lower_bound(done, len(ended))
    sentence = (
        f"{done} of {len(ended)} changes in the last {window_days} days ended well, {share:.0%}; "
        f"from so many it is at least {score:.0%} (95 percent confidence)"
    )
    return Success(done, failed, share, score, sentence)


def ended_at(change: Change) -> datetime | None:
    """Return when a change was done or failed, None while it has not been."""
    if change.state not in {ChangeState.DONE, ChangeState.FAILED}:
        return None
    return next((at for at, _, state, _ in reversed(change.history) if state == change.state), None)


def lower_bound(good: int, total: int) -> float:
    """Return the lower end of Wilson's interval for a share of `good` in `total`, 0 to 1; see the module."""
    if good == 0:
        return 0.0  # exactly: the difference below leaves a rounding error
    share = good / total
    middle = share + _Z * _Z / (2 * total)
    reach = _Z * math.sqrt(share * (1 - share) / total + _Z * _Z / (4 * total * total))
    return max(0.0, (middle - reach) / (1 + _Z * _Z / total))
