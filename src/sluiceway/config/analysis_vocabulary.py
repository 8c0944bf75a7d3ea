"""The keys of `analysis`, the statistical comparison of both versions: the part of `vocabulary` about it."""

from __future__ import annotations

from sluiceway.config.sections import Key, Schema, Section
from sluiceway.config.shapes import (
    ACTIONS,
    CHANCE,
    DURATION,
    INCONCLUSIVE,
    NOISES,
    SHARE,
    SHARE_OR_NONE,
    TRUTH,
    list_of,
    maybe,
    number,
    one_of,
    ref,
    whole,
)

MOST_TIMES = 100.0  # of a tolerated ratio
LEAST_WEIGHT, MOST_WEIGHT = 0.001, 1_000.0
MOST_VALUE = 1e12  # of a bound; larger ones can't be added up exactly
MOST_DATA = 1_000_000_000
MOST_CHANCE_PERCENT = 50

RATIO = number(above=1, most=MOST_TIMES)
_METRIC_NAME: Schema = {"type": "string", "pattern": "^[A-Za-z][A-Za-z0-9_]{0,62}$"}

ANALYSED_METRIC = Section(
    "How both versions are compared on one metric",
    (
        Key("slower_than", DURATION, "slow_requests: the time to answer from which a request counts as slow"),
        Key(
            "margin",
            number(above=0, most=MOST_VALUE),
            "what is tolerated: a ratio of shares above 1, or a loss in the unit of a score",
        ),
        Key(
            "sound_margin",
            number(above=0, most=MOST_VALUE),
            "what must be ruled out before the new version is called sound: a ratio above 1, or a loss",
        ),
        Key("weight", number(least=LEAST_WEIGHT, most=MOST_WEIGHT), "its part of alpha beside other metrics"),
        Key(
            "limit",
            {
                "anyOf": [
                    SHARE,
                    {
                        "type": "string",
                        "pattern": r"^\s*(?!0+(\.0+)?\s)\d{1,6}(\.\d{1,3})?\s+per\s+"
                        r"(second|minute|hour|day)\s*$",
                    },
                ],
                "examples": ["0.1%", "1 per hour"],
            },
            "a share that is good enough in itself; of crashes a number per instance and time",
        ),
        Key(
            "minimum_effect",
            {"anyOf": [SHARE_OR_NONE, number(least=0, most=MOST_VALUE)]},
            "a smaller difference is never acted on: in points of percent, or in the unit of a score",
        ),
        Key("minimum_data", ref("minimum_data"), "what it takes before a verdict on this metric"),
        Key("stale", DURATION, "real time without usable figures of it that counts as no data"),
        Key("noise", one_of(NOISES), "where its noise is taken from, if not as the analysis says"),
        Key("low", number(least=-MOST_VALUE, most=MOST_VALUE), "of a score: the lowest value there can be"),
        Key("high", number(least=-MOST_VALUE, most=MOST_VALUE), "of a score: the highest value there can be"),
    ),
)
MINIMUM_DATA = Section(
    "What it takes before a verdict",
    (
        Key("requests", whole(1, MOST_DATA), "on each version, before the new one is called sound"),
        Key("bad", whole(1, MOST_DATA), "on the new version, before it is called worse"),
    ),
    also={"minProperties": 1},
)
PROMOTE_EARLY = Section(
    "When a stage may pass before its time",
    (
        Key(
            "after",
            DURATION,
            "how long a stage lasts at least, however sound the new version is",
            is_required=True,
        ),
    ),
)


def _of_requests(*misplaced: str) -> Schema:
    """A metric of the proxy's: always a share of requests, so less fits it than a metric in general."""
    without = {"not": {"anyOf": [{"required": [word]} for word in ("low", "high", *misplaced)]}}
    margins = {
        "properties": {
            "margin": RATIO,
            "sound_margin": RATIO,
            "limit": SHARE,
            "minimum_effect": SHARE_OR_NONE,
        }
    }
    return maybe({"allOf": [ref("analysed_metric"), without, margins]})


ANALYSIS = Section(
    "The statistical comparison of both versions",
    (
        Key(
            "metrics",
            {
                **list_of(
                    {
                        "anyOf": [
                            _METRIC_NAME,
                            {
                                "type": "object",
                                "propertyNames": _METRIC_NAME,
                                "properties": {
                                    "errors": _of_requests("slower_than"),
                                    "slow_requests": _of_requests(),
                                },
                                "additionalProperties": maybe(ref("analysed_metric")),
                                "minProperties": 1,
                                "maxProperties": 1,
                            },
                        ]
                    }
                ),
                "minItems": 1,
            },
            "what is compared, each a name or a name with settings",
        ),
        Key("margin", RATIO, "tolerated ratio of bad shares, for all metrics"),
        Key(
            "sound_margin",
            RATIO,
            "the ratio to be ruled out before the new version is called sound",
        ),
        Key(
            "alpha",
            CHANCE,
            "chance of acting on a version that is within the margins, over the whole rollout",
        ),
        Key(
            "beta",
            CHANCE,
            "chance of calling a version sound that is not",
        ),
        Key(
            "minimum_effect",
            SHARE_OR_NONE,
            "smaller differences of shares, in points of percent, are never acted on",
        ),
        Key("minimum_data", ref("minimum_data"), "what it takes before a verdict on any metric"),
        Key("on_regression", one_of(ACTIONS), "what is done when a metric is shown to be worse"),
        Key("on_no_data", one_of(INCONCLUSIVE), "what a stage does whose time is up without enough data"),
        Key(
            "promote_early",
            {"anyOf": [TRUTH, ref("promote_early")]},
            "whether a stage may pass before its time once all metrics are shown to be sound",
        ),
        Key("stale", DURATION, "real time without usable figures that counts as no data"),
        Key("interval", DURATION, "real time between two counts"),
        Key("noise", one_of(NOISES), "where it is taken from how much versions differ for no reason"),
    ),
)

SECTIONS: dict[str, Section] = {
    "analysis": ANALYSIS,
    "analysed_metric": ANALYSED_METRIC,
    "minimum_data": MINIMUM_DATA,
    "promote_early": PROMOTE_EARLY,
}
