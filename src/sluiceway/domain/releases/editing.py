"""Making a release and changing what it says: its facts, linked change requests, the process it follows.

Every refusal says what was asked, why it can't be, and what can be done instead.
"""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import datetime

from sluiceway.domain.approvals.wording import listed
from sluiceway.domain.process.team import ROLLED_BACK, TeamProcess
from sluiceway.domain.releases.model import Facts, Release, ReleaseId, Stay
from sluiceway.domain.releases.road import find_type, has_ended, phase_of, scope_is_frozen
from sluiceway.domain.releases.subjects import FIELD_WORDS
from sluiceway.domain.releases.versions import fits_type
from sluiceway.errors import InvalidInputError, RuleError

EDITABLE_WHEN_FROZEN = frozenset({"target_at", "manager", "sponsor", "stakeholders", "channels", "changes"})


def begin(
    release_id: ReleaseId,
    service: str,
    facts: Facts,
    process: TeamProcess,
    *,
    by: str,
    now: datetime,
    previous_version: str = "",
) -> Release:
    """Return a new release in the first phase of its type's path.

    `previous_version` is what users have now, "" for nothing yet. Raises RuleError when the process has no
    such type or the version does not fit it, InvalidInputError for facts that contradict themselves.
    """
    _check_facts(facts, process, previous_version)
    first = find_type(process, facts.type).path[0]
    return Release(
        id=release_id,
        service=service,
        facts=facts,
        process_hash=process.content_hash,
        author=by,
        created_at=now,
        stays=(Stay(first, now, by, "made"),),
        previous_version=previous_version,
    )


def edit(release: Release, process: TeamProcess, facts: Facts) -> Release:
    """Return the release with these facts.

    Raises RuleError for one that has ended, for what is frozen with its scope, for a version that does not
    fit its type, and for a type whose road does not come by where the release is.
    """
    require_open(release, process)
    names = [one.name for one in fields(Facts)]
    changed = [name for name in names if getattr(facts, name) != getattr(release.facts, name)]
    frozen = [name for name in changed if name not in EDITABLE_WHEN_FROZEN]
    if frozen and scope_is_frozen(release, process):
        here = phase_of(release, process)
        words = listed([FIELD_WORDS.get(name, name) for name in frozen])
        raise RuleError(
            f"{words} can't change: the scope of {release.id} is frozen in {here.id}; "
            f"move it back first ({listed(here.back_to, 'or') or 'no way back from here'})"
        )
    if {"version", "type"} & set(changed):
        _check_type(release, process, facts.type)
        _check_facts(facts, process, release.previous_version)
    else:
        _check_lists(facts)
    return replace(release, facts=facts)


def link_change(release: Release, process: TeamProcess, change_id: str) -> Release:
    """Return the release with the change request linked, once. Raises RuleError for one that has ended."""
    require_open(release, process)
    changes = tuple(dict.fromkeys((*release.facts.changes, change_id)))
    return replace(release, facts=replace(release.facts, changes=changes))


def unlink_change(release: Release, process: TeamProcess, change_id: str) -> Release:
    """Return the release without the link. Raises RuleError when it has ended or is not linked."""
    require_open(release, process)
    if change_id not in release.facts.changes:
        raise RuleError(
            f"{change_id} is not linked to {release.id}; linked: {listed(release.facts.changes) or 'none'}"
        )
    changes = tuple(one for one in release.facts.changes if one != change_id)
    return replace(release, facts=replace(release.facts, changes=changes))


def follow_process(release: Release, current: TeamProcess, process: TeamProcess) -> Release:
    """Return the release under another version of its process, where it is.

    Votes, attestations and items done stay and count as far as the new process asks for them. Raises
    RuleError when the release has ended under `current`, or when `process` lacks its type or phase or does
    not take such a release by there.
    """
    require_open(release, current)
    facts = release.facts
    _check_type(release, process, facts.type)
    problem = fits_type(find_type(process, facts.type), release.previous_version, facts.version)
    if problem:
        raise RuleError(f"{release.id} can't follow the new process: {problem}")
    return replace(release, process_hash=process.content_hash)


def require_open(release: Release, process: TeamProcess) -> None:
    """Raise RuleError when the release has reached an end."""
    if has_ended(release, process):
        raise RuleError(f"{release.id} is {release.phase} and can't be changed any more; make a new release")


def _check_type(release: Release, process: TeamProcess, type_id: str) -> None:
    path = find_type(process, type_id).path
    if not any(one.id == release.phase for one in process.phases):
        raise RuleError(
            f'{release.id} is in {release.phase}, which the process "{process.name}" does not have; '
            "move it to a phase that both have"
        )
    on_path = [stay.phase for stay in release.stays if stay.phase in path]
    if release.phase in path or (release.phase == ROLLED_BACK and on_path):
        return
    raise RuleError(
        f"{release.id} is in {release.phase}, where no release of type {type_id} comes by; "
        f"its path: {', '.join(path)}"
    )


def _check_facts(facts: Facts, process: TeamProcess, previous_version: str) -> None:
    problem = fits_type(find_type(process, facts.type), previous_version, facts.version)
    if problem:
        raise RuleError(problem)
    _check_lists(facts)


def _check_lists(facts: Facts) -> None:
    for name, ids in (
        ("scope", [one.id for one in facts.scope]),
        ("channels", [one.id for one in facts.channels]),
    ):
        doubled = sorted({one for one in ids if ids.count(one) > 1})
        if doubled:
            raise InvalidInputError(f'{name}: found the id "{doubled[0]}" twice, expected each once')
    if facts.target_at is not None and facts.target_at.tzinfo is None:
        raise InvalidInputError(f"target_at: found {facts.target_at} without a time zone, expected one")
