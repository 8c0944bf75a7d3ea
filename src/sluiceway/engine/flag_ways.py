"""Which rollouts drive a flag instead of a proxy, and what no proxy or deploy provider is asked for them."""

from __future__ import annotations

from sluiceway.domain.rollouts.model import SetTraffic, SplitSeen
from sluiceway.errors import PermanentProviderError
from sluiceway.ports.flag_reach import FlagReach, FlagWay
from sluiceway.ports.store import RolloutRow


def way_of(row: RolloutRow) -> FlagWay | None:
    """Return the flag that a rollout drives and what its sides are called; None for one of traffic."""
    flag, state = row.state.plan.flag, row.state
    if flag is None or not row.setup.is_by_flag:
        return None
    return FlagWay(row.id, row.setup.service.name, flag, state.stable, state.new)


class NoFlags(FlagReach):
    """For an engine without flags: a rollout by flag can't move, and says so."""

    def apply(self, way: FlagWay, split: SetTraffic) -> None:
        """Raise PermanentProviderError."""
        del split
        raise PermanentProviderError(f"nothing here can set the reach of flag {way.flag.id}")

    def observe(self, way: FlagWay) -> SplitSeen | None:
        """Raise PermanentProviderError."""
        raise PermanentProviderError(f"nothing here can read the reach of flag {way.flag.id}")
