"""States, types and reasons of flags in words, each with the tone that colours it."""

from __future__ import annotations

import json

from sluiceway.domain.flags.explaining import Outcome, constraint_sentence
from sluiceway.domain.flags.model import Flag, Json, Reason, Rule, Serve
from sluiceway.domain.flags.reaching import SampleReach
from sluiceway.domain.flags.wording import (
    dependency_words,
    json_words,
    percent,
    split_words,
    threshold_words,
)
from sluiceway.services.flag_views import FlagStateView
from sluiceway.web.forms import in_words
from sluiceway.web.pages import Label
from sluiceway.web.wording import count, counted

_STANDINGS = {
    "on": Label("On", "good"),
    "off": Label("Off", "idle"),
    "killed": Label("Killed", "back"),
    "held": Label("Held off", "back"),
    "scheduled": Label("Scheduled", "hold"),
}
_OUTCOMES = {
    Outcome.DECIDED: Label("decided", "good"),
    Outcome.NO_FIT: Label("doesn't fit", "idle"),
    Outcome.NOT_REACHED: Label("fits, not reached", "hold"),
    Outcome.NO_KEY: Label("fits, no key", "hold"),
    Outcome.NOT_ASKED: Label("not asked", "idle"),
}
_ACTS = {
    "flag-created": Label("Created", "good"),
    "flag-edited": Label("Edited", "go"),
    "flag-turned-on": Label("Turned on", "good"),
    "flag-turned-off": Label("Turned off", "hold"),
    "flag-killed": Label("Killed", "back"),
    "flag-released": Label("Restored", "good"),
    "flag-held-off": Label("Held off by a threshold", "back"),
    "flag-let-go": Label("Let go by a threshold", "good"),
    "flag-driven": Label("Driven by its rollout", "go"),
    "flag-archived": Label("Archived", "hold"),
}
_REASONS = {
    Reason.KILLED: "back",
    Reason.THRESHOLD: "back",
    Reason.ERROR: "back",
    Reason.DEPENDENCY: "hold",
    Reason.SCHEDULED: "hold",
    Reason.DISABLED: "idle",
    Reason.DEFAULT: "idle",
}


def standing_label(standing: str) -> Label:
    return _STANDINGS.get(standing, Label(in_words(standing), "idle"))


def outcome_label(outcome: Outcome) -> Label:
    return _OUTCOMES[outcome]


def act_label(kind: str) -> Label:
    """Return what a change of a flag was, from its kind in the audit trail."""
    return _ACTS.get(kind, Label(in_words(kind.removeprefix("flag-")), "go"))


def reason_label(reason: Reason) -> Label:
    return Label(reason.value.replace("_", " ").lower(), _REASONS.get(reason, "good"))


def is_word_more(state: FlagStateView) -> bool:
    """Return whether the words of a state say more than its standing does."""
    return state.words.lower() != standing_label(state.standing).text.lower()


def off_words(flag: Flag) -> str:
    """Return what a flag is worth while it is off."""
    return flag.off_variant or "the caller's own default"


def reach_words(rule: Rule) -> str:
    """Return how many of those whom a rule fits it reaches, and by what they are told apart."""
    by = f", by {' or '.join(rule.by)}" if rule.by else ""
    return f"{percent(rule.reach)}{by}"


def weight_of(serve: Serve, variant: str) -> int:
    """Return the weight that a split gives a variant, 0 where it isn't in it."""
    return sum(share.weight for share in serve.split if share.variant == variant)


def sample_words(one: SampleReach) -> str:
    """Return how many made-up users of a sample a draft reaches: `on for 252 of 1 000 ... (25.2 %)`."""
    share = 100 * one.on / one.keys
    return f"on for {count(one.on)} of {counted(one.keys, 'made-up user')} ({share:.1f}\u00a0%)"


def json_whole(value: Json) -> str:
    """Return a value as JSON, to be edited."""
    return json.dumps(value, ensure_ascii=False)


FILTERS: dict[str, object] = {
    "standing_label": standing_label,
    "outcome_label": outcome_label,
    "act_label": act_label,
    "reason_label": reason_label,
    "is_word_more": is_word_more,
    "off_words": off_words,
    "reach_words": reach_words,
    "sample_words": sample_words,
    "weight_of": weight_of,
    "constraint": constraint_sentence,
    "dependency": dependency_words,
    "threshold": threshold_words,
    "json_words": json_words,
    "json_whole": json_whole,
    "counted": counted,
    "count": count,
    "reach_percent": percent,
    "split": split_words,
}
