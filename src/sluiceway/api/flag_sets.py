"""`GET /api/flag-set`: a token's whole set of flags, for clients that decide themselves.

Its form is that of `domain.flags.wire`; a client that has it asks with its ETag and gets a 304. How clients
learn that there is another is the business of `flag_streams`.
"""

from __future__ import annotations

from anyio.to_thread import run_sync
from litestar import Request, Response, get
from litestar.datastructures import State
from litestar.di import NamedDependency

from sluiceway.api.flag_answers import Reply, is_same, refused_reply
from sluiceway.api.flag_gate import Refused, TokenGate
from sluiceway.api.flag_served import ServedSets
from sluiceway.api.guard import FLAG_SET_PATH, OPEN, TOKEN_ONLY

_WORTH_PACKING = 1_000  # bytes


@get(
    FLAG_SET_PATH,
    opt={OPEN: True, TOKEN_ONLY: True},  # asks for a token itself, also while everything else is open
    summary="The flags of the token's service and environment, whole; with an ETag",
    tags=["flags for applications"],
    media_type="application/json",
)
async def flag_set(
    request: Request[None, None, State],
    gate: NamedDependency[TokenGate],
    served_sets: NamedDependency[ServedSets],
) -> Response[bytes]:
    caller = await gate.admit(request.scope["headers"])
    if isinstance(caller, Refused):
        return response_of(refused_reply(caller))
    served = await served_sets.get(caller.place)
    live = served.live
    headers = {"ETag": f'"{live.etag}"', "Cache-Control": "private, no-cache", "Vary": "Accept-Encoding"}
    if is_same(request.headers.get("if-none-match", ""), live.etag):
        return Response(b"", status_code=304, headers=headers)
    if len(live.document) < _WORTH_PACKING or not _takes_gzip(request.headers.get("accept-encoding", "")):
        return Response(live.document, headers=headers, media_type="application/json")
    packed = await run_sync(lambda: served.gzipped)
    headers |= {"Content-Encoding": "gzip", "ETag": f'W/"{live.etag}"'}  # other bytes, the same meaning
    return Response(packed, headers=headers, media_type="application/json")


def response_of(reply: Reply) -> Response[bytes]:
    """Return an answer as the framework's."""
    lines = {name.decode("latin-1"): value.decode("latin-1") for name, value in reply.lines}
    media_type = lines.pop("content-type", "application/json")
    return Response(reply.body, status_code=reply.status, headers=lines, media_type=media_type)


def _takes_gzip(accepted: str) -> bool:
    """Return whether an `Accept-Encoding` names gzip with a weight above 0 (RFC 9110, section 12.5.3)."""
    for one in accepted.lower().split(","):
        name, _, weight = one.partition(";")
        if name.strip() in {"gzip", "x-gzip"}:
            return weight.strip().removeprefix("q=").strip("0.") != "" or not weight.strip()
    return False
