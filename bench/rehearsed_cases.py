"""What `bench.rehearsed` runs: worlds in which nothing is wrong, regressions, and how plans judge them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from sluiceway.adapters.simulated.generated import Usual
from sluiceway.adapters.simulated.scenarios import QUIET, RESTLESS, SCENARIOS, Habits, Moment, Scenario
from sluiceway.config import parse_process
from sluiceway.domain.process.plan import Process
from sluiceway.rehearsal import Noisiness

BASE = 0.005  # share of requests that fail on stable
RPS = 200.0
ROUGH = Habits(burst=3.0, own_sd=0.25, common_sd=0.3)
PLAN_S = 2.0 * 3_600 + 600.0
LATE_S = 2_700.0  # into the first hour

_PLAN = """
name: rehearsed
rollout:
  stages:
    - {{name: first, weight: {weight}, duration: 1h{criteria}}}
    - {{name: half, weight: 50%, duration: 1h{criteria}}}
    - {{name: everyone, weight: 100%, duration: 10m}}
  analysis: {{{analysis}}}
"""


@dataclass(frozen=True)
class Case:
    """One world under one plan. `knows` is what is known of the noise before, `onset_s` when it turns bad."""

    name: str
    scenario: Scenario
    knows: Noisiness = Noisiness.LEARNED
    analysis: str = ""  # keys of the process file's `analysis`
    criteria: str = ""
    weight: str = "10%"
    onset_s: float = 0.0
    step_s: float = 10.0
    usual: Usual = field(default_factory=lambda: Usual(rps=RPS, error_rate=BASE))


def process_of(case: Case) -> Process:
    """Return the canary of two hours and ten minutes that the case is judged by."""
    return parse_process(
        _PLAN.format(weight=case.weight, criteria=case.criteria, analysis=case.analysis), case.name
    )


def _wrong(
    name: str, how: Callable[[float], Moment], habits: Habits = RESTLESS, onset_s: float = 0.0
) -> Scenario:
    """Return a day on which the new version is as `how` says from `onset_s` on."""
    return Scenario(
        name,
        "",
        lambda since_s, _bake_s: how(since_s) if since_s >= onset_s else Moment(),
        lambda _bake_s: (onset_s,),
        habits,
    )


def _errors(times: float, habits: Habits = RESTLESS, onset_s: float = 0.0) -> Scenario:
    bad = Moment(new_failing=(times - 1) * BASE)
    return _wrong(f"errors-x{times:g}", lambda _since_s: bad, habits, onset_s)


PERFECT = SCENARIOS["perfect"]
USUAL_DAY = replace(PERFECT, name="restless", habits=RESTLESS)
ROUGH_DAY = replace(PERFECT, name="rough", habits=ROUGH)
X2, X5 = _errors(2.0), _errors(5.0)
X2_QUIET = _errors(2.0, QUIET)

_EARLY = "promote_early: {after: 5m}"
_INDEPENDENT = f"noise: independent, {_EARLY}"
_PROVEN = ", criteria: [{no_performance_regression: true}]"

_NULL = (
    Case("nothing wrong, quiet", PERFECT),
    Case("nothing wrong, restless", USUAL_DAY),
    Case("nothing wrong, rough", ROUGH_DAY),
    Case("nothing wrong, day and night", SCENARIOS["diurnal-swing"]),
    Case("nothing wrong, shared incident", SCENARIOS["shared-incident"]),
    Case("nothing wrong, 2 requests/s", SCENARIOS["low-traffic"]),
    Case("nothing wrong, first stage 0.1 %", USUAL_DAY, weight="0.1%"),
)
_SILENT_MINUTES = Case(
    "nothing wrong, 2 requests/s, 1 % of them, on_no_data: rollback",
    replace(SCENARIOS["low-traffic"], name="silent-minutes"),
    analysis="on_no_data: rollback",
    weight="1%",
)
_WRONG = (
    Case("errors x2, quiet", X2_QUIET),
    Case("errors x2, restless", X2),
    Case("errors x5, restless", X5),
    Case("errors x5, rough", _errors(5.0, ROUGH)),
    Case("errors x5 after 45 min", _errors(5.0, onset_s=LATE_S), onset_s=LATE_S),
    Case("latency +50 %", _wrong("slower", lambda _since_s: Moment(new_slower=1.5))),
    Case("crash loop", SCENARIOS["crash-loop"], onset_s=20.0),
    Case("errors x5, first stage 0.1 %", X5, weight="0.1%"),
)
_UNKNOWN = (
    Case("noise unknown: nothing wrong", USUAL_DAY, Noisiness.UNKNOWN),
    Case("noise unknown: errors x5", X5, Noisiness.UNKNOWN),
)
_OTHER = (
    Case("early: nothing wrong, quiet", PERFECT, analysis=_EARLY),
    Case("early: nothing wrong, restless", USUAL_DAY, analysis=_EARLY),
    Case("early: errors x2, restless", X2, analysis=_EARLY),
    Case("early, independent: nothing wrong, quiet", PERFECT, analysis=_INDEPENDENT),
    Case("early, independent: errors x2, quiet", X2_QUIET, analysis=_INDEPENDENT),
    Case("early, independent, but not so: nothing wrong", USUAL_DAY, analysis=_INDEPENDENT),
    Case("early, independent, but not so: errors x2", X2, analysis=_INDEPENDENT),
    Case("proof asked: nothing wrong, quiet", PERFECT, criteria=_PROVEN),
    Case("proof asked: nothing wrong, restless", USUAL_DAY, criteria=_PROVEN),
    Case("proof asked: nothing wrong, 2 requests/s", SCENARIOS["low-traffic"], criteria=_PROVEN),
)
CASES = (*_NULL, _SILENT_MINUTES, *_WRONG, *_UNKNOWN, *_OTHER)
