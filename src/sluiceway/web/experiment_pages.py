"""The HTML of experiments, and what a person can do about one, as dialogs that say what will happen."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from sluiceway.domain.flags.experiment_model import MetricKind
from sluiceway.domain.process.team import Permission
from sluiceway.services.experiment_views import (
    CurveView,
    ExperimentSummary,
    ExperimentView,
    FindingView,
    MetricView,
)
from sluiceway.web import release_words, wording
from sluiceway.web.acts import Tone
from sluiceway.web.assets import Assets
from sluiceway.web.forms import Field, FieldKind, Form, Option, reason
from sluiceway.web.pages import FILTERS
from sluiceway.web.rendering import Templates

_TONES = {"better": "good", "worse": "back", "undecided": "idle", "no-data": "idle"}
_STATES = {"draft": "idle", "running": "go", "decided": "good", "stopped": "idle"}


@dataclass(frozen=True, slots=True)
class Compared:
    """One finding as the page shows it; `figures` is the curve as JSON."""

    metric: MetricView
    finding: FindingView
    tone: str
    value: str
    control_value: str
    effect: str
    range: str
    figures: str


class ExperimentPages:
    """Renders the pages of experiments. One instance serves all requests."""

    def __init__(self, assets: Assets) -> None:
        self._render = Templates(
            assets, {**FILTERS, **release_words.FILTERS, "experiment_tone": _STATES.__getitem__}
        ).render

    def list_page(self, experiments: Sequence[ExperimentSummary], *, service: str, user: str) -> str:
        """Return the list of a service's experiments, or of every service's."""
        return self._render(
            "experiments.html", experiments=experiments, service=service, address_of=address_of, user=user
        )

    def experiment_page(self, view: ExperimentView, *, user: str) -> str:
        """Return everything about an experiment."""
        forms = forms_of(view)
        return self._render(
            "experiment.html",
            view=view,
            summary=view.summary,
            compared=compared_of(view),
            shares=[
                (variant, count, wording.percent(100 * view.ratio.shares[variant]))
                for variant, count in view.ratio.counts.items()
            ],
            forms={form.key: form for form in forms},
            all_forms=forms,
            spoken=view.sentence,
            user=user,
        )


def address_of(summary: ExperimentSummary) -> str:
    """Return where an experiment's page is."""
    return f"/flags/{quote(summary.service, safe='')}/experiments/{quote(summary.id, safe='')}"


def compared_of(view: ExperimentView) -> tuple[Compared, ...]:
    """Return the findings with their curves, what decides first."""
    metrics = {metric.name: metric for metric in view.metrics}
    curves = {(curve.metric, curve.variant): curve for curve in view.curves}
    return tuple(
        _compared(metrics[one.metric], one, curves[one.metric, one.variant]) for one in view.findings
    )


def forms_of(view: ExperimentView) -> tuple[Form, ...]:
    """Return the dialogs of the buttons that this reader may use."""
    if Permission.FLAG.value not in view.rights:
        return ()
    if view.summary.state == "draft":
        return (_start(view),)
    return (_decide(view), _stop(view)) if view.summary.state == "running" else ()


def _url(view: ExperimentView, act: str) -> str:
    summary = view.summary
    return f"/experiments/{quote(summary.service, safe='')}/{quote(summary.id, safe='')}/{act}"


def _start(view: ExperimentView) -> Form:
    return Form(
        key="start",
        url=_url(view, "start"),
        label="Start",
        title=f"Start {view.summary.id}?",
        consequences=(
            "Who sees the flag from now on counts, with the split as it is now.",
            "Don't change the split while it runs: users would move.",
        ),
        confirm="Start",
        fields=(reason(is_needed=False),),
    )


def _decide(view: ExperimentView) -> Form:
    variants = tuple(
        Option(name, name, "the control" if name == view.control else "") for name in view.variants
    )
    return Form(
        key="decide",
        url=_url(view, "decide"),
        label="Decide",
        title=f"Decide {view.summary.id}?",
        consequences=(
            "It ends; the figures of this moment are kept with the decision.",
            "Who took part is forgotten, what they add up to stays.",
        ),
        confirm="Decide",
        fields=(
            Field("winner", "The winner", FieldKind.RADIO, value=view.likely_winner, options=variants),
            Field(
                "roll_out",
                "Give everybody the winner",
                FieldKind.CHECK,
                help=f"In {view.summary.environment}; it waits where the process asks for an approval.",
            ),
            reason(is_needed=False),
        ),
    )


def _stop(view: ExperimentView) -> Form:
    return Form(
        key="stop",
        url=_url(view, "stop"),
        label="Stop",
        title=f"Stop {view.summary.id}?",
        consequences=("It ends without a winner.", "The flag stays as it is."),
        confirm="Stop",
        tone=Tone.HOLD,
        fields=(reason(is_needed=False),),
    )


def _compared(metric: MetricView, finding: FindingView, curve: CurveView) -> Compared:
    return Compared(
        metric,
        finding,
        _TONES[finding.outcome],
        _figure(finding.value, metric),
        _figure(finding.control_value, metric),
        _signed(finding.effect, metric),
        f"{_signed(finding.low, metric)} to {_signed(finding.high, metric)}",
        json.dumps(
            {
                "at": [at.isoformat() for at in curve.at],
                "effect": curve.effect,
                "low": curve.low,
                "high": curve.high,
            }
        ),
    )


def _figure(value: float | None, metric: MetricView) -> str:
    if value is None:
        return "no data"
    if metric.kind == MetricKind.CONVERSION:
        return wording.percent(100 * value)
    return f"{wording.number(value)} {metric.unit}".rstrip()


def _signed(value: float | None, metric: MetricView) -> str:
    if value is None:
        return "not known"
    text = _figure(value, metric)
    return f"+{text}" if value > 0 else text
