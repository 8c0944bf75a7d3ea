"""Puts a rehearsal together: the plan of a process, a world, and the live engine's parts around them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from sluiceway.adapters.simulated.generated import GeneratedWorld, Usual
from sluiceway.adapters.simulated.recorded import RecordedWorld
from sluiceway.adapters.simulated.recording import Recording
from sluiceway.adapters.simulated.scenarios import Scenario
from sluiceway.adapters.simulated.store import scratch_store
from sluiceway.adapters.simulated.world import World
from sluiceway.domain.process.plan import (
    Ingress,
    Process,
    RolloutPlan,
    Service,
)
from sluiceway.engine.history_findings import learned_metrics, usual_names
from sluiceway.errors import InvalidInputError
from sluiceway.ports.store import RolloutSetup
from sluiceway.rehearsal.driving import Driver
from sluiceway.rehearsal.history import (
    NOTHING_KNOWN,
    Before,
    before_recording,
    before_scenario,
    bounds_of,
)
from sluiceway.rehearsal.naming import recording_notes, scenario_notes
from sluiceway.rehearsal.options import Noisiness, Options, Share
from sluiceway.rehearsal.result import Rehearsed
from sluiceway.services.starting import check_strategy, choose_plan

LOOKS = 3_000  # about as many are made of a whole plan
MIN_STEP_S, MAX_STEP_S = 1.0, 60.0  # the comparison is made for intervals of 1 to 60 s
_MIDNIGHT = datetime(2026, 1, 5, tzinfo=UTC)  # a Monday; scenarios begin at 00:00
_INSTANCES = 2  # of each version, when the process file does not say


def rehearse_scenario(process: Process, scenario: Scenario, usual: Usual, options: Options) -> Rehearsed:
    """Run the plan of `process` on a generated day.

    Raises ProcessFileError without a rollout in the file and for a strategy that can't be carried out yet,
    NotFoundError for a rollout the process does not have, InvalidInputError for options that make no sense.
    """
    plan = _plan_of(process, options.rollout)
    step_s = _step_s(plan, options)
    world = GeneratedWorld(scenario, usual, plan.bake_s, options.seed, bounds_of(plan.analysis))
    before = NOTHING_KNOWN
    if options.noise is Noisiness.LEARNED:
        before = before_scenario(plan, scenario, usual, options.seed)
    notes = [
        *scenario_notes(process, plan, usual),
        *_noise_notes(plan, before, "a simulated day of two stable instances"),
    ]
    if any(stage.audience for stage in plan.stages):
        notes.append("the audience of a stage is taken to send 0.5 % of all requests")
    source = f"scenario {scenario.name}: {scenario.sentence}"
    return _run(
        process, plan, world,
        source=source, options=options, before=before, notes=notes, step_s=step_s, start=_MIDNIGHT,
    )  # fmt: skip


def rehearse_recording(process: Process, recording: Recording, name: str, options: Options) -> Rehearsed:
    """Run the plan of `process` on recorded metrics; `name` is what people call the recording.

    Raises ProcessFileError without a rollout in the file and for a strategy that can't be carried out yet,
    NotFoundError for a rollout the process does not have, InvalidInputError for options that make no sense.
    """
    plan = _plan_of(process, options.rollout)
    step_s = _step_s(plan, options)
    world = RecordedWorld(
        recording,
        options.seed,
        thin_to_plan=options.share is Share.PLAN,
        least_s=step_s if step_s > recording.spacing_s else 0.0,
    )
    is_learned = options.noise is Noisiness.LEARNED
    before = before_recording(plan, recording) if is_learned else NOTHING_KNOWN
    notes = [
        *recording.notes,
        *recording_notes(plan, recording),
        *_noise_notes(plan, before, "the recording's instances of stable"),
    ]
    start = recording.start or _MIDNIGHT
    return _run(
        process, plan, world,
        source=f"recording {name}", options=options, before=before, notes=notes, step_s=step_s, start=start,
    )  # fmt: skip


def _run(
    process: Process,
    plan: RolloutPlan,
    world: World,
    *,
    source: str,
    options: Options,
    before: Before,
    notes: list[str],
    step_s: float,
    start: datetime,
) -> Rehearsed:
    if plan.smoke:
        count = len(plan.smoke)
        notes.append(f"{count} smoke check{'s' if count > 1 else ''} left out: nothing is started here")
        plan = replace(plan, smoke=())
    with scratch_store() as (store, effects):
        driver = Driver(
            plan=plan,
            setup=_setup_of(process),
            world=world,
            options=options,
            before=before,
            step_s=step_s,
            store=store,
            effects=effects,
            start=start,
        )
        return driver.run(process.name, source, notes)


def _plan_of(process: Process, name: str) -> RolloutPlan:
    plan = choose_plan(process, name, "a rehearsal needs its stages")
    check_strategy(plan, process.path, name)
    return plan


def _setup_of(process: Process) -> RolloutSetup:
    """Return what the rollout keeps; a file without a service gets one that is never run."""
    service = process.service or Service(process.name, ("rehearsed",), "/", instances=_INSTANCES)
    return RolloutSetup(
        service=service,
        ingress=process.ingress or Ingress(service.name),
        metrics=process.metrics,
        process_hash=process.content_hash,
        process_text="",
        process_path=process.path,
    )


def _step_s(plan: RolloutPlan, options: Options) -> float:
    """Return the seconds between two looks when nothing happens."""
    for name, value in (
        ("step", options.step_s if options.step_s is not None else MIN_STEP_S),
        ("requests per user", options.requests_per_user),
    ):
        if value <= 0:
            raise InvalidInputError(f"{name} is {value:g}; use a number above 0")
    if options.new == options.stable:
        raise InvalidInputError(f"both versions are called {options.new!r}; a rollout needs two")
    if options.step_s is not None:
        if plan.analysis is not None and options.step_s > MAX_STEP_S:
            raise InvalidInputError(
                f"step is {options.step_s:g} s; use {MAX_STEP_S:g} s at most: the comparison of this process "
                "takes no longer intervals"
            )
        return options.step_s
    return min(max((plan.bake_s + plan.keep_old_s) / LOOKS, MIN_STEP_S), MAX_STEP_S)


def _noise_notes(plan: RolloutPlan, before: Before, source: str) -> list[str]:
    metrics = learned_metrics(plan)
    learned = [metric.words for metric in metrics if metric.name in before.noise]
    notes = [f"usual noise of {', '.join(learned)} learned from {source}"] if learned else []
    notes += [
        f"usual noise of {metric.words} is not known ({before.unknown.get(metric.name, 'as asked for')}): "
        "a person is asked where the comparison would act"
        for metric in metrics
        if metric.name not in before.noise
    ]
    return notes + [
        f"no data of history.{name}: it is not part of this rehearsal"
        for name in usual_names(plan)
        if name not in before.usual
    ]
