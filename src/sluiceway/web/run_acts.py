"""What a person can say about a runbook's run, and how one is started, as dialogs."""

from __future__ import annotations

from sluiceway.services.release_render_runs import RunAct
from sluiceway.services.release_views import ReleaseView, RunbookView, RunView, StepView
from sluiceway.web.acts import Tone
from sluiceway.web.forms import Field, FieldKind, Form, reason

_NOTE = Field("note", "Note", FieldKind.AREA, is_left_out=True)


def start_form(view: ReleaseView, runbook: RunbookView) -> Form:
    """Return the dialog that starts a run of a runbook."""
    asked = tuple(f"{step} asks when it comes: {when}." for step, when in runbook.questions)
    return Form(
        key=f"run-{runbook.id}",
        url=f"/releases/{view.summary.id}/run",
        label="Start",
        title=f"Start the runbook “{runbook.title}”?",
        consequences=(
            *((f"{runbook.purpose.rstrip('.')}.",) if runbook.purpose else ()),
            "Its steps run one after the other, by themselves where they are commands, on the server.",
            "When one fails for good, what was done is taken back, last first.",
            *asked,
        ),
        confirm="Start runbook",
        fixed=(("runbook", runbook.id),),
    )


def run_forms(view: RunView) -> tuple[Form, ...]:
    """Return what can be said about the run where it is now."""
    step = next((one for one in view.steps if one.id == view.summary.step), None)
    return tuple(_form(RunAct(act), view, step) for act in view.acts)


def _form(act: RunAct, view: RunView, step: StepView | None) -> Form:
    title = step.title if step is not None else view.summary.title
    label, question, sentences, tone, field = _WORDS[act]
    return Form(
        key=f"run-{act}",
        url=f"/runs/{view.summary.id}/{act}",
        label=label,
        title=question.format(step=title),
        consequences=sentences,
        confirm=label,
        tone=tone,
        fields=(field,),
        fixed=(("step", view.summary.step),),
    )


_WORDS = {
    RunAct.DONE: (
        "It is done",
        "Is “{step}” done?",
        ("The run goes on with the next step, in your name.",),
        Tone.GO,
        _NOTE,
    ),
    RunAct.GO_ON: (
        "Carry it out",
        "Carry “{step}” out?",
        ("Its condition holds, or it is safe to try again: the server carries the step out now.",),
        Tone.GO,
        _NOTE,
    ),
    RunAct.SET_ASIDE: (
        "Set aside",
        "Leave “{step}” out?",
        ("The run goes on without this step; the reason is kept.",),
        Tone.HOLD,
        reason("Why it does not apply", name="note"),
    ),
    RunAct.FAILED: (
        "It failed",
        "Has “{step}” failed?",
        ("What the run did so far is taken back, last step first.",),
        Tone.BACK,
        reason("What happened", name="note"),
    ),
    RunAct.STOP: (
        "Stop",
        "Stop this run?",
        ("It ends and leaves things as they are now.",),
        Tone.BACK,
        reason(name="note"),
    ),
    RunAct.TAKE_BACK: (
        "Stop and take back",
        "Stop this run and take back what it did?",
        ("Steps that can be undone are, last first; then it ends.",),
        Tone.BACK,
        reason(name="note"),
    ),
}
