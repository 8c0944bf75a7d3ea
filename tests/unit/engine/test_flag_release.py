"""A release whose rollout is a flag's: it goes on when everyone has the flag, and back when nobody has it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from sluiceway.adapters.signing import KeySigner
from sluiceway.domain.flags.model import Flag
from sluiceway.domain.process.team import TeamProcess
from sluiceway.domain.releases.model import Facts
from sluiceway.domain.releases.world import World
from sluiceway.domain.rollouts.model import RolloutId
from sluiceway.engine.releases import Following
from sluiceway.errors import NotReadyError
from sluiceway.ports.releases import ReleaseRow
from sluiceway.ports.store import Transaction
from sluiceway.services.processes import ProcessService
from sluiceway.services.release_scene import Scenes
from sluiceway.services.releases import ReleaseService
from tests.unit.engine.flag_bench import ADA, PLACE, SERVICE, FlagBench, open_bench
from tests.unit.services.desk import no_holidays

PROCESS = """\
name: shop
types:
  - {id: minor, title: Minor, version: X.Y.0, path: [draft, rolling-out, closed], rollout: by-flag}
phases:
  - {id: draft, title: Draft}
  - {id: rolling-out, title: Rolling out, kind: rollout, on_promoted: closed}
  - {id: closed, title: Closed, kind: end}
  - {id: rolled-back, title: Rolled back, back_to: [draft]}
rollouts:
  by-flag:
    strategy: feature-flag
    flag: new-search
    stages:
      - {name: tenth, weight: 10%, duration: 1m}
      - {name: all, weight: 100%, duration: 1m}
"""


@dataclass
class Road:
    """A release that has begun to open its flag to users."""

    bench: FlagBench
    releases: ReleaseService
    release: str
    rollout: RolloutId

    def look(self) -> str:
        """Follow what has become of the rollout, and return the phase the release is in then."""
        Following(self.bench.store, self.bench.clock, self._world_of).look()
        return self.releases.get(self.release, ADA).summary.phase

    def _world_of(self, tx: Transaction, row: ReleaseRow) -> tuple[TeamProcess, World]:
        scene = Scenes(tx, self.bench.clock.now(), no_holidays).in_a_list(row)
        return scene.team, scene.world


@pytest.fixture
def road() -> Iterator[Road]:
    with open_bench() as bench:
        bench.make(Flag("new-search"))
        ProcessService(bench.store, bench.clock).apply(PROCESS, "p.yaml", SERVICE, ADA)
        signer = KeySigner(Ed25519PrivateKey.generate())
        releases = ReleaseService(bench.store, bench.clock, bench, signer=signer, holidays=no_holidays)
        release = releases.new(SERVICE, Facts(version="2.4.0", type="minor"), ADA).summary.id
        releases.move(release, "rolling-out", ADA)
        view = releases.start_rollout(release, ADA)
        yield Road(bench, releases, release, RolloutId(view.rollouts[0].id))


def test_it_goes_on_once_everyone_has_the_flag(road: Road) -> None:
    road.bench.run(30)
    assert (road.look(), len(road.bench.reached()) < 600) == ("rolling-out", True)

    road.bench.run_until(road.rollout, "promoted")

    assert road.look() == "closed"
    assert len(road.bench.reached()) == 4_000


def test_it_goes_back_when_the_flag_is_killed(road: Road) -> None:
    road.bench.run(30)

    road.bench.flags.kill(SERVICE, PLACE, "new-search", ADA, why="the search is empty")
    road.bench.run_until(road.rollout, "rolled-back")

    assert road.look() == "rolled-back"
    assert road.bench.reached() == frozenset()


def test_taking_it_back_takes_the_flag_from_everyone(road: Road) -> None:
    road.bench.run(30)
    assert road.bench.reached()

    road.releases.roll_back(road.release, ADA, reason="customers call")
    road.bench.run_until(road.rollout, "rolled-back")

    assert road.bench.reached() == frozenset()
    with pytest.raises(NotReadyError, match="is in rolled-back; it rolls out in rolling-out"):
        road.releases.start_rollout(road.release, ADA)
