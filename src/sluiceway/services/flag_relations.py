"""What stands around a flag: what depends on it, which rollout drives it, who asked for it lately."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sluiceway.domain.people.model import Principal
from sluiceway.domain.process.team import Permission
from sluiceway.ports.flags import UsageRow
from sluiceway.services import access
from sluiceway.services.flag_base import FlagBase
from sluiceway.services.flag_drivers import driver_of
from sluiceway.services.flag_environments import environments_of

_HOUR_S = 3_600
USAGE_DAYS = 7


@dataclass(frozen=True, slots=True)
class Dependant:
    """A flag that depends on another one, and in which environments it does."""

    flag: str
    environments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Use:
    """How often a flag was worth a variant in one environment in the last USAGE_DAYS, and when last."""

    environment: str
    variant: str
    count: int
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Driver:
    """The unfinished rollout that sets whom a flag reaches in an environment."""

    rollout: str
    environment: str


@dataclass(frozen=True, slots=True)
class Relations:
    """What stands around one flag; the uses are by environment, the most frequent variant first."""

    needed_by: tuple[Dependant, ...]
    uses: tuple[Use, ...]
    driven_by: tuple[Driver, ...] = ()


class FlagRelations(FlagBase):
    """Looking asks for the right to read."""

    def relations(self, service: str, flag: str, by: Principal) -> Relations:
        """Return what stands around a flag; nothing for one that is not there."""
        since = self._clock.wall() - timedelta(days=USAGE_DAYS)
        hour = int(since.timestamp()) // _HOUR_S
        uses: list[Use] = []
        drivers: list[Driver] = []
        with self._store.read() as tx:
            access.require(tx, by, Permission.READ, service)
            known = environments_of(tx, service)
            for environment in known:
                rows = tx.flag_usage(service, environment, flag=flag, since_hour=hour)
                uses += _added_up(environment, rows)
                driver = driver_of(tx, service, environment, flag)
                drivers += [Driver(driver.id, environment)] if driver is not None else []
        return Relations(self._needed_by(service, known, flag), tuple(uses), tuple(drivers))

    def _needed_by(self, service: str, known: Sequence[str], flag: str) -> tuple[Dependant, ...]:
        found: dict[str, list[str]] = {}
        for environment in known:
            for one in self._sets.current(service, environment).evaluator.flag_set.flags:
                if any(need.flag == flag for need in one.dependencies):
                    found.setdefault(one.id, []).append(environment)
        return tuple(Dependant(one, tuple(where)) for one, where in sorted(found.items()))


def _added_up(environment: str, rows: Sequence[UsageRow]) -> list[Use]:
    by_variant: dict[str, Use] = {}
    for row in rows:
        seen = by_variant.get(row.variant)
        count = row.count + (seen.count if seen else 0)
        last_at = max(row.last_at, seen.last_at) if seen else row.last_at
        by_variant[row.variant] = Use(environment, row.variant, count, last_at)
    return sorted(by_variant.values(), key=lambda one: -one.count)
