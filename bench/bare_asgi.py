"""The floor of a web server's figures: an ASGI application that reads a request and answers so many bytes.

`python -m bench.bare_asgi PORT BYTES`, on the same web server and parser as Sluiceway.
"""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from typing import Any

import uvicorn

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


def main() -> None:
    port, size = int(sys.argv[1]), int(sys.argv[2])
    body = b"x" * size
    headers = [(b"content-type", b"application/json"), (b"content-length", str(size).encode())]

    async def app(scope: dict[str, Any], receive: Receive, send: Send) -> None:
        del scope
        while (await receive()).get("more_body"):
            pass
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body, "more_body": False})

    config = {"http": "httptools", "log_config": None, "access_log": False, "lifespan": "off"}
    uvicorn.run(app, host="127.0.0.1", port=port, **config)  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
