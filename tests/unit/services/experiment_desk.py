"""A service with an experiment on its flag, and users who come, see and buy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from sluiceway.domain.flags.experiment_model import GuardAction, MetricPlan
from sluiceway.domain.flags.model import Experiment, Flag, FlagType, Serve, Share, ValueType, Variant
from sluiceway.domain.people.model import Principal
from sluiceway.services.experiment_intake import Did, Seen, take
from sluiceway.services.experiment_planning import ExperimentDraft
from sluiceway.services.experiment_views import ExperimentView
from tests.unit.services.desk import ADA, Office

SERVICE, WHERE = "checkout", "production"
FLAG = Flag(
    "button",
    value_type=ValueType.STRING,
    type=FlagType.EXPERIMENTAL,
    variants=(Variant("A", "green"), Variant("B", "blue"), Variant("off", "grey")),
    serve=Serve(split=(Share("A", 1), Share("B", 1))),
    otherwise=Serve("off"),
    experiment=Experiment("button-colour", metrics=("buy",), control="A"),
)
BUY = MetricPlan("buy")
REFUND = MetricPlan("refund", higher_is_better=False)
DRAFT = ExperimentDraft("button-colour", WHERE, "button", (BUY,), (REFUND,), window_s=600.0)


class Lab:
    """Acts of people and applications around one experiment."""

    def __init__(self, office: Office, flag: Flag = FLAG) -> None:
        self.office = office
        self.clock = office.clock
        self.experiments = office.services.experiments
        self.flags = office.services.flags
        self.flags.create(SERVICE, flag, ADA)
        self.flags.toggle(SERVICE, WHERE, flag.id, True, ADA)

    def started(self, draft: ExperimentDraft = DRAFT, by: Principal = ADA) -> ExperimentView:
        self.experiments.draft(SERVICE, draft, by)
        return self.experiments.start(SERVICE, draft.id, by)

    def started_to_hold(self) -> ExperimentView:
        return self.started(replace(DRAFT, on_guard=GuardAction.HOLD))

    def come(self, variant: str, users: int, *, buy: int = 0, refund: int = 0, name: str = "") -> None:
        """Let users see a variant now; the first ones buy, and are refunded, a second later."""
        now = self.clock.wall()
        keys = [f"{name or variant}-{number}-{now.timestamp()}" for number in range(users)]
        later = now + timedelta(seconds=1)
        did = [Did("buy", key, 1.0, later) for key in keys[:buy]]
        did += [Did("refund", key, 1.0, later) for key in keys[:refund]]
        self.report([Seen("button", variant, key, now, now) for key in keys], [])
        self.clock.advance(1)
        self.report([], did)

    def report(self, seen: Sequence[Seen], did: Sequence[Did], *, environment: str = WHERE) -> None:
        with self.office.store.begin() as tx:
            take(tx, SERVICE, environment, seen=seen, did=did, now=self.clock.wall())

    def wait(self, seconds: float = 3_600) -> ExperimentView:
        """Let everybody's window pass, count, and look."""
        self.clock.advance(seconds)
        self.experiments.count()
        return self.look()

    def look(self) -> ExperimentView:
        return self.experiments.look(SERVICE, DRAFT.id, ADA)

    def held(self) -> str:
        view = self.flags.get(SERVICE, "button", ADA)
        return next(one.held_off_by for one in view.summary.states if one.environment == WHERE)


def furnished_experiment(office: Office) -> Lab:
    """Return a running experiment with half a day of users, of whom more buy with B."""
    lab = Lab(office)
    lab.started()
    for number in range(6):
        lab.come("A", 120, buy=20 + number % 3, refund=2)
        lab.come("B", 120, buy=38 + number % 2, refund=2)
        lab.clock.advance(1_800)
    lab.wait()
    return lab
