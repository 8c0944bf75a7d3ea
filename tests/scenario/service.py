"""A two-version service whose bad habits the tests choose by environment.

Notes each start in `STARTS_FILE`. Habits: ERRORS (share of 500s, once
BROKEN_FILE exists if that is given), SLOW_MS (extra milliseconds per answer),
SICK (health check answers 503), DIE_AFTER (seconds until it exits hard), DEAF (ignores SIGTERM).
"""

from __future__ import annotations

import os
import random
import signal
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

ERRORS = float(os.environ.get("ERRORS", "0"))
SLOW_MS = float(os.environ.get("SLOW_MS", "0"))
SICK = bool(os.environ.get("SICK"))
BROKEN_FILE = os.environ.get("BROKEN_FILE", "")
DIE_AFTER = float(os.environ.get("DIE_AFTER", "0"))


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        is_health = self.path == "/healthz"
        if not is_health:
            time.sleep((3 + SLOW_MS) / 1_000)
        is_broken = not BROKEN_FILE or Path(BROKEN_FILE).exists()
        failed = SICK if is_health else is_broken and random.random() < ERRORS
        body = b"version " + sys.argv[2].encode() + b"\n"
        self.send_response(503 if failed else 200)
        self.send_header("x-shop-version", sys.argv[2])
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("content-length") or 0))
        self.do_GET()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


def main() -> None:
    with Path(os.environ["STARTS_FILE"]).open("a") as starts:
        starts.write(f"{sys.argv[2]} {os.getpid()}\n")
    server = Server(("127.0.0.1", int(sys.argv[1])), Handler)
    if os.environ.get("DEAF"):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    else:
        signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    if DIE_AFTER:
        threading.Timer(DIE_AFTER, lambda: os._exit(3)).start()
    server.serve_forever(poll_interval=0.1)
    time.sleep(0.3)  # answers under way


if __name__ == "__main__":
    main()
