"""A company that releases one service: people with accounts and roles, a process in force, the use cases.

Nobody is anonymous here and nothing is done behind the use cases' back. `supply` does what `explain` asks
for, each by somebody it names, so that a release gets stuck in the test where it would get stuck in the team.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sluiceway.adapters.holidays import public_holidays
from sluiceway.adapters.signing import open_signer
from sluiceway.api.app import Services
from sluiceway.domain.approvals.model import VoteKind
from sluiceway.domain.people.model import Principal
from sluiceway.domain.process.plan import CriterionKind
from sluiceway.domain.process.team import TeamProcess
from sluiceway.domain.releases.model import DecisionKind, Facts, ItemState
from sluiceway.domain.releases.world import World
from sluiceway.domain.rollouts.model import CommandKind, Phase
from sluiceway.domain.rollouts.moves import current_stage
from sluiceway.engine.releases import Following
from sluiceway.errors import NotReadyError, SluicewayError
from sluiceway.ports.releases import ReleaseRow
from sluiceway.ports.store import Transaction
from sluiceway.services.accounts import AccountService
from sluiceway.services.boards import BoardService
from sluiceway.services.changes import ChangeService
from sluiceway.services.experiments import ExperimentService
from sluiceway.services.flag_sets import FlagSets
from sluiceway.services.flags import FlagService
from sluiceway.services.health import HealthService
from sluiceway.services.points import PointsService
from sluiceway.services.processes import ProcessService
from sluiceway.services.release_facts import FactsPatch
from sluiceway.services.release_scene import Scenes
from sluiceway.services.release_views import ApprovalView, GateView, MissingView, ReleaseView
from sluiceway.services.releases import ReleaseService
from sluiceway.services.rollouts import RolloutService
from sluiceway.services.sessions import Credentials, SessionService
from sluiceway.services.tokens import TokenService
from sluiceway.testing.clock import ManualClock
from sluiceway.testing.fake_passwords import FakePasswords
from tests.scenario.plant import Plant, open_plant

SERVICE = "shop"
PASSWORD = "correct horse battery staple"
_ON_ITS_WAY = frozenset({Phase.PREPARING, Phase.PROGRESSING, Phase.AWAITING_APPROVAL})
MONDAY = datetime(2027, 3, 1, 9, tzinfo=UTC)
PROCESS = """\
extends: {pack}
name: shop
service:
  name: shop
  command: [./shop, "{{port}}", "{{version}}"]
  health: {{path: /healthz, within: 20s}}
ingress: {{name: shop, listen: "127.0.0.1:8080"}}
"""


@dataclass
class Company:
    """`people` are by name. The release that a test is about is found by the id that `new` returned."""

    plant: Plant
    clock: ManualClock
    releases: ReleaseService
    changes: ChangeService
    rollouts: RolloutService
    processes: ProcessService
    accounts: AccountService
    sessions: SessionService
    tokens: TokenService
    people: dict[str, Principal] = field(default_factory=dict[str, Principal])

    @property
    def services(self) -> Services:
        """Return the use cases as the API and the console want them."""
        store, clock = self.plant.store, self.clock
        flag_sets = FlagSets(store, clock)
        flags = FlagService(store, clock, flag_sets)
        return Services(
            rollouts=self.rollouts,
            health=HealthService(store, clock, self.plant),
            points=PointsService(store, clock),
            tokens=self.tokens,
            sessions=self.sessions,
            accounts=self.accounts,
            releases=self.releases,
            processes=self.processes,
            changes=self.changes,
            boards=BoardService(store, clock, holidays=public_holidays),
            flags=flags,
            experiments=ExperimentService(store, clock, flags, flag_sets),
            flag_sets=flag_sets,
        )

    def found(self, process: str, staff: Mapping[str, str]) -> None:
        """Set up accounts, put the process in force, and give each of the staff their role."""
        self.accounts.create_first_here("rosa", PASSWORD, "test")
        self.log_in("rosa")
        self.processes.apply(process, "shop.yaml", "", self["rosa"])
        for name, role in staff.items():
            self.hire(name, role)

    def hire(self, name: str, role: str) -> None:
        """Give somebody an account and a role for the service."""
        self.accounts.create(name, PASSWORD, self["rosa"])
        self.accounts.grant(name, role, SERVICE, self["rosa"])
        self.log_in(name)

    def log_in(self, name: str) -> Principal:
        """Return somebody as the server knows them right after a login."""
        self.people[name] = self.sessions.identify(Credentials(key=self.session_key(name)))
        return self.people[name]

    def session_key(self, name: str) -> str:
        """Return what a browser keeps of a login."""
        return self.sessions.log_in(name, PASSWORD, address="127.0.0.1", agent="test").key

    def __getitem__(self, name: str) -> Principal:
        return self.people[name]

    def weeks(self, weeks: float) -> datetime:
        """Return the instant so many weeks from now."""
        return self.clock.now() + timedelta(weeks=weeks)

    def view(self, release: str) -> ReleaseView:
        return self.releases.get(release, self["rosa"])

    def phase(self, release: str) -> str:
        return self.view(release).summary.phase

    def missing(self, release: str, to: str) -> tuple[MissingView, ...]:
        """Return what holds the move, as `explain` says it."""
        return self.releases.explain(release, self["rosa"], to).missing

    def approval(self, release: str, policy: str) -> ApprovalView:
        return next(one for one in self.view(release).approvals if one.policy == policy)

    def gate(self, release: str, gate: str) -> GateView:
        return next(one for one in self.view(release).gates if one.id == gate)

    def refused_move(self, release: str, to: str, by: str) -> tuple[str, ...]:
        """Try a move that can't be made yet; return the lines on what is missing and who can supply it."""
        with pytest.raises(NotReadyError) as refusal:
            self.releases.move(release, to, self[by])
        return refusal.value.missing

    def refused(self, act: Callable[[], object]) -> str:
        """Try what must be refused; return the refusal."""
        with pytest.raises(SluicewayError) as refusal:
            act()
        return str(refusal.value)

    def vote(
        self, release: str, policy: str, kind: VoteKind, *voters: str, comment: str = "", role: str = ""
    ) -> ApprovalView:
        """Let people vote on what they see; return where the approval stands then."""
        for name in voters:
            seen = self.approval(release, policy).subject_hash
            self.releases.vote(release, policy, kind, self[name], role=role, comment=comment, seen=seen)
        return self.approval(release, policy)

    def supply(self, release: str, to: str) -> None:
        """Do whatever the move waits for that one person's word settles, by whom `explain` names."""
        for one in self.missing(release, to):
            match one.kind:
                case "gate":
                    by = self[self._attester(release, one)]
                    self.releases.attest(
                        release, one.ref, by, holds=True, statement=f"Looked at every check of {one.ref}"
                    )
                case "decision":
                    by = self[one.who[0]]
                    self.releases.decide(
                        release, one.ref, DecisionKind.GO, by, reason="Nothing speaks against it"
                    )
                case "checklist":
                    checklist, _, item = one.ref.partition("/")
                    by = self[one.who[0]]
                    self.releases.check(release, checklist, item, ItemState.DONE, by, note="Done")
                case _:
                    continue

    def go(self, release: str, *phases: str, by: str) -> None:
        """Supply what is missing for each of the phases in turn, and move there."""
        for phase in phases:
            self.supply(release, phase)
            self.releases.move(release, phase, self[by])

    def start_rollout(self, release: str, by: str, *, stable: str | None = None) -> str:
        """Start the rollout of the release's type; return its id."""
        self.releases.start_rollout(release, self[by], stable=stable)
        return self.view(release).rollouts[0].id

    def agree_to_stage(self, rollout: str, by: str) -> list[str]:
        """Let somebody say yes to what the stage leaves to a person's judgement; return what that was."""
        state = self.plant.state(rollout)
        stage = current_stage(state)
        if stage is None or state.phase is not Phase.PROGRESSING:
            return []
        given = {yes.subject for yes in state.attestations if yes.stage_id == stage.id}
        manual = [one.text for one in stage.criteria if one.kind is CriterionKind.MANUAL]
        asked = [text for text in manual if text not in given]
        for text in asked:
            self.rollouts.act(rollout, CommandKind.APPROVE, self[by], subject=text, reason="Looked at it")
        return asked

    def roll_out_to_the_end(self, rollout: str, by: str) -> dict[str, list[str]]:
        """Let every stage last as long as the plan says; return what somebody said yes to in each."""
        asked: dict[str, list[str]] = {}
        for stage in self.plant.state(rollout).plan.stages:
            self.plant.until_stage(rollout, stage.id)
            asked[stage.id] = self.agree_to_stage(rollout, by)
            self.plant.let_stage_last(rollout)
        self.plant.until(rollout, "past its last stage", lambda state: state.phase not in _ON_ITS_WAY)
        return asked

    def trail(self, subject: str) -> list[tuple[str, str, str]]:
        """Return kind, actor and words of every audit entry about a subject, oldest first."""
        with self.plant.store.read() as tx:
            entries = tx.newest_audit_entries(subject, before=None, limit=500)
        return [(one.content.kind, one.content.actor, one.content.why) for one in reversed(entries)]

    def edit(self, release: str, patch: FactsPatch, by: str) -> ReleaseView:
        return self.releases.edit(release, patch, self[by])

    def new(self, facts: Facts, by: str) -> str:
        """Make a release of the service; return its id."""
        return self.releases.new(SERVICE, facts, self[by]).summary.id

    def _attester(self, release: str, missing: MissingView) -> str:
        """Return somebody who may say that the gate holds, not merely let the release pass without it."""
        allowed = self.gate(release, missing.ref).attested_by
        return next(name for name in missing.who if allowed and self[name].roles_for(SERVICE) & {*allowed})


@contextmanager
def open_company(folder: Path, *, start: datetime = MONDAY) -> Generator[Company]:
    """Yield a company whose signing key is in `folder`; it has nobody and no process yet."""
    clock = ManualClock(start)
    with open_plant(clock) as plant:
        store = plant.store

        def world_of(tx: Transaction, row: ReleaseRow) -> tuple[TeamProcess, World]:
            scene = Scenes(tx, clock.now(), public_holidays).in_a_list(row)
            return scene.team, scene.world

        plant.follow = Following(store, clock, world_of).look
        passwords = FakePasswords()
        tokens = TokenService(store, clock)
        yield Company(
            plant=plant,
            clock=clock,
            releases=ReleaseService(
                store, clock, plant, signer=open_signer(folder / "key.pem"), holidays=public_holidays
            ),
            changes=ChangeService(store, clock, holidays=public_holidays),
            rollouts=RolloutService(store, clock, plant),
            processes=ProcessService(store, clock),
            accounts=AccountService(store, clock, passwords),
            sessions=SessionService(store, clock, passwords, tokens),
            tokens=tokens,
        )
