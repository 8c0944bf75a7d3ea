"""What requests about feature flags carry. A name not listed here is an error.

A flag or segment is its document, as flag files and clients have it: reading it is the business of
`domain.flags.wire_reading`, which names every problem with its place.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from sluiceway.api.requests import ProcessText

_Text = Annotated[str, Field(max_length=1_000)]
Document = Annotated[dict[str, Any], Field(description="as in the flag file reference, JSON form")]
_Context = Annotated[dict[str, Any], Field(description="the user's attributes, with `targetingKey`")]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NewFlagBody(_Body):
    """A flag to make. It is as given in development, off everywhere else."""

    flag: Document
    reason: str = ""


class EditFlagBody(_Body):
    """The whole flag as it should be. `expected_version` is that of the state that was edited."""

    flag: Document
    expected_version: int | None = None
    reason: str = ""


class ToggleBody(_Body):
    environment: _Text
    on: bool
    reason: str = ""


class EverywhereBody(_Body):
    """Without `environment` in every one that has the flag."""

    environment: _Text = ""
    reason: str = ""


class ReasonBody(_Body):
    reason: str = ""


class ExplainBody(_Body):
    """Whose evaluation, where."""

    environment: _Text
    context: _Context


class PreviewBody(_Body):
    """A draft, with what it was begun from, and attributes of users to count it for."""

    environment: _Text
    flag: Document
    base: Document | None = None
    samples: tuple[_Context, ...] = ()


class SegmentBody(_Body):
    """A whole segment as it should be, in one environment or without one in each."""

    segment: Document
    environment: _Text = ""
    expected_version: int | None = None
    reason: str = ""


class FlagVoteBody(_Body):
    """A vote on a proposal. `seen` is the `subject` that was shown; a rejection needs its reason."""

    reason: str = ""
    role: str = ""
    on_behalf_of: str = ""
    seen: str = ""


class FlagFileBody(_Body):
    """A file of flags, YAML or JSON; `path` stands in messages. Without `environment` for each.

    With `only_adds` it is no file that is kept: what it doesn't hold stays, what is there already and
    differs is a conflict.
    """

    text: ProcessText
    path: Annotated[str, Field(max_length=4_000)] = "flags.yaml"
    environment: _Text = ""
    only_adds: bool = False
    reason: str = ""
