"""What people are shown of what others said: approvals with their votes, gates with attestations."""

from __future__ import annotations

from sluiceway.domain.approvals.casting import capacities
from sluiceway.domain.approvals.model import Outcome, Vote
from sluiceway.domain.approvals.subjects import subject_hash
from sluiceway.domain.people.model import Principal
from sluiceway.domain.process.team import ApprovalPolicy, Gate, NeedKind
from sluiceway.domain.releases.ballots import outcome_of, voters_for
from sluiceway.domain.releases.gates import read_gate
from sluiceway.domain.releases.road import asked_on_the_way
from sluiceway.domain.releases.subjects import subject_of
from sluiceway.domain.releases.world import plays
from sluiceway.ports.signing import Signer
from sluiceway.services.release_scene import Scene
from sluiceway.services.release_views import ApprovalView, CheckView, GateView, VoteView
from sluiceway.services.statements import statement_text


def approvals(scene: Scene, by: Principal) -> tuple[ApprovalView, ...]:
    """Return the approvals that the release's path asks for, then others that somebody voted on."""
    asked = [ref for ref, _ in asked_on_the_way(scene.release, scene.team, NeedKind.APPROVAL)]
    voted = [ballot.policy for ballot in scene.release.ballots]
    known = {policy.id: policy for policy in scene.team.approvals}
    return tuple(
        _approval(scene, known[name], by, is_asked=name in asked)
        for name in dict.fromkeys((*asked, *voted))
        if name in known
    )


def gates(scene: Scene, by: Principal, signer: Signer) -> tuple[GateView, ...]:
    """Return the gates that the release's path asks for, then others that somebody spoke of."""
    asked = [ref for ref, _ in asked_on_the_way(scene.release, scene.team, NeedKind.GATE)]
    spoken = [entry.gate for entry in scene.release.gates]
    known = {gate.id: gate for gate in scene.team.gates}
    return tuple(
        _gate(scene, known[name], by, signer) for name in dict.fromkeys((*asked, *spoken)) if name in known
    )


def vote_view(vote: Vote, void_reason: str = "") -> VoteView:
    return VoteView(
        by=vote.by,
        role=vote.role,
        kind=vote.kind.value,
        at=vote.at,
        comment=vote.comment,
        conditions=vote.conditions,
        on_behalf_of=vote.on_behalf_of,
        void_reason=void_reason,
    )


def _approval(scene: Scene, policy: ApprovalPolicy, by: Principal, *, is_asked: bool) -> ApprovalView:
    release, team, world = scene.release, scene.team, scene.world
    found: Outcome = outcome_of(release, team, policy, world, scene.now)
    voters = voters_for(release, team, policy, world, scene.now)
    subject = subject_of(release, team, policy)
    reasons = {void.vote: void.reason for void in found.void}
    mine = capacities(policy, by.name, voters)
    return ApprovalView(
        policy=policy.id,
        title=policy.title,
        standing=found.standing.value,
        sentence=found.sentence,
        votes=tuple(vote_view(vote, reasons.get(vote, "")) for vote in release.ballot(policy.id).votes),
        wanted=tuple(wanted.what for wanted in found.wanted),
        conditions=found.conditions,
        expires_at=found.expires_at,
        subject=subject,
        subject_hash=subject_hash(subject),
        is_asked=is_asked,
        my_roles=tuple(dict.fromkeys(one.role for one in mine)),
        my_refusal="" if mine else voters.why_not(by.name),
    )


def _gate(scene: Scene, gate: Gate, by: Principal, signer: Signer) -> GateView:
    release, directory = scene.release, scene.world.directory
    found = read_gate(gate, release.gates, release.facts.version, scene.now)
    entry = found.entry
    is_signed = (
        entry is not None
        and bool(entry.signature)
        and signer.is_signed(statement_text(release.id, entry), entry.signature)
    )
    return GateView(
        id=gate.id,
        title=gate.title,
        standing=found.state.value,
        sentence=found.sentence,
        checks=tuple(CheckView(one.id, one.text, one.expects, one.evidence) for one in gate.checks),
        attested_by=gate.attested_by,
        by=entry.by if entry else "",
        at=entry.at if entry else None,
        statement=entry.statement if entry else "",
        is_signed=is_signed,
        may_attest=any(plays(by.name, role, directory, scene.now) for role in gate.attested_by),
        may_waive=any(plays(by.name, role, directory, scene.now) for role in gate.waived_by),
    )
