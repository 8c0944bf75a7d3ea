"""The road of a release: the `roles`, `types`, `phases` and `gates` sections."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sluiceway.config.plain import (
    ID,
    ITS_ID,
    ITS_ID_OR_TEXT,
    ITS_TITLE,
    RANGE,
    TEXT,
    TEXTS,
    TRUTH,
    one_word,
    several,
    some,
    word,
)
from sluiceway.config.records import OneOf, Part, Reader, Record, Scope, listed, named, part
from sluiceway.config.sections import Fields
from sluiceway.config.tree import Value
from sluiceway.domain.people.model import ADMIN_ROLE
from sluiceway.domain.process.team import (
    CANCELLED,
    ROLLED_BACK,
    Check,
    Gate,
    Need,
    NeedKind,
    Permission,
    Phase,
    PhaseKind,
    ReleaseType,
    Role,
    VersionForm,
)
from sluiceway.domain.releases.subjects import FIELDS

OF_THE_TYPE = "type"  # what a need names to mean the gates or approvals of the release's own type
BUILT_IN_PHASES = (
    Phase(CANCELLED, "Cancelled", PhaseKind.END, "Given up before it reached its users."),
    Phase(ROLLED_BACK, "Rolled back", PhaseKind.WORK, "Users are back on the version before it."),
)

_NEEDS = tuple(kind.value for kind in NeedKind)


def _check_role(fields: Fields, role: Role, _scope: Scope) -> None:
    if role.id == ADMIN_ROLE:
        fields.at("id").problem(f'"{role.id}" is built in and may do everything, expected another id')


ROLE = Record(
    "role",
    "A part somebody plays",
    Role,
    (
        ITS_ID,
        ITS_TITLE,
        part("duties", TEXTS, "what it is there for"),
        part("may", some(word(Permission), "a permission"), "what it may do"),
    ),
    check=_check_role,
)


def _read_versions(value: Value, scope: Scope) -> tuple[VersionForm, ...] | None:
    form = word(VersionForm)
    if value.is_list:
        return some(form, "a form of version such as X.Y.0", least=1).read(value, scope)
    found = form.read(value, scope)
    return None if found is None else (found,)


_VERSIONS = Reader(
    {
        "anyOf": [
            word(VersionForm).schema,
            {"type": "array", "items": word(VersionForm).schema, "minItems": 1},
        ]
    },
    _read_versions,
)
RELEASE_TYPE = Record(
    "release_type",
    "One kind of release",
    ReleaseType,
    (
        ITS_ID,
        ITS_TITLE,
        part("version", _VERSIONS, "what its version looks like beside the one before it", is_required=True),
        part(
            "path",
            several("phase", least=1),
            "the phases it goes through, in order",
            is_required=True,
        ),
        part("purpose", TEXT, "what it is for"),
        part("cadence", TEXT, "how often there is one"),
        part("length", RANGE, "how long it takes, or at least and at most", to="length_s"),
        part("approvals", several("approval"), "approvals it asks for"),
        part("gates", several("gate"), "gates it must pass"),
        part("testing", TEXTS, "tests it asks for"),
        part("rollout", named("rollout"), "how it reaches its users; the file's `rollout` when absent"),
        part("timeline", named("timeline"), "the milestones before its target date"),
        part("notes", named("release notes template"), "the template of its release notes"),
        part("needs_change", TRUTH, "true: it rolls out only with a decided change request"),
    ),
)


def _need(types: tuple[str, ...] = (), **given: Any) -> Need:
    ((kind, ref),) = given.items()
    has_ref = kind not in {NeedKind.CHANGES, NeedKind.CALENDAR, NeedKind.ROLLOUT}
    return Need(NeedKind(kind), ref if has_ref else "", types)


NEED = Record(
    "need",
    "What must hold before a release enters a phase",
    _need,
    (
        part("field", one_word(*FIELDS), "a field of the release that is filled in"),
        part("gate", named("gate", besides=(OF_THE_TYPE,)), "a gate, or `type` for those of its type"),
        part(
            "approval",
            named("approval", besides=(OF_THE_TYPE,)),
            "an approval, or `type` likewise",
        ),
        part("checklist", named("checklist"), "a checklist whose required items are done"),
        part("decision", ID, "a recorded go, by the name people give the decision"),
        part("changes", one_word("approved"), "`approved`: every linked change request is"),
        part("calendar", one_word("open"), "`open`: no freeze, and inside a window where there are any"),
        part("rollout", one_word("promoted"), "`promoted`: its rollout took everyone to the new version"),
        part("runbook", named("runbook"), "a runbook that was run to its end"),
        part(
            "types",
            several("type"),
            "types of release it counts for",
        ),
    ),
    one_of=OneOf(_NEEDS, is_required=True),
)


def _phase(**given: Any) -> Phase:
    built_in = next((phase for phase in BUILT_IN_PHASES if phase.id == given["id"]), None)
    if built_in is not None:
        given = {"kind": built_in.kind, "meaning": built_in.meaning, **given}
    return Phase(**given)


def _check_phase(fields: Fields, phase: Phase, _scope: Scope) -> None:
    for built_in in BUILT_IN_PHASES:
        if phase.id == built_in.id and phase.kind is not built_in.kind:
            fields.at("kind").problem(f"found {phase.kind}, expected {built_in.kind} for {phase.id}")
    if phase.kind is PhaseKind.ROLLOUT and not phase.on_promoted:
        fields.value.problem('"on_promoted" is missing, expected the phase after a rollout that succeeded')
    if phase.kind is not PhaseKind.ROLLOUT:
        for key in ("on_promoted", "on_rolled_back"):
            if fields.has(key):
                fields.at(key).problem(f'"{key}" goes with kind: rollout, found kind: {phase.kind}')


PHASE = Record(
    "phase",
    "One stretch of the road",
    _phase,
    (
        ITS_ID,
        ITS_TITLE,
        part("kind", word(PhaseKind), "what happens in it"),
        part("meaning", TEXT, "what it is for"),
        part("needs", listed(NEED), "what must hold before a release enters it"),
        part("back_to", several("phase"), "phases it may go back to from here"),
        part("freezes_scope", TRUTH, "true: what the release holds can't change from here on"),
        part("on_promoted", named("phase"), "where a rollout that succeeded moves the release"),
        part("on_rolled_back", named("phase"), "where a rollout that was taken back moves the release"),
    ),
    check=_check_phase,
)
CHECK = Record(
    "check",
    "What a gate looks at",
    Check,
    (
        ITS_ID_OR_TEXT,
        part("text", TEXT, "what is looked at", is_required=True),
        part("expects", TEXT, "the figure or state asked for, in the team's words"),
        part("evidence", ID, "what kind of evidence will answer it"),
        part("manual", TRUTH, "true: a person looks", to="is_manual"),
    ),
    plain="text",
)
GATE = Record(
    "gate",
    "A set of checks",
    Gate,
    (
        ITS_ID,
        ITS_TITLE,
        part("checks", listed(CHECK, least=1), "what it looks at", is_required=True),
        part(
            "attested_by",
            several("role", least=1),
            "roles of which one states that it holds",
            is_required=True,
        ),
        part("waived_by", several("role"), "roles of which one may waive it"),
    ),
)

PARTS: tuple[Part, ...] = (
    part("roles", listed(ROLE), "who takes part"),
    part("types", listed(RELEASE_TYPE, what="type"), "the kinds of release there are"),
    part("phases", listed(PHASE), "the stretches of a release's road"),
    part("gates", listed(GATE), "sets of checks that hold a release"),
)
RECORDS = (ROLE, RELEASE_TYPE, NEED, PHASE, CHECK, GATE)


def with_built_in_phases(phases: Sequence[Phase]) -> tuple[Phase, ...]:
    """Return the phases with `cancelled` and `rolled-back`, which every road has."""
    listed_ids = {phase.id for phase in phases}
    return (*phases, *(phase for phase in BUILT_IN_PHASES if phase.id not in listed_ids))


def check_road(
    types_value: Value, types: Sequence[ReleaseType], phases: Sequence[Phase], *, has_rollout: bool
) -> None:
    """Report each path that no release could walk, because its kinds of phases are out of order.

    `has_rollout`: the file has a rollout for types that name none.
    """
    by_id = {phase.id: phase for phase in phases}
    for item, release_type in zip(types_value.items(), types, strict=True):
        path = [by_id[phase] for phase in release_type.path]
        for key, path_value in item.entries():
            if key.raw == "path":
                _check_path(path_value, path)
        if not (has_rollout or release_type.rollout) and any(p.kind is PhaseKind.ROLLOUT for p in path):
            item.note("has no rollout, and neither has the file: such a release can't reach its users")


def _check_path(value: Value, path: Sequence[Phase]) -> None:
    items = value.items()
    if path[0].kind is not PhaseKind.WORK:
        items[0].problem(f'begins with "{path[0].id}" of kind {path[0].kind}, expected a phase of kind work')
    if path[-1].kind is not PhaseKind.END:
        items[-1].problem(f'ends with "{path[-1].id}" of kind {path[-1].kind}, expected a phase of kind end')
    ids = [phase.id for phase in path]
    for index, (item, phase) in enumerate(zip(items, path, strict=True)):
        if phase.id in {CANCELLED, ROLLED_BACK}:
            item.problem(f'"{phase.id}" is where a release goes that leaves its road, expected it on no path')
        elif phase.kind is PhaseKind.END and index < len(path) - 1:
            item.problem(f'"{phase.id}" is of kind end, expected nothing after it')
        elif phase.kind is PhaseKind.ROLLOUT and phase.on_promoted not in ids[index + 1 :]:
            item.problem(
                f'"{phase.id}" leads to "{phase.on_promoted}" (on_promoted), expected that later in this path'
            )
