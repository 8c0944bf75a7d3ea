"""Which plots a rollout's page draws and how each figure is to be read; drawing is `static/js/plots.js`'s."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from sluiceway.services.views import RolloutView
from sluiceway.web.wording import FigureKind, kind_of

_COMMON = ("error_rate", "p95_ms", "request_rate")
_NEVER = ("requests", "errors")  # counts over a sliding window; the rates say the same, better
_MOST_PLOTS = 12


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a plot: `key` names the figures in a `SeriesView`, `role` picks colour and stroke."""

    key: str
    label: str
    role: str  # "stable", "new" or "asked"


@dataclass(frozen=True, slots=True)
class Plot:
    """One plot. `metric` is the key of its limit in `SeriesView.limits`; "" for none."""

    id: str
    title: str
    about: str  # what a person should look for, one short sentence
    kind: str
    unit: str
    metric: str
    lines: tuple[Line, ...]

    def as_json(self) -> dict[str, object]:
        return asdict(self)


def plots_of(view: RolloutView) -> tuple[Plot, ...]:
    """Return the traffic split, the three figures every service has, then the process's own metrics."""
    units = {metric.name: metric.unit for metric in view.metrics}
    own = [metric.name for metric in view.metrics if metric.name not in (*_COMMON, *_NEVER)]
    stable, new = view.summary.stable, view.summary.new
    traffic = Plot(
        id="traffic",
        title="Traffic on the new version",
        about=f"Share of users that meet {new}, as asked for and as the proxy reports it.",
        kind=FigureKind.PERCENT.value,
        unit="",
        metric="",
        lines=(
            Line("weight_asked", "asked for", "asked"),
            Line("weight_observed", "observed", "new"),
        ),
    )
    return (traffic, *(_metric_plot(name, units.get(name, ""), stable, new) for name in (*_COMMON, *own)))[
        :_MOST_PLOTS
    ]


def metric_rank(name: str) -> int:
    """Return where a metric stands in a list: what people look at first comes first."""
    return _COMMON.index(name) if name in _COMMON else len(_COMMON)


_TITLES = {
    "p50_ms": ("Median time (p50)", "Half of the requests are answered faster than this."),
    "p90_ms": ("Slow requests (p90)", "90 of 100 requests are answered faster than this."),
    "mean_ms": ("Mean time", "How long a request takes on average."),
    "crashes": ("Crashes", "Instances that ended without being asked to."),
    "error_rate": ("Error rate", "Share of requests that failed."),
    "p95_ms": ("Slow requests (p95)", "95 of 100 requests are answered faster than this."),
    "p99_ms": ("Slowest requests (p99)", "99 of 100 requests are answered faster than this."),
    "request_rate": ("Request rate", "Requests that each version answers."),
}


def title_of(metric: str) -> str:
    """Return a metric's name for people: `Error rate`, `Orders per minute`."""
    known = _TITLES.get(metric)
    return known[0] if known else metric.replace("_", " ").replace(".", " ").strip().capitalize()


def _metric_plot(name: str, unit: str, stable: str, new: str) -> Plot:
    about = _TITLES[name][1] if name in _TITLES else "From the process file."
    return Plot(
        id=f"metric-{name}",
        title=title_of(name),
        about=about,
        kind=kind_of(name, unit).value,
        unit=unit,
        metric=name,
        lines=(Line(f"stable.{name}", stable, "stable"), Line(f"new.{name}", new, "new")),
    )
