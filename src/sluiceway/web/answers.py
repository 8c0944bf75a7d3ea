"""How the console answers: a page that may not run what others wrote, and whose name stands on it."""

from __future__ import annotations

from litestar import MediaType, Response

from sluiceway.domain.people.model import Principal

SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


def html(text: str, status: int = 200) -> Response[str]:
    """Return a page that is never kept."""
    return Response(
        text,
        status_code=status,
        media_type=MediaType.HTML,
        headers={**SECURITY_HEADERS, "Cache-Control": "no-store"},
    )


def user_of(by: Principal) -> str:
    """Return whose name a page shows; "" while nobody needs to log in."""
    return "" if by.is_open else by.name
