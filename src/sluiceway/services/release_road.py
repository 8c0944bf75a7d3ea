"""The use cases of a release's road: make one, look at it, change what it says, move it along."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from datetime import datetime

from sluiceway.config import parse_process
from sluiceway.domain.people.model import Principal
from sluiceway.domain.process.team import CANCELLED, ROLLED_BACK, Permission
from sluiceway.domain.releases.editing import begin, edit, follow_process
from sluiceway.domain.releases.model import Facts, Release, ReleaseId
from sluiceway.domain.releases.moves import move
from sluiceway.domain.releases.needs import Case, active_rollouts
from sluiceway.domain.releases.road import has_ended
from sluiceway.domain.rollouts.model import Command, CommandKind, RolloutId
from sluiceway.errors import InvalidInputError, NotFoundError, ProcessFileError
from sluiceway.ports.releases import ReleaseQuery, ReleaseRow
from sluiceway.ports.store import Transaction
from sluiceway.services import access
from sluiceway.services.change_links import link_into
from sluiceway.services.change_scene import ChangeScenes
from sluiceway.services.kept_processes import parsed
from sluiceway.services.processes import apply_process, in_force, process_of, service_name, team_of
from sluiceway.services.release_base import Releases, find
from sluiceway.services.release_facts import FactsPatch, checked
from sluiceway.services.release_render import render_explained, render_summary, render_unreadable
from sluiceway.services.release_saving import note, save
from sluiceway.services.release_scene import Scene, Scenes
from sluiceway.services.release_timeline import render_replan, render_timeline
from sluiceway.services.release_views import (
    Activity,
    ExplainedReleaseView,
    ReleaseSummary,
    ReleaseView,
    ReplanView,
    TimelineView,
)
from sluiceway.services.render import ASKED_PREFIX, render_audit
from sluiceway.services.starting import serving_version
from sluiceway.services.texts import prose

MAX_PAGE = 200


class ReleaseRoad(Releases):
    """Making, reading, editing and moving releases."""

    def new(
        self,
        service: str,
        facts: Facts,
        by: Principal,
        *,
        process_text: str = "",
        process_path: str = "",
    ) -> ReleaseView:
        """Make a release in the first phase of its type's path, under the service's process in force.

        With `process_text` that process is put in force first (which needs the right to). Raises
        ProcessFileError, RuleError when the version does not fit the type, ConflictError when the service has
        a release of this version.
        """
        actor, now = access.actor(by), self._clock.now()
        facts = checked(facts)
        process = parse_process(process_text, process_path) if process_text else None
        service = service_name(process, service) if process is not None else service.strip()
        with self._store.begin() as tx:
            if process is not None:
                access.require(tx, by, Permission.PROCESS, service)
                apply_process(tx, process, service=service, by=actor, clock=self._clock)
            access.require(tx, by, Permission.PLAN, service)
            row = in_force(tx, service)
            team = team_of(parsed(row.text, row.path))
            number = tx.next_number(f"REL-{now.year}")
            previous = serving_version(tx, service)
            release = begin(
                ReleaseId(f"REL-{now.year}-{number:04}"),
                service,
                replace(facts, changes=()),
                team,
                by=by.name,
                now=now,
                previous_version=str(previous or ""),
            )
            stored = ReleaseRow(release, version=1, is_open=not has_ended(release, team))
            tx.insert_release(stored)
            scene = Scenes(tx, now, self._holidays).of(stored)
            scenes = ChangeScenes(tx, now, self._holidays)
            for change_id in dict.fromkeys(facts.changes):
                release, _ = link_into(tx, release, team, change_id, scenes=scenes, clock=self._clock, by=by)
            why = f"{facts.type} {facts.version} of {service} under {team.name} {row.content_hash[:12]}"
            save(tx, scene, release, self._clock, actor=actor, kind="release-made", why=why)
        return self._shown(release.id, by, Permission.PLAN)

    def list(
        self, query: ReleaseQuery, by: Principal, *, limit: int = 50, before: str | None = None
    ) -> Sequence[ReleaseSummary]:
        """Return the releases that `by` may see, newest first; `before` continues a page.

        Raises InvalidInputError for a limit outside 1 to 200.
        """
        if not 1 <= limit <= MAX_PAGE:
            raise InvalidInputError(f"limit is {limit}; use 1 to {MAX_PAGE}")
        with self._store.read() as tx:
            if query.service:
                access.require(tx, by, Permission.READ, query.service)
            else:
                query = replace(query, services=access.services_for(tx, by, Permission.READ))
            rows = tx.list_releases(query, limit=limit, before=ReleaseId(before) if before else None)
            scenes = Scenes(tx, self._clock.now(), self._holidays)
            scenes.prepare(rows)
            return tuple(_line(scenes, row) for row in rows)

    def explain(self, release_id: str, by: Principal, to: str = "") -> ExplainedReleaseView:
        """Return why it waits, on whom, since when; with `to`, what holds the move to that phase."""
        with self._store.read() as tx:
            return render_explained(self._scene(tx, release_id, by, Permission.READ), to)

    def timeline(self, release_id: str, by: Principal) -> TimelineView:
        """Return its dated milestones. Raises InvalidInputError when it has no target date or timeline."""
        with self._store.read() as tx:
            return render_timeline(self._scene(tx, release_id, by, Permission.READ), self._holidays)

    def history(
        self, release_id: str, by: Principal, *, before: int | None = None, limit: int = 100
    ) -> Activity:
        """Return its audit entries, newest first; `before` continues below a sequence number."""
        with self._store.read() as tx:
            row = find(tx, release_id)
            access.require(tx, by, Permission.READ, row.release.service)
            entries = tx.newest_audit_entries(row.release.id, before=before, limit=min(limit, MAX_PAGE))
        return tuple(render_audit(entry) for entry in entries)

    def edit(
        self, release_id: str, patch: FactsPatch, by: Principal, *, expected_version: int | None = None
    ) -> ReleaseView:
        """Change what it says. Raises RuleError for what is frozen or does not fit its type."""

        def change(scene: Scene, tx: Transaction) -> tuple[Release, str]:
            del tx
            before, after = scene.release.facts, patch.of(scene.release.facts)
            changed = [
                one.name for one in fields(Facts) if getattr(before, one.name) != getattr(after, one.name)
            ]
            return edit(scene.release, scene.team, after), f"changed: {', '.join(changed)}"

        return self._act(
            release_id, by, Permission.PLAN, "release-edited", change, expected_version=expected_version
        )

    def replan(
        self, release_id: str, target_at: datetime, by: Principal, *, only_show: bool = False
    ) -> ReplanView:
        """Move the target date and return which milestones that moves; `only_show` changes nothing."""
        with self._store.read() as tx:
            scene = self._scene(tx, release_id, by, Permission.READ if only_show else Permission.PLAN)
            shown = render_replan(scene, target_at, self._holidays)
        if not only_show:
            self.edit(release_id, FactsPatch(target_at=target_at), by)
        return shown

    def move(
        self,
        release_id: str,
        to: str,
        by: Principal,
        *,
        reason: str = "",
        expected_version: int | None = None,
    ) -> ReleaseView:
        """Move it to another phase. Raises NotReadyError with all that is missing, IllegalMoveError when the
        road does not lead there; taking it back or out of the road needs a reason. Rolling back takes the
        right to roll back, everything else that to move.
        """
        reason = prose(reason, "the reason")

        def change(scene: Scene, tx: Transaction) -> tuple[Release, str]:
            if to == ROLLED_BACK:
                self._roll_back_rollouts(scene, tx, by, reason)
            moved = move(scene.release, scene.team, to, scene.now, scene.world, by=by.name, why=reason)
            words = f"from {scene.release.phase} to {to}"
            return moved, f"{words}: {reason}" if reason else words

        needed = Permission.ROLL_BACK if to == ROLLED_BACK else Permission.MOVE
        return self._act(release_id, by, needed, "release-moved", change, expected_version=expected_version)

    def cancel(self, release_id: str, by: Principal, *, reason: str) -> ReleaseView:
        """Give it up, from any phase. A rollout under way must have ended: roll back first."""
        return self.move(release_id, CANCELLED, by, reason=reason)

    def roll_back(self, release_id: str, by: Principal, *, reason: str) -> ReleaseView:
        """Take it back, from any phase; a rollout of it that is under way is rolled back with it."""
        return self.move(release_id, ROLLED_BACK, by, reason=reason)

    def upgrade_process(self, release_id: str, by: Principal) -> ReleaseView:
        """Move it to the service's process in force, where it is. Raises RuleError when that can't be."""

        def change(scene: Scene, tx: Transaction) -> tuple[Release, str]:
            row = in_force(tx, scene.release.service)
            newer = team_of(process_of(tx, scene.release.service, row.content_hash))
            why = f"from process {scene.release.process_hash[:12]} to {row.content_hash[:12]}"
            return follow_process(scene.release, scene.team, newer), why

        return self._act(release_id, by, Permission.PLAN, "release-process-changed", change)

    def _roll_back_rollouts(self, scene: Scene, tx: Transaction, by: Principal, reason: str) -> None:
        """Tell every rollout of the release that is under way to go back to stable."""
        case = Case(scene.release, scene.team, scene.world, scene.now)
        for rollout in active_rollouts(case):
            words = f"with release {scene.release.id}: {reason}"
            command = Command(CommandKind.ROLLBACK, access.actor(by), scene.now, reason=words)
            tx.add_command(RolloutId(rollout.id), command)
            tx.wake(RolloutId(rollout.id), self._clock.wall())
            kind = f"{ASKED_PREFIX}{CommandKind.ROLLBACK}"
            note(tx, self._clock, actor=access.actor(by), kind=kind, subject=rollout.id, why=words)


def _line(scenes: Scenes, row: ReleaseRow) -> ReleaseSummary:
    """Return a line of a list; one release whose process can't be read any more must not hide the others."""
    try:
        return render_summary(scenes.in_a_list(row))
    except (ProcessFileError, NotFoundError) as problem:
        return render_unreadable(row, problem)
