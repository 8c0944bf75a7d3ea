"""What holds for every test."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest
import structlog
from hypothesis import HealthCheck, settings

# A run that was started in the background of a script inherits a Ctrl-C that is ignored, and would hand it on
# to the programs it starts; those that are told to stop by Ctrl-C would then never end.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# How long an example takes, or making one up, says more about the machine than about the code. Every run
# tries the same examples, so that a change is judged by what it changed; `--hypothesis-profile=search` tries
# new ones.
_ANY_MACHINE = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("search", _ANY_MACHINE)
settings.register_profile("sluiceway", _ANY_MACHINE, derandomize=True)
settings.load_profile("sluiceway")


@pytest.fixture(autouse=True)
def _logs_as_they_begin() -> Iterator[None]:  # pyright: ignore[reportUnusedFunction]
    """Let no test find the logs as another one set them up: a rehearsal, for one, silences them."""
    yield
    structlog.reset_defaults()
