"""A store as five hundred people have it after four years: releases, all that belongs to them, the trail.

Every row goes through the store's own ways except the trail's million: those are chained by the product's
arithmetic and inserted in bulk. How a release comes to stand where it stands is `releases_walk`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import insert, update

from bench.releases_walk import ROLLOUT, people, renamed, walk
from sluiceway.adapters.clock import SystemClock
from sluiceway.adapters.store import SqlStore, codec, open_store
from sluiceway.adapters.store.schema import audit, audit_head
from sluiceway.domain.audit.chain import NewAuditEntry, chain
from sluiceway.domain.changes.model import Change, ChangeFacts, ChangeId, ChangeState
from sluiceway.domain.people.model import Grant, Principal, open_principal
from sluiceway.domain.process.plan import Process, Version
from sluiceway.domain.process.team import Permission, TeamProcess
from sluiceway.domain.releases.model import Release
from sluiceway.domain.releases.road import find_type, has_ended
from sluiceway.domain.rollouts.model import Phase, RolloutId, RolloutState
from sluiceway.packs import pack_names
from sluiceway.ports.people import AccountRow
from sluiceway.ports.releases import ChangeRow, ReleaseRow
from sluiceway.ports.store import RolloutRow, RolloutSetup
from sluiceway.services.kept_processes import parsed
from sluiceway.services.processes import ProcessService, team_of
from sluiceway.services.tokens import TokenService

# Who asks, and for how many services they play the first role of the process; None is all of them.
VIEWERS: Mapping[str, int | None] = {"rita": None, "lee": 5, "uma": 1}
BETWEEN = timedelta(hours=3, minutes=30)  # from one release to the next: 10,000 in four years
_AUDIT_CHUNK = 20_000
_CACHE_KB = 400_000  # for the trail's indexes by hash, whose pages are met in no order
_KINDS = ("release-edited", "release-voted", "item-checked", "gate-attested", "release-moved")


@dataclass(frozen=True)
class Size:
    """How much there is. The newest `open_releases` are on their road, all others closed."""

    releases: int = 10_000
    audit_entries: int = 1_000_000
    open_releases: int = 500
    services: int = 50


@dataclass(frozen=True)
class Filled:
    """What the measuring needs to know: each viewer's token."""

    tokens: Mapping[str, str]


def fill(path: Path, size: Size) -> Filled:
    """Make the database at `path`."""
    store = open_store(path)
    try:
        processes = _apply_processes(store, size)
        _add_people(store, processes)
        ids = _add_releases(store, processes, size)
        _add_trail(store, ids, size)
        return Filled({name: _token(store, name) for name in VIEWERS})
    finally:
        store.close()


def _apply_processes(store: SqlStore, size: Size) -> dict[str, Process]:
    """Put the packs in force in turn, one service after the other."""
    service_of, packs = ProcessService(store, SystemClock()), pack_names()
    found: dict[str, Process] = {}
    for number in range(size.services):
        name, pack = f"service-{number:02}", packs[number % len(packs)]
        text = _PROCESS.format(name=name, pack=pack, port=20_000 + number)
        service_of.apply(text, "process.yaml", name, open_principal("setup"))
        found[name] = parsed(text, "process.yaml")
    return found


def _add_people(store: SqlStore, processes: dict[str, Process]) -> None:
    """Let everybody whom a process asks have an account, and the viewers too."""
    now = datetime.now(UTC)
    grants = [
        Grant(person, role, service)
        for service, process in processes.items()
        for role, names in people(team_of(process), service).members
        for person in names
    ]
    grants += [
        Grant(viewer, team_of(process).roles[0].id, service)
        for viewer, count in VIEWERS.items()
        for service, process in list(processes.items())[:count]
    ]
    with store.begin() as tx:
        for name in dict.fromkeys(grant.account for grant in grants):
            tx.add_account(AccountRow(name, name, f"{name}@example.org", "", now, "setup"))
        for grant in grants:
            tx.add_grant(grant, now, "setup")


def _add_releases(store: SqlStore, processes: dict[str, Process], size: Size) -> list[str]:
    """Make releases of the services in turn, oldest first; return their ids."""
    now, ids = datetime.now(UTC), list[str]()
    teams = {service: team_of(process) for service, process in processes.items()}
    walks = {
        (service, kind.id): walk(team, kind, service, now)
        for service, team in teams.items()
        for kind in team.types
    }
    services = list(processes)
    with store.begin() as tx:
        for at in range(size.releases):
            service, number = services[at % len(services)], at // len(services)
            team, process = teams[service], processes[service]
            kind = team.types[number % len(team.types)]
            stages = walks[service, kind.id]
            is_open = at >= size.releases - size.open_releases
            model = stages[number % (len(stages) - 1)] if is_open else stages[-1]
            release_id, change_id = f"REL-2026-{at + 1:04}", f"CR-2026-{at + 1:03}"
            release = renamed(model, team, release_id, number, change_id)
            if not is_open:
                release = _earlier(release, (size.releases - size.open_releases - at) * BETWEEN)
            if release.rollouts:
                rollout = RolloutId(f"{ROLLOUT}-{at:06}")
                release = replace(release, rollouts=(rollout,))
                tx.insert_rollout(_rollout(rollout, process, team, release))
            assert is_open is not has_ended(release, team)
            tx.insert_change(ChangeRow(_change(change_id, release), version=1))
            tx.insert_release(ReleaseRow(release, version=1, is_open=is_open))
            ids.append(release_id)
    return ids


def _earlier(release: Release, by: timedelta) -> Release:
    """Return the release as it was made and moved so much earlier; when it was talked about stays."""
    stays = tuple(replace(stay, since=stay.since - by) for stay in release.stays)
    target_at = release.facts.target_at
    facts = replace(release.facts, target_at=target_at - by if target_at else None)
    return replace(release, created_at=release.created_at - by, stays=stays, facts=facts)


def _rollout(rollout: RolloutId, process: Process, team: TeamProcess, release: Release) -> RolloutRow:
    name = find_type(team, release.facts.type).rollout
    plan = dict(process.rollouts).get(name, process.rollout)
    assert plan is not None
    assert process.service is not None
    assert process.ingress is not None
    state = RolloutState(
        plan=plan,
        stable=Version("1.0.0"),
        new=Version(release.facts.version),
        phase=Phase.PROMOTED,
        started_at=release.since,
        since=release.since,
    )
    setup = RolloutSetup(
        service=process.service,
        ingress=process.ingress,
        metrics=process.metrics,
        process_hash=process.content_hash,
        process_text=process.text,
        process_path=process.path,
    )
    return RolloutRow(
        id=rollout,
        setup=setup,
        state=state,
        gen=1,
        version=1,
        due_at=None,
        lease_until=None,
        created_at=release.since,
        created_by=release.author,
    )


def _change(change_id: str, release: Release) -> Change:
    facts = ChangeFacts(
        title=f"Release {release.facts.version} of {release.service}",
        requestor="eve",
        description="What the quarter's plan asks for, in twelve parts. " * 6,
        business_justification="Users wait for it. " * 10,
        acceptance_criteria=tuple(f"Criterion {at} holds in production" for at in range(6)),
        service=release.service,
    )
    return Change(
        ChangeId(change_id),
        facts,
        ChangeState.APPROVED,
        "eve",
        release.created_at,
        release.process_hash,
        releases=(release.id,),
    )


def _add_trail(store: SqlStore, releases: list[str], size: Size) -> None:
    """Chain entries to those there are, until there are so many: at each time about those open then."""
    with store.engine.connect() as connection:
        connection.exec_driver_sql(f"PRAGMA cache_size=-{_CACHE_KB}")
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        last = connection.execute(audit_head.select()).one()
        rows: list[dict[str, object]] = []
        for row in _chained(releases, last.seq, last.hash, size):
            rows.append(row)
            if len(rows) == _AUDIT_CHUNK or row["seq"] == size.audit_entries:
                connection.execute(insert(audit), rows)
                connection.execute(update(audit_head).values(seq=row["seq"], hash=row["hash"]))
                rows.clear()
        connection.commit()


def _chained(releases: list[str], seq: int, head: str, size: Size) -> Iterator[dict[str, object]]:
    entries = size.audit_entries
    began_at = datetime.now(UTC) - len(releases) * BETWEEN
    pace = len(releases) * BETWEEN / max(entries, 1)
    while seq < entries:
        at = began_at + seq * pace
        content = NewAuditEntry(
            at=at,
            process_at=at,
            actor=f"person-{seq % 500}",
            kind=_KINDS[seq % len(_KINDS)],
            subject=releases[(seq * len(releases) // entries + seq % size.open_releases) % len(releases)],
            why=f"what was asked for was looked at and found as it should be, number {seq}",
            figures=(("version", seq),),
        )
        entry = chain(content, seq + 1, head)
        seq, head = entry.seq, entry.hash
        yield {
            "seq": seq,
            "at": at,
            "process_at": at,
            "actor": content.actor,
            "kind": content.kind,
            "subject": content.subject,
            "why": content.why,
            "figures": codec.figures_text(content.figures),
            "prev_hash": entry.prev_hash,
            "hash": head,
        }


def _token(store: SqlStore, owner: str) -> str:
    with store.read() as tx:
        grants = tuple(tx.grants(account=owner))
    tokens = TokenService(store, SystemClock())
    return tokens.create(owner, "", Principal(owner, grants), scopes=frozenset(Permission)).token


_PROCESS = """\
extends: {pack}
name: {name}
service: {{name: {name}, command: [serve, "{{port}}", "{{version}}"], cwd: /srv/app, instances: 2}}
ingress: {{name: {name}-ingress, listen: "127.0.0.1:{port}"}}
"""
