"""The server that a demo starts and talks to: `sluice serve` as a child, and its REST API."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import httpx
from pydantic import TypeAdapter, ValidationError

from sluiceway.adapters.data_dir import DataDir, read_note
from sluiceway.demo.children import Child
from sluiceway.errors import NotServedError, SluicewayError
from sluiceway.services.views import RolloutView

START_WITHIN_S = 40.0

_HEADERS = {"X-Sluice-Client": "sluice-demo", "X-Sluice-Actor": "demo"}
_VIEW: TypeAdapter[RolloutView] = TypeAdapter(RolloutView)


def serve_command(data: Path, port: int, speed: float) -> list[str]:
    """Return the command line of the demo's server."""
    return [
        sys.executable,
        "-m",
        "sluiceway",
        "serve",
        "--data",
        str(data),
        "--port",
        str(port),
        "--speed",
        f"{speed:g}",
    ]


def start_server(data: Path, port: int, speed: float, *, log: Path) -> tuple[Child, str]:
    """Start `sluice serve` and return it with its address once it answers.

    Raises NotServedError with the end of its log when it ends or stays silent.
    """
    child = Child("sluice serve", serve_command(data, port, speed), log=log)
    deadline = time.monotonic() + START_WITHIN_S
    try:
        while time.monotonic() < deadline and not child.has_ended:
            note = read_note(DataDir(data).server_file)
            if note is not None and note.pid == child.pid and _answers(note.url):
                return child, note.url
            time.sleep(0.05)
    except BaseException:
        child.end()
        raise
    state = "ended at once" if child.has_ended else f"did not answer within {START_WITHIN_S:.0f} s"
    child.end()
    raise NotServedError(f"sluice serve {state}; the end of its log ({log}):\n{child.last_words()}")


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/api/rollouts", timeout=2.0, trust_env=False).is_success
    except httpx.HTTPError:
        return False


class Api:
    """One server's REST API, as far as a demo needs it."""

    def __init__(self, url: str) -> None:
        self._http = httpx.Client(base_url=url, headers=_HEADERS, timeout=10.0, trust_env=False)

    def start_rollout(self, process_text: str, path: Path, *, new: str, stable: str) -> RolloutView:
        """Start a rollout. Raises SluicewayError with what the server said."""
        body = {"process": process_text, "path": str(path), "new": new, "stable": stable}
        return self._view("POST", "/api/rollouts", body)

    def rollout(self, rollout_id: str) -> RolloutView:
        """Return everything about a rollout."""
        return self._view("GET", f"/api/rollouts/{rollout_id}", None)

    def close(self) -> None:
        self._http.close()

    def _view(self, method: str, path: str, body: object) -> RolloutView:
        try:
            answer = self._http.request(method, path, json=body)
        except httpx.HTTPError as failure:
            raise NotServedError(f"sluice serve does not answer: {failure}") from failure
        if answer.is_server_error:  # it may do better in a moment
            raise NotServedError(f"{method} {path}: {answer.status_code}: {answer.text[:2000]}")
        if answer.is_error:
            raise SluicewayError(f"{method} {path}: {answer.status_code}: {answer.text[:2000]}")
        try:
            return _VIEW.validate_json(answer.content)
        except ValidationError as failure:
            raise NotServedError(f"{method} {path} answered no rollout: {failure}") from failure
