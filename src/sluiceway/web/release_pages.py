"""The HTML of releases: the list, one release, the forms that make and edit one, what waits for somebody.

What a person may do is `release_acts`', words and tones are `release_words`'.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from sluiceway.services.processes import ProcessOutline
from sluiceway.services.release_views import (
    Activity,
    ExplainedReleaseView,
    MissingView,
    ReleaseSummary,
    ReleaseView,
    RunView,
    TimelineView,
    WaitingView,
)
from sluiceway.web import release_words, wording
from sluiceway.web.assets import Assets
from sluiceway.web.forms import Form, PageForm
from sluiceway.web.pages import FILTERS
from sluiceway.web.release_acts import decisions_of, head_forms, other_forms
from sluiceway.web.release_forms import edit_fields, list_filters, new_fields
from sluiceway.web.rendering import Templates
from sluiceway.web.run_acts import run_forms
from sluiceway.web.work_groups import work_groups

_TURNED_BACK = frozenset({"cancelled", "rolled-back"})


class ReleasePages:
    """Renders the pages of releases. One instance serves all requests."""

    def __init__(self, assets: Assets) -> None:
        self._render = Templates(assets, {**FILTERS, **release_words.FILTERS}).render

    def list_page(
        self,
        releases: Sequence[ReleaseSummary],
        *,
        outlines: Sequence[ProcessOutline],
        chosen: dict[str, str],
        older_than: str | None,
        is_first_page: bool,
        user: str,
    ) -> str:
        """Return the list; `chosen` are the filters' values, `older_than` the id the next page follows."""
        kept = {name: value for name, value in chosen.items() if value}
        return self._render(
            "releases.html",
            releases=releases,
            filters=list_filters(outlines, chosen),
            is_narrowed=bool(kept),
            is_first_page=is_first_page,
            older_url=f"/releases?{urlencode({**kept, 'before': older_than})}" if older_than else "",
            newest_url=f"/releases?{urlencode(kept)}" if kept else "/releases",
            user=user,
        )

    def release_page(
        self,
        view: ReleaseView,
        explained: ExplainedReleaseView,
        timeline: TimelineView | None,
        no_timeline: str,
        activity: Activity,
        *,
        older_than: int | None,
        user: str,
    ) -> str:
        """Return a release's page. `no_timeline` says why there is none; `activity` is newest first."""
        head, others = head_forms(view), other_forms(view)
        following = next((move for move in view.moves if not move.is_back), None)
        return self._render(
            "release.html",
            view=view,
            summary=view.summary,
            explained=explained,
            timeline=timeline,
            timeline_mark=f"{view.version}-{explained.since:%d}",
            no_timeline=no_timeline,
            activity=activity,
            older_than=older_than,
            older_url=f"/releases/{view.summary.id}?{urlencode({'before': older_than})}#activity",
            decisions=tuple(
                (name, tuple(one for one in view.decisions if one.id == name)) for name in decisions_of(view)
            ),
            headline=_headline(view, explained, following.title if following else ""),
            missing=_grouped(view, explained.missing) if view.summary.is_open else (),
            jumps=_jumps(view),
            head_acts=head,
            forms=_by_key(others),
            all_forms=(*head, *others),
            spoken=_spoken(view),
            is_turned_back=view.summary.phase in _TURNED_BACK,
            user=user,
        )

    def run_page(self, view: RunView, *, user: str) -> str:
        """Return the page of a runbook's run."""
        forms = run_forms(view)
        return self._render(
            "run.html",
            view=view,
            summary=view.summary,
            forms=forms,
            version=sum(len(step.attempts) for step in view.steps),
            spoken=f"{view.summary.title}: {view.summary.sentence}",
            user=user,
        )

    def new_page(self, outlines: Sequence[ProcessOutline], service: str, *, user: str) -> str:
        """Return the form that makes a release of `service`, or the choice of one."""
        chosen = next((one for one in outlines if one.service == service), None)
        if chosen is None and len(outlines) == 1:
            chosen = outlines[0]
        if chosen is None:
            return self._render("release_service.html", outlines=outlines, user=user)
        return self._render(
            "form.html",
            section="releases",
            page=PageForm(
                title=f"New release of {chosen.service}",
                about=f"Under the process “{chosen.name}”, which it keeps when the process changes later.",
                url="/releases",
                then="/releases/{summary.id}",
                back="/releases",
                confirm="Make release",
                fields=new_fields(chosen.types),
                fixed=(("service", chosen.service),),
            ),
            user=user,
        )

    def edit_page(self, view: ReleaseView, outlines: Sequence[ProcessOutline], *, user: str) -> str:
        """Return the form that changes what a release says."""
        address = f"/releases/{view.summary.id}"
        types = next((one.types for one in outlines if one.service == view.summary.service), ())
        frozen = "Its scope is frozen: it can't be changed here any more. " if view.scope_is_frozen else ""
        return self._render(
            "form.html",
            section="releases",
            page=PageForm(
                title=f"Edit {view.summary.service} {view.summary.version}",
                about=f"{frozen}A change to what people agreed to asks them again.",
                url=f"{address}/edit",
                then=address,
                back=address,
                confirm="Save",
                fields=edit_fields(view, types),
                fixed=(("expected_version", view.version),),
            ),
            user=user,
        )

    def work_page(self, work: Sequence[WaitingView], all_work: Sequence[WaitingView], *, user: str) -> str:
        """Return what waits for the viewer (`work`), now and ahead of time, and what waits for others."""
        known = {(one.subject, one.kind, one.ref) for one in work}
        return self._render(
            "work.html",
            mine=work_groups([one for one in work if not one.is_ahead]),
            ahead=work_groups([one for one in work if one.is_ahead]),
            others=work_groups([one for one in all_work if (one.subject, one.kind, one.ref) not in known]),
            user=user,
        )


def _by_key(forms: Sequence[Form]) -> dict[str, Form]:
    return {form.key: form for form in forms}


@dataclass(frozen=True, slots=True)
class MissingPlace:
    """What is missing at one place of the page; `texts` are its single things when there are several."""

    place: str
    text: str
    texts: tuple[str, ...]
    who: tuple[str, ...]
    roles: tuple[str, ...]


def _grouped(view: ReleaseView, missing: Sequence[MissingView]) -> tuple[MissingPlace, ...]:
    """Return what is missing by where it can be supplied, so that a checklist is named once."""
    titles = {f"checklist-{one.id}": one.title for one in view.checklists}
    places: dict[str, list[MissingView]] = {}
    for one in missing:
        place = release_words.place_of(one)
        places.setdefault(place if place in titles else f"{place} {one.ref}", []).append(one)
    return tuple(
        MissingPlace(
            place=key.partition(" ")[0],
            text=ones[0].text if len(ones) == 1 else f"{titles[key]}: {len(ones)} items are not done",
            texts=() if len(ones) == 1 else tuple(one.text.removeprefix(f"{titles[key]}: ") for one in ones),
            who=tuple(dict.fromkeys(name for one in ones for name in one.who)),
            roles=tuple(dict.fromkeys(role for one in ones for role in one.roles)),
        )
        for key, ones in places.items()
    )


def _headline(view: ReleaseView, explained: ExplainedReleaseView, following: str) -> str:
    """Return where the release stands in one sentence; what is missing stands below it."""
    count = len(explained.missing)
    if not view.summary.is_open or not following:
        return explained.sentence
    if not count:
        return f"Nothing is missing: it can move to {following}."
    return f"{wording.counted(count, 'thing')} {'is' if count == 1 else 'are'} missing for {following}."


def _jumps(view: ReleaseView) -> tuple[tuple[str, str, str], ...]:
    """Return the parts of the page with how far each is: anchor, title, words."""
    asked = [one for one in view.approvals if one.is_asked]
    given = sum(one.standing == "approved" for one in asked)
    passed = sum(one.standing in {"passed", "waived"} for one in view.gates)
    items = [item for one in view.checklists for item in one.items]
    settled = sum(one.done_count for one in view.checklists)
    counts = (
        ("approvals", "Approvals", f"{given} of {len(asked)} given" if asked else ""),
        ("gates", "Gates", f"{passed} of {len(view.gates)} passed" if view.gates else ""),
        ("checklists", "Checklists", f"{settled} of {len(items)} done" if items else ""),
        ("rollouts", "Rollouts", str(len(view.rollouts) or "")),
        ("runs", "Runbooks", wording.counted(len(view.run_list), "run") if view.run_list else ""),
        ("changes", "Change requests", str(len(view.changes) or "")),
        ("about", "What it is for", ""),
        ("timeline", "Timeline", ""),
        ("activity", "Activity", ""),
    )
    return tuple(one for one in counts if one[2] or one[0] in {"about", "timeline", "activity"})


def _spoken(view: ReleaseView) -> str:
    """Return what a screen reader is told; it changes when the phase or what is missing does."""
    summary = view.summary
    words = f"{summary.service} {summary.version}: {summary.phase_title}."
    if not summary.is_open or not summary.missing_count:
        return words
    return f"{words} {wording.counted(summary.missing_count, 'thing')} missing."
