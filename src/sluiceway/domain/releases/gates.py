"""Where a gate stands for one version: passed, failed, missing, stale or waived, by the newest word on it.

What words there are is given: today people's attestations, later evidence too. Who may give one is the
business of `agreeing`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sluiceway.domain.approvals.wording import instant, quoted
from sluiceway.domain.process.team import Gate
from sluiceway.domain.releases.model import GateEntry, GateResult


class GateState(StrEnum):
    PASSED = "passed"
    FAILED = "failed"
    MISSING = "missing"  # nobody has said anything
    STALE = "stale"  # said of another version, or a waiver that has ended
    WAIVED = "waived"

    @property
    def lets_pass(self) -> bool:
        return self in {GateState.PASSED, GateState.WAIVED}


@dataclass(frozen=True, slots=True)
class GateStanding:
    """Where a gate stands, the word that counts, and both in a sentence for people."""

    gate: Gate
    state: GateState
    sentence: str
    entry: GateEntry | None = None


_RESULTS = {
    GateResult.PASSED: (GateState.PASSED, "passed"),
    GateResult.FAILED: (GateState.FAILED, "failed"),
    GateResult.WAIVED: (GateState.WAIVED, "is waived"),
}


def read_gate(gate: Gate, entries: Sequence[GateEntry], version: str, now: datetime) -> GateStanding:
    """Return where the gate stands for `version`. Entries may be of any gate and version, oldest first.

    The newest about this version counts, whatever older ones said: a waiver that has ended brings no older
    pass back.
    """
    mine = [entry for entry in entries if entry.gate == gate.id]
    of_version = [entry for entry in mine if entry.subject == version]
    if not mine:
        return GateStanding(gate, GateState.MISSING, f"{gate.title} is not attested")
    if not of_version:
        last = mine[-1]
        said = f"{gate.title} was looked at for {last.subject}, not for {version}"
        return GateStanding(gate, GateState.STALE, said, last)
    entry = of_version[-1]
    if entry.until is not None and now >= entry.until:
        said = f"{gate.title}: the waiver by {entry.by} ended on {instant(entry.until)}"
        return GateStanding(gate, GateState.STALE, said, entry)
    state, verb = _RESULTS[entry.result]
    until = f", until {instant(entry.until)}" if entry.until else ""
    who = f"{entry.by} ({entry.role})" if entry.role else entry.by
    said = f"{gate.title} {verb}, says {who}{quoted(entry.statement)}{until}"
    return GateStanding(gate, state, said, entry)
