"""Releases and checklists for the tests of their items."""

from __future__ import annotations

from datetime import timedelta

from sluiceway.domain.process.lists import Checklist
from sluiceway.domain.process.team import CANCELLED, Phase, PhaseKind, TeamProcess
from sluiceway.domain.releases.model import Facts, ItemEntry, ItemState, Release, ReleaseId, Stay
from sluiceway.testing.builders import T0, at

HOUR_S = 3_600.0
DAY_S = 24 * HOUR_S
TARGET = T0 + timedelta(days=10)


def a_process(*checklists: Checklist) -> TeamProcess:
    phases = (
        Phase("draft", "Draft"),
        Phase("rolling-out", "Rolling out", PhaseKind.ROLLOUT),
        Phase("rolled-back", "Rolled back"),
        Phase("closed", "Closed", PhaseKind.END),
        Phase(CANCELLED, "Cancelled", PhaseKind.END),
    )
    return TeamProcess("shop", "hash", phases=phases, checklists=checklists)


def a_release(*entries: ItemEntry, stays: tuple[Stay, ...] = (), kind: str = "minor") -> Release:
    return Release(
        id=ReleaseId("REL-2026-0001"),
        service="shop",
        facts=Facts(version="1.1.0", type=kind, target_at=TARGET),
        process_hash="hash",
        author="ada",
        created_at=T0,
        stays=stays or (a_stay("draft", 0),),
        items=entries,
    )


def a_stay(phase: str, since_s: float) -> Stay:
    return Stay(phase, at(since_s), "ada", "")


def an_entry(
    item: str, state: ItemState = ItemState.DONE, at_s: float = 1, checklist: str = "go"
) -> ItemEntry:
    return ItemEntry(checklist, item, state, "ada", at(at_s))
