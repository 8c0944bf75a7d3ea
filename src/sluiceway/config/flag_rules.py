"""What a process says about feature flags: the `flags` section."""

from __future__ import annotations

from sluiceway.config.plain import DURATION
from sluiceway.config.records import Part, Reader, Record, Scope, named, part
from sluiceway.config.sections import Schema
from sluiceway.config.shapes import ref
from sluiceway.config.tree import Value
from sluiceway.domain.process.environments import USUAL
from sluiceway.domain.process.flags import FlagEnvironment, FlagRules


def _build(approval: str) -> str:
    return approval


FLAG_ENVIRONMENT: Record[str] = Record(
    "flag_environment",
    "Who agrees to changes of flags in one environment",
    _build,
    (part("approval", named("approval"), "the approval that a change waits for", is_required=True),),
)


def _read_environments(value: Value, scope: Scope) -> tuple[FlagEnvironment, ...] | None:
    if not value.is_mapping:
        value.expected("a mapping of environments, such as production: {approval: flag-change}")
        return None
    has_own = bool(scope.known.get("environment"))
    environment = named("environment", besides=() if has_own else USUAL)
    found = [
        (environment.read(key, scope), FLAG_ENVIRONMENT.read(entry, scope)) for key, entry in value.entries()
    ]
    pairs = tuple(
        FlagEnvironment(name, approval)
        for name, approval in found
        if name is not None and approval is not None
    )
    return pairs if len(pairs) == len(found) else None


_ENVIRONMENTS: Schema = {"type": "object", "additionalProperties": ref("flag_environment")}
FLAG_RULES: Record[FlagRules] = Record(
    "flag_rules",
    "What holds for feature flags",
    FlagRules,
    (
        part(
            "environments",
            Reader(_ENVIRONMENTS, _read_environments),
            "where a change of a flag waits for an approval",
        ),
        part(
            "stale_after",
            DURATION,
            "how long a flag may be the same for everyone before it is reported",
            to="stale_after_s",
        ),
        part(
            "unused_after",
            DURATION,
            "how long nobody may have asked for a flag before it is reported",
            to="unused_after_s",
        ),
    ),
)

PARTS: tuple[Part, ...] = (part("flags", FLAG_RULES.reader, "what holds for feature flags"),)
RECORDS = (FLAG_ENVIRONMENT, FLAG_RULES)
