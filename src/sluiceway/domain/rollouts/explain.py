"""Why a rollout is where it is, what it waits for, since when and on whom: in words, for people.

Reads a state and its last observation; decides nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from sluiceway.domain.process.plan import Action, Stage
from sluiceway.domain.rollouts.analysing import JOINT, find, is_compared
from sluiceway.domain.rollouts.analysis_words import decider_words, doubts, early_waits
from sluiceway.domain.rollouts.model import Observation, Phase, RolloutState
from sluiceway.domain.rollouts.moves import approval_words, current_stage, duration_words, next_stage, percent
from sluiceway.domain.rollouts.progress import stage_time_left_s


@dataclass(frozen=True, slots=True)
class Explanation:
    """`on_whom` holds roles or people, or `time`, `data`, `incident`, `proxy`, `deploy`; empty when nobody is
    awaited. `compared` is what the statistical comparison says, a sentence per metric, while there is one;
    `doubts` why a person would be asked about what it shows, empty where it acts by itself; `early` when the
    running stage may pass before its time, empty where it may not."""

    headline: str
    since: datetime
    waits_for: tuple[str, ...]
    on_whom: tuple[str, ...]
    next: str
    compared: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    early: str = ""


def explain(state: RolloutState, seen: Observation, now: datetime) -> Explanation:
    """Return the explanation of where the rollout stands at process time `now`."""
    found = find(state) if is_compared(state) else ()
    return Explanation(
        headline=_headline(state, now),
        since=state.since or state.started_at,
        waits_for=(*state.waits_for, *(f"a provider to recover: {problem}" for problem in seen.problems)),
        on_whom=_on_whom(state, seen, now),
        next=_next(state),
        compared=tuple(each.verdict.sentence for each in found),
        doubts=doubts(state, found),
        early=early_waits(state, found, now) if state.phase is Phase.PROGRESSING else "",
    )


def _headline(state: RolloutState, now: datetime) -> str:
    stage, following = current_stage(state), next_stage(state)
    share = percent(state.weight_bp)
    match state.phase:
        case Phase.PREPARING:
            return f"{state.new} is being started and checked; everyone is still on {state.stable}."
        case Phase.PROGRESSING:
            return _stage_headline(state, stage, now)
        case Phase.AWAITING_APPROVAL:
            name = following.id if following else "the next stage"
            return f"{share} of users are on {state.new}; stage {name} waits for approval."
        case Phase.PAUSED:
            return _pause_headline(state, share)
        case Phase.KEEPING:
            return f"Everyone is on {state.new}; {state.stable} is kept ready for an instant way back."
        case Phase.ROLLING_BACK:
            return _rollback_headline(state)
        case Phase.FINISHING:
            return f"Everyone is on {state.new}; {state.stable} is being retired."
        case Phase.PROMOTED | Phase.ROLLED_BACK | Phase.ABORTED:
            return f"{state.outcome}."
        case _:
            assert_never(state.phase)


def _stage_headline(state: RolloutState, stage: Stage | None, now: datetime) -> str:
    if stage is None:
        return f"{state.new} is about to begin its first stage."
    place = f"Stage {stage.id} ({state.stage_index + 1} of {len(state.plan.stages)})"
    users = f"{percent(state.weight_bp)} of users on {state.new}"
    left_s = stage_time_left_s(state, now)
    if left_s is None:
        return f"{place}: moving to {users}."
    if left_s > 0:
        may_pass_early = state.plan.analysis is not None and state.plan.analysis.promote_early
        bound = "at most" if may_pass_early and is_compared(state) else "at least"
        return f"{place}: {users}, {bound} {duration_words(max(left_s, 1))} to go."
    held = any(wait.startswith(f"{JOINT} of ") for wait in state.waits_for)
    awaited = f"the comparison with {state.stable}" if held else "its criteria"
    return f"{place}: {users}; its time is up and it waits for {awaited}."


def _pause_headline(state: RolloutState, share: str) -> str:
    pause = state.pause
    who = decider_words(pause.by, state) if pause else "somebody"
    if pause is not None and pause.asks:
        return (
            f"Stopped by {who}, which asks a person: go on or roll back? {share} of users are on {state.new}."
        )
    return f"Paused by {who} with {share} of users on {state.new}."


def _rollback_headline(state: RolloutState) -> str:
    rollback = state.rollback
    assert rollback is not None
    if rollback.safe_at:
        return f"Everyone is back on {state.stable}; {state.new} is being stopped. Reason: {rollback.reason}."
    way = "step by step" if rollback.action is Action.GRADUAL else "at once"
    return f"Taking everyone back to {state.stable} {way}. Reason: {rollback.reason}."


def _on_whom(state: RolloutState, seen: Observation, now: datetime) -> tuple[str, ...]:
    if seen.problems:
        return ("providers",)
    match state.phase:
        case Phase.AWAITING_APPROVAL:
            following = next_stage(state)
            role = following.approval.role if following and following.approval else ""
            return (role or "anyone who may approve",)
        case Phase.PAUSED:
            asks = state.pause is not None and state.pause.asks
            return ("a person to go on or roll back",) if asks else ("anyone who may resume or roll back",)
        case Phase.PREPARING | Phase.FINISHING:
            return ("deploy",)
        case Phase.PROGRESSING:
            return _stage_on_whom(state, now)
        case Phase.KEEPING:
            return ("time",)
        case Phase.ROLLING_BACK:
            return ("deploy",) if state.rollback and state.rollback.safe_at else ("proxy",)
        case Phase.PROMOTED | Phase.ROLLED_BACK | Phase.ABORTED:
            return ()
        case _:
            assert_never(state.phase)


def _stage_on_whom(state: RolloutState, now: datetime) -> tuple[str, ...]:
    left_s = stage_time_left_s(state, now)
    if left_s is None:
        return ("proxy",)
    if left_s > 0:
        return ("time",)
    if state.analysis is not None and state.analysis.incident:
        return ("incident",)
    attested = [wait for wait in state.waits_for if "a person to attest" in wait]
    people = ("a person to attest",) if attested else ()
    return (*people, "data") if len(state.waits_for) > len(attested) else people


def _next(state: RolloutState) -> str:
    following = next_stage(state)
    match state.phase:
        case Phase.PREPARING | Phase.PROGRESSING | Phase.AWAITING_APPROVAL:
            if following is None:
                kept = f"{state.stable} is kept for {duration_words(state.plan.keep_old_s)}, then retired"
                return (
                    kept if state.plan.keep_old_s > 0 else f"{state.stable} is retired and the rollout ends"
                )
            needs = f", after {approval_words(following)}" if following.approval else ""
            return f"stage {following.id}: {percent(following.weight_bp)} of users{needs}"
        case Phase.PAUSED:
            return f"on resume it goes on {state.pause.resumes_to}" if state.pause else ""
        case Phase.KEEPING:
            return f"{state.stable} is retired and the rollout ends"
        case Phase.ROLLING_BACK:
            return f"{state.new} is stopped and the rollout ends"
        case Phase.FINISHING:
            return "the rollout ends"
        case Phase.PROMOTED | Phase.ROLLED_BACK | Phase.ABORTED:
            return ""
        case _:
            assert_never(state.phase)
