"""What requests carry in their bodies. A name that is not listed here is an error, not ignored."""

from __future__ import annotations

from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from sluiceway.domain.process.plan import Action
from sluiceway.domain.process.team import Permission

_Text = Annotated[str, Field(max_length=1_000)]
_Password = Annotated[str, Field(max_length=10_000, json_schema_extra={"format": "password"})]
ProcessText = Annotated[str, Field(max_length=500_000)]


class StartRequest(BaseModel):
    """A rollout to start: the process file's text, which of its named rollouts if any, and the versions."""

    model_config = ConfigDict(extra="forbid")

    process: ProcessText
    path: Annotated[str, Field(max_length=4_000, description="absolute; relative names start in its folder")]
    rollout: _Text = ""
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
    """A token to make, for one service only unless `service` is empty.

    With the scopes `push` and `evaluate` alone and no `owner` it belongs to nobody; else it acts as its
    owner, whoever asks when left out. `environments` narrows it to the flags of those. It lasts `expires_s`
    seconds, for ever when left out.
    """

    model_config = ConfigDict(extra="forbid")

    name: _Text
    service: _Text = ""
    scopes: Annotated[tuple[Permission, ...], Field(max_length=50)] = (Permission.PUSH,)
    expires_s: float | None = None
    owner: _Text = ""
    environments: Annotated[tuple[_Text, ...], Field(max_length=50)] = ()


class LoginRequest(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: _Text
    password: _Password


class NoRequest(BaseModel):
    """Nothing is needed: `{}`."""

    model_config = ConfigDict(extra="forbid")


class AccountRequest(BaseModel):
    """An account to make. Without a password it can't log in; its tokens can be used."""

    model_config = ConfigDict(extra="forbid")

    name: _Text
    password: _Password = ""
    title: _Text = ""
    contact: _Text = ""
    admin: bool = False


class PasswordRequest(BaseModel):
    """A new password; `current` is needed for one's own."""

    model_config = ConfigDict(extra="forbid")

    password: _Password
    current: _Password = ""


class GrantRequest(BaseModel):
    """A role, for a service or for every one (`*`)."""

    model_config = ConfigDict(extra="forbid")

    role: _Text
    service: _Text = "*"


class AwayRequest(BaseModel):
    """How long somebody is away, and who stands in."""

    model_config = ConfigDict(extra="forbid")

    until: AwareDatetime
    first: AwareDatetime | None = None
    alternate: _Text = ""
