"""Change requests as a company decides them: made, submitted, voted on by the board, the vote closed."""

from __future__ import annotations

from sluiceway.domain.approvals.model import VoteKind
from sluiceway.domain.changes.model import ChangeFacts, Impact
from sluiceway.services.change_views import ChangeView
from tests.scenario.company import SERVICE, Company


def submitted_change(company: Company, title: str, by: str, *, kind: str = "normal") -> str:
    """Return the id of a request with everything a board asks for, submitted."""
    facts = ChangeFacts(
        title=title,
        requestor=by,
        kind=kind,
        description="Answers come from an index",
        business_justification="People leave while they wait",
        impact=Impact(scope="major"),
        acceptance_criteria=("Half the time",),
        service=SERVICE,
    )
    made = company.changes.new(facts, company[by])
    return company.changes.submit(made.summary.id, company[by]).summary.id


def agreed_change(company: Company, title: str, by: str, *members: str) -> str:
    """Return the id of a request that the board has agreed to; the first of its members closes the vote."""
    change = submitted_change(company, title, by)
    vote_on_change(company, change, VoteKind.APPROVE, *members)
    company.changes.decide(change, company[members[0]])
    return change


def vote_on_change(company: Company, change: str, kind: VoteKind, *members: str) -> ChangeView:
    """Let members of the board vote in the seats they hold."""
    for name in members:
        company.changes.vote(change, kind, company[name], comment="Seen")
    return company.changes.get(change, company["rosa"])
