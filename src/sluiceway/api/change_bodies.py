"""What requests about change requests and boards carry. A name not listed here is an error.

How long a text may be is the services' business; so are the rules.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from sluiceway.api.requests import ProcessText
from sluiceway.domain.approvals.model import VoteKind
from sluiceway.domain.changes.model import MeetingKind
from sluiceway.services.change_facts import ChangePatch

_Texts = Annotated[tuple[str, ...], Field(max_length=100)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NewChangeBody(_Body):
    """A change request to make; whoever sends it is its requestor unless it names one."""

    service: str
    facts: ChangePatch


class ImportBody(_Body):
    """A change request written as YAML; `path` stands in messages."""

    text: ProcessText
    path: Annotated[str, Field(max_length=4_000)] = "change.yaml"
    service: str = ""


class EditChangeBody(_Body):
    """What to change; what `facts` leaves out, or holds as null, stays."""

    facts: ChangePatch
    expected_version: int | None = None


class AnswersBody(_Body):
    """Questions of the questionnaire by id, each with the id of the answer."""

    answers: dict[str, str]


class WhyBody(_Body):
    reason: str


class ScoreBody(_Body):
    """Points by the id of the criterion."""

    points: dict[str, int]
    role: str = ""
    comment: str = ""


class ChangeVoteBody(_Body):
    """A vote; without `policy` under what asks for this person's. `seen` is the `subject_hash` they saw."""

    kind: VoteKind
    policy: str = ""
    role: str = ""
    comment: str = ""
    conditions: _Texts = ()
    on_behalf_of: str = ""
    seen: str = ""


class DecideBody(_Body):
    """The board's own conditions, besides those that members set."""

    conditions: _Texts = ()


class ReviewBody(_Body):
    agrees: bool
    remarks: str


class ScheduleBody(_Body):
    starts_at: AwareDatetime
    ends_at: AwareDatetime


class FinishBody(_Body):
    """How it ended; `reason` says why when it failed."""

    ended_well: bool
    reason: str = ""


class ReleaseBody(_Body):
    """A release by its id, or as `SERVICE@VERSION`."""

    release: str


class MeetingBody(_Body):
    """A meeting to call; without a time the next regular one, an emergency meeting now."""

    kind: MeetingKind = MeetingKind.REGULAR
    at: AwareDatetime | None = None
    reason: str = ""
    changes: _Texts = ()


class MinutesBody(_Body):
    minutes: str
