"""`sluice flags plan|apply|export|import`: flags as code, and flags of other tools."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from sluiceway.cli.client import Client
from sluiceway.cli.files import read_text
from sluiceway.cli.flag_options import (
    FlagsFile,
    MaybeIn,
    Service,
    flags_path,
    named,
    service_of,
    tell_changes,
)
from sluiceway.cli.options import AsJson, Reason, Server, connect
from sluiceway.cli.output import out, print_json, say
from sluiceway.config.flag_file import parse_flag_file
from sluiceway.config.flag_file_writing import flag_file_text
from sluiceway.config.flag_formats.converted import Converted, Exported
from sluiceway.config.flag_formats.detect import FlagFormat, convert, export
from sluiceway.domain.flags.checking import problems_of_set
from sluiceway.domain.flags.model import FlagSet
from sluiceway.errors import ConflictError, InvalidInputError
from sluiceway.services.flag_views import FilePlanView, FlagChange, FlagSummary

_MOST_BYTES = 5_000_000
_STYLES = {"+": "green", "~": "yellow", "-": "red", "!": "bold red"}


class WrittenFormat(StrEnum):
    """What flags can be written for."""

    SLUICE = "sluice"
    UNLEASH = FlagFormat.UNLEASH.value
    FLAGD = FlagFormat.FLAGD.value
    GOFF = FlagFormat.GOFF.value
    ENTERPRISE = FlagFormat.ENTERPRISE.value
    ATHENA = FlagFormat.ATHENA.value


class ReadFormat(StrEnum):
    """What flags can be read from; `auto` looks at the file."""

    AUTO = "auto"
    UNLEASH = FlagFormat.UNLEASH.value
    FLAGD = FlagFormat.FLAGD.value
    GOFF = FlagFormat.GOFF.value
    LAUNCHDARKLY = FlagFormat.LAUNCHDARKLY.value
    ENTERPRISE = FlagFormat.ENTERPRISE.value
    ATHENA = FlagFormat.ATHENA.value


def register(app: typer.Typer) -> None:
    """Add these commands to the `flags` family."""
    app.command("plan")(plan)
    app.command("apply")(apply)
    app.command("export")(export_flags)
    app.command("import")(import_flags)


def plan(
    *,
    file: FlagsFile,
    service: Service = None,
    environment: MaybeIn = None,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Show what applying a file of flags would do. Nothing is done.

    Exits with 5 while something was edited elsewhere since the file was last applied.
    """
    client, text = connect(server), _text(file)
    found = _plan(client, _service(client, service, text, file), text, file, environment or "")
    if as_json:
        print_json(found, list[FilePlanView])
    else:
        _show_plan(found)
    _refuse_conflicts(found, file)


def apply(
    *,
    file: FlagsFile,
    service: Service = None,
    environment: MaybeIn = None,
    reason: Reason = "",
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Make flags what a file says, in all its environments or none.

    What was edited elsewhere since it was last applied is never overwritten: it exits with 5 and shows both.
    """
    client, text = connect(server), _text(file)
    of = _service(client, service, text, file)
    body = {"text": text, "path": str(file), "environment": environment or "", "reason": reason}
    changes = client.post(f"{_path(of)}/apply", list[FlagChange], body)
    tell_changes(changes, as_json=as_json)


def export_flags(
    *,
    service: Service = None,
    environment: MaybeIn = None,
    format_: Annotated[WrittenFormat, typer.Option("--format", help="Whose format.")] = WrittenFormat.SLUICE,
    server: Server = None,
) -> None:
    """Write the flags in force as a file of flags, or for another tool; what that can't be told is said."""
    client = connect(server)
    of = service_of(client, service)
    if format_ is WrittenFormat.SLUICE:
        typer.echo(client.text(_path(of), environment=environment), nl=False)
        return
    if environment is None:
        raise InvalidInputError(f"a file for {format_} holds one environment; name it with --environment")
    text, written = export(_in_force(client, of, environment), FlagFormat(format_.value))
    typer.echo(text, nl=False)
    _tell_losses(written, environment)


def _in_force(client: Client, service: str, environment: str) -> FlagSet:
    """Return the set of one environment; what is held off there is written as off."""
    text = client.text(_path(service), environment=environment)
    flags = parse_flag_file(text, "the server's file").flag_set(environment, service)
    states = {
        one.id: state
        for one in client.get(flags_path(service), list[FlagSummary])
        for state in one.states
        if state.environment == environment and state.held_off_by
    }
    for name, state in states.items():
        say(f"note: {name} is held off by a {state.held_off_by}, so it is written as off")
    return replace(
        flags,
        flags=tuple(replace(one, is_enabled=False) if one.id in states else one for one in flags.flags),
    )


def import_flags(
    *,
    file: FlagsFile,
    format_: Annotated[ReadFormat, typer.Option("--format", help="Which tool wrote it.")] = ReadFormat.AUTO,
    service: Service = None,
    environment: Annotated[
        str | None,
        typer.Option(
            "--environment",
            "-e",
            help="Where they go; of a file with several, the one to take.",
            show_default=False,
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what it would do; nothing is done.")
    ] = False,
    as_file: Annotated[
        bool, typer.Option("--yaml", help="Print them as a file of flags instead, for `plan` and `apply`.")
    ] = False,
    reason: Reason = "",
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Add the flags of another tool; what can't be carried over is said.

    Nothing is overwritten: it exits with 5 where a flag is there already and differs.
    """
    text = _text(file)
    kind = None if format_ is ReadFormat.AUTO else FlagFormat(format_.value)
    found = _chosen(convert(text, kind, environment=environment or ""), environment, file)
    found = [_sound(one) for one in found]
    for one in found:
        _tell_losses(one, one.flags.environment)
    if as_file:
        typer.echo(flag_file_text([one.flags for one in found]), nl=False)
        return
    client = connect(server)
    of = service_of(client, service)
    plans = [view for one in found for view in _import_plan(client, of, one.flags, file)]
    if dry_run and as_json:
        print_json(plans, list[FilePlanView])
    elif dry_run:
        _show_plan(plans)
    _refuse_conflicts(plans, file, only_adds=True)
    if not dry_run:
        why = reason or f"imported from {file.name}"
        tell_changes(
            [one for part in found for one in _import(client, of, part.flags, file, why)], as_json=as_json
        )


def _chosen(found: Sequence[Converted], environment: str | None, file: Path) -> list[Converted]:
    """Return the sets meant, each with its environment. Raises InvalidInputError when that is not clear."""
    names = [one.flags.environment for one in found]
    if len(found) > 1 and environment is not None:
        chosen = [one for one in found if one.flags.environment == environment]
        if not chosen:
            raise InvalidInputError(
                f"{file} holds no environment {environment!r}; it holds {', '.join(names)}"
            )
        return chosen
    if "" in names:
        raise InvalidInputError(f"{file} does not say which environment its flags are for; use --environment")
    return list(found)


def _sound(found: Converted) -> Converted:
    """Return a set without the flags that could not be saved here, nor those that depend on them."""
    flags, problems = found.flags.flags, list(found.problems)
    while True:
        wrong = problems_of_set(replace(found.flags, flags=flags))
        left = tuple(one for one in flags if not any(text.startswith(f"flags.{one.id}: ") for text in wrong))
        if len(left) == len(flags):
            return replace(found, flags=replace(found.flags, flags=flags), problems=tuple(problems))
        problems += [text for text in wrong if text.startswith("flags.")]
        flags = left


def _import_plan(client: Client, service: str, flags: FlagSet, file: Path) -> list[FilePlanView]:
    return client.post(f"{_path(service)}/plan", list[FilePlanView], _import_body(flags, file))


def _import(client: Client, service: str, flags: FlagSet, file: Path, why: str) -> list[FlagChange]:
    body = {**_import_body(flags, file), "reason": why}
    return client.post(f"{_path(service)}/apply", list[FlagChange], body)


def _import_body(flags: FlagSet, file: Path) -> dict[str, object]:
    return {
        "text": flag_file_text([flags]),
        "path": str(file),
        "environment": flags.environment,
        "only_adds": True,
    }


def _tell_losses(found: Converted | Exported, environment: str) -> None:
    where = f"{environment}: " if environment else ""
    for one in found.notes:
        say(f"note: {where}{one}")
    for one in found.problems:
        say(f"problem: {where}{one}")


def _plan(client: Client, service: str, text: str, file: Path, environment: str) -> list[FilePlanView]:
    body = {"text": text, "path": str(file), "environment": environment}
    return client.post(f"{_path(service)}/plan", list[FilePlanView], body)


def _show_plan(found: Sequence[FilePlanView]) -> None:
    console = out()
    for one in found:
        approval = f"  a change here waits for {one.approval}" if one.approval and one.changed else ""
        console.print(Text.assemble((one.environment, "bold cyan"), (approval, "dim")), soft_wrap=True)
        for line in one.lines or ("nothing to change",):
            sign = line.removeprefix("segment ")[:1]
            console.print(Text(f"  {line}", style=_STYLES.get(sign, "dim")), soft_wrap=True)


def _refuse_conflicts(found: Sequence[FilePlanView], file: Path, *, only_adds: bool = False) -> None:
    where = [f"{', '.join(one.conflicts)} in {one.environment}" for one in found if one.conflicts]
    if not where:
        return
    if only_adds:
        raise ConflictError(
            f"there already, and not as in {file}: {'; '.join(where)}; take them out of the file, or give "
            "them other ids there (--dry-run shows both sides)"
        )
    raise ConflictError(
        f"edited elsewhere since {file} was last applied: {'; '.join(where)}; bring the edits into the file, "
        "or undo them"
    )


def _text(file: Path) -> str:
    return read_text(file, what="file of flags", most_bytes=_MOST_BYTES)


def _service(client: Client, given: str | None, text: str, file: Path) -> str:
    """Return whose flags a file holds: as given, as it says itself, else the only service there is."""
    return given or parse_flag_file(text, str(file)).service or service_of(client, None)


def _path(service: str) -> str:
    return f"/api/flag-files/{named(service, 'service')}"
