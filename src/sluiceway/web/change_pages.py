"""The HTML of change requests and boards. What a person may do is `change_acts`'; words: `release_words`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from sluiceway.services.change_views import (
    AgendaView,
    BoardView,
    ChangeFormView,
    ChangeSummary,
    ChangeView,
    CriterionScoreView,
    MatrixView,
    SuccessView,
)
from sluiceway.services.processes import ProcessOutline
from sluiceway.services.release_views import Activity
from sluiceway.web import release_words, wording
from sluiceway.web.assets import Assets
from sluiceway.web.change_acts import board_forms, head_forms, other_forms
from sluiceway.web.change_forms import edit_fields, import_fields, list_filters, new_fields
from sluiceway.web.forms import PageForm
from sluiceway.web.pages import FILTERS
from sluiceway.web.rendering import Templates


@dataclass(frozen=True, slots=True)
class Spread:
    """Where the scores of one criterion lie on its scale, in percent of it, lowest first."""

    low: float
    high: float
    mean: float
    points: tuple[float, ...]


class ChangePages:
    """Renders the pages of change requests and boards. One instance serves all requests."""

    def __init__(self, assets: Assets) -> None:
        self._render = Templates(
            assets, {**FILTERS, **release_words.FILTERS}, {"spread_of": spread_of, "points_of": points_of}
        ).render

    def list_page(
        self,
        changes: Sequence[ChangeSummary],
        *,
        outlines: Sequence[ProcessOutline],
        service: str,
        state: str,
        older_than: str | None,
        is_first_page: bool,
        user: str,
    ) -> str:
        """Return the list; `older_than` is the id the next page follows."""
        kept = {name: value for name, value in (("service", service), ("state", state)) if value}
        return self._render(
            "changes.html",
            changes=changes,
            filters=list_filters(outlines, service, state),
            is_narrowed=bool(kept),
            is_first_page=is_first_page,
            older_url=f"/changes?{urlencode({**kept, 'before': older_than})}" if older_than else "",
            newest_url=f"/changes?{urlencode(kept)}" if kept else "/changes",
            user=user,
        )

    def change_page(self, view: ChangeView, activity: Activity, *, user: str) -> str:
        """Return a change request's page; `activity` is newest first."""
        head, others = head_forms(view), other_forms(view)
        return self._render(
            "change.html",
            view=view,
            summary=view.summary,
            facts=view.facts,
            activity=activity,
            older_than=None,
            head_acts=head,
            forms={form.key: form for form in others},
            all_forms=(*head, *others),
            spoken=f"{view.summary.id}: {release_words.change_label(view.summary.state).text}.",
            user=user,
        )

    def service_page(self, outlines: Sequence[ProcessOutline], *, user: str) -> str:
        """Return the choice of the service that a new request is about."""
        return self._render("change_service.html", outlines=outlines, user=user)

    def new_page(self, asked: ChangeFormView, *, user: str) -> str:
        """Return the form that writes a request."""
        page = PageForm(
            title=f"New change request for {asked.service}",
            about="It is a draft until it is submitted; nobody is asked to vote before.",
            url="/changes",
            then="/changes/{summary.id}",
            back="/changes",
            confirm="Write request",
            fields=new_fields(asked),
            fixed=(("service", asked.service),),
        )
        return self._render("form.html", section="changes", page=page, user=user)

    def edit_page(self, view: ChangeView, *, user: str) -> str:
        """Return the form that changes what a request says."""
        address = f"/changes/{view.summary.id}"
        page = PageForm(
            title=f"Edit {view.summary.id}",
            about="A change to what was voted on asks for the votes again.",
            url=f"{address}/edit",
            then=address,
            back=address,
            confirm="Save",
            fields=edit_fields(view),
            fixed=(("expected_version", view.version),),
        )
        return self._render("form.html", section="changes", page=page, user=user)

    def import_page(self, service: str, *, user: str) -> str:
        """Return the form that takes in a request written as YAML."""
        page = PageForm(
            title=f"Import a change request for {service}",
            about="Its own number is kept, if it has one.",
            url="/changes/import",
            then="/changes/{summary.id}",
            back="/changes",
            confirm="Import",
            fields=import_fields(),
            fixed=(("service", service),),
        )
        return self._render("form.html", section="changes", page=page, user=user)

    def boards_page(self, boards: Sequence[BoardView], *, user: str) -> str:
        """Return every board that the viewer may see."""
        return self._render("boards.html", boards=boards, user=user)

    def board_page(self, view: BoardView, agenda: AgendaView, success: SuccessView, *, user: str) -> str:
        """Return a board's page: who sits on it, what it talks about next, its meetings."""
        forms = board_forms(view)
        return self._render(
            "board.html",
            view=view,
            agenda=agenda,
            success=success,
            address=f"/boards/{quote(view.service, safe='')}/{quote(view.id, safe='')}",
            forms={form.key: form for form in forms},
            all_forms=forms,
            version=len(view.meetings) + sum(one.is_closed for one in view.meetings),
            spoken=f"{view.title}: {wording.counted(len(agenda.items), 'request')} on the agenda.",
            user=user,
        )


def spread_of(one: CriterionScoreView) -> Spread | None:
    """Return where the scores of a criterion lie, None without any."""
    if one.mean is None or one.high == one.low:
        return None
    places = sorted(100 * (points - one.low) / (one.high - one.low) for _, _, points, _ in one.scores)
    mean = 100 * (one.mean - one.low) / (one.high - one.low)
    return Spread(places[0], places[-1], mean, tuple(places))


def points_of(matrix: MatrixView) -> tuple[tuple[str, str, tuple[tuple[int | None, str], ...]], ...]:
    """Return each member with their points and comment for every criterion, None where they gave none."""
    given = {
        (by, role, one.id): (points, comment)
        for one in matrix.criteria
        for by, role, points, comment in one.scores
    }
    members = dict.fromkeys((by, role) for by, role, _ in given)
    return tuple(
        (by, role, tuple(given.get((by, role, one.id), (None, "")) for one in matrix.criteria))
        for by, role in members
    )
