"""Where pushed figures and the tokens of their senders are kept: a part of `ports.store.Transaction`.

The whole store passes `sluiceway.testing.store_contract`, whose part about these is `store_points_contract`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sluiceway.domain.points.figures import Summary
from sluiceway.domain.points.model import Point


@dataclass(frozen=True, slots=True)
class PointTotals:
    """What one version's compared points of one metric add up to since it was first heard of.

    COUNTS take `outcomes` and `bad`; MEANS take `values`, `total` and `squares`. `heard_at` (wall time) is
    when the newest point that is not late arrived, compared or not.
    """

    heard_at: datetime
    outcomes: float = 0.0
    bad: float = 0.0
    values: float = 0.0
    total: float = 0.0
    squares: float = 0.0


@dataclass(frozen=True, slots=True)
class TokenRow:
    """What a program shows instead of a login. Only the token's SHA-256 (hex) is kept. Wall time.

    `account` is whose rights it has, empty for a sender's, which belongs to nobody. `scopes` (permissions,
    separated by spaces), `service` and `environments` (separated by spaces; empty: any) narrow what it may be
    used for.
    """

    name: str
    sha256: str
    service: str
    created_at: datetime
    created_by: str
    revoked_at: datetime | None = None
    revoked_by: str = ""
    used_at: datetime | None = None  # to the minute
    account: str = ""
    scopes: str = "push"
    expires_at: datetime | None = None
    environments: str = ""


class PointRows(Protocol):
    """Pushed figures."""

    def add_points(
        self, points: Sequence[Point], *, sender: str, arrived_at: datetime
    ) -> Sequence[str | None]:
        """Keep what is new. Return for each point None when it was, else the digest known under its id.

        Two points of a service with the same id are one, also when both are in `points` or come at the same
        moment from two senders. Those that are new count in the totals, in the same transaction.
        """
        ...

    def point_summary(
        self, service: str, metric: str, version: str, *, after: datetime, whole_release: bool
    ) -> Summary:
        """Add up the points after an instant that are not late: the version's own, or its release's."""
        ...

    def point_totals(self, service: str, metric: str) -> Mapping[str, PointTotals]:
        """Return the totals by version; they never go back while points keep arriving."""
        ...

    def prune_points(self, arrived_before: datetime, limit: int) -> int:
        """Forget at most `limit` points that arrived before and old totals; return how many points."""
        ...


class TokenRows(Protocol):
    """The tokens of programs."""

    def add_token(self, token: TokenRow) -> None:
        """Raise ConflictError when there is or was one of this name."""
        ...

    def get_token(self, name: str) -> TokenRow | None:
        """Return the token of this name, revoked or not; None when there never was one."""
        ...

    def list_tokens(self) -> Sequence[TokenRow]:
        """Return them all by name, revoked ones too."""
        ...

    def revoke_token(self, name: str, at: datetime, by: str) -> bool:
        """Return whether it was valid until now. Raise NotFoundError when there is none of this name."""
        ...

    def note_token_use(self, name: str, at: datetime) -> None:
        """Remember that it was used, unless that is noted for the last minute already."""
        ...
