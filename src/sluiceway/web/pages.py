"""The console's HTML: what each template is given, and the words around the views.

Formatting is `wording`'s, what a person may do is `acts`'. Which address answers with what is in `routes`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from sluiceway.domain.rollouts.model import Phase
from sluiceway.services.views import AuditView, CriterionView, RolloutSummary, RolloutView, StageView
from sluiceway.web import wording
from sluiceway.web.acts import Act, attestation, current_stage, possible_acts
from sluiceway.web.assets import Assets
from sluiceway.web.plots import metric_rank, plots_of, title_of
from sluiceway.web.rendering import Templates


@dataclass(frozen=True, slots=True)
class Label:
    """A state in words, with the tone that colours it: `go`, `hold`, `back`, `good` or `idle`."""

    text: str
    tone: str


_PHASES = {
    Phase.PREPARING: Label("Preparing", "go"),
    Phase.PROGRESSING: Label("Progressing", "go"),
    Phase.AWAITING_APPROVAL: Label("Awaiting approval", "hold"),
    Phase.PAUSED: Label("Paused", "hold"),
    Phase.KEEPING: Label("Keeping old version", "good"),
    Phase.ROLLING_BACK: Label("Rolling back", "back"),
    Phase.FINISHING: Label("Finishing", "good"),
    Phase.PROMOTED: Label("Promoted", "good"),
    Phase.ROLLED_BACK: Label("Rolled back", "back"),
    Phase.ABORTED: Label("Aborted", "back"),
}
_TURNED_BACK = frozenset({Phase.ROLLING_BACK, Phase.ROLLED_BACK, Phase.ABORTED})
_VERDICTS = {
    "met": Label("met", "good"),
    "attested": Label("attested", "good"),
    "not-met": Label("not met", "back"),
    "no-data": Label("no data", "hold"),
    "waits-for-person": Label("waits for a person", "hold"),
}
_STAGE_STATUS = {
    "done": Label("done", "good"),
    "current": Label("now", "go"),
    "waiting": Label("to come", "idle"),
    "skipped": Label("skipped", "idle"),
}
_DECISION_TONES = {
    "back": ("rollback", "rolled-back", "aborted", "trigger", "traffic-safe", "stepped-down", "refused"),
    "hold": ("paused", "asked", "holding", "approval-requested", "incident-began"),
    "good": ("promoted", "criteria-met", "approved", "keeping-old", "retiring-old"),
}
_STAND_TONES = {"regression": "back", "no-regression": "good", "undecided": "go"}
_TRIGGER_ACTIONS = {
    "immediate": "everyone back at once",
    "gradual": "back step by step",
    "emergency": "everyone back at once, new version killed",
    "pause": "pause",
    "ask": "pause and ask a person",
}


def phase_label(phase: str) -> Label:
    """Return a phase for people. Raises ValueError for a word that is no phase."""
    return _PHASES[Phase(phase)]


def verdict_label(verdict: str) -> Label:
    return _VERDICTS.get(verdict, Label(verdict, "idle"))


def stand_tone(verdict: str) -> str:
    """Return the tone of what the comparison found; what a person should look at holds."""
    return _STAND_TONES.get(verdict, "hold")


def stage_label(status: str) -> Label:
    return _STAGE_STATUS.get(status, Label(status, "idle"))


def decision_tone(kind: str) -> str:
    """Return the tone of a decision's kind: which way it moved the users."""
    for tone, beginnings in _DECISION_TONES.items():
        if kind.startswith(beginnings):
            return tone
    return "go"


def in_words(kind: str) -> str:
    """Return a stable word such as `stage-entered` as people read it."""
    return kind.replace("-", " ").replace("_", " ").capitalize()


def actor(by: str) -> str:
    """Return who or what decided: `trigger:slow` is "trigger slow"."""
    kind, colon, name = by.partition(":")
    if colon and kind == "trigger":
        return f"trigger {name}"
    if kind == "analysis":
        return f"the comparison of {name.replace('_', ' ')}" if name else "the comparison"
    return "the plan" if by == "plan" else by


def figures(found: dict[str, float | str | None]) -> list[tuple[str, str]]:
    """Return the figures of a decision with their units, ready to list."""
    return [(_figure_name(name), _figure_value(name, value)) for name, value in found.items()]


def _figure_name(name: str) -> str:
    side, dot, metric = name.rpartition(".")
    words = metric.removesuffix("_bp").replace("_", " ")
    return f"{side} {words}" if dot else words


def _figure_value(name: str, value: float | str | None) -> str:
    if isinstance(value, str):
        return f"{value[:16]}…" if re.fullmatch(r"[0-9a-f]{40,}", value) else value
    if name.endswith("_bp"):
        return wording.percent(None if value is None else value / 100)
    return wording.figure(value, wording.kind_of(name, ""))


def metric_figure(value: float | None, name: str, unit: str) -> str:
    """Return a metric's value with its unit."""
    return wording.figure(value, wording.kind_of(name, unit), unit)


@dataclass(frozen=True, slots=True)
class _OpenCriterion:
    """A criterion of the running stage with the button that attests it, if a person has to."""

    criterion: CriterionView
    attest: Act | None


FILTERS: dict[str, object] = {
    "percent": wording.percent,
    "duration": wording.duration,
    "moment": wording.moment,
    "speed": wording.speed,
    "number": wording.number,
    "phase": phase_label,
    "count": wording.count,
    "share": wording.share,
    "times": wording.times,
    "sentence": wording.sentence,
    "verdict": verdict_label,
    "stand_tone": stand_tone,
    "stage_status": stage_label,
    "decision_tone": decision_tone,
    "words": in_words,
    "actor": actor,
    "figures": figures,
    "metric_title": title_of,
}


class Pages:
    """Renders the pages of rollouts, the login and problems. One instance serves all requests."""

    def __init__(self, assets: Assets) -> None:
        functions = {
            "ago": wording.ago,
            "figure": metric_figure,
            "kind_of": wording.kind_of,
            "rate": wording.rate,
            "mean": wording.mean,
            "difference": wording.difference,
            "trigger_actions": _TRIGGER_ACTIONS,
        }
        self._render = Templates(assets, FILTERS, functions).render

    def list_page(
        self,
        *,
        active: Sequence[RolloutSummary],
        finished: Sequence[RolloutSummary],
        older_than: str | None,
        is_first_page: bool,
        service: str | None,
        user: str = "",
    ) -> str:
        """Return the list; `older_than` is the id its next page continues after, None on the last page.

        `user` is the name of who is logged in, "" while nobody needs to.
        """
        return self._render(
            "list.html",
            active=active,
            finished=finished,
            older_than=older_than,
            is_first_page=is_first_page,
            service=service,
            user=user,
        )

    def rollout_page(self, view: RolloutView, trail: Sequence[AuditView], *, user: str = "") -> str:
        """Return a rollout's live page; `trail` is oldest first."""
        plots = plots_of(view)
        return self._render(
            "rollout.html",
            **_rollout_values(view),
            plots=plots,
            plots_json=json.dumps([plot.as_json() for plot in plots]),
            trail=tuple(reversed(trail)),
            last_seq=trail[-1].seq if trail else 0,
            user=user,
        )

    def rollout_fragment(self, view: RolloutView) -> str:
        """Return the parts of the live page that change, each marked with `data-region`."""
        return self._render("_regions.html", **_rollout_values(view))

    def trail_fragment(self, trail: Sequence[AuditView]) -> str:
        """Return list items, newest first."""
        return self._render("_trail.html", trail=tuple(reversed(trail)))

    def login_page(self, then: str) -> str:
        """Return the page that asks who one is; `then` is the path to go on to."""
        return self._render("login.html", then=then, user="")

    def problem_page(self, status: int, title: str, detail: str, *, user: str = "") -> str:
        return self._render("problem.html", status=status, title=title, detail=detail, user=user)


def _rollout_values(view: RolloutView) -> dict[str, object]:
    stage = current_stage(view)
    criteria = () if stage is None else stage.criteria
    opened = tuple(
        _OpenCriterion(criterion, attestation(view, criterion, position))
        for position, criterion in enumerate(criteria)
    )
    acts = possible_acts(view)
    return {
        "view": view,
        "summary": view.summary,
        "stage": stage,
        "criteria": opened,
        "acts": acts,
        "all_acts": (*acts, *(one.attest for one in opened if one.attest is not None)),
        "metrics": sorted(view.metrics, key=lambda metric: metric_rank(metric.name)),
        "spoken": _spoken(view, stage),
        "is_turned_back": view.summary.phase in _TURNED_BACK,
    }


def _spoken(view: RolloutView, stage: StageView | None) -> str:
    """Return what a screen reader is told; it changes only when phase, stage, incident or problems do."""
    parts = [f"{view.summary.service} to {view.summary.new}: {phase_label(view.summary.phase).text}."]
    if stage is not None and not view.summary.is_finished:
        parts.append(f"Stage {stage.id}, {wording.percent(view.weight_asked_percent)} of users.")
    if view.analysis is not None and view.analysis.incident and not view.summary.is_finished:
        parts.append("A shared incident; the next stage waits.")
    if view.problems:
        parts.append("1 problem." if len(view.problems) == 1 else f"{len(view.problems)} problems.")
    return " ".join(parts)
