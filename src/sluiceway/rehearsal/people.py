"""The people of a rehearsal: they approve and attest what the plan asks for, some time later, or never."""

from __future__ import annotations

from sluiceway.domain.process.plan import CriterionKind
from sluiceway.domain.rollouts.model import Command, CommandKind, Phase, RolloutState
from sluiceway.domain.rollouts.moves import current_stage, next_stage
from sluiceway.domain.rollouts.progress import stage_time_left_s
from sluiceway.ports.clock import Clock
from sluiceway.ports.store import RolloutRow, Store


class People:
    """Says yes `after_s` seconds after being asked. Acts through the store, as people's commands do."""

    def __init__(self, *, approves: bool, after_s: float) -> None:
        self._approves = approves
        self._after_s = after_s
        self._asked_s: dict[tuple[str, str, int], float] = {}  # stage, subject, which person: since when
        self._given: set[tuple[str, str, int]] = set()

    @property
    def given(self) -> int:
        """Return how many times somebody said yes."""
        return len(self._given)

    def are_waited_for(self, now_s: float) -> bool:
        """Return whether nobody says yes although somebody was asked long ago."""
        return not self._approves and any(now_s - since >= self._after_s for since in self._asked_s.values())

    def next_s(self) -> float | None:
        """Return when somebody says yes next; for those who never do, when that is known."""
        waiting = [since for key, since in self._asked_s.items() if key not in self._given]
        return min(waiting) + self._after_s if waiting else None

    def act(self, store: Store, row: RolloutRow, clock: Clock) -> None:
        """Note what is asked now and say yes to what was asked long enough ago."""
        now_s = clock.monotonic_s()
        for key in _asked(row.state, clock):
            self._asked_s.setdefault(key, now_s)
            due = self._approves and now_s - self._asked_s[key] >= self._after_s - 1e-6
            if due and key not in self._given:
                self._given.add(key)
                _, subject, number = key
                yes = Command(
                    CommandKind.APPROVE, by=f"person {number}", at=clock.now(), reason="rehearsed",
                    subject=subject,
                )  # fmt: skip
                with store.begin() as tx:
                    tx.add_command(row.id, yes)
                    tx.wake(row.id, clock.wall())


def _asked(state: RolloutState, clock: Clock) -> list[tuple[str, str, int]]:
    """Return every yes that the plan waits for now: stage, subject, number of the person."""
    following, running = next_stage(state), current_stage(state)
    if state.phase is Phase.AWAITING_APPROVAL and following and following.approval:
        return [(following.id, following.id, number + 1) for number in range(following.approval.count)]
    if state.phase is Phase.PROGRESSING and running and stage_time_left_s(state, clock.now()) == 0:
        return [
            (running.id, criterion.text, 1)
            for criterion in running.criteria
            if criterion.kind is CriterionKind.MANUAL
        ]
    return []
