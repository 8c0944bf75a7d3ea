"""The part of a process file that releases follow, read as a whole.

What each section holds is declared in `road`, `approval_rules`, `schedule`, `checklists`, `control` and
`later`; here is what they may name of each other, and the rules over more than one section.
"""

from __future__ import annotations

from sluiceway.config import road
from sluiceway.config.judgements import Judge
from sluiceway.config.records import Scope, ids_of, read_parts
from sluiceway.config.sections import Fields
from sluiceway.config.team_parts import KEYS, LATER_PARTS, TEAM_PARTS
from sluiceway.config.tree import Value
from sluiceway.domain.process.later import Later
from sluiceway.domain.process.team import TeamProcess

_LISTS = {
    "role": "roles",
    "type": "types",
    "phase": "phases",
    "gate": "gates",
    "approval": "approvals",
    "checklist": "checklists",
    "runbook": "runbooks",
    "timeline": "timelines",
    "environment": "environments",
    "release notes template": "release_notes",
    "rollout": "rollouts",
}


def read_team(fields: Fields, judge: Judge, *, name: str, content_hash: str) -> TeamProcess | None:
    """Return what the file says about releases; None when it says nothing, or after a problem.

    `fields` is the whole file, `judge` reads conditions on its metrics; name and hash are the process's.
    """
    if not any(fields.has(key.name) for key in KEYS):
        return None
    scope = Scope(_known(fields), judge.condition)
    given, later = read_parts(fields, TEAM_PARTS, scope), read_parts(fields, LATER_PARTS, scope)
    if given is None or later is None:
        return None
    if "phases" in given:
        given["phases"] = road.with_built_in_phases(given["phases"])
    types_value = fields.get("types")
    if types_value:
        road.check_road(types_value, given["types"], given.get("phases", road.BUILT_IN_PHASES))
    return TeamProcess(name, content_hash, later=Later(**later), **given)


def _known(fields: Fields) -> dict[str, frozenset[str]]:
    known = {kind: ids_of(fields.get(key)) for kind, key in _LISTS.items()}
    built_in = frozenset(phase.id for phase in road.BUILT_IN_PHASES)
    return {**known, "phase": known["phase"] | built_in, "board": _boards(fields.get("changes"))}


def _boards(changes: Value | None) -> frozenset[str]:
    entries = changes.entries() if changes is not None and changes.is_mapping else ()
    return next((ids_of(entry) for key, entry in entries if key.raw == "boards"), frozenset[str]())
