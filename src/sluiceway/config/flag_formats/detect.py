"""Which tool a text of flags comes from, and the way into and out of each format by its name.

What each format means is the business of its own module.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, Final, cast

from sluiceway.config.flag_formats.converted import Converted, Exported
from sluiceway.config.flag_formats.flagd import from_flagd
from sluiceway.config.flag_formats.flagd_export import to_flagd
from sluiceway.config.flag_formats.goff import from_goff
from sluiceway.config.flag_formats.goff_export import to_goff
from sluiceway.config.flag_formats.launchdarkly import from_launchdarkly
from sluiceway.config.flag_formats.reading import load, yaml_text
from sluiceway.config.flag_formats.seeds import (
    from_athena,
    from_enterprise,
    javascript_object,
    to_athena,
    to_enterprise,
)
from sluiceway.config.flag_formats.unleash import flags_from_unleash
from sluiceway.config.flag_formats.unleash_export import flags_to_unleash
from sluiceway.domain.flags.model import FlagSet
from sluiceway.errors import InvalidInputError


class FlagFormat(StrEnum):
    """The formats there are, by the names that people type."""

    UNLEASH = "unleash"
    FLAGD = "flagd"
    GOFF = "goff"
    LAUNCHDARKLY = "launchdarkly"
    ENTERPRISE = "enterprise"
    ATHENA = "athena"


_READERS: Final[Mapping[FlagFormat, Callable[..., Converted]]] = {
    FlagFormat.UNLEASH: flags_from_unleash,
    FlagFormat.FLAGD: from_flagd,
    FlagFormat.GOFF: from_goff,
    FlagFormat.ENTERPRISE: from_enterprise,
    FlagFormat.ATHENA: from_athena,
}
_WRITERS: Final[Mapping[FlagFormat, Callable[[FlagSet], Exported]]] = {
    FlagFormat.UNLEASH: flags_to_unleash,
    FlagFormat.FLAGD: to_flagd,
    FlagFormat.GOFF: to_goff,
    FlagFormat.ENTERPRISE: to_enterprise,
    FlagFormat.ATHENA: to_athena,
}
_OF_ATHENA: Final = frozenset({"conditions", "schedule"})
_OF_ENTERPRISE: Final = frozenset(
    {"rolloutPercentage", "targetAudience", "killSwitch", "performanceThresholds", "experimentGroup"}
)


def detect(text: str) -> FlagFormat:
    """Return the format of a text.

    Raises InvalidInputError when it can't be told, FlagFileError for what is neither JSON nor YAML.
    """
    document = load(javascript_object(text))
    found = _format_of(document)
    if found is None:
        raise InvalidInputError(
            f"can't tell which tool these flags come from; say so, as one of {', '.join(FlagFormat)}"
        )
    return found


def convert(
    text: str, format_: FlagFormat | None = None, *, service: str = "", environment: str = ""
) -> tuple[Converted, ...]:
    """Return the flags of a text, a set for each environment that it tells apart.

    `environment` is that of formats that have only one. Raises FlagFileError for a text that is neither JSON
    nor YAML, InvalidInputError when the format is not given and can't be told.
    """
    format_ = format_ or detect(text)
    document = load(javascript_object(text) if format_ is FlagFormat.ENTERPRISE else text)
    if format_ is FlagFormat.LAUNCHDARKLY:
        return from_launchdarkly(document, service=service, environment=environment)
    return (_READERS[format_](document, service=service, environment=environment),)


def export(flags: FlagSet, format_: FlagFormat) -> tuple[str, Exported]:
    """Return a set in another tool's format as text, and what it could not be told.

    Raises InvalidInputError for a format that is only read.
    """
    if format_ not in _WRITERS:
        raise InvalidInputError(f"flags can't be written for {format_}, only for {', '.join(_WRITERS)}")
    found = _WRITERS[format_](flags)
    if format_ in {FlagFormat.GOFF, FlagFormat.ATHENA, FlagFormat.ENTERPRISE}:
        return yaml_text(found.document), found
    return f"{json.dumps(found.document, indent=2, ensure_ascii=False)}\n", found


def _format_of(document: Any) -> FlagFormat | None:
    if isinstance(document, list):
        return _format_of({"flags": document})
    if not isinstance(document, Mapping):
        return None
    top = cast("Mapping[str, Any]", document)
    if "features" in top or "events" in top:
        return FlagFormat.UNLEASH
    flags = top.get("flags", top.get("items", top.get("featureFlags", top)))
    one = _keys(flags)
    if "environments" in one and "variations" in one:
        return FlagFormat.LAUNCHDARKLY
    words: list[tuple[FlagFormat, bool]] = [
        (FlagFormat.LAUNCHDARKLY, "variations" in one and ("fallthrough" in one or "offVariation" in one)),
        (FlagFormat.FLAGD, "flags" in top and "variants" in one),
        (FlagFormat.GOFF, "variations" in one and "defaultRule" in one),
        (FlagFormat.ENTERPRISE, not _OF_ENTERPRISE.isdisjoint(one)),
        (FlagFormat.ATHENA, not _OF_ATHENA.isdisjoint(one) or {"id", "enabled", "type"} <= one),
    ]
    return next((format_ for format_, fits in words if fits), None)


def _keys(flags: object) -> frozenset[str]:
    """Return every key that one of the flags has, so that short ones don't hide what they all are."""
    if isinstance(flags, Mapping):
        values = list(cast("Mapping[str, object]", flags).values())
    else:
        values = cast("list[object]", flags) if isinstance(flags, list) else []
    found = [cast("Mapping[str, object]", one) for one in values if isinstance(one, Mapping)]
    return frozenset(key for one in found for key in one)
