"""Errors as people and programs get them over HTTP: problem details (RFC 9457) with a stable `code`.

Every error of the tree in `errors` keeps its own status; anything unforeseen is a 500 that tells nothing
of the inside and is logged whole.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from pydantic import TypeAdapter

from sluiceway.errors import (
    FlagFileError,
    NotReadyError,
    ProcessFileError,
    SluicewayError,
    TooManyAttemptsError,
)

PROBLEM_JSON = "application/problem+json"
_TITLES = {
    "conflict": "Somebody changed it first",
    "illegal-move": "Not possible from here",
    "invalid-input": "An argument can't be used",
    "not-found": "No such thing",
    "process-file": "The process file has problems",
    "flag-file": "The flags have problems",
    "request": "The request can't be served",
    "forbidden": "Not yours to do",
    "too-many-attempts": "Too many wrong passwords",
    "unauthorised": "A login or a token is needed",
}
_log = structlog.get_logger("sluiceway.api")


@dataclass(frozen=True, slots=True)
class _Found:
    """One thing that was wrong with a request, as the framework reports it."""

    message: str = "not valid"
    key: str = "request"


AnyRequest = Request[Any, Any, Any]


def problem(status: int, code: str, detail: str, **more: object) -> dict[str, object]:
    """Return the members of a problem; `more` are extension members (RFC 9457, section 3.2)."""
    title = _TITLES.get(code, code.replace("-", " ").capitalize())
    return {"type": "about:blank", "title": title, "status": status, "detail": detail, "code": code, **more}


def _answer(body: dict[str, object], status: int) -> Response[dict[str, object]]:
    # A 401 must say how to authenticate (RFC 9110, section 15.5.2).
    headers = {"WWW-Authenticate": 'Bearer realm="sluiceway"'} if status == 401 else None
    return Response(body, status_code=status, media_type=PROBLEM_JSON, headers=headers)


def _known(_: AnyRequest, error: SluicewayError) -> Response[dict[str, object]]:
    more: dict[str, object] = {}
    if isinstance(error, ProcessFileError | FlagFileError):
        more["problems"] = list(error.problems)
    if isinstance(error, NotReadyError):
        more["missing"] = list(error.missing)
    answer = _answer(problem(error.http_status, error.code, str(error), **more), error.http_status)
    if isinstance(error, TooManyAttemptsError):
        answer.headers["Retry-After"] = str(error.wait_s)
    return answer


def _http(request: AnyRequest, error: HTTPException) -> Response[dict[str, object]]:
    detail, status = str(error.detail), error.status_code
    if isinstance(error, ValidationException):
        return _answer(problem(status, "invalid-input", _validation_words(error)), status)
    if status == 404:
        return _answer(problem(404, "not-found", f"nothing is served at {request.url.path}"), status)
    if status == 405:
        detail = f"{request.url.path} does not know {request.method}"
    return _answer(problem(status, "request" if status < 500 else "internal", detail), status)


def _validation_words(error: ValidationException) -> str:
    items = TypeAdapter(list[_Found]).validate_python(error.extra) if isinstance(error.extra, list) else []
    found = [f"{item.key}: {item.message}" for item in items]
    return "; ".join(found) or str(error.detail)


def _unforeseen(request: AnyRequest, error: Exception) -> Response[dict[str, object]]:
    _log.error("request failed", path=request.url.path, method=request.method, exc_info=error)
    detail = "something unforeseen went wrong; the server's log holds what"
    return _answer(problem(500, "internal", detail), 500)


EXCEPTION_HANDLERS: dict[int | type[Exception], Callable[[AnyRequest, Any], Response[dict[str, object]]]] = {
    SluicewayError: _known,
    HTTPException: _http,
    Exception: _unforeseen,
}
