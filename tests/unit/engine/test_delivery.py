"""What is still wanted when an effect arrives late, and the smoke checks."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from sluiceway.domain.process.plan import Action, SmokeCheck, Version
from sluiceway.domain.rollouts.model import (
    Effect,
    EnsureVersion,
    Phase,
    Rollback,
    RolloutState,
    RunSmoke,
    SetTraffic,
    StopVersion,
)
from sluiceway.engine.delivery import is_still_wanted, run_smoke
from sluiceway.errors import TemporaryProviderError
from sluiceway.ports.traffic import Endpoint
from sluiceway.testing.builders import T0, a_state

V1, V2 = Version("v1"), Version("v2")
AT_TENTH = replace(a_state(phase=Phase.PROGRESSING), weight_bp=1_000, stage_index=0)
GOING_BACK = replace(
    AT_TENTH,
    phase=Phase.ROLLING_BACK,
    weight_bp=0,
    rollback=Rollback(Action.IMMEDIATE, "errors", "trigger:errors", T0),
)
FINISHING = replace(AT_TENTH, phase=Phase.FINISHING, weight_bp=10_000)
CLOSED = replace(AT_TENTH, phase=Phase.PROMOTED)


@pytest.mark.parametrize(
    ("state", "effect", "wanted"),
    [
        (AT_TENTH, SetTraffic(V1, V2, 1_000), True),
        (AT_TENTH, SetTraffic(V1, V2, 5_000), False),
        (GOING_BACK, SetTraffic(V1, V2, 1_000), False),
        (GOING_BACK, SetTraffic(V1, None, 0), True),
        (GOING_BACK, SetTraffic(V1, None, 0, urgent=True), True),
        (GOING_BACK, EnsureVersion(V2, 1), False),
        (GOING_BACK, EnsureVersion(V1, 1), True),
        (GOING_BACK, StopVersion(V2), True),
        (AT_TENTH, StopVersion(V2), False),
        (FINISHING, StopVersion(V1), True),
        (FINISHING, StopVersion(V2), False),
        (FINISHING, EnsureVersion(V1, 1), False),
        (AT_TENTH, RunSmoke(V2), False),
        (a_state(phase=Phase.PREPARING), RunSmoke(V2), True),
        (CLOSED, SetTraffic(V1, V2, 1_000), False),
    ],
)
def test_an_effect_is_delivered_only_while_the_state_wants_it(
    state: RolloutState, effect: Effect, wanted: bool
) -> None:
    assert is_still_wanted(effect, state) is wanted


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = b"all is well"
        self.send_response(200 if self.path == "/ready" else 404)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield Endpoint("127.0.0.1", server.server_address[1])
    server.shutdown()
    server.server_close()


def test_a_smoke_check_passes_on_the_expected_answer(endpoint: Endpoint) -> None:
    result = run_smoke(SmokeCheck("/ready", contains="well"), [endpoint])

    assert (result.passed, result.found) == (True, "status 200")


@pytest.mark.parametrize(
    ("check", "found"),
    [
        (SmokeCheck("/gone"), "status 404, expected 200"),
        (SmokeCheck("/ready", contains="v2"), "status 200 without 'v2' in the body"),
    ],
)
def test_a_smoke_check_says_what_it_found_instead(endpoint: Endpoint, check: SmokeCheck, found: str) -> None:
    result = run_smoke(check, [endpoint])

    assert (result.passed, result.found) == (False, found)


def test_every_instance_must_pass_a_smoke_check(endpoint: Endpoint) -> None:
    dead = Endpoint("127.0.0.1", 9)

    result = run_smoke(SmokeCheck("/ready"), [endpoint, dead])

    assert (result.passed, result.found) == (False, "no answer (ConnectError)")


def test_smoke_checks_wait_for_an_instance() -> None:
    with pytest.raises(TemporaryProviderError, match="no healthy instance"):
        run_smoke(SmokeCheck("/ready"), [])
