"""Parts of a process that are read, checked and shown today and acted on by later capabilities.

Communications, reviews, indicators, incidents, alerts, notes, testing pipelines, branches, planning, risks
and evidence for auditors. Conditions and targets are kept in the process's own words.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Message:
    """One announcement, `offset_s` from T (negative: before). `every_s` repeats it while its cause lasts."""

    id: str
    text: str
    offset_s: float = 0.0
    on: str = ""  # what sets it off instead of an offset: "rollback", "incident", "downtime"
    audience: str = ""
    channel: str = ""
    owner: str = ""  # role id
    is_external: bool = False
    every_s: float = 0.0
    template: str = ""


@dataclass(frozen=True, slots=True)
class Review:
    """A look back, between `from_s` and `until_s` after the release. `agenda` holds minutes and topic."""

    id: str
    title: str
    from_s: float = 0.0
    until_s: float = 0.0
    items: tuple[str, ...] = ()
    agenda: tuple[tuple[int, str], ...] = ()
    attendees: tuple[str, ...] = ()  # role ids
    facilitator: str = ""


@dataclass(frozen=True, slots=True)
class Indicator:
    """A figure the team steers by. `target` is in the process's words: "< 2%", "4-6 per month"."""

    id: str
    title: str
    group: str = ""
    calculation: str = ""
    target: str = ""


@dataclass(frozen=True, slots=True)
class Severity:
    """One step of an incident scale. `respond_s` None means "with the next release"."""

    id: str
    title: str
    examples: tuple[str, ...] = ()
    response: str = ""
    respond_s: float | None = None


@dataclass(frozen=True, slots=True)
class IncidentScale:
    severities: tuple[Severity, ...] = ()
    update_every_s: tuple[float, float] = (0.0, 0.0)
    postmortem_within_s: float = 0.0
    quick_fix_within_s: float = 0.0
    steps: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Alert:
    """A condition to be told of. `condition` is as the process wrote it."""

    id: str
    condition: str
    severity: str = "warning"  # critical, warning, info
    window_s: float = 0.0
    respond_s: float | None = None
    route: str = ""


@dataclass(frozen=True, slots=True)
class RollbackPolicy:
    """When a rollback is looked at by people, and which rollbacks need a person's yes."""

    consider: tuple[str, ...] = ()  # conditions under which people consider one
    approval_for: tuple[str, ...] = ()  # "major version rollbacks", "database schema rollbacks"
    steps: tuple[str, ...] = ()
    scenarios: tuple[tuple[str, str, tuple[str, ...]], ...] = ()  # title, method, steps


@dataclass(frozen=True, slots=True)
class NotesTemplate:
    """The sections of release notes, in order."""

    id: str
    title: str
    sections: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PipelineStage:
    """A stage of the testing pipeline: expected evidence."""

    id: str
    title: str
    trigger: str = ""
    duration_s: float = 0.0
    tools: tuple[str, ...] = ()
    threshold: str = ""
    environment: str = ""


@dataclass(frozen=True, slots=True)
class BranchRule:
    """What the Git host should ask of a branch. `branch` may hold `*`."""

    branch: str
    purpose: str = ""
    reviews: int = 0
    dismiss_stale: bool = False
    code_owners: bool = False
    status_checks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Priority:
    id: str
    title: str
    meaning: str = ""


@dataclass(frozen=True, slots=True)
class Planning:
    """How scope is planned: priorities (MoSCoW), points, capacity."""

    priorities: tuple[Priority, ...] = ()
    points: tuple[tuple[int, str], ...] = ()  # story points and what they stand for
    sprint_s: float = 0.0
    sprint_points: float = 0.0
    sprint_days: float = 0.0
    points_per_day: float = 0.0
    debt_percent: float = 0.0
    team: tuple[tuple[str, float], ...] = ()
    meetings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Risk:
    """An entry a release's risk register begins with. `trigger` is in the process's words."""

    id: str
    title: str
    category: str = ""
    mitigation: str = ""
    monitoring: str = ""
    trigger: str = ""


@dataclass(frozen=True, slots=True)
class Control:
    """What auditors ask for, by standard: "SOC 2", "GDPR"."""

    id: str
    standard: str
    text: str


@dataclass(frozen=True, slots=True)
class PlannedRelease:
    """A line of a release calendar."""

    version: str
    date: str  # ISO 8601
    type: str = ""
    theme: str = ""


@dataclass(frozen=True, slots=True)
class Topic:
    """A titled list of facts that people read: logging, infrastructure, dashboards, knowledge transfer."""

    id: str
    title: str
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Later:
    communications: tuple[Message, ...] = ()
    reviews: tuple[Review, ...] = ()
    indicators: tuple[Indicator, ...] = ()
    incidents: IncidentScale | None = None
    alerts: tuple[Alert, ...] = ()
    rollback: RollbackPolicy | None = None
    notes: tuple[NotesTemplate, ...] = ()
    pipelines: tuple[PipelineStage, ...] = ()
    branches: tuple[BranchRule, ...] = ()
    planning: Planning | None = None
    risks: tuple[Risk, ...] = ()
    controls: tuple[Control, ...] = ()
    calendar: tuple[PlannedRelease, ...] = ()
    topics: tuple[Topic, ...] = ()
