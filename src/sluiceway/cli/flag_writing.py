"""`sluice flags new|edit`: make a flag, change it in one environment."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from sluiceway.cli.files import read_text
from sluiceway.cli.flag_edits import Edits, edited
from sluiceway.cli.flag_options import (
    FlagArg,
    In,
    Service,
    flag_path,
    flags_path,
    named,
    service_of,
    tell_changes,
    the_flag,
)
from sluiceway.cli.flag_words import variants_of
from sluiceway.cli.options import AsJson, Reason, Server, connect
from sluiceway.cli.release_dates import instant
from sluiceway.config.flag_file import parse_flag_file
from sluiceway.config.flag_kinds import value_type_of
from sluiceway.domain.flags.model import FlagType
from sluiceway.domain.flags.wire import flag_to_json
from sluiceway.errors import InvalidInputError, NotFoundError
from sluiceway.services.flag_views import FlagChange, FlagView

_FIRST = "development"

_Name = Annotated[str | None, typer.Option("--name", help="What people call it.", show_default=False)]
_Description = Annotated[
    str | None, typer.Option("--description", help="What it is for.", show_default=False)
]
_Owner = Annotated[str | None, typer.Option("--owner", help="Who looks after it.", show_default=False)]
_Type = Annotated[FlagType | None, typer.Option("--type", help="What kind it is.", show_default=False)]
_Tags = Annotated[
    list[str] | None, typer.Option("--tag", help="A word to find it by. May be repeated.", show_default=False)
]
_Expires = Annotated[
    str | None,
    typer.Option("--expires", help="When it should be gone: 2027-03-01, '6 weeks'. UTC.", show_default=False),
]
_Release = Annotated[
    str | None, typer.Option("--release", help="The release it belongs to.", show_default=False)
]
_Reach = Annotated[
    str | None, typer.Option("--reach", help="How many of those who fit: 25%, 0.1%.", show_default=False)
]
_Rule = Annotated[
    str | None,
    typer.Option(
        "--rule",
        help="The rule that --reach, --only, --segment and --serve are about; made if it is not there.",
        show_default=False,
    ),
]
_Only = Annotated[
    list[str] | None,
    typer.Option(
        "--only",
        help="Whom the rule fits: 'country in DE, FR', 'not plan in free'. Repeated, all must fit; "
        "'' is everyone.",
        show_default=False,
    ),
]
_Segments = Annotated[
    list[str] | None,
    typer.Option(
        "--segment", help="A segment the rule fits. Repeated, all must fit; '' is none.", show_default=False
    ),
]
_Serve = Annotated[str | None, typer.Option("--serve", help="The variant they get.", show_default=False)]
_On = Annotated[bool | None, typer.Option("--on/--off", help="Turn it on or off.", show_default=False)]
_File = Annotated[
    Path | None,
    typer.Option(
        "--file",
        "-f",
        help="A file of flags to take it from, as `show --yaml` writes it.",
        show_default=False,
    ),
]
_IfVersion = Annotated[
    int | None,
    typer.Option(
        "--if-version",
        help="Only if the flag is still at this version there (see `show`).",
        show_default=False,
    ),
]


def register(app: typer.Typer) -> None:
    """Add these commands to the `flags` family."""
    app.command("new")(new)
    app.command("edit")(edit)


def new(
    flag: FlagArg,
    *,
    service: Service = None,
    file: _File = None,
    kind: _Type = None,
    name: _Name = None,
    description: _Description = None,
    owner: _Owner = None,
    tags: _Tags = None,
    release: _Release = None,
    expires: _Expires = None,
    variants: Annotated[
        list[str] | None,
        typer.Option(
            "--variant",
            metavar="NAME=VALUE",
            help="One of its values; the first is served, the last while it is off. Else on and off.",
            show_default=False,
        ),
    ] = None,
    on: _On = None,
    reach: _Reach = None,
    rule: _Rule = None,
    only: _Only = None,
    segments: _Segments = None,
    serve: _Serve = None,
    reason: Reason = "",
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Make a flag in every environment: on in development if you say so, off everywhere else."""
    client = connect(server)
    of = service_of(client, service)
    about = _about(
        kind=kind,
        name=name,
        description=description,
        owner=owner,
        tags=tags,
        release=release,
        expires=expires,
    ) | _variants(variants or [])
    document = _from_file(file, flag, _FIRST) if file is not None else {"id": flag}
    edits = Edits(on, reach, rule, only or (), segments or (), serve, about=about)
    body = {"flag": edited(document, edits), "reason": reason}
    tell_changes(client.post(flags_path(of), list[FlagChange], body), as_json=as_json)


def _variants(texts: Sequence[str]) -> dict[str, Any]:
    if not texts:
        return {}
    found = variants_of(texts)
    first, last = found[0]["name"], found[-1]["name"]
    return {
        "variants": found,
        "value_type": value_type_of(found),
        "serve": {"variant": first},
        "otherwise": {"variant": last},
        "off_variant": last,
    }


def edit(
    flag: FlagArg,
    *,
    environment: In,
    service: Service = None,
    file: _File = None,
    on: _On = None,
    reach: _Reach = None,
    rule: _Rule = None,
    only: _Only = None,
    segments: _Segments = None,
    serve: _Serve = None,
    removed: Annotated[
        list[str] | None,
        typer.Option("--remove-rule", help="A rule to take away. May be repeated.", show_default=False),
    ] = None,
    kind: _Type = None,
    name: _Name = None,
    description: _Description = None,
    owner: _Owner = None,
    tags: _Tags = None,
    release: _Release = None,
    expires: _Expires = None,
    if_version: _IfVersion = None,
    reason: Reason = "",
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Change a flag in one environment with options, on top of a file when there is one."""
    about = _about(
        kind=kind,
        name=name,
        description=description,
        owner=owner,
        tags=tags,
        release=release,
        expires=expires,
    )
    edits = Edits(on, reach, rule, only or (), segments or (), serve, removed or (), about)
    if file is None and edits.is_empty:
        raise InvalidInputError("say what to change, with options or with a file; see --help")
    client = connect(server)
    of = service_of(client, service)
    before, version = _in_environment(the_flag(client, of, flag), environment)
    document = before if file is None else _from_file(file, flag, environment)
    body = {
        "flag": edited(document, edits),
        "expected_version": version if if_version is None else if_version,
        "reason": reason,
    }
    path = f"{flag_path(of, flag, 'environments')}/{named(environment, 'environment')}"
    tell_changes([client.put(path, FlagChange, body)], as_json=as_json)


def _about(
    *,
    kind: FlagType | None,
    name: str | None,
    description: str | None,
    owner: str | None,
    tags: Sequence[str] | None,
    release: str | None,
    expires: str | None,
) -> dict[str, Any]:
    gone_at = instant(expires, "UTC", "--expires", datetime.now(UTC)) if expires else None
    said = {
        "type": kind.value if kind is not None else None,
        "name": name,
        "description": description,
        "owner": owner,
        "tags": list(tags) if tags else None,
        "release": release,
        "expires_at": gone_at.isoformat() if gone_at is not None else None,
    }
    return {key: value for key, value in said.items() if value is not None}


def _in_environment(view: FlagView, environment: str) -> tuple[dict[str, Any], int]:
    """Return the flag's document there and its version; where it is not there yet another one, turned off."""
    if environment not in view.environments:
        raise NotFoundError(
            f"{view.summary.service} has no environment {environment!r}; "
            f"it has {', '.join(view.environments)}"
        )
    for one in view.definitions:
        if one.environment == environment:
            return dict(one.document), one.version
    return {**view.definitions[0].document, "enabled": False}, 0


def _from_file(file: Path, flag: str, environment: str) -> dict[str, Any]:
    """Return a flag's document from a file of flags. Raises FlagFileError, NotFoundError for no such flag."""
    found = parse_flag_file(read_text(file, what="file of flags"), str(file), is_whole=False).environments
    flags = found[environment] if environment in found else next(iter(found.values()), ())
    for one in flags:
        if one.id == flag:
            return flag_to_json(one)
    held = ", ".join(one.id for one in flags[:20]) or "none"
    raise NotFoundError(f"{file} holds no flag {flag!r}; it holds: {held}")
