"""Which flags of a service have done their work, from what is in force, reported and closed now.

When a flag counts as stale is the business of `domain.flags.staleness`, how long is long that of the process
in force. Reports ask here, and checklist items of releases.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sluiceway.domain.flags.model import Flag
from sluiceway.domain.flags.staleness import FlagState, Stale, StaleRules, Usage, stale
from sluiceway.domain.process.flags import DAY_S, FlagRules
from sluiceway.errors import NotFoundError
from sluiceway.ports.store import Transaction
from sluiceway.services.flag_documents import Items, held
from sluiceway.services.flag_environments import environments_of
from sluiceway.services.flag_proposals import team_in_force

ItemsOf = Callable[[Transaction, str, str], Items]  # of a service and an environment


@dataclass(frozen=True, slots=True)
class StaleFlag:
    """A flag that has done its work, with every reason for saying so."""

    flag: str
    owner: str
    reasons: tuple[Stale, ...]


def _items_read(tx: Transaction, service: str, environment: str) -> Items:
    return {(row.kind, row.id): held(row) for row in tx.flag_rows(service, environment, after=0)}


def stale_flags(
    tx: Transaction, service: str, now: datetime, items_of: ItemsOf = _items_read
) -> Sequence[StaleFlag]:
    """Return the stale flags of a service, by id.

    `now` is wall time; `items_of` spares reading what is in memory. Raises NotFoundError when the process in
    force can't be read, StoreError.
    """
    known = environments_of(tx, service)
    team = team_in_force(tx, service)
    rules = _rules(team.flags if team is not None else FlagRules())
    states: dict[str, list[FlagState]] = {}
    for environment in known:
        for one in items_of(tx, service, environment).values():
            if isinstance(one.item, Flag):
                state = FlagState(environment, one.item, one.changed_at)
                states.setdefault(one.item.id, []).append(state)
    watches = {one: _Watched(tx, service, one, now, rules) for one in known}
    closed = _closed(tx, {one.flag.release for found in states.values() for one in found})
    found: list[StaleFlag] = []
    for flag in sorted(states):
        usage = {one: seen for one, watch in watches.items() if (seen := watch.usage(flag)) is not None}
        reasons = stale(states[flag], usage, now, rules=rules, closed_releases=closed)
        if reasons:
            found.append(StaleFlag(flag, states[flag][0].flag.owner, reasons))
    return found


def stale_lines(tx: Transaction, service: str, now: datetime) -> Sequence[str]:
    """Return each stale flag of a service with why, in a line for people. See `stale_flags`."""
    found = stale_flags(tx, service, now)
    return [f"{one.flag} ({', '.join(reason.words for reason in one.reasons)})" for one in found]


class _Watched:
    """What callers in one environment saw, by flag."""

    def __init__(
        self, tx: Transaction, service: str, environment: str, now: datetime, rules: StaleRules
    ) -> None:
        self._since = tx.flag_usage_began(service, environment)
        self._last: dict[str, datetime] = {}
        self._variants: dict[str, set[str]] = {}
        lately = now - timedelta(days=rules.constant_days)
        for one in tx.last_uses(service, environment):
            self._last[one.flag] = max(self._last.get(one.flag, one.last_at), one.last_at)
            if one.last_at >= lately:
                self._variants.setdefault(one.flag, set()).add(one.variant)

    def usage(self, flag: str) -> Usage | None:
        """Return what is known of a flag, None where nothing at all was ever reported."""
        if self._since is None:
            return None
        return Usage(self._since, self._last.get(flag), frozenset(self._variants.get(flag, ())))


def _rules(rules: FlagRules) -> StaleRules:
    days, unused = rules.stale_after_s / DAY_S, rules.unused_after_s / DAY_S
    return StaleRules(everyone_days=days, constant_days=days, unused_days=unused)


def _closed(tx: Transaction, releases: set[str]) -> frozenset[str]:
    """Return those of these releases that have ended; one that nobody knows is not said to have."""
    closed: set[str] = set()
    for one in releases - {""}:
        try:
            row = tx.get_release(one)
        except NotFoundError:
            continue
        if not row.is_open:
            closed.add(one)
    return frozenset(closed)
