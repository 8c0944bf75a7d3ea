"""`sluice audit verify`: whether the trail is whole, asking a server or the database itself."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from sluiceway.adapters.data_dir import DataDir, find_data_dir
from sluiceway.cli.client import Client, server_address
from sluiceway.cli.options import AsJson, Server
from sluiceway.cli.output import print_json
from sluiceway.errors import NotFoundError
from sluiceway.services.audit import AuditCheckView, verify_audit

app = typer.Typer(help="The tamper-evident trail of decisions and acts.", no_args_is_help=True)


@app.callback()
def _family() -> None:
    """Keeps `verify` a subcommand while it is the only one."""


@app.command("verify")
def verify(
    head: Annotated[
        str | None,
        typer.Option(
            "--head",
            help="A head noted earlier, which must occur in the trail: finds a tail that was cut off.",
            show_default=False,
        ),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            "--data", help="Read this data directory; else the nearest .sluice.", show_default=False
        ),
    ] = None,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Walk the audit trail: finds a changed, removed or reordered entry. Exit 8 when there is one.

    Reads the database itself, so that it trusts no server; with --server it asks that one.
    """
    if server is not None:
        client = Client(server_address(server, Path.cwd()))
        found = client.get("/api/audit/verify", AuditCheckView, head=head)
    else:
        found = _verify_here(data, head)
    if as_json:
        print_json(found, AuditCheckView)
        return
    typer.echo(f"whole: {found.entries} entries, head {found.head}")


def _verify_here(data: Path | None, head: str | None) -> AuditCheckView:
    folder = data or find_data_dir(Path.cwd())
    database = DataDir(folder).database if folder else None
    if database is None or not database.exists():
        where = folder or f"{Path.cwd()} or a folder above it"
        raise NotFoundError(f"no Sluiceway data in {where}; name its directory with --data")
    from sluiceway.adapters.store import open_store  # heavy: the other commands must not wait for it

    store = open_store(database)
    try:
        return verify_audit(store, head)
    finally:
        store.close()
