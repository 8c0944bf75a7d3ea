"""A reconciler without an outside: takes up people's acts on a real store, with the real `decide`.

The world it acts on is the one the domain's tests use; the clock is moved by hand.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from sluiceway.adapters.signing import KeySigner
from sluiceway.adapters.store import SqlStore
from sluiceway.api.app import Services
from sluiceway.domain.audit.chain import NewAuditEntry
from sluiceway.domain.people.model import Principal, open_principal
from sluiceway.domain.process.plan import RolloutPlan
from sluiceway.domain.rollouts.model import Observation, RolloutId
from sluiceway.domain.rollouts.moves import begin
from sluiceway.ports.releases import ProcessRow
from sluiceway.ports.store import RolloutRow
from sluiceway.services.accounts import AccountService
from sluiceway.services.boards import BoardService
from sluiceway.services.changes import ChangeService
from sluiceway.services.experiments import ExperimentService
from sluiceway.services.flag_sets import FlagSets
from sluiceway.services.flags import FlagService
from sluiceway.services.health import HealthService
from sluiceway.services.points import PointsService
from sluiceway.services.processes import ProcessService
from sluiceway.services.releases import ReleaseService
from sluiceway.services.rollouts import RolloutService
from sluiceway.services.sessions import Credentials, SessionService
from sluiceway.services.tokens import TokenService
from sluiceway.testing.builders import a_row, a_setup
from sluiceway.testing.clock import ManualClock
from sluiceway.testing.fake_passwords import FakePasswords
from tests.support.databases import new_store
from tests.unit.domain.rollouts.world import NEW, STABLE, World, a_plan

LEASE_S = 30.0
PASSWORD = "correct horse battery staple"
TEAM = """\
name: checkout
roles:
  - {id: release-manager, title: Release Manager, may: [plan, move, rollout]}
  - {id: qa-lead, title: QA Lead, may: [attest]}
types:
  - {id: minor, title: Minor, version: X.Y.0, path: [draft, closed]}
phases:
  - {id: draft, title: Draft}
  - {id: closed, title: Closed, kind: end}
"""
ADA = open_principal("ada")
BOB = open_principal("bob")


def no_holidays(place: str, year: int) -> tuple[()]:
    """Fits `ports.calendars.Holidays`."""
    del place, year
    return ()


@dataclass
class Desk:
    """Fits `ports.live.LiveView`; `nudge` ticks every due rollout at once, unless it is not running."""

    store: SqlStore
    clock: ManualClock
    is_running: bool = True
    worlds: dict[RolloutId, World] = field(default_factory=dict[RolloutId, World])
    seen: dict[RolloutId, Observation] = field(default_factory=dict[RolloutId, Observation])

    def latest(self, rollout_id: RolloutId) -> Observation | None:
        return self.seen.get(rollout_id)

    def nudge(self) -> None:
        if self.is_running:
            self.tick()

    def tick(self) -> None:
        with self.store.begin() as tx:
            rows = tx.claim_due(self.clock.wall(), LEASE_S, 100)
        for row in rows:
            self._tick(row)

    def run(self, rollout_id: str, *, until: str, ticks: int = 300, seconds: float = 10) -> None:
        """Let time pass until the rollout is in this phase."""
        for _ in range(ticks):
            with self.store.begin() as tx:
                if tx.get_rollout(RolloutId(rollout_id)).state.phase == until:
                    return
                tx.wake(RolloutId(rollout_id), self.clock.wall())
            self.tick()
            self.clock.advance(seconds)
        raise AssertionError(f"{rollout_id} never came to {until}")

    def world(self, row: RolloutRow) -> World:
        world = self.worlds.get(row.id)
        if world is None:
            world = self.worlds[row.id] = World(row.state.plan)
        return world

    def _tick(self, row: RolloutRow) -> None:
        world = self.world(row)
        with self.store.read() as tx:
            pending = tx.pending_commands(row.id)
        world.state, world.now = row.state, self.clock.now()
        outcome = world.tick(*(item.command for item in pending), seconds=0)
        self.seen[row.id] = world.observe()
        refusals = {id(command): words for command, words in outcome.refused}
        with self.store.begin() as tx:
            assert tx.save_claimed(row, outcome.state, self.clock.wall())
            for item in pending:
                tx.finish_command(item.id, refusals.get(id(item.command)))
            for decision in outcome.decisions:
                tx.append_audit(
                    NewAuditEntry(
                        at=self.clock.wall(),
                        process_at=self.clock.now(),
                        actor=decision.by,
                        kind=decision.kind,
                        subject=row.id,
                        why=decision.why,
                        figures=decision.figures,
                    )
                )


@dataclass
class Office:
    """The use cases over one desk, store and clock. Nobody has an account unless a test makes one."""

    service: RolloutService
    desk: Desk
    store: SqlStore
    clock: ManualClock

    def __post_init__(self) -> None:
        passwords = FakePasswords()
        tokens = TokenService(self.store, self.clock)
        flag_sets = FlagSets(self.store, self.clock)
        flags = FlagService(self.store, self.clock, flag_sets)
        self.services = Services(
            rollouts=self.service,
            health=HealthService(self.store, self.clock, self.desk),
            points=PointsService(self.store, self.clock),
            tokens=tokens,
            sessions=SessionService(self.store, self.clock, passwords, tokens),
            accounts=AccountService(self.store, self.clock, passwords),
            releases=ReleaseService(
                self.store,
                self.clock,
                self.desk,
                signer=KeySigner(Ed25519PrivateKey.generate()),
                holidays=no_holidays,
            ),
            processes=ProcessService(self.store, self.clock),
            changes=ChangeService(self.store, self.clock, holidays=no_holidays),
            boards=BoardService(self.store, self.clock, holidays=no_holidays),
            flags=flags,
            experiments=ExperimentService(self.store, self.clock, flags, flag_sets),
            flag_sets=flag_sets,
        )

    def set_up_accounts(self) -> Principal:
        """Make the first account, rosa, and return it: nobody is let in without a login from then on."""
        if not self.services.accounts.exist():
            self.services.accounts.create_first_here("rosa", PASSWORD, "test")
        return self.log_in("rosa")

    def person(self, name: str, *roles: str) -> Principal:
        """Return somebody with an account and these roles, `role` for every service or `role@service`."""
        rosa = self.set_up_accounts()
        self.services.accounts.create(name, PASSWORD, rosa)
        for words in roles:
            role, _, service = words.partition("@")
            self.services.accounts.grant(name, role, service or "*", rosa)
        return self.log_in(name)

    def session_key(self, name: str, password: str = PASSWORD) -> str:
        return self.services.sessions.log_in(name, password, address="127.0.0.1", agent="test").key

    def log_in(self, name: str) -> Principal:
        """Return somebody as the server knows them right after a login."""
        return self.services.sessions.identify(Credentials(key=self.session_key(name)))

    def put_process(self, service: str = "checkout", text: str = TEAM) -> None:
        """Put a process in force for a service, as somebody did before."""
        content_hash = hashlib.sha256(text.encode()).hexdigest()
        with self.store.begin() as tx:
            tx.put_process(ProcessRow(service, content_hash, text, "team.yaml", self.clock.wall(), "test"))

    def trail(self) -> list[tuple[str, str, str]]:
        """Return kind, subject and actor of every audit entry, oldest first."""
        with self.store.read() as tx:
            entries = tx.audit_entries(rollout_id=None, after=0, limit=500)
        return [(one.content.kind, one.content.subject, one.content.actor) for one in entries]

    def put_rollout(
        self, plan: RolloutPlan | None = None, *, service: str = "checkout", port: int = 8080
    ) -> str:
        """Insert a rollout that has just been started, without a process file; return its id."""
        now = self.clock.now()
        state = begin(plan or a_plan(), stable=STABLE, new=NEW, instances=1, now=now)
        setup = a_setup(service=service, port=port)
        row = a_row(setup=setup, state=state, due_at=self.clock.wall(), created_at=self.clock.wall())
        with self.store.begin() as tx:
            tx.insert_rollout(row)
        return row.id


@contextmanager
def open_office(folder: Path) -> Iterator[Office]:
    """Yield a working office whose database is in `folder`."""
    store = new_store(folder / "sluiceway.db")
    clock = ManualClock()
    desk = Desk(store, clock)
    try:
        yield Office(RolloutService(store, clock, desk), desk, store, clock)
    finally:
        store.close()
