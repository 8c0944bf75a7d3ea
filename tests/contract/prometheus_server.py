"""A real Prometheus that scrapes one small endpoint every second."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx

BINARY = shutil.which("prometheus")

_CONFIG = """\
global: {{scrape_interval: 1s, scrape_timeout: 1s}}
scrape_configs:
  - {{job_name: shop, static_configs: [{{targets: ["{exporter}"]}}]}}
"""


class Exporter:
    """Serves figures in the text format. `figures` may be changed at any time."""

    def __init__(self) -> None:
        self.figures: dict[str, float] = {}
        exporter = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = "".join(f"{name} {value}\n" for name, value in exporter.figures.items()).encode()
                self.send_response(200)
                self.send_header("content-type", "text/plain; version=0.0.4")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Stay silent."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.place = f"127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@contextlib.contextmanager
def running(home: Path) -> Iterator[tuple[str, Exporter]]:
    """Yield the address of a Prometheus that is ready, and what it scrapes."""
    assert BINARY is not None
    exporter = Exporter()
    (home / "prometheus.yml").write_text(_CONFIG.format(exporter=exporter.place))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        place = f"127.0.0.1:{probe.getsockname()[1]}"
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(
            [
                BINARY,
                f"--config.file={home}/prometheus.yml",
                f"--storage.tsdb.path={home}/data",
                f"--web.listen-address={place}",
            ],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    try:
        poll(lambda: _is_ready(place), why=lambda: (home / "log").read_text()[-2_000:])
        yield f"http://{place}", exporter
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(5)
        exporter.close()


def poll(holds: Callable[[], bool], *, within_s: float = 30.0, why: Callable[[], str] = str) -> None:
    """Wait until it holds. Raises AssertionError with `why` when it never does."""
    deadline_s = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < deadline_s, f"did not happen within {within_s:g} s: {why()}"
        time.sleep(0.1)


def _is_ready(place: str) -> bool:
    try:
        return httpx.get(f"http://{place}/-/ready", timeout=2, trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False
