"""Between domain objects and the JSON text that the tables keep.

Every text is `{"format": N, ...}`. A field that is added later with a default needs nothing here; a change
after which old text can't be read raises `FORMAT` and gets a step in `_upgraded`.
"""

from __future__ import annotations

import json
import math
from typing import Any, Final, Generic, TypeVar, assert_never, cast

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError

from sluiceway.domain.changes.model import BoardMeeting, Change
from sluiceway.domain.checklists.model import Run
from sluiceway.domain.flags.experiment_model import ExperimentRecord
from sluiceway.domain.flags.proposals import Proposal
from sluiceway.domain.releases.model import Release
from sluiceway.domain.rollouts.model import (
    Command,
    Effect,
    EnsureVersion,
    RolloutState,
    RunSmoke,
    SetTraffic,
    StopVersion,
)
from sluiceway.errors import InvalidInputError, StoreError
from sluiceway.ports.store import RolloutSetup

FORMAT: Final = 1

T = TypeVar("T")

# Infinity and NaN are kept as such: written as null, a figure of a state would make its row unreadable.
# pydantic takes such a setting for a dataclass only from what surrounds it, hence the one-element tuples.
_CONFIG = ConfigDict(ser_json_inf_nan="constants")
_STATE = TypeAdapter(tuple[RolloutState], config=_CONFIG)
_SETUP = TypeAdapter(tuple[RolloutSetup], config=_CONFIG)
_COMMAND = TypeAdapter(tuple[Command], config=_CONFIG)
_EFFECTS: dict[str, TypeAdapter[tuple[Any]]] = {
    "set-traffic": TypeAdapter(tuple[SetTraffic], config=_CONFIG),
    "ensure-version": TypeAdapter(tuple[EnsureVersion], config=_CONFIG),
    "stop-version": TypeAdapter(tuple[StopVersion], config=_CONFIG),
    "run-smoke": TypeAdapter(tuple[RunSmoke], config=_CONFIG),
}

Figures = tuple[tuple[str, float | str | None], ...]


class Kept(Generic[T]):
    """How one kind of object is kept as text; `what` names it in messages."""

    def __init__(self, adapter: TypeAdapter[tuple[T]], what: str) -> None:
        self._adapter = adapter
        self._what = what

    def text(self, value: T) -> str:
        return _pack(self._adapter, value)

    def value(self, text: str) -> T:
        """Raise StoreError for text that is damaged or of a newer format."""
        return _unpack(self._adapter, text, self._what)


RELEASE = Kept(TypeAdapter(tuple[Release], config=_CONFIG), "a release")
CHANGE = Kept(TypeAdapter(tuple[Change], config=_CONFIG), "a change request")
MEETING = Kept(TypeAdapter(tuple[BoardMeeting], config=_CONFIG), "a board's meeting")
RUN = Kept(TypeAdapter(tuple[Run], config=_CONFIG), "a runbook's run")
PROPOSAL = Kept(TypeAdapter(tuple[Proposal], config=_CONFIG), "a proposed change of flags")
EXPERIMENT = Kept(TypeAdapter(tuple[ExperimentRecord], config=_CONFIG), "an experiment")


def state_text(state: RolloutState) -> str:
    return _pack(_STATE, state)


def state_of(text: str) -> RolloutState:
    """Raise StoreError for text that is damaged or of a newer format."""
    return _unpack(_STATE, text, "a rollout's state")


def setup_text(setup: RolloutSetup) -> str:
    return _pack(_SETUP, setup)


def setup_of(text: str) -> RolloutSetup:
    """Raise StoreError for text that is damaged or of a newer format."""
    return _unpack(_SETUP, text, "a rollout's setup")


def command_text(command: Command) -> str:
    return _pack(_COMMAND, command)


def command_of(text: str) -> Command:
    """Raise StoreError for text that is damaged or of a newer format."""
    return _unpack(_COMMAND, text, "a command")


def effect_kind(effect: Effect) -> str:
    """Return the stable word for the kind of an effect; shapes alone would not tell two kinds apart."""
    match effect:
        case SetTraffic():
            return "set-traffic"
        case EnsureVersion():
            return "ensure-version"
        case StopVersion():
            return "stop-version"
        case RunSmoke():
            return "run-smoke"
        case _:
            assert_never(effect)


def effect_slot(effect: Effect) -> str:
    """Return what the effect is about: a later effect on the same slot replaces an earlier one."""
    kind = effect_kind(effect)
    return kind if isinstance(effect, SetTraffic) else f"{kind} {effect.version}"


def effect_text(effect: Effect) -> str:
    kind = effect_kind(effect)
    return _pack(_EFFECTS[kind], effect, kind=kind)


def effect_of(text: str) -> Effect:
    """Raise StoreError for text that is damaged, of a newer format, or of an unknown kind of effect."""
    kind = _loaded(text, "an effect").get("kind")
    adapter = _EFFECTS.get(str(kind))
    if adapter is None:
        raise StoreError(f"the database holds an effect of unknown kind {kind!r}; upgrade Sluiceway")
    effect: Effect = _unpack(adapter, text, "an effect")
    return effect


def figures_text(figures: Figures) -> str:
    return json.dumps(figures, ensure_ascii=False, separators=(",", ":"))


def figures_of(text: str) -> Figures:
    """Return figures exactly as they were: 5 stays 5 and 5.0 stays 5.0, as the audit hash needs."""
    return tuple((name, value) for name, value in json.loads(text))


def sample_text(figures: dict[str, float | None]) -> str:
    """Return the figures as JSON; what is not a number (NaN, infinity) is no data."""
    finite = {name: _finite(value) for name, value in figures.items()}
    return json.dumps(finite, ensure_ascii=False, separators=(",", ":"))


def sample_of(text: str) -> dict[str, float | None]:
    figures: dict[str, float | None] = json.loads(text)
    return figures


def storable(text: str) -> str:
    """Return the text without what UTF-8 or PostgreSQL can't hold: lone surrogates and NUL."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\x00", "")


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _pack(adapter: TypeAdapter[tuple[T]], value: T, *, kind: str | None = None) -> str:
    try:
        body = adapter.dump_json((value,)).decode()[1:-1]
    except PydanticSerializationError as exc:
        raise InvalidInputError(
            "a text holds half of a surrogate pair, which is no character; send it as valid UTF-8"
        ) from exc
    head = f'"kind":{json.dumps(kind)},' if kind else ""
    return f'{{"format":{FORMAT},{head}"body":{body}}}'


def _unpack(adapter: TypeAdapter[tuple[T]], text: str, what: str) -> T:
    document = _loaded(text, what)
    try:
        return adapter.validate_python((_upgraded(document, what)["body"],))[0]
    except (ValidationError, KeyError) as exc:
        raise StoreError(
            f"the database holds {what} that can't be read ({_first(exc)}); restore a copy"
        ) from exc


def _loaded(text: str, what: str) -> dict[str, Any]:
    try:
        document = json.loads(text)
    except ValueError as exc:
        raise StoreError(f"the database holds {what} that is not JSON ({exc}); restore a copy") from exc
    if not isinstance(document, dict):
        raise StoreError(f"the database holds {what} that is not a JSON object; restore a copy")
    return cast(dict[str, Any], document)


def _upgraded(document: dict[str, Any], what: str) -> dict[str, Any]:
    found = document.get("format")
    if found != FORMAT:
        raise StoreError(
            f"the database holds {what} of format {found}, this Sluiceway reads up to "
            f"{FORMAT}; upgrade Sluiceway"
        )
    return document


def _first(exc: Exception) -> str:
    if isinstance(exc, ValidationError):
        problem = exc.errors(include_url=False, include_input=False)[0]
        return f"{'.'.join(str(part) for part in problem['loc'])}: {problem['msg']}"
    return f"no {exc}"
