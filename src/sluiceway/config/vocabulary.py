"""Every key of a process file, with its JSON Schema and meaning: what reader, editors and docs go by.

The keys of `analysis` are in `analysis_vocabulary`, what single values look like in `shapes`.
"""

from __future__ import annotations

from sluiceway.config import analysis_vocabulary, snippet_vocabulary, team_parts
from sluiceway.config.plain import ID
from sluiceway.config.sections import Key, Schema, Section
from sluiceway.config.shapes import (
    ACTIONS,
    COMMAND,
    DURATION,
    ENV,
    INCONCLUSIVE,
    NAME,
    SCALAR,
    SOURCES,
    STRATEGIES,
    TEXT,
    TRUTH,
    URL_PATH,
    WEIGHT,
    list_of,
    maybe,
    one_of,
    ref,
    whole,
)
from sluiceway.domain.process.comparable import SLOW_REQUESTS
from sluiceway.domain.process.conditions import NAMED_CRITERIA
from sluiceway.domain.process.syntax import RESERVED

HEALTH = Section(
    "When an instance is healthy",
    (
        Key("path", URL_PATH, "the path that answers 2xx when the instance is healthy"),
        Key("interval", DURATION, "time between two checks"),
        Key("timeout", DURATION, "how long an answer may take"),
        Key("within", DURATION, "an instance that is not healthy this long after its start has failed"),
    ),
)
STOP = Section(
    "How an instance is stopped",
    (Key("grace", DURATION, "time between the polite signal (TERM) and the hard one (KILL)"),),
)
VERSION = Section(
    "What is different about one version",
    (
        Key("command", COMMAND, "the command of this version"),
        Key("cwd", TEXT, "the working directory of this version"),
        Key("env", maybe(ENV), "environment variables of this version, added to the service's"),
    ),
)
SERVICE = Section(
    "How a version of the service is started",
    (
        Key("name", NAME, "the service's name", is_required=True),
        Key(
            "command",
            COMMAND,
            "how a version is started, with {port} and, where needed, {version}",
            is_required=True,
        ),
        Key("cwd", TEXT, "the working directory, relative to this file; {version} is filled in"),
        Key("env", maybe(ENV), "environment variables; {port} and {version} are filled in"),
        Key(
            "health",
            {"anyOf": [URL_PATH, ref("health")]},
            "when an instance is healthy; a path alone will do",
        ),
        Key("instances", whole(1, 100), "how many copies of a version run"),
        Key("stop", {"anyOf": [DURATION, ref("stop")]}, "how an instance is stopped"),
        Key(
            "versions",
            maybe({"type": "object", "additionalProperties": maybe(ref("version"))}),
            "what is different about single versions",
        ),
    ),
)
STICKY = Section(
    "What keeps a user on one version",
    (
        Key("cookie", TEXT, "the cookie whose value tells users apart; made when absent"),
        Key("header", TEXT, "the request header whose value tells users apart"),
    ),
    also={"minProperties": 1},
)
INGRESS = Section(
    "Where users come in",
    (
        Key(
            "listen",
            {"type": ["string", "integer"], "examples": ["127.0.0.1:8080", 8080]},
            "the address and port users come in at",
            is_required=True,
        ),
        Key("name", NAME, "the ingress's name"),
        Key("provider", {"type": "string", "enum": ["envoy"]}, "which proxy serves it"),
        Key("sticky", ref("sticky"), "what keeps a user on one version"),
        Key("request_timeout", DURATION, "how long a request may take before the proxy gives up"),
    ),
)
METRIC = Section(
    "A metric that criteria and triggers may name",
    (
        Key("source", one_of(SOURCES), "where its figures come from"),
        Key("address", {"type": "string", "pattern": "^https?://"}, "the address of the Prometheus server"),
        Key("query", TEXT, "PromQL, with {{version}}, {{service}} and {{window}} filled in"),
        Key("bad", TEXT, "for the analysis: PromQL of a running total of what was bad"),
        Key("all", TEXT, "for the analysis: PromQL of a running total of all that bad is part of"),
        Key("unit", TEXT, "share (0 to 1), ms, s, /s, count, score, or any other word"),
        Key("window", DURATION, "how far back a reading looks, in real time"),
        Key("timeout", DURATION, "how long the source may take to answer"),
        Key("range_step", DURATION, "makes it a range query whose mean counts, with this step"),
        Key("higher_is_worse", TRUTH, "false for figures that should be high"),
    ),
    also={"dependentRequired": {"bad": ["all"], "all": ["bad"]}},
)
AUDIENCE = Section(
    "Requests that always meet the new version",
    (
        Key("header", TEXT, "the request header that is looked at"),
        Key("cookie", TEXT, "the cookie that is looked at"),
        Key("attribute", TEXT, "of a rollout by flag: the user's attribute that is looked at"),
        Key(
            "equals",
            {"anyOf": [SCALAR, {"type": "array", "items": SCALAR, "minItems": 1}]},
            "the value, or list of values, it must have",
            synonyms=("values",),
            is_required=True,
        ),
    ),
    also={"oneOf": [{"required": ["header"]}, {"required": ["cookie"]}, {"required": ["attribute"]}]},
)
APPROVAL = Section(
    "Who must agree",
    (
        Key("role", TEXT, "the role that may approve; anyone who may act when absent"),
        Key("count", whole(1, 20), "how many people must approve"),
    ),
)
CRITERION = Section(
    "A criterion that is not a sentence",
    (
        *(Key(word, {"const": True}, meaning) for word, meaning in NAMED_CRITERIA.items()),
        Key("manual", TEXT, "a sentence that a person must attest"),
    ),
    also={"minProperties": 1, "maxProperties": 1},
)
CRITERIA: Schema = maybe(
    {"anyOf": [TEXT, list_of({"anyOf": [TEXT, ref("criterion")]})]},
)
TRIGGER = Section(
    "A condition that acts by itself",
    (
        Key(
            "when",
            TEXT,
            "the condition: an expression or a sentence",
            synonyms=("condition",),
            is_required=True,
        ),
        Key("for", DURATION, "how long it must hold without a gap", synonyms=("window",)),
        Key("action", one_of(ACTIONS), "what is done then"),
        Key("name", NAME, "the trigger's name", synonyms=("id",)),
        Key("min_requests", whole(0, 1_000_000_000), "requests on the new version before figures count"),
        Key("min_samples", whole(1, 1_000), "samples in a row that must be in breach"),
    ),
)
TRIGGERS: Schema = maybe(list_of({"anyOf": [TEXT, ref("trigger")]}))
STAGE = Section(
    "One step of a rollout",
    (
        Key("name", TEXT, "the stage's name", synonyms=("id",)),
        Key(
            "weight",
            {"anyOf": [WEIGHT, {"type": "array", "items": WEIGHT, "minItems": 1}]},
            "share of users on the new version; a list makes one stage of each",
            synonyms=("percentage",),
            is_required=True,
        ),
        Key("duration", DURATION, "how long the stage lasts at least; a list of weights shares it evenly"),
        Key("criteria", CRITERIA, "what must hold for the stage to pass", synonyms=("success_criteria",)),
        Key(
            "audience",
            {"anyOf": [TEXT, ref("audience"), list_of({"anyOf": [TEXT, ref("audience")]})]},
            "who meets the new version whatever the weight; of a rollout by flag also ids of segments",
        ),
        Key(
            "approval",
            {"anyOf": [TRUTH, TEXT, ref("approval")]},
            "who must agree before the stage begins: a role, true for anyone, or role and count",
        ),
        Key("inconclusive", one_of(INCONCLUSIVE), "what to do when time is up and data is missing"),
        Key("min_requests", whole(0, 1_000_000_000), "requests on the new version before figures count"),
        Key("mirror", WEIGHT, "share of stable's requests copied to the new version, answers dropped"),
    ),
)
ROLLBACK = Section(
    "How to go back",
    (
        Key("automatic", TRUTH, "false: triggers that would roll back ask a person instead"),
        Key("conditions", TRIGGERS, "triggers with immediate rollback, as sentences or expressions"),
        Key("step", DURATION, "pause between the steps of a gradual rollback"),
    ),
)
SMOKE = Section(
    "A request that the new version must answer first",
    (
        Key("path", URL_PATH, "the path that is requested", is_required=True),
        Key("status", whole(100, 599), "the status that must come back"),
        Key("contains", TEXT, "text that must be in the answer"),
        Key("timeout", DURATION, "how long the answer may take"),
    ),
)
_ENDING = (
    Key("triggers", TRIGGERS, "conditions that act by themselves"),
    Key("analysis", ref("analysis"), "the statistical comparison of both versions, {} for its defaults"),
    Key("rollback", ref("rollback"), "how to go back"),
    Key(
        "smoke",
        maybe(list_of({"anyOf": [URL_PATH, ref("smoke")]})),
        "requests the new version must answer first",
    ),
    Key("keep_old", DURATION, "how long the old version stays ready after the new one has everyone"),
)
ROLLOUT = Section(
    "How a new version takes over",
    (
        Key("feature", TEXT, "what is rolled out, for people"),
        Key("strategy", one_of(STRATEGIES), "how the new version meets its users"),
        Key("flag", NAME, "of the strategy feature-flag: the flag whose reach the stages set"),
        Key("environment", NAME, "where the flag is driven; production when absent"),
        Key("rule", NAME, "the rule of the flag that is driven; `rollout`, made when absent"),
        Key("stages", {**list_of(ref("stage")), "minItems": 1}, "the steps, in order"),
        *_ENDING,
    ),
)
ROUTING = Section(
    "How traffic is split at first",
    (
        Key("canary", WEIGHT, "share of the new version", is_required=True),
        Key("stable", WEIGHT, "share of the stable version"),
    ),
)
CANARY = Section(
    "A canary rollout in sentences",
    (
        Key("strategy", TEXT, "the strategy in words, for people"),
        Key("traffic_routing", ref("traffic_routing"), "the split at the first step"),
        Key("success_criteria", CRITERIA, "what must hold for every step", synonyms=("criteria",)),
        Key("monitoring_period", DURATION, "how long a step lasts that names no time itself"),
        Key(
            "progression",
            {**list_of({"type": "string", "pattern": r"^\s*\d+(\.\d+)?\s*%"}), "minItems": 1},
            'the steps, such as "5% for 24 hours" and "100% if all metrics pass"',
            is_required=True,
        ),
        *_ENDING,
    ),
)
PROCESS = Section(
    "A Sluiceway process",
    (
        Key("extends", TEXT, "the process it takes over and changes: a pack, or a file such as ./team.yaml"),
        Key("name", TEXT, "the process's name"),
        Key("description", TEXT, "what it is for, for people"),
        Key("service", ref("service"), "how a version of the service is started"),
        Key("ingress", ref("ingress"), "where users come in"),
        Key(
            "metrics",
            maybe(
                {
                    "type": "object",
                    "propertyNames": {
                        "pattern": "^[a-z][a-z0-9_]{0,62}$",
                        "not": {"enum": sorted({*RESERVED, SLOW_REQUESTS})},
                    },
                    "additionalProperties": ref("metric"),
                }
            ),
            "metrics besides the built-in ones",
        ),
        Key("rollout", ref("rollout"), "how a new version takes over"),
        Key(
            "canary_deployment",
            ref("canary_deployment"),
            "a canary rollout in sentences, instead of `rollout`",
        ),
        Key(
            "rollouts",
            {"type": "object", "propertyNames": ID.schema, "additionalProperties": ref("rollout")},
            "rollouts by name, for types of releases",
        ),
        *team_parts.KEYS,
        snippet_vocabulary.EVALUATION_CRITERIA,
    ),
    free_prefix="x-",
    also={
        "minProperties": 1,
        "not": {"required": ["rollout", "canary_deployment"]},
        "patternProperties": {"^x-": {}, **snippet_vocabulary.PATTERNS},
    },
)

SECTIONS: dict[str, Section] = {
    "service": SERVICE,
    "health": HEALTH,
    "stop": STOP,
    "version": VERSION,
    "ingress": INGRESS,
    "sticky": STICKY,
    "metric": METRIC,
    "rollout": ROLLOUT,
    "stage": STAGE,
    "criterion": CRITERION,
    "audience": AUDIENCE,
    "approval": APPROVAL,
    "trigger": TRIGGER,
    "rollback": ROLLBACK,
    "smoke": SMOKE,
    "canary_deployment": CANARY,
    "traffic_routing": ROUTING,
    **analysis_vocabulary.SECTIONS,
    **team_parts.SECTIONS,
    **snippet_vocabulary.SECTIONS,
}
