"""The use cases that take a release to its users: its rollouts, by the process it keeps."""

from __future__ import annotations

from sluiceway.domain.people.model import Principal
from sluiceway.domain.process.plan import RolloutPlan
from sluiceway.domain.process.team import Permission
from sluiceway.domain.releases.doing import own_rollout
from sluiceway.domain.releases.model import Release
from sluiceway.domain.releases.road import find_type
from sluiceway.errors import InvalidInputError
from sluiceway.ports.store import RolloutSetup, Transaction
from sluiceway.services import access
from sluiceway.services.ids import new_rollout_id
from sluiceway.services.release_base import Releases
from sluiceway.services.release_scene import Scene
from sluiceway.services.release_views import ReleaseView
from sluiceway.services.starting import (
    check_strategy,
    checked_version,
    choose_plan,
    flag_setup,
    insert_rollout,
    new_row,
    settle_sides,
)


class ReleaseRollouts(Releases):
    """Rollouts that a release owns."""

    def start_rollout(
        self, release_id: str, by: Principal, *, name: str = "", stable: str | None = None
    ) -> ReleaseView:
        """Start a rollout to the release's version by one of its process's, its type's unless named.

        Both land together. Raises NotReadyError with all that is missing, NotFoundError for a rollout the
        process does not have, InvalidInputError when it does not say how the service runs, ConflictError when
        the service or its ingress is busy.
        """
        actor = access.actor(by)

        def change(scene: Scene, tx: Transaction) -> tuple[Release, str]:
            rollout_id = new_rollout_id()
            release = own_rollout(scene.release, scene.team, rollout_id, scene.now, scene.world)
            chosen = name or find_type(scene.team, release.facts.type).rollout
            plan = _plan(scene, chosen)
            new = checked_version(release.facts.version, "the release's version")
            setup, serving = settle_sides(tx, _setup(scene, plan, chosen), plan, new, stable)
            why = f"{setup.service.name} from {serving} to {new} for {release.id}"
            started = new_row(rollout_id, setup, plan, self._clock, stable=serving, new=new, by=actor)
            insert_rollout(tx, started, self._clock, why)
            return release, f"rollout {rollout_id} from {serving} to {new} by {chosen or 'rollout'}"

        return self._act(release_id, by, Permission.ROLLOUT, "release-rollout-started", change)


def _setup(scene: Scene, plan: RolloutPlan, name: str) -> RolloutSetup:
    process = scene.process
    if plan.flag is not None:
        return flag_setup(process, scene.release.service, name)
    if process.service is None or process.ingress is None:
        lacking = " and ".join(
            part
            for part, value in (("service", process.service), ("ingress", process.ingress))
            if value is None
        )
        raise InvalidInputError(
            f"{process.path} has no {lacking}: put a process in force that says how {scene.release.service} "
            "runs, then move the release to it with `sluice release upgrade`"
        )
    return RolloutSetup(
        service=process.service,
        ingress=process.ingress,
        metrics=process.metrics,
        process_hash=process.content_hash,
        process_text=process.text,
        process_path=process.path,
        rollout_name=name,
    )


def _plan(scene: Scene, name: str) -> RolloutPlan:
    plan = choose_plan(scene.process, name, f"{scene.release.id} needs its stages")
    check_strategy(plan, scene.process.path, name)
    return plan
