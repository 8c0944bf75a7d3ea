"""What a person can do about a change request or a board, as dialogs that say what will happen.

Whether an act is allowed stands in the view (`may`); carrying it out is the API's.
"""

from __future__ import annotations

from sluiceway.services.change_views import BoardView, ChangeView, CriterionScoreView, MeetingView
from sluiceway.web.acts import Tone
from sluiceway.web.forms import Field, FieldKind, Form, Option, comment_form, reason, role_choice, vote_form


def head_forms(view: ChangeView) -> tuple[Form, ...]:
    """Return what the buttons at the top of the page open: forward first, the ways back last."""
    return tuple(_HEAD[act](view) for act in _HEAD if act in view.may)


def other_forms(view: ChangeView) -> tuple[Form, ...]:
    """Return the dialogs of the buttons beside approvals, the matrix, the questions and the links."""
    found: list[Form] = []
    url = f"/changes/{view.summary.id}/vote"
    if "vote" in view.may:
        found += [vote_form(one, url) for one in view.approvals if one.my_roles]
    if "comment" in view.may:
        found += [comment_form(one, url) for one in view.approvals]
    if "score" in view.may and view.matrix is not None:
        found.append(_score(view))
    if "decide" in view.may:
        found.append(_decide(view))
    if "review" in view.may:
        found.append(_review(view))
    if "answer" in view.may and view.questions:
        found.append(_answer(view))
    if "link" in view.may:
        found.append(_link(view))
    if "unlink" in view.may:
        found.append(_unlink(view))
    return tuple(found)


def board_forms(view: BoardView) -> tuple[Form, ...]:
    """Return the dialogs of a board's page."""
    found = [_meet(view)] if "meet" in view.may else []
    if "close" in view.may:
        found += [_close(one) for one in view.meetings if not one.is_closed]
    return tuple(found)


def _url(view: ChangeView, act: str) -> str:
    return f"/changes/{view.summary.id}/{act}"


def _submit(view: ChangeView) -> Form:
    return Form(
        key="submit",
        url=_url(view, "submit"),
        label="Submit",
        title=f"Submit {view.summary.id}?",
        consequences=(
            "It waits for assessment and votes from then on; those who decide on its kind are asked.",
            "Votes count for what it says: a later change asks again.",
        ),
        confirm="Submit",
    )


def _start(view: ChangeView) -> Form:
    sentences = ["It counts as being carried out from now on."]
    if view.calendar_closed:
        sentences.append(f"The calendar is closed now: {view.calendar_closed}.")
    return Form(
        key="start",
        url=_url(view, "start"),
        label="Begin",
        title=f"Begin to carry {view.summary.id} out?",
        consequences=tuple(sentences),
        confirm="Begin",
    )


def _finish(view: ChangeView) -> Form:
    options = (
        Option("true", "It went well", "The change stands."),
        Option("false", "It failed", "It was carried out and taken back."),
    )
    return Form(
        key="finish",
        url=_url(view, "finish"),
        label="Finish",
        title=f"How did {view.summary.id} end?",
        consequences=("It counts in the success of the team's changes, either way.",),
        confirm="Finish",
        fields=(
            Field("ended_well", "How it ended", FieldKind.EITHER, options=options, value="true"),
            reason("Note", is_needed=False),
        ),
    )


def _schedule(view: ChangeView) -> Form:
    starts_at, ends_at = view.facts.starts_at, view.facts.ends_at
    return Form(
        key="schedule",
        url=_url(view, "schedule"),
        label="Schedule",
        title=f"When is {view.summary.id} carried out?",
        consequences=("Other changes at the same time, windows and freezes are looked at and shown.",),
        confirm="Schedule",
        tone=Tone.HOLD,
        fields=(
            Field(
                "starts_at",
                "From",
                FieldKind.MOMENT,
                value=starts_at.isoformat() if starts_at else "",
                is_needed=True,
            ),
            Field(
                "ends_at",
                "Until",
                FieldKind.MOMENT,
                value=ends_at.isoformat() if ends_at else "",
                is_needed=True,
            ),
        ),
    )


def _take_back(view: ChangeView) -> Form:
    return Form(
        key="take-back",
        url=_url(view, "take-back"),
        label="Back to draft",
        title=f"Take {view.summary.id} back to a draft?",
        consequences=("Nobody is asked for a vote until it is submitted again.",),
        confirm="Back to draft",
        tone=Tone.HOLD,
        fields=(reason(),),
    )


def _withdraw(view: ChangeView) -> Form:
    return Form(
        key="withdraw",
        url=_url(view, "withdraw"),
        label="Withdraw",
        title=f"Withdraw {view.summary.id} for good?",
        consequences=("It ends as withdrawn. Its history stays; a new request must be written.",),
        confirm="Withdraw",
        tone=Tone.BACK,
        fields=(reason(),),
    )


_HEAD = {
    "submit": _submit,
    "start": _start,
    "finish": _finish,
    "schedule": _schedule,
    "take-back": _take_back,
    "withdraw": _withdraw,
}


def _score(view: ChangeView) -> Form:
    assert view.matrix is not None  # asked by the caller
    return Form(
        key="score",
        url=_url(view, "score"),
        label="Score",
        title=f"Your scores of {view.summary.id}",
        consequences=("Each criterion counts by its weight. Scoring again replaces your earlier scores.",),
        confirm="Keep scores",
        fields=(
            *(_points(one) for one in view.matrix.criteria),
            *role_choice(view.my_roles),
            Field("comment", "Comment", FieldKind.AREA, is_left_out=True),
        ),
    )


def _points(one: CriterionScoreView) -> Field:
    best = one.high if one.higher_is_better else one.low
    about = f"{one.low} to {one.high}, {best} is best. {one.description}".strip()
    return Field(
        f"points.{one.id}",
        f"{one.title} ({one.weight_percent} %)",
        FieldKind.NUMBER,
        help=about,
        is_needed=True,
        least=one.low,
        most=one.high,
    )


def _decide(view: ChangeView) -> Form:
    return Form(
        key="decide",
        url=_url(view, "decide"),
        label="Close the vote",
        title=f"Close the board's vote on {view.summary.id}?",
        consequences=(
            "The board's decision follows from the votes as they stand.",
            "No vote of this board can be cast or changed afterwards.",
        ),
        confirm="Close the vote",
        fields=(
            Field(
                "conditions",
                "Conditions of the board",
                FieldKind.LINES,
                help="One on each line. Each becomes an item of the releases that carry it out.",
            ),
        ),
    )


def _review(view: ChangeView) -> Form:
    options = (
        Option("true", "The board agrees with what was done"),
        Option("false", "The board does not agree", "That is kept; what was done stays done."),
    )
    return Form(
        key="review",
        url=_url(view, "review"),
        label="Review",
        title=f"Look back at {view.summary.id}",
        consequences=("An emergency change is decided on by few; the board looks back at it once.",),
        confirm="Keep review",
        fields=(
            Field("agrees", "What the board finds", FieldKind.EITHER, options=options, value="true"),
            reason("Remarks", name="remarks"),
        ),
    )


def _answer(view: ChangeView) -> Form:
    fields = tuple(
        Field(
            f"answers.{one.id}",
            one.text,
            FieldKind.SELECT,
            options=(
                Option("", "no answer yet"),
                *(Option(answer, text) for answer, text in one.answers),
            ),
            value=one.answered,
            is_left_out=True,
        )
        for one in view.questions
    )
    return Form(
        key="answer",
        url=_url(view, "answer"),
        label="Answer",
        title="The questions about risk",
        consequences=("The answers add up to a score; the higher of it and the rules counts.",),
        confirm="Keep answers",
        fields=fields,
    )


def _link(view: ChangeView) -> Form:
    return Form(
        key="link",
        url=_url(view, "link"),
        label="Link a release",
        title="Which release carries it out?",
        consequences=("The release shows it and, where its process says so, waits for it.",),
        confirm="Link",
        fields=(Field("release", "The release", is_needed=True, help="REL-2026-0001 or service@version."),),
    )


def _unlink(view: ChangeView) -> Form:
    return Form(
        key="unlink",
        url=_url(view, "unlink"),
        label="Take link away",
        title="Take the link to this release away?",
        consequences=("{words}", "The release waits for this request no more."),
        confirm="Take link away",
        tone=Tone.BACK,
    )


def _meet(view: BoardView) -> Form:
    options = (
        Option("regular", "Regular", "Its next regular day unless you give a time; the agenda as it stands."),
        Option("emergency", "Emergency", "Now unless you give a time; the emergency changes that wait."),
    )
    return Form(
        key="meet",
        url=f"/boards/{view.service}/{view.id}/meetings",
        label="Call a meeting",
        title=f"Call a meeting of the {view.title}?",
        consequences=(
            f"A decision needs {view.quorum} votes, in an emergency {view.emergency_quorum}.",
            "What is on its agenda says so from then on.",
        ),
        confirm="Call meeting",
        fields=(
            Field("kind", "Which kind", FieldKind.RADIO, options=options, value="regular"),
            Field("at", "When", FieldKind.MOMENT, is_left_out=True),
            reason(is_needed=False, about="Needed for an emergency meeting."),
        ),
    )


def _close(meeting: MeetingView) -> Form:
    return Form(
        key=f"close-{meeting.id}",
        url=f"/meetings/{meeting.id}/close",
        label="Close",
        title=f"Close the meeting {meeting.id}?",
        consequences=("What it left undecided is on the next agenda by itself.",),
        confirm="Close meeting",
        fields=(Field("minutes", "Minutes", FieldKind.AREA),),
    )
