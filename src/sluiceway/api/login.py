"""The routes of logging in and out, and of who one is.

A session's key travels in a cookie that scripts can't read, never in a body. Behind a proxy that speaks https
the cookie is marked `Secure`.
"""

from __future__ import annotations

from typing import Any

from litestar import Controller, Request, Response, get, post
from litestar.datastructures import Cookie
from litestar.di import NamedDependency
from litestar.params import JSONBody
from litestar.status_codes import HTTP_200_OK, HTTP_201_CREATED

from sluiceway.api.guard import COOKIE, OPEN
from sluiceway.api.requests import LoginRequest, NoRequest
from sluiceway.domain.people.model import Principal
from sluiceway.services.sessions import LASTS_S, IdentityView, LoginView, SessionService

_NOT_KEPT = {"Cache-Control": "no-store"}
_AnyRequest = Request[Any, Any, Any]


class SessionRoutes(Controller):
    path = "/api/session"
    tags = ("accounts",)

    @post(
        sync_to_thread=True,
        status_code=HTTP_201_CREATED,
        opt={OPEN: True},  # how else would anybody get in
        summary="Log in; the answer sets the session's cookie",
    )
    def log_in(
        self, request: _AnyRequest, sessions: NamedDependency[SessionService], data: JSONBody[LoginRequest]
    ) -> Response[LoginView]:
        address = request.client.host if request.client is not None else "unknown"
        agent = request.headers.get("user-agent", "")
        begun = sessions.log_in(data.name, data.password, address=address, agent=agent)
        cookie = _cookie(request, begun.key, round(LASTS_S))
        return Response(begun.view, headers=_NOT_KEPT, cookies=[cookie])

    @get(sync_to_thread=True, summary="Who one is, and what one was granted")
    def whoami(
        self, sessions: NamedDependency[SessionService], by: NamedDependency[Principal]
    ) -> Response[IdentityView]:
        return Response(sessions.whoami(by), headers=_NOT_KEPT)

    @post("/end", sync_to_thread=True, status_code=HTTP_200_OK, summary="Log out")
    def log_out(
        self,
        request: _AnyRequest,
        sessions: NamedDependency[SessionService],
        by: NamedDependency[Principal],
        data: JSONBody[NoRequest],  # noqa: ARG002 -- a body that holds anything is refused
    ) -> Response[IdentityView]:
        sessions.log_out(request.cookies.get(COOKIE, ""), by)
        return Response(sessions.whoami(by), headers=_NOT_KEPT, cookies=[_cookie(request, "", 0)])


def _cookie(request: _AnyRequest, key: str, max_age_s: int) -> Cookie:
    return Cookie(
        key=COOKIE,
        value=key,
        max_age=max_age_s,
        path="/",
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
    )
