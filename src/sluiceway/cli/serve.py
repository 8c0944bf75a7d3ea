"""`sluice serve`: API, console and engine in one process, until it is told to stop."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sluiceway.adapters.data_dir import DEFAULT_NAME
from sluiceway.cli.output import say


def serve(
    *,
    data: Annotated[Path, typer.Option("--data", help="Where everything is kept.")] = Path(DEFAULT_NAME),
    port: Annotated[int, typer.Option("--port", min=0, max=65_535, help="0 takes any free one.")] = 7700,
    host: Annotated[
        str, typer.Option("--host", help="A loopback address; there are no accounts yet.")
    ] = "127.0.0.1",
    speed: Annotated[
        float,
        typer.Option("--speed", help="How many times as fast the clock of stages runs, for rehearsals."),
    ] = 1.0,
    name: Annotated[
        str,
        typer.Option("--name", help="A further host name that a proxy in front forwards as `Host`."),
    ] = "",
    log_level: Annotated[str, typer.Option("--log-level", help="debug, info, warning or error.")] = "info",
) -> None:
    """Run Sluiceway. Ctrl-C or SIGTERM ends it; the proxy and the services go on serving users."""
    from sluiceway.asgi import run  # heavy: the other commands must not wait for it
    from sluiceway.bootstrap import Settings

    settings = Settings(data_dir=data, host=host, port=port, speed=speed, own_name=name, log_level=log_level)
    run(settings, say)
