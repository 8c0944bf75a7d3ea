"""Releases that have what going live asks for, and short questions to the rules of moves."""

from __future__ import annotations

from dataclasses import replace

from sluiceway.domain.releases.agreeing import attest, decide, vote
from sluiceway.domain.releases.doing import check_item, set_item_aside
from sluiceway.domain.releases.model import (
    DecisionKind,
    ItemEntry,
    ItemState,
    Release,
)
from sluiceway.domain.releases.moves import can_move
from sluiceway.domain.releases.world import Missing, World
from tests.unit.domain.releases.roads import (
    DIRECTORY,
    NOW,
    PROCESS,
    WORLD,
    a_release,
    a_vote,
    at,
)


def kinds(missing: tuple[Missing, ...]) -> list[tuple[str, str]]:
    return [(one.kind.value, one.ref) for one in missing]


def lacks(release: Release, to: str, world: World = WORLD) -> tuple[Missing, ...]:
    return can_move(release, PROCESS, to, NOW, world)


def ready(phase: str = "decide", **facts: object) -> Release:
    """Return a release with everything that going live asks for."""
    release = a_release(phase, **facts)
    release = attest(
        release, PROCESS, "quality", holds=True, by="quinn", statement="green", now=NOW, directory=DIRECTORY
    )
    for name in ("code-freeze", "go-no-go"):
        release = decide(
            release, PROCESS, name, DecisionKind.GO, by="mia", reason="", now=NOW, directory=DIRECTORY
        )
    for by, role in (("quinn", "qa"), ("carl", "cto")):
        release = vote(release, PROCESS, "sign-off", a_vote(release, by, role), WORLD)
    release = check_item(release, PROCESS, "before", "backup", by="eli", now=NOW, directory=DIRECTORY)
    release = set_item_aside(
        release, PROCESS, "before", "schema", by="eli", reason="no change", now=NOW, directory=DIRECTORY
    )
    done = ItemEntry("before", "smoke", ItemState.DONE, "engine", NOW)
    return replace(release, items=(*release.items, done))


def live(*rollouts: str) -> Release:
    return replace(at(ready(), "live"), rollouts=rollouts)
