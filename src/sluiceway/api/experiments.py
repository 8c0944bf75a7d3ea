"""The routes of experiments, for people. What applications report has routes of its own."""

from __future__ import annotations

from typing import Annotated

from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter
from litestar.status_codes import HTTP_200_OK, HTTP_201_CREATED
from pydantic import BaseModel, ConfigDict, Field

from sluiceway.domain.flags.experiment_model import DAY_S, MAX_METRICS, GuardAction, MetricKind, MetricPlan
from sluiceway.domain.people.model import Principal
from sluiceway.services.experiment_planning import ExperimentDraft
from sluiceway.services.experiment_views import ExperimentSummary, ExperimentView
from sluiceway.services.experiments import ExperimentService

_Experiments = NamedDependency[ExperimentService]
_By = NamedDependency[Principal]
_Service = Annotated[str, QueryParameter(name="service")]
_Text = Annotated[str, Field(max_length=1_000)]
_Number = Annotated[float, Field(allow_inf_nan=False)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class MetricBody(_Body):
    """A metric or guard; see docs/experiments.md for its kinds and what bounds are for."""

    name: Annotated[str, Field(max_length=200)]
    kind: MetricKind = MetricKind.CONVERSION
    higher_is_better: bool = True
    low: _Number = 0.0
    high: _Number = 1.0
    unit: Annotated[str, Field(max_length=20)] = ""
    per: Annotated[str, Field(max_length=200)] = ""
    per_high: _Number = 1.0
    tolerated: _Number = 0.0


class NewExperimentBody(_Body):
    """An experiment to plan, and to start at once where `start` says so."""

    id: Annotated[str, Field(max_length=200)]
    environment: _Text
    flag: _Text
    metrics: Annotated[tuple[MetricBody, ...], Field(max_length=MAX_METRICS)]
    guards: Annotated[tuple[MetricBody, ...], Field(max_length=MAX_METRICS)] = ()
    control: _Text = ""
    alpha: _Number = 0.05
    window_s: _Number = DAY_S
    on_guard: GuardAction = GuardAction.ASK
    max_subjects: int = 200_000
    title: _Text = ""
    start: bool = False
    reason: str = ""


class DecisionBody(_Body):
    winner: _Text
    roll_out: bool = False
    reason: str = ""


class WhyBody(_Body):
    reason: str = ""


class ExperimentRoutes(Controller):
    path = "/api/experiments"
    tags = ("experiments",)

    @get(sync_to_thread=True, summary="List experiments, newest first")
    def list_experiments(
        self, experiments: _Experiments, by: _By, of: _Service = ""
    ) -> list[ExperimentSummary]:
        return list(experiments.list(of, by))

    @post("/{of:str}", sync_to_thread=True, status_code=HTTP_201_CREATED, summary="Plan one, or start it")
    def plan_experiment(
        self, experiments: _Experiments, by: _By, of: FromPath[str], data: JSONBody[NewExperimentBody]
    ) -> ExperimentView:
        made = experiments.draft(of, _draft(data), by)
        return experiments.start(of, data.id, by, data.reason) if data.start else made

    @get("/{of:str}/{experiment:str}", sync_to_thread=True, summary="What an experiment says now")
    def get_experiment(
        self, experiments: _Experiments, by: _By, of: FromPath[str], experiment: FromPath[str]
    ) -> ExperimentView:
        return experiments.look(of, experiment, by)

    @post(
        "/{of:str}/{experiment:str}/start",
        sync_to_thread=True,
        status_code=HTTP_200_OK,
        summary="Begin to count",
    )
    def start_experiment(
        self,
        experiments: _Experiments,
        by: _By,
        of: FromPath[str],
        experiment: FromPath[str],
        data: JSONBody[WhyBody],
    ) -> ExperimentView:
        return experiments.start(of, experiment, by, data.reason)

    @post(
        "/{of:str}/{experiment:str}/decide",
        sync_to_thread=True,
        status_code=HTTP_200_OK,
        summary="End it with a winner, rolled out where asked for",
    )
    def decide_experiment(
        self,
        experiments: _Experiments,
        by: _By,
        of: FromPath[str],
        experiment: FromPath[str],
        data: JSONBody[DecisionBody],
    ) -> ExperimentView:
        return experiments.decide(of, experiment, data.winner, by, data.reason, roll_out=data.roll_out)

    @post(
        "/{of:str}/{experiment:str}/stop",
        sync_to_thread=True,
        status_code=HTTP_200_OK,
        summary="End it without a winner",
    )
    def stop_experiment(
        self,
        experiments: _Experiments,
        by: _By,
        of: FromPath[str],
        experiment: FromPath[str],
        data: JSONBody[WhyBody],
    ) -> ExperimentView:
        return experiments.stop(of, experiment, by, data.reason)


def _draft(body: NewExperimentBody) -> ExperimentDraft:
    return ExperimentDraft(
        id=body.id,
        environment=body.environment,
        flag=body.flag,
        metrics=tuple(map(_metric, body.metrics)),
        guards=tuple(map(_metric, body.guards)),
        control=body.control,
        alpha=body.alpha,
        window_s=body.window_s,
        on_guard=body.on_guard,
        max_subjects=body.max_subjects,
        title=body.title,
    )


def _metric(body: MetricBody) -> MetricPlan:
    return MetricPlan(**body.model_dump())
