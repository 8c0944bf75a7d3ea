"""A feature flag in one environment, and what evaluating it says.

Data only. Reading and writing it as JSON is the business of `wire`, deciding for a user that of `compiling`
and `evaluating`. Everything a client needs to decide without asking anybody stands in a `FlagSet`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final, TypeAlias

# What a flag can be worth and what a context's attributes can hold: what JSON can say.
Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"

BUCKETS: Final = 100_000  # a reach of 100 buckets is 0.1 percent
RANDOM: Final = "random"  # in `by`: another bucket for every evaluation
TARGETING_KEY: Final = "targetingKey"  # the context's own name for who is asking (OpenFeature)


class FlagType(StrEnum):
    RELEASE = "release"  # temporary: belongs to a release, stale once everyone has it
    OPERATIONAL = "operational"  # permanent
    EXPERIMENTAL = "experimental"  # temporary: until its experiment is decided


class ValueType(StrEnum):
    BOOLEAN = "boolean"
    STRING = "string"
    NUMBER = "number"
    OBJECT = "object"


class HashVersion(StrEnum):
    """How keys become buckets. Stored with every flag and never changed silently: users would move."""

    SLUICE_1 = "sluice-1"  # (murmur3_32(salt + ":" + key) * 100_000) >> 32; variants with another seed
    UNLEASH = "unleash"  # murmur3_32(salt + ":" + key) % 100 + 1, variants with Unleash's own seed


class Operator(StrEnum):
    """Values are alternatives: one that fits is enough. What is missing or of another kind never fits."""

    IN = "in"  # equal as text; numbers and booleans as JSON writes them; of a list, any member
    CONTAINS = "contains"
    STARTS_WITH = "starts-with"
    ENDS_WITH = "ends-with"
    MATCHES = "matches"  # regular expression (RE2 syntax), anywhere in the text
    EQUALS = "="  # numbers
    LESS = "<"
    AT_MOST = "<="
    GREATER = ">"
    AT_LEAST = ">="
    BEFORE = "before"  # instants, ISO 8601 with an offset or Z; a missing attribute `now` is the present
    AFTER = "after"
    SEMVER_EQUALS = "semver-="
    SEMVER_LESS = "semver-<"
    SEMVER_AT_MOST = "semver-<="
    SEMVER_GREATER = "semver->"
    SEMVER_AT_LEAST = "semver->="
    IN_NETWORK = "in-network"  # an address, or a network in CIDR notation; IPv4 and IPv6
    IS_PRESENT = "is-present"  # takes no values


@dataclass(frozen=True, slots=True)
class Constraint:
    """A claim about one attribute of the context. `is_inverted` turns the answer round, missing or not."""

    attribute: str
    operator: Operator
    values: tuple[str, ...] = ()
    is_inverted: bool = False
    ignores_case: bool = False


@dataclass(frozen=True, slots=True)
class Segment:
    """A named audience: those who fit every constraint, and `included` keys; never `excluded` ones."""

    id: str
    title: str = ""
    constraints: tuple[Constraint, ...] = ()
    included: tuple[str, ...] = ()  # targeting keys
    excluded: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Variant:
    """One of the values a flag can have. `extra` is kept for the tool it came from and means nothing here."""

    name: str
    value: Json
    extra: Mapping[str, Json] = field(default_factory=dict[str, "Json"])


@dataclass(frozen=True, slots=True)
class Share:
    """A variant's part in a split: `weight` of the sum of all weights."""

    variant: str
    weight: int


@dataclass(frozen=True, slots=True)
class Serve:
    """What those get who are reached: `variant`, or by `split` one of several."""

    variant: str = ""
    split: tuple[Share, ...] = ()
    by: tuple[str, ...] = ()  # attributes to split by, the first present one; () is the targeting key
    salt: str = ""  # "" is the flag's


@dataclass(frozen=True, slots=True)
class Rule:
    """Of those who fit every constraint and every segment, a share is reached and gets `serve`.

    The first rule that fits *and* reaches decides; a fitting rule that doesn't reach hands on to the next.
    """

    id: str
    title: str = ""
    constraints: tuple[Constraint, ...] = ()
    segments: tuple[str, ...] = ()  # ids
    reach: int = BUCKETS  # buckets of 100_000
    by: tuple[str, ...] = ()  # attributes to bucket by, the first present one; () is the targeting key
    salt: str = ""  # "" is the flag's
    serve: Serve = Serve()  # an empty one is the flag's `serve`


@dataclass(frozen=True, slots=True)
class Dependency:
    """Another flag that must be on, off, or one of `variants`, for this one to be evaluated at all."""

    flag: str
    is_on: bool = True
    variants: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Window:
    """On from `on_at` until `off_at` (aware UTC instants), where given. People wrote them in `zone`."""

    on_at: datetime | None = None
    off_at: datetime | None = None
    zone: str = "UTC"


class ThresholdAction(StrEnum):
    PAUSE = "pause"  # the rollout behind the flag stands still; who is reached stays reached
    TURN_OFF = "turn-off"


class NoData(StrEnum):
    """What a threshold does while its figures are missing. There is no default: every one says it."""

    KEEP = "keep"  # nothing
    PAUSE = "pause"
    TURN_OFF = "turn-off"  # fail safe


@dataclass(frozen=True, slots=True)
class Threshold:
    """Acts while a CEL expression on live metrics is true for `for_s`; clear again after `clear_s` of false.

    `when` is such as `p95_ms > 200`, in the words of the process file's metrics and expressions.
    """

    id: str
    when: str
    on_no_data: NoData
    action: ThresholdAction = ThresholdAction.TURN_OFF
    for_s: float = 0.0  # seconds
    clear_s: float = 0.0  # seconds; for PAUSE only: what was turned off stays off until a person acts
    no_data_after_s: float = 60.0
    metric: str = ""  # how people call it; "" is `when`


@dataclass(frozen=True, slots=True)
class Experiment:
    """What an experimental flag's variants are compared by."""

    id: str
    metrics: tuple[str, ...] = ()
    guards: tuple[str, ...] = ()  # metrics that must not get worse
    control: str = ""  # variant the others are compared with; "" is the first of the split


class HeldOffBy(StrEnum):
    """Why a flag is off although it is enabled. Set by people or the engine, shown in every evaluation."""

    KILL = "kill"
    THRESHOLD = "threshold"


@dataclass(frozen=True, slots=True)
class Hold:
    by: HeldOffBy
    why: str = ""
    metric: str = ""  # of a threshold


@dataclass(frozen=True, slots=True)
class Flag:
    """A flag as it stands in one environment.

    Off (not enabled, held, outside its window, a dependency not met) it is worth `off_variant`, "" meaning
    the caller's own default. On and without rules it is worth `serve` for everyone; with rules what the first
    one that fits and reaches serves, `otherwise` for those whom none reaches.
    """

    id: str
    value_type: ValueType = ValueType.BOOLEAN
    is_enabled: bool = False
    variants: tuple[Variant, ...] = (Variant("on", True), Variant("off", False))
    rules: tuple[Rule, ...] = ()
    serve: Serve = Serve("on")  # what rules serve that say nothing of their own
    otherwise: Serve = Serve("off")  # on, with rules, and none reached
    off_variant: str = "off"
    dependencies: tuple[Dependency, ...] = ()
    window: Window | None = None
    hold: Hold | None = None
    salt: str = ""  # "" is the id; kept when a flag is renamed, so that nobody changes buckets
    hash_version: HashVersion = HashVersion.SLUICE_1
    # About it, and not read to decide:
    name: str = ""
    description: str = ""
    type: FlagType = FlagType.RELEASE
    owner: str = ""
    tags: tuple[str, ...] = ()
    release: str = ""  # of the release it belongs to
    expires_at: datetime | None = None
    full_since: datetime | None = None  # when the rollout that drove it ended with everyone reached
    fallback: Json = None  # what callers should pass as their default; shown and checked, never served
    thresholds: tuple[Threshold, ...] = ()
    experiment: Experiment | None = None
    has_kill_switch: bool = True  # shown prominently; every flag can be killed
    metadata: Mapping[str, str | bool | int | float] = field(
        default_factory=dict[str, "str | bool | int | float"]
    )  # handed to callers (OpenFeature flag metadata)
    extra: Mapping[str, Json] = field(default_factory=dict[str, "Json"])  # of the tool it came from


@dataclass(frozen=True, slots=True)
class FlagSet:
    """Every flag of one service in one environment, at one version."""

    service: str
    environment: str
    version: int = 0  # grows with every change
    flags: tuple[Flag, ...] = ()
    segments: tuple[Segment, ...] = ()


class Reason(StrEnum):
    """Why a value came out. Beyond OpenFeature's own words, those of what held a flag off."""

    STATIC = "STATIC"  # on, without rules or a split: the same for everyone
    DEFAULT = "DEFAULT"  # on, and no rule reached
    TARGETING_MATCH = "TARGETING_MATCH"  # a rule fitted
    SPLIT = "SPLIT"  # a percentage or a split of variants decided
    DISABLED = "DISABLED"
    DEPENDENCY = "DEPENDENCY"  # `culprit` is the flag at the root of it, however deep
    KILLED = "KILLED"
    SCHEDULED = "SCHEDULED"  # outside its window
    THRESHOLD = "THRESHOLD"  # `culprit` is the metric
    ERROR = "ERROR"


class ErrorCode(StrEnum):
    """OpenFeature's error codes, as far as an evaluation has them."""

    FLAG_NOT_FOUND = "FLAG_NOT_FOUND"
    TYPE_MISMATCH = "TYPE_MISMATCH"
    TARGETING_KEY_MISSING = "TARGETING_KEY_MISSING"
    INVALID_CONTEXT = "INVALID_CONTEXT"
    PARSE_ERROR = "PARSE_ERROR"
    PROVIDER_NOT_READY = "PROVIDER_NOT_READY"  # a client that has no set so far
    GENERAL = "GENERAL"


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What a flag is worth for one context, and why. Made once per outcome when a set is compiled.

    `has_value` False: the caller's own default applies (a flag without an off variant, an error).
    """

    flag: str
    value: Json
    variant: str
    reason: Reason
    is_on: bool = True  # what flags that depend on this one ask: on, and not served `otherwise`
    has_value: bool = True
    culprit: str = ""  # the flag of a DEPENDENCY, the metric of a THRESHOLD
    rule: str = ""  # id of the rule that decided
    error: ErrorCode | None = None
    detail: str = ""  # one sentence for people
