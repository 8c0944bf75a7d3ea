"""The use case of planning: what the statistical comparison would see of a process file's rollout.

Needs no server and changes nothing. All durations are process time in seconds: real time at speed 1.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sluiceway.config import parse_process
from sluiceway.domain.analysis.noise import CAUTIOUS, INDEPENDENT, Noise
from sluiceway.domain.process.comparable import ERRORS, SLOW_REQUESTS, default_analysis
from sluiceway.domain.process.durations import parse_duration, parse_percent
from sluiceway.domain.process.plan import Analysis
from sluiceway.domain.rollouts.foreseeing import (
    Expected,
    ForeseenMetric,
    ForeseenStage,
    Usual,
    foresee,
)
from sluiceway.domain.rollouts.forewarning import Forewarning, Reason, forewarn
from sluiceway.errors import InvalidInputError
from sluiceway.services.starting import choose_plan

NOISE_WORDS = "cautious, independent, or such as burst=2,wander=0.1,memory=10m"
_MOST_RPS = 1e9
_MOST_BURST, _MOST_WANDER = 1_000.0, 3.0
_USUAL_MEMORY_S = 600.0
_SECONDS = {"second": 1.0, "minute": 60.0, "hour": 3_600.0, "day": 86_400.0}
_PER_TIME = re.compile(r"\s*(?P<count>\d{1,6}(?:\.\d{1,3})?)\s+per\s+(?P<unit>second|minute|hour|day)\s*")


@dataclass(frozen=True, slots=True)
class NoiseView:
    """How much two equally good versions differ: `burst` is the variance of bad counts over that of
    independent ones, `wander` the standard deviation of the log of their ratio, `memory_s` how long that
    lasts. `is_known` is False when it is only assumed."""

    burst: float
    wander: float
    memory_s: float
    is_known: bool


@dataclass(frozen=True, slots=True)
class AnalysisPlanView:
    """What the comparison would see of a rollout. `is_default`: the process has no analysis of its own;
    `rollout` is which of the process's named ones it is, empty for its default one."""

    file: str
    process: str
    rps: float
    is_default: bool
    promote_early: bool
    noise: NoiseView
    duration_s: float
    earliest_s: float
    metrics: tuple[ForeseenMetric, ...]
    stages: tuple[ForeseenStage, ...]
    warnings: tuple[Forewarning, ...]
    rollout: str = ""


def plan_analysis(process_text: str, path: str, expected: Expected, name: str = "") -> AnalysisPlanView:
    """Return what the comparison would see of a rollout in a process file: the one called `name`, or its
    default one.

    Raises ProcessFileError with every problem of the file, NotFoundError for a rollout it does not have,
    InvalidInputError for a usual rate of a metric that is not compared.
    """
    process = parse_process(process_text, path)
    plan = choose_plan(process, name, "a plan is about its stages")
    analysis = plan.analysis or default_analysis()
    _check_names(expected.usual, analysis)
    if process.service is not None:
        expected = replace(expected, instances=process.service.instances)
    foreseen = foresee(plan, analysis, expected)
    warnings = forewarn(plan, analysis, foreseen)
    return AnalysisPlanView(
        file=path,
        process=process.name,
        rps=expected.rps,
        is_default=plan.analysis is None,
        promote_early=analysis.promote_early,
        noise=NoiseView(
            burst=foreseen.noise.burst,
            wander=foreseen.noise.slow_sd,
            memory_s=foreseen.noise.slow_s,
            is_known=foreseen.noise.is_learned,
        ),
        duration_s=foreseen.duration_s,
        earliest_s=foreseen.earliest_s,
        metrics=foreseen.metrics,
        stages=foreseen.stages,
        warnings=(_no_analysis(), *warnings) if plan.analysis is None else warnings,
        rollout=name,
    )


def read_expected(
    *,
    rps: float,
    error_rate: str | None = None,
    slow_rate: str | None = None,
    rates: Sequence[str] = (),
    noise: str | None = None,
) -> Expected:
    """Return what a person expects, from the words they use for it.

    A rate is "0.5%", a share such as 0.005, or of crashes "1 per day" of each instance. An entry of `rates`
    is `NAME=RATE`, or `NAME=RATE@RPS` where not every request counts. `noise` is one of `NOISE_WORDS`.
    Raises InvalidInputError.
    """
    usual: dict[str, Usual] = {}
    if error_rate is not None:
        usual[ERRORS] = Usual(read_rate(error_rate, "--error-rate"))
    if slow_rate is not None:
        usual[SLOW_REQUESTS] = Usual(read_rate(slow_rate, "--slow-rate"))
    for entry in rates:
        name, equals, said = entry.partition("=")
        if not equals or not name.strip():
            raise InvalidInputError(f"--rate is {entry!r}; write NAME=RATE, such as declined_payments=2%")
        if name.strip() in usual:
            raise InvalidInputError(f"--rate: the usual rate of {name.strip()} is told twice; tell it once")
        usual[name.strip()] = _read_usual(said, f"--rate {name.strip()}")
    return Expected(_checked_rps(rps, "--rps"), usual, None if noise is None else read_noise(noise))


def read_rate(text: str, where: str) -> float:
    """Return a bad rate, more than 0 and less than 1, of "0.5%", 0.005 or "1 per day".

    Raises InvalidInputError.
    """
    if counted := _PER_TIME.fullmatch(text):
        return _checked_rate(float(counted["count"]) / _SECONDS[counted["unit"]], text, where)
    try:
        rate = float(parse_percent(text)) / 100 if text.strip()[-1:] in {"%", "t"} else float(text)
    except (ValueError, InvalidInputError) as error:
        raise InvalidInputError(f"{where} is {text!r}; write a rate such as 0.5% or 0.005") from error
    return _checked_rate(rate, text, where)


def _checked_rate(rate: float, text: str, where: str) -> float:
    if not 0 <= rate <= 1:
        raise InvalidInputError(f"{where} is {text}, outside 0 to 1; write percent as 0.5%")
    if rate in {0, 1}:
        raise InvalidInputError(
            f"{where} is {text}, of which no multiple can be seen; write what is usual, at least about"
        )
    return rate


def read_noise(text: str) -> Noise:
    """Return the noise that words such as `NOISE_WORDS` mean. Raises InvalidInputError."""
    match text.strip():
        case "cautious":
            return CAUTIOUS
        case "independent":
            return INDEPENDENT
        case words:
            told: dict[str, float] = {}
            for name, value in map(_noise_part, words.split(",")):
                if name in told:
                    raise InvalidInputError(f"--noise tells {name} twice; tell it once")
                told[name] = value
    return Noise(
        burst=told.get("burst", 1.0),
        slow_sd=told.get("wander", 0.0),
        slow_s=told.get("memory", _USUAL_MEMORY_S),
    )


def _noise_part(part: str) -> tuple[str, float]:
    name, _, said = (word.strip() for word in part.partition("="))
    match name:
        case "burst":
            return name, _number(said, "--noise burst", 1.0, _MOST_BURST)
        case "wander":
            return name, _number(said, "--noise wander", 0.0, _MOST_WANDER)
        case "memory":
            try:
                seconds = parse_duration(said)
            except InvalidInputError as error:
                raise InvalidInputError(f"--noise memory: {error}") from error
            if seconds <= 0:
                raise InvalidInputError(f"--noise memory is {said}; write a duration such as 10m")
            return name, seconds
        case _:
            raise InvalidInputError(f"--noise: unknown word {part.strip()!r}; write {NOISE_WORDS}")


def _number(text: str, where: str, low: float, high: float) -> float:
    try:
        value = float(text)
    except ValueError as error:
        raise InvalidInputError(f"{where} is {text!r}; write a number from {low:g} to {high:g}") from error
    if not low <= value <= high:
        raise InvalidInputError(f"{where} is {text}, outside {low:g} to {high:g}")
    return value


def _read_usual(text: str, where: str) -> Usual:
    rate, at, rps = text.partition("@")
    if not at:
        return Usual(read_rate(rate, where))
    try:
        per_second = float(rps)
    except ValueError as error:
        raise InvalidInputError(f"{where} has {rps!r} per second; write RATE@RPS, such as 2%@0.5") from error
    return Usual(read_rate(rate, where), _checked_rps(per_second, where))


def _checked_rps(rps: float, where: str) -> float:
    if not math.isfinite(rps) or not 0 < rps <= _MOST_RPS:
        raise InvalidInputError(
            f"{where} is {rps:g} a second; write how many requests both versions get together, "
            f"more than 0 and up to {_MOST_RPS:g}"
        )
    return rps


def _check_names(usual: Mapping[str, Usual], analysis: Analysis) -> None:
    known = [metric.name for metric in analysis.metrics]
    for name in usual:
        if name not in known:
            raise InvalidInputError(
                f"{name} has a usual rate but is not compared by this process; it compares {', '.join(known)}"
            )


def _no_analysis() -> Forewarning:
    return Forewarning(
        Reason.NO_ANALYSIS,
        "this process has no `analysis` in its `rollout`, so its versions are not compared; these are the"
        " figures of the default: add `analysis: {}` there to turn it on",
    )
