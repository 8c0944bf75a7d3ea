"""What people say, as use cases take it: conditions, and votes in a role they may vote in.

Shared by those of releases and of change requests.
"""

from __future__ import annotations

from collections.abc import Sequence

from sluiceway.domain.approvals.casting import Capacity
from sluiceway.domain.approvals.model import Vote
from sluiceway.errors import InvalidInputError
from sluiceway.services.texts import prose

MAX_CONDITIONS = 20


def conditions_given(texts: Sequence[str]) -> tuple[str, ...]:
    """Return the conditions that hold words. Raises InvalidInputError for too many or too long ones."""
    found = tuple(prose(one, "a condition") for one in texts if one.strip())
    if len(found) > MAX_CONDITIONS:
        raise InvalidInputError(f"there are {len(found)} conditions; use at most {MAX_CONDITIONS}")
    return found


def capacity(mine: Sequence[Capacity], role: str, on_behalf_of: str) -> Capacity:
    """Return the way to vote that was asked for, the first possible one where nothing was said."""
    for one in mine:
        if role in {"", one.role} and on_behalf_of in {"", one.on_behalf_of}:
            return one
    return Capacity(role, on_behalf_of)


def vote_words(policy: str, vote: Vote) -> str:
    """Return a vote in words for the audit trail."""
    role = f" as {vote.role}" if vote.role else ""
    behalf = f" for {vote.on_behalf_of}" if vote.on_behalf_of else ""
    conditions = f", on condition: {'; '.join(vote.conditions)}" if vote.conditions else ""
    return with_reason(f"{policy}: {vote.kind}{role}{behalf}{conditions}", vote.comment)


def with_reason(words: str, more: str) -> str:
    """Return the words with what somebody added, if anything."""
    return f"{words}: {more.strip()}" if more.strip() else words
