"""A service for tests of deploy providers: `python deploy_program.py PORT`, its habit in `SLUICE_HABIT`.

It runs without Sluiceway being importable. Habits are explained at `deploy_contract.Habit`. `/healthz`
answers with the health, anything else with `VERSION`.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

HABIT = os.environ.get("SLUICE_HABIT", "well")
MARK = os.environ.get("SLUICE_MARK", "")  # a file whose presence makes a well service sick


class Handler(BaseHTTPRequestHandler):
    """Answers as the habit says."""

    def do_GET(self) -> None:
        is_health = self.path == "/healthz"
        if is_health and HABIT == "hanging":
            time.sleep(3600)
        sick = HABIT == "sick" or (bool(MARK) and Path(MARK).exists())
        body = os.environ.get("VERSION", "").encode()
        self.send_response(503 if is_health and sick else 200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the base class's name
        """Stay silent."""


class Server(ThreadingHTTPServer):
    """One thread per request, none of which holds up the end."""

    daemon_threads = True


def main() -> None:
    """Serve until told to end."""
    port = int(sys.argv[1])
    print(f"habit {HABIT}, port {port}", flush=True)
    if HABIT == "crashing":
        print("can't find my configuration", flush=True)
        sys.exit(3)
    if HABIT == "deaf":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if HABIT == "parent":
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(3600)"])
        Path(os.environ["SLUICE_CHILD_FILE"]).write_text(str(child.pid), encoding="ascii")
    server = Server(("127.0.0.1", port), Handler)
    if HABIT == "fading":
        threading.Timer(0.5, lambda: os._exit(4)).start()
    server.serve_forever(poll_interval=0.05)


if __name__ == "__main__":
    main()
