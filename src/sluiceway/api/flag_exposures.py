"""`POST /api/flag-exposures`: what applications report of the flags they served, in batches.

A batch has an id of the sender's own, so that one sent again after a broken connection counts once. What
becomes of reports is the business of `services.flag_reports`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Annotated

from anyio.to_thread import run_sync
from litestar import Request, Response, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import JSONBody
from litestar.status_codes import HTTP_202_ACCEPTED
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from sluiceway.api.flag_answers import refused_reply
from sluiceway.api.flag_gate import Refused, TokenGate
from sluiceway.api.flag_sets import response_of
from sluiceway.api.guard import EXPOSURES_PATH, OPEN, TOKEN_ONLY
from sluiceway.services.experiment_intake import Did
from sluiceway.services.flag_reports import MAX_REPORTS, Exposure, ExposureBatch
from sluiceway.services.flags import FlagService

_Text = Annotated[str, Field(max_length=1_000)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ExposureBody(_Body):
    """A flag was worth `variant` so many times; with `targetingKey` (better its hash) for one user."""

    flag: _Text
    variant: _Text = ""
    targetingKey: _Text = ""  # noqa: N815 -- OpenFeature's word for it
    count: Annotated[int, Field(ge=1)] = 1
    first_at: AwareDatetime
    last_at: AwareDatetime


class MetricBody(_Body):
    """What a user did, for the experiments they take part in."""

    metric: _Text
    targetingKey: _Text  # noqa: N815
    value: Annotated[float, Field(allow_inf_nan=False)] = 1.0
    at: AwareDatetime


class ExposuresBody(_Body):
    """A batch. `environment`, where given, must be the token's."""

    batch: _Text
    exposures: Annotated[tuple[ExposureBody, ...], Field(max_length=MAX_REPORTS)] = ()
    metrics: Annotated[tuple[MetricBody, ...], Field(max_length=MAX_REPORTS)] = ()
    environment: _Text = ""


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a batch. `is_new` false: it was taken before, and counted then."""

    is_new: bool


@post(
    EXPOSURES_PATH,
    status_code=HTTP_202_ACCEPTED,
    opt={OPEN: True, TOKEN_ONLY: True},  # asks for a token itself, also while everything else is open
    summary="Report which flags were served to whom, and what users did; a batch counts once",
    tags=["flags for applications"],
)
async def flag_exposures(
    request: Request[None, None, State],
    gate: NamedDependency[TokenGate],
    flags: NamedDependency[FlagService],
    data: JSONBody[ExposuresBody],
) -> Response[Taken] | Response[bytes]:
    caller = await gate.admit(request.scope["headers"])
    if isinstance(caller, Refused):
        return response_of(refused_reply(caller))
    record = partial(flags.record_exposures, caller.principal, _batch(data), environment=data.environment)
    return Response(Taken(await run_sync(record)), status_code=HTTP_202_ACCEPTED)


def _batch(body: ExposuresBody) -> ExposureBatch:
    exposures = [
        Exposure(one.flag, one.variant, one.count, one.first_at, one.last_at, one.targetingKey)
        for one in body.exposures
    ]
    return ExposureBatch(
        body.batch, exposures, [Did(one.metric, one.targetingKey, one.value, one.at) for one in body.metrics]
    )
