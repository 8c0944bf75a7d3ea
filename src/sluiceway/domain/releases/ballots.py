"""The approvals of a release: who may vote under a policy, and what its ballot adds up to now.

Joins the release and its process to `domain.approvals`, which knows neither.
"""

from __future__ import annotations

from datetime import datetime

from sluiceway.domain.approvals.counting import outcome
from sluiceway.domain.approvals.model import Outcome
from sluiceway.domain.approvals.voters import Voters, barred_people
from sluiceway.domain.process.team import ApprovalPolicy, TeamProcess
from sluiceway.domain.releases.model import Release
from sluiceway.domain.releases.subjects import subject_of
from sluiceway.domain.releases.world import World


def voters_for(
    release: Release, process: TeamProcess, policy: ApprovalPolicy, world: World, now: datetime
) -> Voters:
    """Return who may vote under the policy: those it keeps apart are barred with the reason.

    The requestors and implementers are those of the linked change requests; who wrote one counts as having
    asked for it.
    """
    changes = [world.changes[one] for one in release.facts.changes if one in world.changes]
    barred = barred_people(
        policy,
        {
            "author": [release.author],
            "manager": [release.facts.manager],
            "requestor": [one for change in changes for one in (change.requestor, change.author)],
            "implementer": [change.implementer for change in changes],
        },
    )
    return Voters(
        world.directory,
        now,
        barred,
        {board.id: board for board in process.changes.boards},
        {role.id: role.title for role in process.roles},
    )


def outcome_of(
    release: Release, process: TeamProcess, policy: ApprovalPolicy, world: World, now: datetime
) -> Outcome:
    """Return what the release's ballot under the policy adds up to now."""
    voters = voters_for(release, process, policy, world, now)
    return outcome(policy, release.ballot(policy.id), subject_of(release, process, policy), voters)
