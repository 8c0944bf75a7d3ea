"""The part of a process file that releases follow, read as a whole.

What each section holds is declared in `road`, `approval_rules`, `schedule`, `checklists`, `control` and
`later`; here is what they may name of each other, and the rules over more than one section.
"""

from __future__ import annotations

from collections.abc import Collection

from sluiceway.config import road
from sluiceway.config.judgements import Judge
from sluiceway.config.records import Scope, ids_of, one_of_these, read_parts
from sluiceway.config.sections import Fields
from sluiceway.config.team_parts import KEYS, LATER_PARTS, TEAM_PARTS
from sluiceway.config.tree import Value, nearest
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
    if "roles" in given:
        _check_stages(fields, {role.id for role in given["roles"]})
    types_value = fields.get("types")
    if types_value:
        has_rollout = fields.get("rollout") is not None or fields.get("canary_deployment") is not None
        phases = given.get("phases", road.BUILT_IN_PHASES)
        road.check_road(types_value, given["types"], phases, has_rollout=has_rollout)
    return TeamProcess(name, content_hash, later=Later(**later), **given)


def _known(fields: Fields) -> dict[str, frozenset[str]]:
    known = {kind: ids_of(fields.get(key)) for kind, key in _LISTS.items()}
    built_in = frozenset(phase.id for phase in road.BUILT_IN_PHASES)
    return {
        **known,
        "phase": known["phase"] | built_in,
        "board": ids_of(_entry(fields.get("changes"), "boards")),
    }


def _check_stages(fields: Fields, roles: Collection[str]) -> None:
    """Report each stage of a rollout that only a role may approve which nobody can be granted."""
    rollouts = fields.get("rollouts")
    named = tuple(entry for _, entry in rollouts.entries()) if rollouts else ()
    for rollout in (fields.get("rollout"), *named):
        stages = _entry(rollout, "stages")
        for stage in stages.items() if stages else ():
            approval = _entry(stage, "approval")
            role = _entry(approval, "role") if approval and approval.is_mapping else approval
            if role and role.is_scalar and role.kind != "bool" and role.raw not in roles:
                expected = nearest(role.raw, roles) or f", expected {one_of_these(roles)}"
                role.problem(f'unknown role "{role.raw}"{expected}')


def _entry(value: Value | None, name: str) -> Value | None:
    entries = value.entries() if value is not None and value.is_mapping else ()
    return next((entry for key, entry in entries if key.raw == name), None)
