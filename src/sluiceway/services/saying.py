"""What people say, as use cases take it: texts of a bounded length, votes in a role they may vote in.

Shared by those of releases and of change requests.
"""

from __future__ import annotations

from collections.abc import Sequence

from sluiceway.domain.approvals.casting import Capacity
from sluiceway.domain.approvals.model import Vote
from sluiceway.errors import InvalidInputError

MAX_COMMENT_CHARS = 5_000
MAX_CONDITIONS = 20


def short(text: str, what: str) -> str:
    """Return the text without blanks around it. Raises InvalidInputError when it is too long."""
    if len(text) > MAX_COMMENT_CHARS:
        raise InvalidInputError(
            f"{what} has {len(text)} characters; use at most {MAX_COMMENT_CHARS} and link to the rest"
        )
    return text.strip()


def conditions_given(texts: Sequence[str]) -> tuple[str, ...]:
    """Return the conditions that hold words. Raises InvalidInputError for too many or too long ones."""
    found = tuple(short(one, "a condition") for one in texts if one.strip())
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
