"""The use cases of what people say about a release: votes, decisions, attestations, checklist items."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial

from sluiceway.domain.approvals.casting import capacities
from sluiceway.domain.approvals.model import Vote, VoteKind
from sluiceway.domain.approvals.subjects import subject_hash
from sluiceway.domain.people.model import Principal
from sluiceway.domain.process.team import Permission
from sluiceway.domain.releases import agreeing, doing
from sluiceway.domain.releases.ballots import voters_for
from sluiceway.domain.releases.model import DecisionKind, GateEntry, ItemState, Release
from sluiceway.domain.releases.road import policy_of
from sluiceway.domain.releases.subjects import subject_of
from sluiceway.errors import InvalidInputError
from sluiceway.services.release_base import Releases
from sluiceway.services.release_scene import Scene
from sluiceway.services.release_views import ReleaseView
from sluiceway.services.saying import capacity, conditions_given, vote_words, with_reason
from sluiceway.services.statements import statement_text
from sluiceway.services.texts import line, prose

MAX_LINK_CHARS = 2_000


class ReleaseWords(Releases):
    """People's words, each recorded with who said it and in which role."""

    def vote(
        self,
        release_id: str,
        policy_id: str,
        kind: VoteKind,
        by: Principal,
        *,
        role: str = "",
        comment: str = "",
        conditions: Sequence[str] = (),
        on_behalf_of: str = "",
        seen: str = "",
    ) -> ReleaseView:
        """Vote under an approval policy, in the first role the person may vote in unless one is named.

        `seen` is the hash of what the voter was shown; a vote on something else is refused. Raises RuleError
        naming the rule that refuses it, NotFoundError for an unknown policy.
        """
        texts = conditions_given(conditions)

        def change(scene: Scene) -> tuple[Release, str]:
            policy = policy_of(scene.team, policy_id)
            voters = voters_for(scene.release, scene.team, policy, scene.world, scene.now)
            chosen = capacity(capacities(policy, by.name, voters), role, on_behalf_of)
            subject = subject_of(scene.release, scene.team, policy)
            given = Vote(
                by=by.name,
                kind=kind,
                at=scene.now,
                subject_hash=seen or subject_hash(subject),
                role=chosen.role,
                comment=prose(comment, "the comment"),
                conditions=texts,
                on_behalf_of=chosen.on_behalf_of,
            )
            release = agreeing.vote(scene.release, scene.team, policy_id, given, scene.world)
            return release, vote_words(policy.title, given)

        needed = Permission.READ if kind is VoteKind.COMMENT else Permission.APPROVE
        return self._say(release_id, by, needed, f"vote-{kind}", change)

    def meet_condition(
        self, release_id: str, condition_id: str, by: Principal, *, note: str = ""
    ) -> ReleaseView:
        """State that a condition somebody agreed under is met."""

        def change(scene: Scene) -> tuple[Release, str]:
            release = agreeing.meet_condition(
                scene.release,
                scene.team,
                condition_id,
                by=by.name,
                note=prose(note, "the note"),
                now=scene.now,
            )
            text = next(one.text for one in release.conditions if one.id == condition_id)
            return release, with_reason(f'met the condition "{text}"', note)

        return self._say(release_id, by, Permission.CHECK, "condition-met", change)

    def decide(
        self,
        release_id: str,
        decision_id: str,
        kind: DecisionKind,
        by: Principal,
        *,
        reason: str = "",
        role: str = "",
    ) -> ReleaseView:
        """Record a go or no-go on what the release holds now."""

        def change(scene: Scene) -> tuple[Release, str]:
            release = agreeing.decide(
                scene.release,
                scene.team,
                decision_id,
                kind,
                by=by.name,
                reason=prose(reason, "the reason"),
                now=scene.now,
                directory=scene.world.directory,
                role=role,
            )
            return release, with_reason(f"{decision_id}: {kind}", reason)

        return self._say(release_id, by, Permission.MOVE, "decided", change)

    def attest(
        self,
        release_id: str,
        gate_id: str,
        by: Principal,
        *,
        holds: bool,
        statement: str,
        role: str = "",
    ) -> ReleaseView:
        """State that a gate holds for the release's version, or not; signed by the installation's key."""

        def change(scene: Scene) -> tuple[Release, str]:
            release = agreeing.attest(
                scene.release,
                scene.team,
                gate_id,
                holds=holds,
                by=by.name,
                statement=prose(statement, "the statement"),
                now=scene.now,
                directory=scene.world.directory,
                role=role,
            )
            return self._signed(release), with_reason(
                f"{gate_id}: {'holds' if holds else 'does not hold'}", statement
            )

        return self._say(release_id, by, Permission.ATTEST, "gate-attested", change)

    def waive(
        self,
        release_id: str,
        gate_id: str,
        by: Principal,
        *,
        reason: str,
        until: datetime | None = None,
        role: str = "",
    ) -> ReleaseView:
        """Let the release pass a gate without it, until an instant or for good; signed."""

        def change(scene: Scene) -> tuple[Release, str]:
            release = agreeing.waive(
                scene.release,
                scene.team,
                gate_id,
                by=by.name,
                reason=prose(reason, "the reason"),
                until=until,
                now=scene.now,
                directory=scene.world.directory,
                role=role,
            )
            return self._signed(release), with_reason(f"{gate_id} waived", reason)

        return self._say(release_id, by, Permission.OVERRIDE, "gate-waived", change)

    def override_calendar(
        self,
        release_id: str,
        by: Principal,
        *,
        reason: str,
        until: datetime | None = None,
        role: str = "",
    ) -> ReleaseView:
        """Permit this release to act inside a freeze or outside a window."""

        def change(scene: Scene) -> tuple[Release, str]:
            release = agreeing.override_calendar(
                scene.release,
                scene.team,
                by=by.name,
                reason=prose(reason, "the reason"),
                until=until,
                now=scene.now,
                directory=scene.world.directory,
                role=role,
            )
            return release, with_reason("may act while the calendar is closed", reason)

        return self._say(release_id, by, Permission.OVERRIDE, "calendar-overridden", change)

    def check(
        self,
        release_id: str,
        checklist_id: str,
        item_id: str,
        state: ItemState,
        by: Principal,
        *,
        note: str = "",
        link: str = "",
    ) -> ReleaseView:
        """Say what became of a checklist item: done, open again, or set aside with the reason in `note`."""
        if state is ItemState.FAILED:
            raise InvalidInputError(
                "only a check that answers by itself fails; leave the item open and say why in a note"
            )
        words, address = prose(note, "the note"), line(link, "the link", MAX_LINK_CHARS)

        def change(scene: Scene) -> tuple[Release, str]:
            act = {
                ItemState.DONE: partial(doing.check_item, note=words, link=address),
                ItemState.OPEN: partial(doing.reopen_item, note=words),
                ItemState.SET_ASIDE: partial(doing.set_item_aside, reason=words),
            }[state]
            release: Release = act(
                scene.release,
                scene.team,
                checklist_id,
                item_id,
                by=by.name,
                now=scene.now,
                directory=scene.world.directory,
            )
            return release, with_reason(f"{checklist_id}/{item_id}: {state}", note)

        return self._say(release_id, by, Permission.CHECK, "item-checked", change)

    def _say(
        self,
        release_id: str,
        by: Principal,
        needed: Permission,
        kind: str,
        change: Callable[[Scene], tuple[Release, str]],
    ) -> ReleaseView:
        return self._act(release_id, by, needed, kind, lambda scene, _: change(scene))

    def _signed(self, release: Release) -> Release:
        """Return the release with its newest gate entry signed."""
        *before, newest = release.gates
        signed: GateEntry = replace(newest, signature=self._signer.sign(statement_text(release.id, newest)))
        return replace(release, gates=(*before, signed))
