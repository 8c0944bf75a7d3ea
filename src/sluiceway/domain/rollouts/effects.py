"""Which effects would bring the observed world to what a state wants.

Level-triggered: the answer depends on the difference alone, so an effect that was lost is wanted again at
the next tick and one that was carried out is not.
"""

from __future__ import annotations

from sluiceway.domain.process.plan import Action, Version
from sluiceway.domain.rollouts.model import (
    Effect,
    EnsureVersion,
    Observation,
    Phase,
    RolloutState,
    RunSmoke,
    SetTraffic,
    SplitSeen,
    StopVersion,
    VersionHealth,
)


def wanted_split(state: RolloutState) -> SetTraffic:
    """Return the split that should be in force now."""
    if state.phase in {Phase.FINISHING, Phase.PROMOTED}:
        return SetTraffic(stable=state.new, new=None, new_weight_bp=0)
    urgent = state.phase is Phase.ROLLING_BACK
    if not (state.weight_bp or state.audience or state.mirror_bp):
        return SetTraffic(stable=state.stable, new=None, new_weight_bp=0, urgent=urgent)
    return SetTraffic(
        stable=state.stable,
        new=state.new,
        new_weight_bp=state.weight_bp,
        audience=state.audience,
        mirror_bp=state.mirror_bp,
        urgent=urgent,
    )


def is_in_force(state: RolloutState, seen: Observation) -> bool:
    """Return whether the proxy reports the wanted split."""
    want, have = wanted_split(state), seen.traffic
    return have == SplitSeen(want.stable, want.new, want.new_weight_bp, want.audience, want.mirror_bp)


def is_off_new(seen: Observation, new: Version) -> bool:
    """Return whether the proxy reports that no user can reach the new version."""
    split = seen.traffic
    return split is not None and new not in {split.stable, split.new}


def wanted_effects(state: RolloutState, seen: Observation) -> tuple[Effect, ...]:
    """Return every effect that is wanted and not yet seen to be in place, traffic first."""
    match state.phase:
        case Phase.PROMOTED | Phase.ROLLED_BACK | Phase.ABORTED:
            return ()
        case Phase.ROLLING_BACK:
            return (*_traffic(state, seen), *_ensure_stable(state, seen), *_stop_new(state, seen))
        case Phase.FINISHING:
            return (*_traffic(state, seen), *_stop_old(state, seen))
        case Phase.PREPARING:
            return (*_ensure_both(state, seen), *_traffic(state, seen), *_smoke(state, seen))
        case Phase.PROGRESSING | Phase.AWAITING_APPROVAL | Phase.PAUSED | Phase.KEEPING:
            return (*_traffic(state, seen), *_ensure_both(state, seen))


def _traffic(state: RolloutState, seen: Observation) -> tuple[Effect, ...]:
    """Set the split when it differs, unless the side that would get everyone is not running at all."""
    want = wanted_split(state)
    receiving = seen.new_health if want.stable == state.new else seen.stable_health
    if is_in_force(state, seen) or (receiving.running == 0 and not _both_are_down(seen)):
        return ()
    if seen.traffic is None and receiving.ready == 0:
        return ()  # a first split goes in when somebody can answer
    return (want,)


def _both_are_down(seen: Observation) -> bool:
    return seen.stable_health.running == 0 and seen.new_health.running == 0 and seen.traffic is not None


def _ensure_stable(state: RolloutState, seen: Observation) -> tuple[Effect, ...]:
    return _ensure(state.stable, state.instances, seen.stable_health)


def _ensure_both(state: RolloutState, seen: Observation) -> tuple[Effect, ...]:
    return (*_ensure_stable(state, seen), *_ensure(state.new, state.instances, seen.new_health))


def _ensure(version: Version, instances: int, health: VersionHealth) -> tuple[Effect, ...]:
    return () if health.wanted == instances else (EnsureVersion(version, instances),)


def _smoke(state: RolloutState, seen: Observation) -> tuple[Effect, ...]:
    is_ready = seen.new_health.ready >= state.instances
    return (RunSmoke(state.new),) if state.plan.smoke and is_ready and not seen.smoke else ()


def _stop_new(state: RolloutState, seen: Observation) -> tuple[Effect, ...]:
    """Stop it once no user can reach it; in an emergency also when the proxy can't be asked."""
    force = state.rollback is not None and state.rollback.action is Action.EMERGENCY
    is_safe = is_off_new(seen, state.new) or (seen.traffic is None and (force or state.stage_index < 0))
    is_gone = seen.new_health.wanted == 0 and seen.new_health.running == 0
    if is_gone or not is_safe or state.weight_bp > 0:
        return ()
    return (StopVersion(state.new, force=force),)


def _stop_old(state: RolloutState, seen: Observation) -> tuple[Effect, ...]:
    is_gone = seen.stable_health.wanted == 0 and seen.stable_health.running == 0
    return () if is_gone or not is_in_force(state, seen) else (StopVersion(state.stable),)
