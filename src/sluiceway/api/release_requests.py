"""What requests about releases, their runs and their processes carry. A name not listed here is an error.

How long a text may be and what may stand in it is the services' business; so are the rules.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from sluiceway.api.requests import ProcessText
from sluiceway.domain.approvals.model import VoteKind
from sluiceway.domain.releases.model import DecisionKind, Facts, ItemState
from sluiceway.services.release_facts import FactsPatch

_Path = Annotated[str, Field(max_length=4_000, description="absolute; relative names start in its folder")]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ReleaseRequest(_Body):
    """A release to make. With `process` that text is put in force for the service first."""

    service: str = ""
    facts: Facts
    process: ProcessText = ""
    path: _Path = ""


class EditRequest(_Body):
    """What to change; what `facts` leaves out, or holds as null, stays."""

    facts: FactsPatch
    expected_version: int | None = None


class ReplanRequest(_Body):
    """Another target date; with `only_show` nothing changes."""

    target_at: AwareDatetime
    only_show: bool = False


class MoveRequest(_Body):
    to: str
    reason: str = ""
    expected_version: int | None = None


class ReasonRequest(_Body):
    reason: str


class VoteRequest(_Body):
    """A vote. `seen` is the `subject_hash` that the voter was shown."""

    policy: str
    kind: VoteKind
    role: str = ""
    comment: str = ""
    conditions: Annotated[tuple[str, ...], Field(max_length=100)] = ()
    on_behalf_of: str = ""
    seen: str = ""


class ConditionRequest(_Body):
    condition: str
    note: str = ""


class DecideRequest(_Body):
    decision: str
    kind: DecisionKind
    reason: str = ""
    role: str = ""


class AttestRequest(_Body):
    gate: str
    holds: bool
    statement: str
    role: str = ""


class WaiveRequest(_Body):
    gate: str
    reason: str
    until: AwareDatetime | None = None
    role: str = ""


class OverrideRequest(_Body):
    """Permission to act while the calendar is closed; without `until` for good."""

    reason: str
    until: AwareDatetime | None = None
    role: str = ""


class CheckRequest(_Body):
    """What became of a checklist item; `note` is the reason when it is set aside."""

    checklist: str
    item: str
    state: ItemState
    note: str = ""
    link: str = ""


class LinkRequest(_Body):
    change: str


class ReleaseRolloutRequest(_Body):
    """A rollout of the process by name, "" for that of the release's type."""

    name: str = ""
    stable: str | None = None


class StartRunRequest(_Body):
    """A runbook to carry out; `applies` and `set_aside` decide ahead about steps with a condition."""

    runbook: str
    applies: Annotated[tuple[str, ...], Field(max_length=500)] = ()
    set_aside: Annotated[tuple[str, ...], Field(max_length=500)] = ()


class RunItemRequest(_Body):
    checklist: str
    item: str


class RunActRequest(_Body):
    """What somebody says of a run; with `step` only if it is still at that one."""

    note: str = ""
    step: str = ""


class ApplyRequest(_Body):
    """A process to put in force, with all that it extends resolved from where `path` says it is."""

    process: ProcessText
    path: _Path = "sluiceway.yaml"
    service: str = ""
