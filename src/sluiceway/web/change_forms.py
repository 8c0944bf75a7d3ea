"""The fields of a change request, as people fill them in; the rules that judge them are the API's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sluiceway.domain.changes.model import ChangeFacts, ChangeState
from sluiceway.services.change_views import ChangeFormView, ChangeView
from sluiceway.services.processes import ProcessOutline
from sluiceway.web.forms import Field, FieldKind, Option, Rows, in_words

_GRADES = (Option("", "not said"), Option("low", "Low"), Option("medium", "Medium"), Option("high", "High"))


def new_fields(asked: ChangeFormView) -> tuple[Field | Rows, ...]:
    """Return the fields of a new request about a service, with what its process asks for."""
    first = asked.kinds[0][0] if asked.kinds else "normal"
    facts = ChangeFacts(title="", requestor="", kind=first)
    return _facts_fields(facts, asked.kinds, asked.templates)


def edit_fields(view: ChangeView) -> tuple[Field | Rows, ...]:
    """Return the fields of a request as it is."""
    return _facts_fields(view.facts, view.kinds, ())


def import_fields() -> tuple[Field, ...]:
    """Return the fields that take in a request written as YAML."""
    return (
        Field(
            "text",
            "The change request as YAML",
            FieldKind.AREA,
            is_needed=True,
            help="A whole file whose top key is change_request, as people write them.",
        ),
        Field("path", "Its file name", value="change-request.yaml", help="Problems are told with it."),
    )


def list_filters(outlines: Sequence[ProcessOutline], service: str, state: str) -> tuple[Field, ...]:
    """Return the fields that narrow a list of change requests, with what is chosen now."""
    services = tuple(Option(one.service, one.service) for one in outlines)
    states = tuple(Option(one.value, in_words(one.value)) for one in ChangeState)
    return (
        Field(
            "service",
            "Service",
            FieldKind.SELECT,
            value=service,
            options=(Option("", "Every service"), *services),
        ),
        Field("state", "State", FieldKind.SELECT, value=state, options=(Option("", "Every state"), *states)),
    )


def _facts_fields(
    facts: ChangeFacts,
    kinds: tuple[tuple[str, str], ...],
    templates: tuple[tuple[str, str], ...],
) -> tuple[Field | Rows, ...]:
    fields: tuple[Field | Rows, ...] = (
        Field("title", "Title", value=facts.title, is_needed=True),
        _kind(facts, kinds),
        Field(
            "requestor",
            "Requestor",
            value=facts.requestor,
            help="Empty: you.",
        ),
        Field("implementer", "Who carries it out", value=facts.implementer),
        *_template(facts, templates),
        Field("parent_service", "Service it is a part of", value=facts.parent_service),
        _moment("starts_at", "Carried out from", facts),
        _moment("ends_at", "Carried out until", facts),
        _area("description", "What changes", facts.description),
        _area("business_justification", "Why", facts.business_justification),
        _area("impact.scope", "What it touches", facts.impact.scope),
        Field("impact.effort_estimate", "Effort", value=facts.impact.effort_estimate),
        _lines("impact.resource_requirements", "Who and what it needs", facts.impact.resource_requirements),
        _lines("impact.technical", "Technical impact", facts.impact.technical),
        _lines("impact.business", "Impact on the business", facts.impact.business),
        _risks(facts),
        _lines("acceptance_criteria", "Acceptance criteria", facts.acceptance_criteria),
        _lines("dependencies", "Dependencies", facts.dependencies),
        _pairs("timeline", "Timeline", ("Phase", "How long"), facts.timeline, "a phase"),
        _lines("success_metrics", "How success shows", facts.success_metrics),
        _area("rollback_plan", "The way back", facts.rollback_plan),
        _pairs("fields", "Further fields", ("Name", "Text"), facts.fields, "a field"),
    )
    return tuple(replace(field, name=f"facts.{field.name}") for field in fields)


def _kind(facts: ChangeFacts, kinds: tuple[tuple[str, str], ...]) -> Field:
    known = kinds if any(key == facts.kind for key, _ in kinds) else (*kinds, (facts.kind, facts.kind))
    options = tuple(Option(key, title) for key, title in known)
    return Field("kind", "Kind", FieldKind.SELECT, value=facts.kind, options=options)


def _template(facts: ChangeFacts, templates: tuple[tuple[str, str], ...]) -> tuple[Field, ...]:
    """Return the choice of the request that a standard change follows, if there is any to follow."""
    if not templates:
        return (Field("template", "Follows the request", value=facts.template),)
    options = (Option("", "none"), *(Option(key, f"{key} {title}") for key, title in templates))
    return (
        Field("template", "Follows the request", FieldKind.SELECT, value=facts.template, options=options),
    )


def _moment(name: str, label: str, facts: ChangeFacts) -> Field:
    value = facts.starts_at if name == "starts_at" else facts.ends_at
    text = "" if value is None else value.isoformat()
    return Field(name, label, FieldKind.MOMENT, value=text, is_left_out=True)


def _area(name: str, label: str, value: str) -> Field:
    return Field(name, label, FieldKind.AREA, value=value)


def _lines(name: str, label: str, values: tuple[str, ...]) -> Field:
    return Field(name, label, FieldKind.LINES, value="\n".join(values), help="One on each line.")


def _risks(facts: ChangeFacts) -> Rows:
    return Rows(
        "impact.risks",
        "Risks",
        (
            Field("risk", "Risk", is_needed=True),
            Field("probability", "Probability", FieldKind.SELECT, options=_GRADES),
            Field("impact", "Impact", FieldKind.SELECT, options=_GRADES),
            Field("mitigation", "What is done about it"),
        ),
        tuple((one.risk, one.probability, one.impact, one.mitigation) for one in facts.impact.risks),
        one="a risk",
    )


def _pairs(
    name: str, label: str, titles: tuple[str, str], values: tuple[tuple[str, str], ...], one: str
) -> Rows:
    fields = (Field("name", titles[0], is_needed=True), Field("text", titles[1]))
    return Rows(name, label, fields, values, one=one, is_pairs=True)
