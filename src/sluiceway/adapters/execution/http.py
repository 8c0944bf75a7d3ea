"""Asks a question over HTTP: one GET with a limit on the whole time and on how much of the body is read."""

from __future__ import annotations

import asyncio
from typing import Final

import httpx

from sluiceway.adapters.execution.output import safe_text
from sluiceway.domain.checklists.model import Outcome
from sluiceway.domain.process.durations import show_duration
from sluiceway.ports.execution import HttpCheck

READ_BYTES: Final = 1_048_576
SHOWN_BYTES: Final = 4_096

_AS_IT_IS = {"Accept-Encoding": "identity"}  # a small body that unpacks to a huge one is none


def ask(check: HttpCheck) -> Outcome:
    """Ask once; redirects are answers, not followed. See `ports.execution.Execution.ask`."""
    try:
        return asyncio.run(_ask(check))
    except TimeoutError:
        return Outcome(False, f"no whole answer within {show_duration(check.timeout_s)}")
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as failure:
        words = f": {failure}" if str(failure) else ""
        return Outcome(False, f"no answer ({type(failure).__name__}{words})")


async def _ask(check: HttpCheck) -> Outcome:
    body = bytearray()
    async with (
        asyncio.timeout(check.timeout_s),  # of the whole: httpx's own limits are per read
        httpx.AsyncClient(trust_env=False, timeout=None, headers=_AS_IT_IS) as client,
        client.stream("GET", check.url) as answer,
    ):
        async for chunk in answer.aiter_raw():
            body += chunk
            if len(body) >= READ_BYTES:
                break
    kept = bytes(body[:READ_BYTES])
    return _judged(check, answer.status_code, kept, safe_text(kept[:SHOWN_BYTES]))


def _judged(check: HttpCheck, status: int, body: bytes, shown: str) -> Outcome:
    if status != check.status:
        return Outcome(False, f"status {status}, expected {check.status}", shown)
    if check.contains and check.contains.encode() not in body:
        where = f"the first {READ_BYTES:,} bytes of the body" if len(body) == READ_BYTES else "the body"
        return Outcome(False, f"status {status} without {check.contains!r} in {where}", shown)
    return Outcome(True, f"status {status}", shown)
