"""Releases follow their rollouts: what the engine does after a rollout has ended."""

from __future__ import annotations

from sluiceway.adapters.holidays import public_holidays
from sluiceway.domain.releases.moves import follow_rollout
from sluiceway.ports.releases import ReleaseQuery
from sluiceway.services.release_saving import save
from sluiceway.services.release_scene import Scenes
from tests.scenario.plant import Plant


def follow(plant: Plant) -> None:
    now = plant.clock.now()
    with plant.store.begin() as tx:
        for row in tx.list_releases(ReleaseQuery(open_only=True), limit=50, before=None):
            scene = Scenes(tx, now, public_holidays).of(row)
            moved = follow_rollout(scene.release, scene.team, now, scene.world)
            if moved is not None:
                why = moved.stays[-1].why
                save(tx, scene, moved, plant.clock, actor="rollout", kind="release-moved", why=why)
