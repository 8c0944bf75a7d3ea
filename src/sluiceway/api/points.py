"""The routes of pushed figures, and of tokens.

A batch is read point by point: one that is malformed is refused alone, with its place and reason, and the
rest is taken. Who pushes is known by a token.
"""

from __future__ import annotations

import difflib
import json
from dataclasses import dataclass
from typing import Annotated, cast

from litestar import Controller, Request, Response, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.openapi.spec import OpenAPIMediaType, OpenAPIType, Operation, Reference, RequestBody, Schema
from litestar.params import FromPath, JSONBody, RawBody
from litestar.status_codes import HTTP_200_OK, HTTP_201_CREATED
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from sluiceway.api.guard import OPEN, PUSH_PATH, TOKEN_ONLY
from sluiceway.api.requests import TokenRequest
from sluiceway.domain.people.model import Principal
from sluiceway.domain.points.admission import Refused
from sluiceway.domain.points.model import MAX_POINTS, RawPoint
from sluiceway.errors import InvalidInputError
from sluiceway.services.points import PointsService, PointView
from sluiceway.services.tokens import NewTokenView, TokenService, TokenView

_Number = Annotated[float, Field(strict=True)]
_Text = Annotated[str, Field(max_length=1_000)]
_FIGURES = frozenset({"value", "count", "bad", "good", "total", "squares"})


class PointBody(BaseModel):
    """One figure: of a `service`'s `version`, or of a whole release (`rollout`).

    It has a `value` (a gauge, or one rating), or a `count`: alone (so many happened), with `bad` or `good`
    (of so many, so many), or with `total` and `squares` (a batch of values and their squares, added up).
    """

    model_config = ConfigDict(extra="forbid")

    id: Annotated[_Text | None, Field(description="your own; sent again, it counts once")] = None
    metric: _Text | None = None
    service: _Text | None = None
    version: _Text | None = None
    rollout: _Text | None = None
    at: Annotated[_Text | None, Field(description="RFC 3339; the moment of its arrival when left out")] = None
    value: _Number | None = None
    count: _Number | None = None
    bad: _Number | None = None
    good: _Number | None = None
    total: _Number | None = None
    squares: _Number | None = None


def _schema() -> Schema:
    """Return what a batch looks like, for the OpenAPI document."""
    properties: dict[str, Schema | Reference] = {
        name: Schema(
            type=OpenAPIType.NUMBER if name in _FIGURES else OpenAPIType.STRING, description=part.description
        )
        for name, part in PointBody.model_fields.items()
    }
    point = Schema(
        type=OpenAPIType.OBJECT,
        description=PointBody.__doc__,
        properties=properties,
        required=["id", "metric"],
        additional_properties=False,
    )
    return Schema(type=OpenAPIType.ARRAY, items=point, max_items=MAX_POINTS)


@dataclass
class PushOperation(Operation):
    """Describes the body in the OpenAPI document: the handler reads it itself, point by point."""

    def __post_init__(self) -> None:
        self.request_body = RequestBody(
            {"application/json": OpenAPIMediaType(schema=_schema())}, required=True
        )


@post(
    PUSH_PATH,
    sync_to_thread=True,
    status_code=HTTP_200_OK,
    operation_class=PushOperation,
    opt={
        OPEN: True,
        TOKEN_ONLY: True,
    },  # asks itself, also while all else is open to everybody
    summary="Push figures; the answer says of each what became of it",
    tags=["figures"],
)
def push_points(
    request: Request[None, None, State],
    body: RawBody,
    tokens: NamedDependency[TokenService],
    points: NamedDependency[PointsService],
) -> list[PointView]:
    by = tokens.authenticate(request.headers.get("authorization", ""))
    return list(points.take([_raw_point(item) for item in _items(body)], by))


class TokenRoutes(Controller):
    path = "/api/tokens"
    tags = ("tokens",)

    @get(sync_to_thread=True, summary="Tokens, revoked ones too; the tokens themselves are nowhere")
    def list_tokens(
        self, tokens: NamedDependency[TokenService], by: NamedDependency[Principal]
    ) -> list[TokenView]:
        return list(tokens.list(by))

    @post(sync_to_thread=True, status_code=HTTP_201_CREATED, summary="Make a token; it is shown this once")
    def create_token(
        self,
        tokens: NamedDependency[TokenService],
        by: NamedDependency[Principal],
        data: JSONBody[TokenRequest],
    ) -> Response[NewTokenView]:
        made = tokens.create(
            data.name,
            data.service,
            by,
            scopes=data.scopes,
            expires_s=data.expires_s,
            owner=data.owner,
            environments=data.environments,
        )
        return Response(made, headers={"Cache-Control": "no-store"})

    @post("/{name:str}/revoke", sync_to_thread=True, status_code=HTTP_200_OK, summary="Refuse it from now on")
    def revoke_token(
        self, tokens: NamedDependency[TokenService], by: NamedDependency[Principal], name: FromPath[str]
    ) -> TokenView:
        return tokens.revoke(name, by)


def _items(body: bytes) -> list[object]:
    """Return the list that a body holds. NaN passes, so that its point alone is refused."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as failure:
        raise InvalidInputError(f"the body is not JSON ({str(failure)[:200]})") from failure
    if not isinstance(found, list):
        raise InvalidInputError("the body is not a list; send [{...}, ...], also for a single point")
    return cast(list[object], found)


def _raw_point(item: object) -> RawPoint | Refused:
    try:
        parsed = PointBody.model_validate(item)
    except ValidationError as failure:
        problems = failure.errors(include_url=False, include_input=False)
        return Refused("; ".join(_words(one) for one in problems[:5]), _id_of(item))
    return RawPoint(**parsed.model_dump())


def _id_of(item: object) -> str:
    found = cast(dict[str, object], item).get("id") if isinstance(item, dict) else None
    return found if isinstance(found, str) else ""


def _words(problem: ErrorDetails) -> str:
    """Return what is wrong with a point, in the words of those who send it."""
    place = _place(problem["loc"])
    match problem["type"]:
        case "extra_forbidden":
            near = difflib.get_close_matches(place, PointBody.model_fields, n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            return f"{place} is no field of a point, which has {', '.join(PointBody.model_fields)}{hint}"
        case "model_type":
            return 'the point is no object; write {"id": ..., "metric": ..., "count": ...}'
        case "float_type":
            return f"{place} is no number; write it without quotes"
        case "string_type":
            return f"{place} is no text; write it in quotes"
        case "string_too_long":
            return f"{place} is longer than {problem.get('ctx', {}).get('max_length')} characters"
        case _:
            return f"{place}: {problem['msg']}"


def _place(loc: tuple[int | str, ...]) -> str:
    text = ".".join(str(part) for part in loc) or "point"
    return text if len(text) <= 100 and text.isprintable() else ascii(text[:100])
