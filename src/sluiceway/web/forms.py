"""What people fill in: the fields of a form, and the dialog or page that sends them to the API.

A form names the API's address and its fields' names are those of the request's body, so that a page holds no
rule of its own: what is refused, the API says. `static/js/fields.js` turns what was filled in into that body.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from sluiceway.services.release_views import ApprovalView
from sluiceway.web.acts import Tone


class FieldKind(StrEnum):
    """How a field is shown, and what becomes of it in the request."""

    TEXT = "text"
    AREA = "area"  # several lines, one text
    LINES = "lines"  # a list of texts, one on each line
    NUMBER = "number"
    SELECT = "select"
    RADIO = "radio"
    EITHER = "either"  # two radio buttons, "true" and "false", sent as one of these
    CHECK = "check"  # true or false
    MOMENT = "moment"  # filled in in the reader's zone, sent in UTC; empty is null
    DAY = "day"


@dataclass(frozen=True, slots=True)
class Option:
    value: str
    label: str
    consequence: str = ""


@dataclass(frozen=True, slots=True)
class Field:
    """One field. `name` is its place in the request, with dots for objects inside it: `impact.scope`.

    Instants in `value` are ISO. `is_left_out`: an empty field is not sent at all, so that the API's own
    default counts.
    """

    name: str
    label: str
    kind: FieldKind = FieldKind.TEXT
    value: str = ""
    help: str = ""
    options: tuple[Option, ...] = ()
    is_needed: bool = False
    is_left_out: bool = False
    least: int | None = None
    most: int | None = None


@dataclass(frozen=True, slots=True)
class Rows:
    """A list of objects with the same fields, which people add to and take from.

    `is_pairs`: each row is sent as a list of its fields' values instead of an object.
    """

    name: str
    label: str
    fields: tuple[Field, ...]
    values: tuple[tuple[str, ...], ...] = ()
    one: str = ""  # what a row is called: "a goal"
    is_pairs: bool = False


@dataclass(frozen=True, slots=True)
class Form:
    """A dialog. `key` is unique on the page, `url` stands below `/api`, `fixed` is sent as it is.

    `label` is the button's, `confirm` the dialog's own. A button may carry further fixed values, so that one
    form serves many buttons; `{words}` in the consequences is then what the button is about.
    """

    key: str
    url: str
    label: str
    title: str
    consequences: tuple[str, ...]
    confirm: str
    tone: Tone = Tone.GO
    fields: tuple[Field, ...] = ()
    fixed: tuple[tuple[str, str | bool | int], ...] = ()
    is_for_version: bool = False  # refused when what is shown has changed meanwhile
    subject: tuple[tuple[str, str], ...] = ()  # what it is about, part by part, to be read before confirming


@dataclass(frozen=True, slots=True)
class PageForm:
    """A form that fills a page. `then` is where to go afterwards; `{...}` in it is taken from the answer."""

    title: str
    url: str
    then: str
    back: str
    confirm: str
    fields: tuple[Field | Rows, ...]
    about: str = ""
    fixed: tuple[tuple[str, str | bool | int], ...] = ()


def reason(label: str = "Reason", *, is_needed: bool = True, name: str = "reason", about: str = "") -> Field:
    """Return the field for a person's words that the audit trail keeps."""
    return Field(name, label, FieldKind.AREA, is_needed=is_needed, help=about)


def role_choice(roles: tuple[str, ...]) -> tuple[Field, ...]:
    """Return the choice of the role in which somebody acts, none when there is nothing to choose."""
    named = tuple(role for role in roles if role)
    if len(named) < 2:
        return ()
    options = tuple(Option(role, in_words(role)) for role in named)
    return (Field("role", "In which role", FieldKind.SELECT, options=options, value=named[0]),)


def vote_form(approval: ApprovalView, url: str) -> Form:
    """Return the dialog in which somebody votes under an approval policy or on a board."""
    kinds = (
        Option("approve", "Approve", "You agree to what stands here."),
        Option("approve-if", "Approve with conditions", "Each condition becomes an item to do first."),
        Option(
            "reject",
            "Reject",
            "It is held until what you object to is settled; say why below.",
        ),
        Option("abstain", "Abstain", "You are seen to have looked; it counts for neither side."),
        Option("withdraw", "Take my vote back", "Your earlier vote does not count any more."),
    )
    return Form(
        key=f"vote-{approval.policy}",
        url=url,
        label="Vote",
        title=f"{approval.title}: your vote",
        consequences=("Your vote counts for what stands here. When that changes you are asked again.",),
        confirm="Cast vote",
        fields=(
            Field("kind", "Your vote", FieldKind.RADIO, options=kinds, value="approve"),
            *role_choice(approval.my_roles),
            Field(
                "conditions",
                "Conditions",
                FieldKind.LINES,
                help="One on each line; for an approval with conditions only.",
            ),
            Field("comment", "Comment", FieldKind.AREA),
        ),
        fixed=(("policy", approval.policy), ("seen", approval.subject_hash)),
        subject=approval.subject,
    )


def comment_form(approval: ApprovalView, url: str) -> Form:
    """Return the dialog in which somebody comments without a vote."""
    return Form(
        key=f"comment-{approval.policy}",
        url=url,
        label="Comment",
        title=f"{approval.title}: a comment",
        consequences=("A comment is shown with the votes and counts for neither side.",),
        confirm="Add comment",
        tone=Tone.HOLD,
        fields=(Field("comment", "Comment", FieldKind.AREA, is_needed=True),),
        fixed=(("policy", approval.policy), ("kind", "comment")),
    )


def in_words(name: str) -> str:
    """Return an id as people read it: `qa-lead` is "QA lead"."""
    words = name.replace("-", " ").replace("_", " ").strip()
    first, _, rest = words.partition(" ")
    head = first.upper() if first in _SHORT else first.capitalize()
    return f"{head} {rest}".rstrip()


_SHORT = frozenset({"qa", "ux", "cto", "cio", "vp", "hr", "pm", "sre", "it", "uat", "api", "ceo", "ciso"})
