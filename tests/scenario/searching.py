"""A shop's search behind a flag: a real HTTP service with a real client, whose new way a test can make slow.

It also answers for its own 95th percentile, as a Prometheus would.
"""

from __future__ import annotations

import itertools
import json
import threading
import time
import urllib.parse
from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Protocol

import httpx

WINDOW_S = 4.0  # of the percentile
LEAST = 10  # answers before anything is said


class Asks(Protocol):
    """Whether a user has the flag."""

    def __call__(self, user: str) -> bool: ...


class Search:
    """Serves until closed. `slow_s` is how much longer the new way takes; `served` counts answers by way."""

    def __init__(self, has_flag: Asks) -> None:
        self.slow_s = 0.0
        self.served = {"old": 0, "new": 0}
        self._has_flag = has_flag
        self._lock = threading.Lock()
        self._answers: deque[tuple[float, float]] = deque(maxlen=5_000)
        self._is_closed = threading.Event()
        search = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                found = urllib.parse.urlsplit(self.path)
                asked = urllib.parse.parse_qs(found.query)
                body = search.answer(asked["user"][0]) if found.path == "/search" else search.figures()
                self.send_response(200)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("content-length") or 0))
                self.do_GET()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        self._users = threading.Thread(target=self._ask, daemon=True)
        self._users.start()

    def answer(self, user: str) -> bytes:
        """Search the way the flag says, and note how long it took."""
        began_s = time.monotonic()
        way = "new" if self._has_flag(user) else "old"
        time.sleep(0.002 + (self.slow_s if way == "new" else 0.0))  # the work that searching is
        now_s = time.monotonic()
        with self._lock:
            self.served[way] += 1
            self._answers.append((now_s, now_s - began_s))
        return json.dumps({"way": way}).encode()

    def figures(self) -> bytes:
        """Return the 95th percentile in milliseconds as an instant query's answer, empty with few answers."""
        since_s = time.monotonic() - WINDOW_S
        with self._lock:
            took = sorted(took_s for at_s, took_s in self._answers if at_s >= since_s)
        is_known = len(took) >= LEAST
        p95_ms = took[int(len(took) * 0.95)] * 1_000 if is_known else 0.0
        point = json.dumps({"metric": {}, "value": [time.time(), str(p95_ms)]})
        result = f"[{point}]" if is_known else "[]"
        return f'{{"status": "success", "data": {{"resultType": "vector", "result": {result}}}}}'.encode()

    def close(self) -> None:
        self._is_closed.set()
        self._users.join(10)
        self._server.shutdown()
        self._server.server_close()

    def _ask(self) -> None:
        """Search as users do, one after the other, without end."""
        with httpx.Client(trust_env=False, timeout=30) as http:
            for number in itertools.count():
                if self._is_closed.wait(0.005):
                    return
                http.get(f"{self.url}/search", params={"user": f"user-{number % 4_000}"})
