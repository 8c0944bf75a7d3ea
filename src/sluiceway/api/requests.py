"""What requests carry in their bodies. A name that is not listed here is an error, not ignored."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from sluiceway.domain.process.plan import Action

_Text = Annotated[str, Field(max_length=1_000)]
ProcessText = Annotated[str, Field(max_length=500_000)]


class StartRequest(BaseModel):
    """A rollout to start: the process file's text and the versions."""

    model_config = ConfigDict(extra="forbid")

    process: ProcessText
    path: Annotated[str, Field(max_length=4_000, description="absolute; relative names start in its folder")]
    new: _Text
    stable: _Text | None = None
    replace_serving: bool = False


class ActRequest(BaseModel):
    """What goes with a person's act; an empty object is enough for most."""

    model_config = ConfigDict(extra="forbid")

    reason: _Text = ""
    subject: _Text = ""
    action: Action = Action.IMMEDIATE
    process: ProcessText | None = None
    expected_version: int | None = None


class ValidateRequest(BaseModel):
    """A process file to check."""

    model_config = ConfigDict(extra="forbid")

    process: ProcessText
    path: Annotated[str, Field(max_length=4_000)] = "sluiceway.yaml"


class TokenRequest(BaseModel):
    """A token to make, for one service only unless `service` is empty."""

    model_config = ConfigDict(extra="forbid")

    name: _Text
    service: _Text = ""
