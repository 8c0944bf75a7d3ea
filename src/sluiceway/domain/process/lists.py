"""What is done around a release: checklists whose items come due, runbooks that run step by step."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ItemKind(StrEnum):
    MANUAL = "manual"
    COMMAND = "command"
    HTTP = "http"
    METRIC = "metric"
    FLAGS = "flags"


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to do. A manual item is done by a person of `owner`; the others run and answer by themselves.

    `command` is run without a shell. `expression` is CEL over the release's live metrics. One of kind `FLAGS`
    asks that no feature flag of the service is stale. `offset_s`, from the list's anchor, overrides the
    list's. An item that is not `required` never holds a move.
    """

    id: str
    text: str
    kind: ItemKind = ItemKind.MANUAL
    owner: str = ""  # role id
    offset_s: float | None = None
    command: tuple[str, ...] = ()
    url: str = ""
    status: int = 200
    contains: str = ""
    expression: str = ""
    timeout_s: float = 60.0
    required: bool = True
    when: str = (
        ""  # in words: "if the change touches the database"; such an item may be set aside with a reason
    )
    parent: str = ""  # the item it is a part of


class Anchor(StrEnum):
    TARGET = "target"  # T, the release's target date
    PHASE = "phase"  # when the release entered `phase`


@dataclass(frozen=True, slots=True)
class Checklist:
    """Items that come due together, `offset_s` after their anchor (negative: before it).

    `until_s` ends the stretch of time in which they are done, for lists such as "0 to 30 minutes after".
    """

    id: str
    title: str
    items: tuple[Item, ...]
    anchor: Anchor = Anchor.TARGET
    phase: str = ""
    offset_s: float = 0.0
    until_s: float | None = None
    owner: str = ""  # role id, for items without their own
    types: tuple[str, ...] = ()  # releases it belongs to; empty means every type


class StepKind(StrEnum):
    MANUAL = "manual"
    COMMAND = "command"
    HTTP = "http"


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a runbook. When a later step fails for good, `undo` is run, last step first."""

    id: str
    title: str
    kind: StepKind = StepKind.MANUAL
    command: tuple[str, ...] = ()
    url: str = ""
    status: int = 200
    contains: str = ""
    undo: tuple[str, ...] = ()
    timeout_s: float = 300.0
    attempts: int = 1
    wait_s: float = 5.0  # between two attempts
    owner: str = ""  # role id
    when: str = ""


@dataclass(frozen=True, slots=True)
class Runbook:
    id: str
    title: str
    steps: tuple[Step, ...]
    owner: str = ""
    purpose: str = ""
