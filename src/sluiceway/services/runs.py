"""The use cases of runbooks' runs: start one, look at it, say how it goes on; run a checklist item now.

What a run does by itself is the engine's: here it is only made due.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import assert_never

from sluiceway.domain.checklists import running
from sluiceway.domain.checklists.model import Run, RunId, RunPhase
from sluiceway.domain.checklists.progress import waits_for
from sluiceway.domain.people.model import Principal
from sluiceway.domain.process.team import Permission
from sluiceway.domain.releases.doing import item_to_run, own_run
from sluiceway.domain.releases.model import Release
from sluiceway.domain.releases.world import plays
from sluiceway.engine.items import ANSWERED_AT_ONCE, answer, folder_of, start
from sluiceway.engine.run_records import record
from sluiceway.errors import ConflictError, RuleError
from sluiceway.ports.releases import RunRow
from sluiceway.ports.store import Transaction
from sluiceway.services import access
from sluiceway.services.again import again_on_conflict
from sluiceway.services.flag_staleness import stale_lines
from sluiceway.services.ids import new_run_id
from sluiceway.services.release_base import Releases, find
from sluiceway.services.release_render_runs import RunAct, run_summary, run_view
from sluiceway.services.release_saving import note
from sluiceway.services.release_scene import Scene
from sluiceway.services.release_views import ReleaseView, RunSummary, RunView
from sluiceway.services.saying import with_reason
from sluiceway.services.texts import prose

_RUNS = 200  # of one release, newest first


class ReleaseRuns(Releases):
    """Runs of a release's runbooks, and of its checklist items that answer by themselves."""

    def start_run(
        self,
        release_id: str,
        runbook_id: str,
        by: Principal,
        *,
        applies: Sequence[str] = (),
        set_aside: Sequence[str] = (),
    ) -> RunView:
        """Begin a run of one of the process's runbooks.

        `applies` and `set_aside` decide ahead about steps that have a condition in words. Raises
        NotFoundError for an unknown runbook, RuleError when the release has ended or the runbook is up to
        another role, InvalidInputError for a step without a condition.
        """
        run_id = new_run_id()

        def change(scene: Scene, tx: Transaction) -> tuple[Release, str]:
            release = own_run(scene.release, scene.team, runbook_id, run_id)
            runbook = next(one for one in scene.team.runbooks if one.id == runbook_id)
            if runbook.owner and not plays(by.name, runbook.owner, scene.world.directory, scene.now):
                raise RuleError(
                    f'the runbook "{runbook.title}" is up to {runbook.owner}, and {by.name} is not that'
                )
            run = running.begin(
                run_id,
                runbook,
                by=by.name,
                now=scene.now,
                release=release.id,
                service=release.service,
                version=release.facts.version,
                cwd=folder_of(tx.get_process(release.service, release.process_hash)),
                applies=applies,
                set_aside=set_aside,
            )
            tx.insert_run(RunRow(run, 0, self._due_at(run)))
            return release, f"{runbook.title}: run {run_id}"

        self._save(release_id, by, Permission.CHECK, "runbook-started", change)
        return self.run(run_id, by)

    def run(self, run_id: str, by: Principal) -> RunView:
        """Return a run with every try of every step. Raises NotFoundError, ForbiddenError."""
        with self._store.read() as tx:
            row = tx.get_run(RunId(run_id))
            access.require(tx, by, Permission.READ, row.run.service)
        return run_view(row.run)

    def runs(self, release_id: str, by: Principal) -> Sequence[RunSummary]:
        """Return the release's runs, newest first, those of its checklist items too."""
        with self._store.read() as tx:
            release = find(tx, release_id).release
            access.require(tx, by, Permission.READ, release.service)
            rows = tx.list_runs(release=release.id, limit=_RUNS)
        return tuple(run_summary(row.run) for row in rows)

    def act_on_run(
        self, run_id: str, act: RunAct, by: Principal, *, note: str = "", step: str = ""
    ) -> RunView:
        """Say how a run goes on. `note` is the reason where one is needed.

        With `step`, only if the run is still at that step: else ConflictError. Raises IllegalMoveError when
        that can't be said of where it is, RuleError when the step is up to another role.
        """
        words = prose(note, "the note")

        def said() -> Run:
            with self._store.begin() as tx:
                return self._acted(tx, RunId(run_id), act, by, words=words, step_id=step)

        return run_view(again_on_conflict(said))

    def run_item(self, release_id: str, checklist_id: str, item_id: str, by: Principal) -> ReleaseView:
        """Have a checklist item that answers by itself answered now, also before it is due, also again.

        Raises RuleError for one that people do, that runs already, or that is somebody else's.
        """

        def change(scene: Scene, tx: Transaction) -> tuple[Release, str]:
            release, standing = item_to_run(
                scene.release,
                scene.team,
                checklist_id,
                item_id,
                by=by.name,
                now=scene.now,
                directory=scene.world.directory,
            )
            why = f"{checklist_id}/{item_id}: run now"
            if standing.item.kind in ANSWERED_AT_ONCE:
                return answer(tx, self._clock, release, standing, stale_lines), why
            all_runs = [row.run for row in tx.list_runs(release=release.id, limit=_RUNS)]
            earlier = [run for run in all_runs if run.item == standing.name]
            busy = next((run for run in earlier if not run.phase.is_over), None)
            if busy is not None:
                raise RuleError(f'"{standing.item.text}" is being answered already, by run {busy.id}')
            start(tx, self._clock, release, standing, len(earlier) + 1)
            return release, why

        return self._act(release_id, by, Permission.CHECK, "item-run", change)

    def _acted(
        self, tx: Transaction, run_id: RunId, act: RunAct, by: Principal, *, words: str, step_id: str
    ) -> Run:
        row = tx.get_run(run_id)
        run, step = row.run, running.current(row.run)
        access.require(tx, by, Permission.CHECK, run.service)
        if step is not None and step_id and step_id != step.id:
            raise ConflictError(f'run {run.id} is at "{step.id}" now, not at "{step_id}"; look again')
        if act not in {RunAct.STOP, RunAct.TAKE_BACK}:
            self._require_owner(tx, run, by)
        after = self._judged(run, act, by, words)
        if not tx.save_run(row, after, self._due_at(after)):
            raise ConflictError(f"run {run.id} is going on right now; look again and say it anew")
        of = f' "{step.title}"' if step is not None else ""
        why = with_reason(f"{run.runbook.title}:{of} {act}", words)
        subject = run.release or run.id
        note(tx, self._clock, actor=access.actor(by), kind=f"run-asked-{act}", subject=subject, why=why)
        record(tx, self._clock, run, after)
        return after

    def _require_owner(self, tx: Transaction, run: Run, by: Principal) -> None:
        role = waits_for(run)
        if role and not plays(by.name, role, access.directory(tx, run.service), self._clock.now()):
            raise RuleError(f"run {run.id} waits for {role}, and {by.name} is not that")

    def _judged(self, run: Run, act: RunAct, by: Principal, words: str) -> Run:
        """Return the run after what the person said of it."""
        now = self._clock.now()
        match act:
            case RunAct.DONE | RunAct.FAILED:
                return running.settle(run, by=by.name, ok=act is RunAct.DONE, note=words, now=now)
            case RunAct.GO_ON:
                return running.go_on(run, now=now)
            case RunAct.SET_ASIDE:
                return running.set_aside(run, by=by.name, reason=words, now=now)
            case RunAct.STOP | RunAct.TAKE_BACK:
                takes_back = act is RunAct.TAKE_BACK
                return running.stop(run, by=by.name, why=words, takes_back=takes_back, now=now)
            case _:
                assert_never(act)

    def _due_at(self, run: Run) -> datetime | None:
        """Return when the engine looks at it: now, unless it waits for a person or is over."""
        is_moving = run.phase in {RunPhase.RUNNING, RunPhase.UNDOING}
        return self._clock.wall() if is_moving or running.under_way(run) else None
