"""`sluice flags explain`: why somebody gets what they get, step by step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import typer
from pydantic import TypeAdapter
from rich.text import Text

from sluiceway.cli.flag_options import FlagArg, In, Service, flag_path, service_of
from sluiceway.cli.flag_words import context_of
from sluiceway.cli.options import AsJson, Server, connect
from sluiceway.cli.output import out, print_json
from sluiceway.domain.flags.explaining import Claim, Outcome, RuleSeen
from sluiceway.domain.flags.model import Json, Reason
from sluiceway.domain.flags.wording import json_words

_HELD = {True: ("✔", "green"), False: ("✘", "red")}
_RULES = {
    Outcome.DECIDED: ("✔", "green"),
    Outcome.NO_FIT: ("✘", "red"),
    Outcome.NOT_REACHED: ("✘", "yellow"),
    Outcome.NO_KEY: ("!", "yellow"),
    Outcome.NOT_ASKED: ("·", "dim"),
}


@dataclass(frozen=True, slots=True)
class Worth:
    """What a flag is worth for somebody: of the server's answer what is shown."""

    value: Any  # what JSON can say
    reason: Reason
    has_value: bool
    culprit: str


@dataclass(frozen=True, slots=True)
class Explained:
    """An explanation as the server answers it."""

    evaluation: Worth
    summary: str
    gates: tuple[Claim, ...]
    rules: tuple[RuleSeen, ...]


_EXPLAINED = TypeAdapter(Explained)


def register(app: typer.Typer) -> None:
    """Add this command to the `flags` family."""
    app.command("explain")(explain)


def explain(
    flag: FlagArg,
    *,
    environment: In,
    key: Annotated[
        str | None,
        typer.Option(
            "--key", "-k", help="Who asks: the targeting key, such as a user's id.", show_default=False
        ),
    ] = None,
    attributes: Annotated[
        list[str] | None,
        typer.Option(
            "--attribute",
            "-a",
            metavar="NAME=VALUE",
            help="What is known of them, such as country=DE. May be repeated.",
            show_default=False,
        ),
    ] = None,
    service: Service = None,
    server: Server = None,
    as_json: AsJson = False,
) -> None:
    """Say what a flag is worth for somebody now, and each step that led to it."""
    context = context_of(key, attributes or [])
    client = connect(server)
    path = flag_path(service_of(client, service), flag, "explain")
    found = client.post(path, dict[str, Any], {"environment": environment, "context": context})
    if as_json:
        print_json(found, dict[str, Any])
    else:
        out().print(explanation_text(_EXPLAINED.validate_python(found)), soft_wrap=True)


def explanation_text(found: Explained) -> Text:
    """Return an explanation: the result, then what could have held the flag off, then its rules."""
    evaluation = found.evaluation
    text = Text(found.summary, style="bold")
    value: Json = evaluation.value
    worth = json_words(value) if evaluation.has_value else "the caller's own default"
    culprit = f" ({evaluation.culprit})" if evaluation.culprit else ""
    text.append(f"\nworth {worth}, reason {evaluation.reason}{culprit}", style="not bold")
    _claims(text, found.gates, indent=0)
    for rule in found.rules:
        _rule(text, rule)
    return text


def _rule(text: Text, rule: RuleSeen) -> None:
    _line(text, _RULES[rule.outcome], f"rule {rule.title or rule.id}: {rule.sentence}", indent=0)
    _claims(text, rule.claims, indent=1)
    for segment in rule.segments:
        _line(
            text, _HELD[segment.held], f"segment {segment.title or segment.id}: {segment.sentence}", indent=1
        )
        _claims(text, segment.claims, indent=2)


def _claims(text: Text, claims: Sequence[Claim], *, indent: int) -> None:
    for one in claims:
        _line(text, _HELD[one.held], f"{one.sentence} (found: {one.found})", indent=indent)


def _line(text: Text, mark: tuple[str, str], words: str, *, indent: int) -> None:
    text.append(f"\n{'  ' * indent}")
    text.append(mark[0], style=f"not bold {mark[1]}")
    text.append(f" {words}", style="not bold")
