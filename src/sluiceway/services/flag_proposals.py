"""Changes of flags that wait for an approval: proposed, voted on, applied as they were proposed.

The process says in which environments which policy is asked. A vote is bound to every letter of what was
proposed and to what it was written for: once that has changed, the proposal can't be applied any more.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from sluiceway.domain.approvals.casting import capacities, cast, check_vote
from sluiceway.domain.approvals.counting import outcome
from sluiceway.domain.approvals.model import Ballot, Outcome, Standing, Vote, VoteKind
from sluiceway.domain.approvals.subjects import subject_hash
from sluiceway.domain.approvals.voters import Voters, barred_people
from sluiceway.domain.flags.proposals import ItemEdit, Proposal, ProposalState, subject_of
from sluiceway.domain.people.model import Principal
from sluiceway.domain.process.team import ApprovalPolicy, Permission, TeamProcess
from sluiceway.errors import (
    ConflictError,
    IllegalMoveError,
    NotFoundError,
    ProcessFileError,
    RuleError,
    StoreError,
)
from sluiceway.ports.flags import ProposalRow
from sluiceway.ports.store import Transaction
from sluiceway.services import access, ids
from sluiceway.services import flag_views as views
from sluiceway.services.flag_base import (
    Act,
    Change,
    FlagBase,
    SetScene,
    check,
    edits_of,
    lines_of,
    refuse_driven,
    said,
    subject,
)
from sluiceway.services.flag_documents import item_of
from sluiceway.services.kept_processes import parsed
from sluiceway.services.release_saving import note
from sluiceway.services.saying import capacity, vote_words, with_reason
from sluiceway.services.texts import prose

_MOST_SHOWN = 200
_APPROVAL = "approval"  # who settles what the votes settled


@dataclass(frozen=True, slots=True)
class _Given:
    """A vote as it comes in; "" for a role is the first possible one."""

    kind: VoteKind
    comment: str
    role: str
    on_behalf_of: str
    seen: str


class FlagProposals(FlagBase):
    """Voting asks for the right to approve, or the one to flags; the policy says whose vote counts."""

    def proposed(self, service: str, by: Principal) -> Sequence[views.ProposalView]:
        """Return what waits for an approval, newest first; for "" of every service that `by` may see."""
        with self._store.read() as tx:
            visible = frozenset({service}) if service else access.services_for(tx, by, Permission.READ)
            if service:
                access.require(tx, by, Permission.READ, service)
            rows = tx.list_proposals(visible, state=ProposalState.WAITING, limit=_MOST_SHOWN)
            return tuple(self._view(tx, row.proposal) for row in rows)

    def proposal(self, proposal_id: str, by: Principal) -> views.ProposalView:
        """Return one proposal, whatever became of it. Raises NotFoundError."""
        with self._store.read() as tx:
            found = tx.get_proposal(proposal_id).proposal
            access.require(tx, by, Permission.READ, found.service)
            return self._view(tx, found)

    def approve(
        self,
        proposal_id: str,
        by: Principal,
        *,
        comment: str = "",
        role: str = "",
        on_behalf_of: str = "",
        seen: str = "",
    ) -> views.ProposalView:
        """Vote for a proposal, in the first role one may unless named; the last vote asked for applies it.

        `seen` is the `subject` of what the voter was shown. Raises RuleError naming the rule that refuses the
        vote, ConflictError saying what has changed since it was proposed, IllegalMoveError once settled.
        """
        given = _Given(VoteKind.APPROVE, comment, role, on_behalf_of, seen)
        return self._vote(proposal_id, by, given)

    def reject(
        self,
        proposal_id: str,
        by: Principal,
        why: str,
        *,
        role: str = "",
        on_behalf_of: str = "",
        seen: str = "",
    ) -> views.ProposalView:
        """Vote against a proposal, with the reason. Raises as `approve`."""
        return self._vote(proposal_id, by, _Given(VoteKind.REJECT, why, role, on_behalf_of, seen))

    def withdraw(self, proposal_id: str, by: Principal, why: str = "") -> views.ProposalView:
        """Give a proposal up: whoever made it, or who has the right to flags. Raises IllegalMoveError."""
        words, actor = prose(why, "the reason"), access.actor(by)
        with self._store.begin() as tx:
            row = tx.get_proposal(proposal_id)
            if row.proposal.by != by.name or by.is_open:
                access.require(tx, by, Permission.FLAG, row.proposal.service)
            _require_waiting(row)
            self._settle(tx, row, ProposalState.WITHDRAWN, actor, words)
        return self.proposal(proposal_id, by)

    def _vote(self, proposal_id: str, by: Principal, given: _Given) -> views.ProposalView:
        actor, words = access.actor(by), prose(given.comment, "the comment")
        with self._store.begin() as tx:
            row = tx.get_proposal(proposal_id)
            found = row.proposal
            access.require(tx, by, Permission.APPROVE, found.service, or_else=Permission.FLAG)
            _require_waiting(row)
            scene = self._scene(tx, found.service, found.environment)
            _require_current(scene, found)
            policy, voters = self._policy(tx, found), self._voters(tx, found)
            way = capacity(capacities(policy, by.name, voters), given.role, given.on_behalf_of)
            asked = subject_of(found)
            vote = Vote(
                by=by.name,
                kind=given.kind,
                at=voters.now,
                subject_hash=given.seen or subject_hash(asked),
                role=way.role,
                comment=words,
                on_behalf_of=way.on_behalf_of,
            )
            refusal = check_vote(policy, found.ballot, vote, asked, voters)
            if refusal is not None:
                raise RuleError(refusal)
            voted = replace(found, ballot=cast(found.ballot, vote, asked))
            self._note(tx, voted, actor, f"flag-vote-{given.kind}", vote_words(policy.title, vote))
            self._settle_vote(
                scene, ProposalRow(voted, row.version), outcome(policy, voted.ballot, asked, voters)
            )
        with suppress(StoreError):  # it is committed; the next look of `poll` brings it
            self._sets.changed(found.service)
        return self.proposal(proposal_id, by)

    def _settle_vote(self, scene: SetScene, row: ProposalRow, found: Outcome) -> None:
        """Apply what was agreed to, end what was refused, and keep what still waits."""
        proposal = row.proposal
        match found.standing:
            case Standing.WAITING:
                scene.tx.save_proposal(row, proposal)
            case Standing.REJECTED:
                self._settle(scene.tx, row, ProposalState.REJECTED, _APPROVAL, found.sentence)
            case Standing.APPROVED:
                check(scene, {(one.kind, one.id): item_of(one.kind, one.after) for one in proposal.edits})
                why = with_reason(found.sentence, proposal.why)
                act = Act(proposal.act, proposal.by, proposal.by, why, proposal.undoes)
                self._commit_edits(scene, proposal.edits, act)
                scene.tx.save_proposal(
                    row, self._settled(proposal, ProposalState.APPLIED, _APPROVAL, found.sentence)
                )

    def _settle(self, tx: Transaction, row: ProposalRow, state: ProposalState, by: str, why: str) -> None:
        tx.save_proposal(row, self._settled(row.proposal, state, by, why))
        self._note(tx, row.proposal, by, f"flag-proposal-{state}", why)

    def _settled(self, proposal: Proposal, state: ProposalState, by: str, why: str) -> Proposal:
        return replace(proposal, state=state, settled_at=self._clock.wall(), settled_by=by, settled_why=why)

    def _propose_or_commit(self, scene: SetScene, change: Change, act: Act) -> views.FlagChange:
        """Commit a change at once where nobody is asked; else keep it as a proposal."""
        policy = self._approval_in(scene)
        if policy is None:
            return self._commit(scene, change, act)
        edits = edits_of(scene, change)
        if not edits:
            return views.FlagChange(scene.service, scene.environment, views.Outcome.UNCHANGED, scene.version)
        check(scene, change)
        refuse_driven(scene, edits)
        proposal = Proposal(
            id=ids.new_proposal_id(),
            service=scene.service,
            environment=scene.environment,
            act=act.kind,
            edits=edits,
            lines=said(edits),
            by=act.by,
            at=self._clock.wall(),
            why=act.why,
            policy=policy.id,
            ballot=Ballot(policy.id),
            undoes=act.undoes,
        )
        scene.tx.add_proposal(proposal)
        told = with_reason("; ".join(proposal.lines[:20]), act.why)
        self._note(scene.tx, proposal, act.actor, "flag-change-proposed", told)
        waits = outcome(policy, proposal.ballot, subject_of(proposal), self._voters(scene.tx, proposal))
        return views.FlagChange(
            scene.service,
            scene.environment,
            views.Outcome.WAITING,
            scene.version,
            proposal.lines,
            proposal.id,
            waits.sentence,
        )

    def _approval_in(self, scene: SetScene) -> ApprovalPolicy | None:
        """Return the policy that is asked about changes of a set, None where nobody is.

        Raises RuleError when the process asks for one that it does not have.
        """
        team = team_in_force(scene.tx, scene.service)
        policy = team.flags.approval_in(scene.environment) if team is not None else ""
        return _policy_of(team, policy) if policy and team is not None else None

    def _policy(self, tx: Transaction, proposal: Proposal) -> ApprovalPolicy:
        return _policy_of(team_in_force(tx, proposal.service), proposal.policy)

    def _voters(self, tx: Transaction, proposal: Proposal) -> Voters:
        team = team_in_force(tx, proposal.service)
        policy = _policy_of(team, proposal.policy)
        return Voters(
            access.directory(tx, proposal.service),
            self._clock.now(),
            barred_people(policy, {"author": [proposal.by]}),
            {board.id: board for board in team.changes.boards} if team else {},
            {role.id: role.title for role in team.roles} if team else {},
        )

    def _note(self, tx: Transaction, proposal: Proposal, actor: str, kind: str, words: str) -> None:
        note(
            tx,
            self._clock,
            actor=actor,
            kind=kind,
            subject=subject(proposal.service, proposal.edits),
            why=f"{proposal.environment}: {words} (proposal {proposal.id})",
        )

    def _view(self, tx: Transaction, found: Proposal) -> views.ProposalView:
        sentence = found.settled_why or found.state.value
        outdated: tuple[str, ...] = ()
        if found.state is ProposalState.WAITING:
            outdated = _changed_since(
                SetScene(
                    tx,
                    found.service,
                    found.environment,
                    0,
                    self._sets.items(tx, found.service, found.environment),
                ),
                found,
            )
            try:
                policy, voters = self._policy(tx, found), self._voters(tx, found)
                sentence = outcome(policy, found.ballot, subject_of(found), voters).sentence
            except RuleError as error:
                sentence = str(error)
        return views.ProposalView(
            id=found.id,
            service=found.service,
            environment=found.environment,
            act=found.act,
            items=tuple(one.id for one in found.edits),
            lines=found.lines,
            by=found.by,
            at=found.at,
            why=found.why,
            policy=found.policy,
            state=found.state.value,
            sentence=sentence,
            votes=tuple(
                views.VoteView(one.by, one.kind.value, one.at, one.role, one.comment)
                for one in found.ballot.votes
            ),
            subject=subject_hash(subject_of(found)),
            outdated=outdated,
        )


def _require_waiting(row: ProposalRow) -> None:
    if row.proposal.state is not ProposalState.WAITING:
        raise IllegalMoveError(
            f"the proposal {row.proposal.id} is {row.proposal.state} already: {row.proposal.settled_why}"
        )


def _require_current(scene: SetScene, proposal: Proposal) -> None:
    changed = _changed_since(scene, proposal)
    if changed:
        raise ConflictError(
            f"what the proposal {proposal.id} was written for has changed since: {'; '.join(changed)}; "
            "withdraw it and propose the change anew"
        )


def _changed_since(scene: SetScene, proposal: Proposal) -> tuple[str, ...]:
    """Return what changed in the flags of a proposal since it was written, with who did it when."""
    found: list[str] = []
    for one in proposal.edits:
        held = scene.items.get((one.kind, one.id))
        now = held.text if held is not None else ""
        if now != one.before and held is not None:
            lines = lines_of(ItemEdit(one.kind, one.id, one.base, one.before, now))
            found.append(
                f"{one.id}: {', '.join(lines)} ({held.changed_by}, {held.changed_at:%Y-%m-%d %H:%M} UTC)"
            )
    return tuple(found)


def _policy_of(team: TeamProcess | None, policy: str) -> ApprovalPolicy:
    found = next((one for one in team.approvals if one.id == policy), None) if team is not None else None
    if found is None:
        raise RuleError(
            f'changes of flags ask for the approval "{policy}", which the process in force does not have; '
            "put one in force that has it"
        )
    return found


def team_in_force(tx: Transaction, service: str) -> TeamProcess | None:
    """Return what the process in force says about the team, None without one. Raises StoreError."""
    row = tx.current_process(service)
    if row is None:
        return None
    try:
        return parsed(row.text, row.path).team
    except ProcessFileError as error:
        raise NotFoundError(
            f"the process in force for {service} can't be read by this version, so nobody knows who agrees "
            f"to changes of flags; put a new one in force with `sluice process apply` ({error})"
        ) from error
