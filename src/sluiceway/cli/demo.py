"""`sluice demo`: hands over to the demo, which knows its own options."""

from __future__ import annotations

import importlib

import typer


def demo(context: typer.Context) -> None:
    """Watch a rollout on a sample shop with live traffic; see `sluice demo --help` for its options."""
    # The demo and the CLI are interfaces side by side that do not know each other: found by name, when asked.
    runner = importlib.import_module("sluiceway.demo.runner")
    raise typer.Exit(int(runner.main(list(context.args))))
