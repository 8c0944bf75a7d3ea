"""The list of flags, narrowed and by pages: thousands are looked through, a page of them is shown."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from sluiceway.domain.flags.model import FlagType
from sluiceway.services.flag_views import FlagSummary
from sluiceway.web.flag_stale import Key
from sluiceway.web.forms import Field, FieldKind, Option, in_words

PAGE = 50
STANDINGS = ("on", "off", "killed", "held", "scheduled")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a list is narrowed to; "" narrows nothing. `words` must all stand in what a flag says of itself.

    `state` holds in `environment`, or in any where none is named.
    """

    service: str = ""
    words: str = ""
    type: str = ""
    state: str = ""
    environment: str = ""
    owner: str = ""
    stale: str = ""

    def asked(self) -> dict[str, str]:
        """Return what was asked for, as the address of the list holds it."""
        named = {
            "service": self.service,
            "q": self.words,
            "type": self.type,
            "state": self.state,
            "environment": self.environment,
            "owner": self.owner,
            "stale": self.stale,
        }
        return {name: value for name, value in named.items() if value}


@dataclass(frozen=True, slots=True)
class FlagPage:
    """One page. `after` is the key that the next page continues behind, "" on the last one."""

    flags: tuple[FlagSummary, ...]
    total: int
    after: str


def narrowed(
    flags: Iterable[FlagSummary], wanted: Wanted, stale: Mapping[Key, tuple[str, ...]]
) -> list[FlagSummary]:
    """Return the flags that fit all that is wanted, in their order."""
    words = wanted.words.lower().split()
    return [one for one in flags if _fits(one, wanted, words, stale)]


def page_of(flags: Sequence[FlagSummary], after: str) -> FlagPage:
    """Return the page behind a key such as `checkout/new-search`; the flags are by service and id."""
    start = 0
    if after:
        service, _, flag = after.rpartition("/")
        start = next(
            (at for at, one in enumerate(flags) if (one.service, one.id) > (service, flag)), len(flags)
        )
    shown = tuple(flags[start : start + PAGE])
    has_more = start + PAGE < len(flags)
    return FlagPage(shown, len(flags), key_words(shown[-1]) if has_more else "")


def key_words(one: FlagSummary) -> str:
    return f"{one.service}/{one.id}"


def list_filters(wanted: Wanted, services: Sequence[str], environments: Collection[str]) -> tuple[Field, ...]:
    """Return the fields that narrow the list, with what is chosen now."""
    return (
        Field("q", "Name, id, tag or release", value=wanted.words),
        _choice("service", "Service", "All", wanted.service, services),
        _choice("environment", "Environment", "All", wanted.environment, sorted(environments)),
        _choice("state", "State", "All", wanted.state, STANDINGS),
        _choice("type", "Type", "All", wanted.type, [one.value for one in FlagType]),
        Field("owner", "Owner", value=wanted.owner),
        _choice("stale", "Stale", "All", wanted.stale, ("yes", "no")),
    )


def _choice(name: str, label: str, every: str, chosen: str, known: Iterable[str]) -> Field:
    values = list(known)
    if chosen and chosen not in values:
        values.append(chosen)
    is_name = name in {"service", "environment"}
    options = (Option(one, one if is_name else in_words(one)) for one in values)
    return Field(name, label, FieldKind.SELECT, value=chosen, options=(Option("", every), *options))


def _fits(
    one: FlagSummary, wanted: Wanted, words: Sequence[str], stale: Mapping[Key, tuple[str, ...]]
) -> bool:
    if wanted.type and one.type != wanted.type:
        return False
    if wanted.owner and wanted.owner.lower() not in one.owner.lower():
        return False
    if wanted.stale and ((one.service, one.id) in stale) is not (wanted.stale == "yes"):
        return False
    states = [state for state in one.states if wanted.environment in {"", state.environment}]
    if not states or (wanted.state and all(state.standing != wanted.state for state in states)):
        return False
    if not words:
        return True
    text = f"{one.id} {one.name} {' '.join(one.tags)} {one.release}".lower()
    return all(word in text for word in words)
