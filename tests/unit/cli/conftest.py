"""`sluice` in this process, against a real server whose reconciler acts when told to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.main import get_command
from typer.testing import CliRunner, Result

from sluiceway.cli.main import app
from tests.unit.api.served import Served, served

Sluice = Callable[..., Result]
COMMANDS = get_command(app)


def _put_together(_app: object) -> object:
    """Return the program's commands, put together once: that takes longer than running most of them."""
    return COMMANDS


@pytest.fixture
def sluice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sluice:
    """Run a command in an empty folder; `typed` is what the person types."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    for name in ("SLUICE_SERVER", "SLUICE_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("SLUICE_ACTOR", "ada")

    monkeypatch.setattr("typer.testing._get_command", _put_together)

    def run(*words: str, typed: str | None = None) -> Result:
        return CliRunner().invoke(app, list(words), input=typed)

    return run


@pytest.fixture
def server(tmp_path: Path, sluice: Sluice, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    with served(tmp_path) as running:
        monkeypatch.setenv("SLUICE_SERVER", running.url)
        yield running
