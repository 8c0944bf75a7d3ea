"""`sluice serve`: API, console and engine in one process, until it is told to stop; and `sluice down`.

Ending the server leaves users alone; `down` is what ends the service itself.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sluiceway.adapters.data_dir import DEFAULT_NAME
from sluiceway.cli.client import actor
from sluiceway.cli.output import say


def serve(
    *,
    data: Annotated[Path, typer.Option("--data", help="Where everything is kept.")] = Path(DEFAULT_NAME),
    port: Annotated[int, typer.Option("--port", min=0, max=65_535, help="0 takes any free one.")] = 7700,
    host: Annotated[
        str, typer.Option("--host", help="Where to listen; beyond this machine only with accounts.")
    ] = "127.0.0.1",
    speed: Annotated[
        float,
        typer.Option("--speed", help="How many times as fast the clock of stages runs, for rehearsals."),
    ] = 1.0,
    name: Annotated[
        str,
        typer.Option("--name", help="The host name under which people reach it, besides loopback ones."),
    ] = "",
    log_level: Annotated[str, typer.Option("--log-level", help="debug, info, warning or error.")] = "info",
) -> None:
    """Run Sluiceway. Ctrl-C or SIGTERM ends it; the proxy and the services go on serving users."""
    from sluiceway.asgi import run  # heavy: the other commands must not wait for it
    from sluiceway.bootstrap import Settings

    settings = Settings(data_dir=data, host=host, port=port, speed=speed, own_name=name, log_level=log_level)
    run(settings, say)


def down(
    *,
    data: Annotated[Path, typer.Option("--data", help="Where everything is kept.")] = Path(DEFAULT_NAME),
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """End the proxies and services that Sluiceway started here. Users get no answers from then on."""
    from sluiceway.bootstrap import Settings, take_down

    if not yes:
        question = f"End every proxy and service of {data.absolute()}? Users will get no answer"
        typer.confirm(question, abort=True)
    for ended in take_down(Settings(data_dir=data), actor()):
        say(f"ended {ended}")
    say(f"everything is down; data and logs stay in {data.absolute()}")
