"""A change request's way: make or import one, look at it, edit it, take it along its states."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from datetime import datetime

from sluiceway.config.change_request import parse_change_request
from sluiceway.domain.changes import states
from sluiceway.domain.changes.ids import change_id as id_of
from sluiceway.domain.changes.ids import series
from sluiceway.domain.changes.model import Change, ChangeFacts, ChangeId, ChangeState
from sluiceway.domain.people.model import Principal
from sluiceway.domain.process.team import Permission
from sluiceway.errors import InvalidInputError, NotFoundError
from sluiceway.ports.releases import ChangeRow
from sluiceway.ports.store import Transaction
from sluiceway.services import access
from sluiceway.services.change_base import Changes
from sluiceway.services.change_facts import ChangePatch, check_choices, checked, in_utc
from sluiceway.services.change_links import linked, unlinked
from sluiceway.services.change_rendering import questions, render_change_summary
from sluiceway.services.change_scene import ChangeScene, every_change, get_row
from sluiceway.services.change_views import ChangeFormView, ChangeSummary, ChangeView
from sluiceway.services.release_base import find
from sluiceway.services.release_saving import note, save
from sluiceway.services.release_scene import Scenes
from sluiceway.services.release_views import Activity
from sluiceway.services.render import render_audit
from sluiceway.services.saying import with_reason
from sluiceway.services.texts import prose

MAX_PAGE = 200
_Step = Callable[[ChangeScene], Change]


class ChangeRequests(Changes):
    """Making, reading, editing and carrying out change requests."""

    def new(self, facts: ChangeFacts, by: Principal, *, service: str = "") -> ChangeView:
        """Make a draft, under the process in force of its service.

        Whoever makes it is its requestor unless it names one. Raises NotFoundError for a service without a
        process, InvalidInputError for a kind, an answer, a time or a text that can't be.
        """
        return self._new(facts, by, service, None, "")

    def import_text(self, text: str, path: str, by: Principal, *, service: str = "") -> ChangeView:
        """Make a draft of a change request written as YAML. It keeps the id it gives itself.

        Raises ProcessFileError with every problem of the text, ConflictError when there is a request of that
        id already, otherwise as `new`.
        """
        facts, own_id = parse_change_request(text, path)
        return self._new(facts, by, service, own_id, f", from {path}")

    def _new(
        self, facts: ChangeFacts, by: Principal, service: str, own_id: ChangeId | None, words: str
    ) -> ChangeView:
        actor, now = access.actor(by), self._clock.now()
        if service and facts.service and service != facts.service:
            raise InvalidInputError(f"the change request is about {facts.service}, not about {service}")
        requestor = facts.requestor.strip() or by.name
        facts = checked(replace(facts, service=facts.service or service, requestor=requestor))
        if not facts.service:
            raise InvalidInputError("the change request names no service; say which one it changes")
        with self._store.begin() as tx:
            access.require(tx, by, Permission.CHANGE, facts.service)
            current = self._scenes(tx).current(facts.service)
            check_choices(facts, current.team.changes)
            chosen = own_id if own_id is not None else _next_id(tx, now.year)
            change = states.draft(chosen, facts, by.name, current.team.content_hash, now)
            tx.insert_change(ChangeRow(change, version=1))
            why = f"{facts.kind} change of {facts.service}: {facts.title}{words}"
            note(tx, self._clock, actor=actor, kind="change-made", subject=change.id, why=why)
        return self.get(change.id, by)

    def form(self, service: str, by: Principal) -> ChangeFormView:
        """Return what a form for a new request asks. Raises NotFoundError for a service without a process."""
        with self._store.read() as tx:
            access.require(tx, by, Permission.CHANGE, service)
            team = self._scenes(tx).current(service).team
            done = tx.list_changes(service=service, states=(ChangeState.DONE,), limit=MAX_PAGE, before=None)
        return ChangeFormView(
            service=service,
            kinds=tuple((one.id, one.title) for one in team.changes.kinds),
            questions=questions(team.changes),
            templates=tuple(
                (row.change.id, row.change.facts.title) for row in done if not row.change.facts.template
            ),
            zone=team.calendar.zone,
        )

    def list(
        self,
        by: Principal,
        *,
        service: str = "",
        states: Sequence[ChangeState] = (),
        limit: int = 50,
        before: str | None = None,
    ) -> Sequence[ChangeSummary]:
        """Return the requests that `by` may see, newest first; `before` continues a page.

        Raises InvalidInputError for a limit outside 1 to 200.
        """
        if not 1 <= limit <= MAX_PAGE:
            raise InvalidInputError(f"limit is {limit}; use 1 to {MAX_PAGE}")
        with self._store.read() as tx:
            visible: frozenset[str] | None = None
            if service:
                access.require(tx, by, Permission.READ, service)
            else:
                visible = access.services_for(tx, by, Permission.READ)
            rows = tx.list_changes(
                service=service,
                states=states,
                limit=limit,
                before=ChangeId(before) if before else None,
                services=visible,
            )
            scenes = self._scenes(tx)
            return tuple(render_change_summary(scenes.of(row)) for row in rows)

    def history(
        self, change_id: str, by: Principal, *, before: int | None = None, limit: int = 100
    ) -> Activity:
        """Return its audit entries, newest first; `before` continues below a sequence number."""
        with self._store.read() as tx:
            change = get_row(tx, change_id).change
            access.require(tx, by, Permission.READ, change.facts.service)
            entries = tx.newest_audit_entries(change.id, before=before, limit=min(limit, MAX_PAGE))
        return tuple(render_audit(entry) for entry in entries)

    def edit(
        self, change_id: str, patch: ChangePatch, by: Principal, *, expected_version: int | None = None
    ) -> ChangeView:
        """Change what it says. What was approved and is changed waits for a decision again.

        Raises IllegalMoveError once it is being carried out, RuleError for another kind after it was
        submitted, InvalidInputError for a kind, an answer or a time that can't be.
        """

        def decide(scene: ChangeScene, tx: Transaction) -> tuple[Change, str]:
            del tx
            before, after = scene.change.facts, checked(patch.of(scene.change.facts))
            check_choices(after, scene.team.changes, before)
            changed = [
                one.name
                for one in fields(ChangeFacts)
                if getattr(before, one.name) != getattr(after, one.name)
            ]
            edited = states.edit(scene.change, after, scene.team.changes, by.name, scene.now)
            return edited, f"changed: {', '.join(changed)}"

        return self._act(
            change_id, by, Permission.CHANGE, "change-edited", decide, expected_version=expected_version
        )

    def answer(self, change_id: str, answers: Mapping[str, str], by: Principal) -> ChangeView:
        """Answer questions of the questionnaire: question id to answer id. Others stay as they are."""

        def decide(scene: ChangeScene, tx: Transaction) -> tuple[Change, str]:
            del tx
            facts = scene.change.facts
            together = tuple(({**dict(facts.answers), **answers}).items())
            after = checked(replace(facts, answers=together))
            check_choices(after, scene.team.changes, facts)
            edited = states.edit(scene.change, after, scene.team.changes, by.name, scene.now)
            return edited, ", ".join(f"{question}: {answer}" for question, answer in answers.items())

        return self._act(change_id, by, Permission.CHANGE, "change-answered", decide)

    def submit(self, change_id: str, by: Principal) -> ChangeView:
        """Hand a draft in for decisions, under the process in force; a pre-approved one is approved at once.

        Raises NotReadyError with all that is missing, RuleError when nobody could decide on it or its
        template does not pre-approve it.
        """

        def decide(scene: ChangeScene, tx: Transaction) -> tuple[Change, str]:
            change, facts = scene.change, scene.change.facts
            if facts.date_submitted is None:
                facts = replace(facts, date_submitted=scene.now.date())
            bound = replace(change, facts=facts, process_hash=scene.current.team.content_hash)
            submitted = states.submit(
                bound,
                scene.current.team.changes,
                by.name,
                scene.now,
                template=_template(tx, facts.template),
                followers=_followers(tx, scene.service) if facts.template else (),
            )
            return submitted, f"under {scene.current.team.name} {bound.process_hash[:12]}"

        return self._act(change_id, by, Permission.CHANGE, "change-submitted", decide)

    def take_back(self, change_id: str, by: Principal, *, reason: str) -> ChangeView:
        """Make it a draft again to work on; what was decided counts no more."""
        words = prose(reason, "the reason")
        return self._step(
            change_id,
            by,
            "change-taken-back",
            words,
            lambda scene: states.take_back(scene.change, by.name, words, scene.now),
        )

    def withdraw(self, change_id: str, by: Principal, *, reason: str) -> ChangeView:
        """Give it up for good."""
        words = prose(reason, "the reason")
        return self._step(
            change_id,
            by,
            "change-withdrawn",
            words,
            lambda scene: states.withdraw(scene.change, by.name, words, scene.now),
        )

    def schedule(self, change_id: str, starts_at: datetime, ends_at: datetime, by: Principal) -> ChangeView:
        """Give an approved request its time. What is in the way then is shown with it."""
        first, last = in_utc(starts_at), in_utc(ends_at)
        return self._step(
            change_id,
            by,
            "change-scheduled",
            f"from {first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M} UTC",
            lambda scene: states.schedule(scene.change, first, last, by.name, scene.now),
        )

    def start(self, change_id: str, by: Principal) -> ChangeView:
        """Begin to carry it out. Raises RuleError while the calendar is closed, unless it is an emergency."""
        return self._step(
            change_id,
            by,
            "change-begun",
            "begun",
            lambda scene: states.begin(
                scene.change, scene.team.changes, by.name, scene.now, closed=scene.closed()
            ),
        )

    def finish(self, change_id: str, by: Principal, *, ended_well: bool, reason: str = "") -> ChangeView:
        """Say how it ended: done, or failed and taken back, with the reason."""
        words = prose(reason, "the reason")
        return self._step(
            change_id,
            by,
            "change-finished",
            with_reason("done" if ended_well else "failed", words),
            lambda scene: states.finish(scene.change, by.name, scene.now, ended_well=ended_well, why=words),
        )

    def link(self, change_id: str, release_id: str, by: Principal) -> ChangeView:
        """Make it part of a release, found by id or as `SERVICE@VERSION`; both know, the release has its
        conditions to meet. Asks for the right to plan.
        """
        return self._join(change_id, release_id, by, is_linked=True)

    def unlink(self, change_id: str, release_id: str, by: Principal) -> ChangeView:
        """Take it out of a release. Conditions of it that are open there go with it.

        A release that has ended keeps its own record of having had it.
        """
        return self._join(change_id, release_id, by, is_linked=False)

    def _join(self, change_id: str, release_id: str, by: Principal, *, is_linked: bool) -> ChangeView:
        kind = "change-linked" if is_linked else "change-unlinked"

        def decide(scene: ChangeScene, tx: Transaction) -> tuple[Change, str]:
            row = find(tx, release_id)
            access.require(tx, by, Permission.PLAN, row.release.service)
            told = f"{row.release.id}, {row.release.service} {row.release.facts.version}"
            if not is_linked and not row.is_open:
                return states.unlink(scene.change, row.release.id, by.name, scene.now), told
            of_release = Scenes(tx, scene.now, self._holidays).of(row)
            join = linked if is_linked else unlinked
            release, change = join(of_release.release, of_release.team, scene, by.name)
            why = f"{change.id}: {change.facts.title}"
            save(tx, of_release, release, self._clock, actor=access.actor(by), kind=kind, why=why)
            return change, told

        return self._act(change_id, by, Permission.PLAN, kind, decide)

    def _step(self, change_id: str, by: Principal, kind: str, why: str, step: _Step) -> ChangeView:
        return self._act(change_id, by, Permission.CHANGE, kind, lambda scene, _: (step(scene), why))


def _next_id(tx: Transaction, year: int) -> ChangeId:
    """Return the year's next free id: those that imported requests brought along are passed over."""
    while True:
        found = id_of(year, tx.next_number(series(year)))
        if _find(tx, found) is None:
            return found


def _find(tx: Transaction, change_id: str) -> Change | None:
    try:
        return tx.get_change(change_id).change
    except NotFoundError:
        return None


def _template(tx: Transaction, named: str) -> Change | None:
    return _find(tx, named) if named else None


def _followers(tx: Transaction, service: str) -> Sequence[Change]:
    """Return the requests of the service that failed: one that followed a template speaks against it."""
    return [row.change for row in every_change(tx, (ChangeState.FAILED,), service)]
