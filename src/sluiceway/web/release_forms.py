"""The fields of a release, as people fill them in; the rules that judge them are the API's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from sluiceway.domain.releases.model import ChannelState, Facts, ScopeKind
from sluiceway.services.processes import ProcessOutline
from sluiceway.services.release_views import ReleaseView
from sluiceway.web.forms import Field, FieldKind, Option, Rows, in_words

_SCOPE_KINDS = tuple(Option(kind.value, in_words(kind.value)) for kind in ScopeKind)
_CHANNEL_STATES = tuple(Option(state.value, in_words(state.value)) for state in ChannelState)


def new_fields(types: tuple[tuple[str, str], ...]) -> tuple[Field | Rows, ...]:
    """Return the fields that make a release of one of these types (id and title)."""
    return _facts_fields(Facts(version="", type=types[0][0] if types else ""), types)


def edit_fields(view: ReleaseView, types: tuple[tuple[str, str], ...]) -> tuple[Field | Rows, ...]:
    """Return the fields of a release as it is; what is frozen is left out."""
    return _facts_fields(view.facts, types, is_frozen=view.scope_is_frozen)


def list_filters(outlines: Sequence[ProcessOutline], chosen: Mapping[str, str]) -> tuple[Field, ...]:
    """Return the fields that narrow a list of releases, with what is chosen now."""
    services = tuple((one.service, one.service) for one in outlines)
    types = {key: title for one in outlines for key, title in one.types}
    phases = {key: title for one in outlines for key, title in one.phases}
    states = (("open", "Open"),)
    return (
        Field("text", "Search", value=chosen["text"], help="Version, title or code name"),
        *(
            Field(
                name,
                label,
                FieldKind.SELECT,
                value=chosen[name],
                options=(Option("", everything), *(Option(key, title) for key, title in options)),
            )
            for name, label, everything, options in (
                ("service", "Service", "Every service", services),
                ("type", "Type", "Every type", tuple(types.items())),
                ("phase", "Phase", "Every phase", tuple(phases.items())),
                ("state", "State", "Open and ended", states),
            )
        ),
    )


def _facts_fields(
    facts: Facts, types: tuple[tuple[str, str], ...], *, is_frozen: bool = False
) -> tuple[Field | Rows, ...]:
    scope: tuple[Field | Rows, ...] = () if is_frozen else (_scope(facts),)
    target = "" if facts.target_at is None else facts.target_at.isoformat()
    known = types if any(key == facts.type for key, _ in types) else (*types, (facts.type, facts.type))
    fields: tuple[Field | Rows, ...] = (
        Field("version", "Version", value=facts.version, is_needed=True, help="For example 2.4.0."),
        Field(
            "type",
            "Type",
            FieldKind.SELECT,
            value=facts.type,
            options=tuple(Option(key, title) for key, title in known),
        ),
        Field("title", "Title", value=facts.title),
        Field("code_name", "Code name", value=facts.code_name),
        Field("target_at", "Target", FieldKind.MOMENT, value=target, is_left_out=True),
        Field("manager", "Release manager", value=facts.manager, help="The name of their account."),
        Field("sponsor", "Sponsor", value=facts.sponsor),
        Field("environment", "Environment", value=facts.environment),
        Field("user_impact", "What users notice", FieldKind.AREA, value=facts.user_impact),
        Field("revenue_impact", "What it does to revenue", FieldKind.AREA, value=facts.revenue_impact),
        _goals(facts),
        *scope,
        _stakeholders(facts),
        _channels(facts),
    )
    return tuple(replace(field, name=f"facts.{field.name}") for field in fields)


def _goals(facts: Facts) -> Rows:
    return Rows(
        "goals",
        "Goals",
        (
            Field("text", "Goal", is_needed=True),
            Field("metric", "Figure that shows it"),
            Field("target", "Its target"),
        ),
        tuple((one.text, one.metric, one.target) for one in facts.goals),
        one="a goal",
    )


def _scope(facts: Facts) -> Rows:
    return Rows(
        "scope",
        "Scope",
        (
            Field("text", "What", is_needed=True),
            Field("id", "Number or key", is_needed=True),
            Field("kind", "Kind", FieldKind.SELECT, options=_SCOPE_KINDS, value=ScopeKind.FEATURE.value),
            Field("link", "Link"),
        ),
        tuple((one.text, one.id, one.kind.value, one.link) for one in facts.scope),
        one="an item",
    )


def _stakeholders(facts: Facts) -> Rows:
    return Rows(
        "stakeholders",
        "Stakeholders",
        (
            Field("person", "Who", is_needed=True),
            Field("role", "Role", is_needed=True),
            Field("responsibility", "Responsible for"),
            Field("contact", "Contact"),
            Field("backup", "Stands in"),
        ),
        tuple(
            (one.person, one.role, one.responsibility, one.contact, one.backup) for one in facts.stakeholders
        ),
        one="a stakeholder",
    )


def _channels(facts: Facts) -> Rows:
    return Rows(
        "channels",
        "Channels",
        (
            Field("title", "Channel", is_needed=True),
            Field("id", "Short name", is_needed=True),
            Field(
                "state", "State", FieldKind.SELECT, options=_CHANNEL_STATES, value=ChannelState.PLANNED.value
            ),
            Field("note", "Note"),
        ),
        tuple((one.title, one.id, one.state.value, one.note) for one in facts.channels),
        one="a channel",
    )
