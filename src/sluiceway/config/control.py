"""How changes are controlled: the `changes` section with its kinds, risk, decision matrix and boards."""

from __future__ import annotations

from sluiceway.config import values
from sluiceway.config.plain import (
    DURATION,
    ITS_ID,
    ITS_TITLE,
    TEXT,
    TEXTS,
    TIME,
    TRUTH,
    WEEKDAY,
    number,
    several,
    whole,
)
from sluiceway.config.records import Part, Reader, Record, Scope, listed, named, one_of_these, part
from sluiceway.config.sections import Fields, Schema
from sluiceway.config.tree import Value
from sluiceway.domain.changes.conditions import check_condition
from sluiceway.domain.process.control import (
    Answer,
    Board,
    ChangeControl,
    ChangeKind,
    MatrixCriterion,
    Meeting,
    Question,
    RiskLevel,
    RiskModel,
    RiskRule,
)

FULL_PERCENT = 100
_MINUTES_PER_DAY = 1_440


def _read_weight(value: Value, _scope: Scope) -> int | None:
    share = values.share(value, most_percent=FULL_PERCENT)
    if share is None:
        return None
    percent = round(share * FULL_PERCENT, 9)
    if percent != int(percent):
        value.expected("a whole number of percent")
        return None
    return int(percent)


def _check_criterion(fields: Fields, criterion: MatrixCriterion, _scope: Scope) -> None:
    if criterion.high <= criterion.low:
        fields.at("high").problem(f"{criterion.high} is not more than {criterion.low}, the lowest score")


_WEIGHT: Schema = {
    "anyOf": [
        {"type": "integer", "minimum": 1, "maximum": FULL_PERCENT},
        {"type": "string", "pattern": r"^\s*\d{1,3}\s*(%|percent)?\s*$"},
    ]
}
CRITERION = Record(
    "matrix_criterion",
    "What members of a board score",
    MatrixCriterion,
    (
        ITS_ID,
        ITS_TITLE,
        part("weight", Reader(_WEIGHT, _read_weight), "its share", to="weight_percent", is_required=True),
        part("low", whole(0, 100), "the lowest score"),
        part("high", whole(1, 100), "the highest score"),
        part("higher_is_better", TRUTH, "false: a high score speaks against the change"),
        part("description", TEXT, "what it asks"),
    ),
    check=_check_criterion,
)
_CRITERIA = listed(CRITERION, what="criterion")


def _read_matrix(value: Value, scope: Scope) -> tuple[MatrixCriterion, ...] | None:
    found = _CRITERIA.read(value, scope)
    total = sum(criterion.weight_percent for criterion in found or ())
    if found and total != FULL_PERCENT:
        value.problem(f"the weights sum to {total} %, expected {FULL_PERCENT} %")
        return None
    return found


MATRIX = Reader(_CRITERIA.schema, _read_matrix)
LEVEL = Record(
    "risk_level",
    "A level of risk",
    RiskLevel,
    (
        ITS_ID,
        ITS_TITLE,
        part(
            "from",
            number(least=0, most=100),
            "the least score of the questionnaire that gives it",
            to="from_score",
            is_required=True,
        ),
    ),
)
RISK_RULE = Record(
    "risk_rule",
    "A condition that gives a level",
    RiskRule,
    (
        ITS_ID,
        part("condition", TEXT, "CEL over the fields of the change", is_required=True),
        part("level", named("risk level"), "the level it gives", is_required=True),
        part("reason", TEXT, "why, for people", is_required=True),
    ),
)
ANSWER = Record(
    "answer",
    "A possible answer",
    Answer,
    (
        ITS_ID,
        part("text", TEXT, "the answer", is_required=True),
        part("points", number(least=0, most=1_000), "what it adds to the risk", is_required=True),
    ),
)
QUESTION = Record(
    "question",
    "A question about a change",
    Question,
    (
        ITS_ID,
        part("text", TEXT, "the question", is_required=True),
        part("weight", number(above=0, most=1_000), "its share of the score", is_required=True),
        part("answers", listed(ANSWER, least=1), "the answers there are", is_required=True),
    ),
)


def _check_risk(fields: Fields, risk: RiskModel, _scope: Scope) -> None:
    scores = [level.from_score for level in risk.levels]
    if scores[0] != 0 or scores != sorted(set(scores)):
        fields.at("levels").problem("expected levels in rising order, the first from 0")
    questions = [question.id for question in risk.questions]
    rules_value = fields.get("rules")
    for item, rule in zip(rules_value.items() if rules_value else (), risk.rules, strict=True):
        for key, value in item.entries():
            if key.raw == "condition":
                for problem in check_condition(rule.condition, questions):
                    value.problem(problem.message, at=problem.at)


RISK_MODEL = Record(
    "risk_model",
    "How risky a change is",
    RiskModel,
    (
        part("levels", listed(LEVEL, least=1, what="level"), "the levels, rising", is_required=True),
        part("rules", listed(RISK_RULE, what="rule"), "conditions in order, the first that holds counts"),
        part("questions", listed(QUESTION), "a questionnaire; the higher of the two levels counts"),
    ),
    declares=(("risk level", "levels"),),
    check=_check_risk,
)
MEETING = Record(
    "meeting",
    "When a board meets",
    Meeting,
    (
        part("weekday", WEEKDAY, "the day of the week", is_required=True),
        part("at", TIME, "the time of day, in the calendar's zone", is_required=True),
        part("weeks", whole(1, 52), "every so many weeks"),
        part("minutes", whole(1, _MINUTES_PER_DAY), "how long it takes"),
    ),
)


def _check_board(fields: Fields, board: Board, _scope: Scope) -> None:
    if board.chair not in board.voting:
        voting = one_of_these(board.voting)
        fields.at("chair").problem(f'"{board.chair}" does not vote, expected {voting}')
    for role in board.advisory:
        if role in board.voting:
            fields.at("advisory").problem(f'"{role}" votes already, expected it in one of the two lists')
    most = len(board.voting)
    for key, quorum in (("quorum", board.quorum), ("emergency_quorum", board.emergency_quorum)):
        if quorum > most:
            fields.at(key).problem(f"{quorum} is more than the votes there are, expected at most {most}")


BOARD = Record(
    "board",
    "People who decide on changes together",
    Board,
    (
        ITS_ID,
        ITS_TITLE,
        part("chair", named("role"), "the role that leads it, one of those that vote", is_required=True),
        part(
            "voting",
            several("role", least=1),
            "roles that vote, each with one vote",
            is_required=True,
        ),
        part("advisory", several("role"), "roles that are heard and don't vote"),
        part("quorum", whole(1, 100), "votes that must be cast"),
        part("emergency_quorum", whole(1, 100), "votes that must be cast in an emergency"),
        part("casting_vote", TRUTH, "true: the chair's vote breaks a tie"),
        part("meets", MEETING.reader, "when it meets by itself"),
        part("criteria", TEXTS, "what it weighs, in words"),
    ),
    check=_check_board,
)
CHANGE_KIND = Record(
    "change_kind",
    "A kind of change",
    ChangeKind,
    (
        ITS_ID,
        ITS_TITLE,
        part("board", named("board"), "the board that decides on it"),
        part("approvals", several("approval"), "approvals it asks for"),
        part("preapproved", TRUTH, "true: its templates are approved in advance", to="is_preapproved"),
        part("emergency", TRUTH, "true: fewer people may decide", to="is_emergency"),
        part("review_after", DURATION, "reviewed within this time afterwards", to="review_after_s"),
    ),
)
CHANGES = Record(
    "changes",
    "How changes are controlled",
    ChangeControl,
    (
        part("kinds", listed(CHANGE_KIND, what="kind"), "the kinds of change there are"),
        part("matrix", MATRIX, "what a board's members score; the weights sum to 100 percent"),
        part("risk", RISK_MODEL.reader, "how risky a change is"),
        part("boards", listed(BOARD), "who decides"),
    ),
)

PARTS: tuple[Part, ...] = (part("changes", CHANGES.reader, "how changes are controlled"),)
RECORDS = (
    *(CRITERION, LEVEL, RISK_RULE, ANSWER, QUESTION, RISK_MODEL),
    *(MEETING, BOARD, CHANGE_KIND, CHANGES),
)
