"""The HTML of flags and segments. What a person may do is `flag_acts`'; words and tones are `flag_words`'."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import quote, urlencode

from sluiceway.domain.flags.explaining import Explanation
from sluiceway.domain.flags.model import Flag, Operator, Rule, Segment, Serve
from sluiceway.domain.flags.wire import flag_to_json, segment_to_json
from sluiceway.domain.flags.wire_reading import flag_from_json, segment_from_json
from sluiceway.errors import NotFoundError
from sluiceway.services.flag_drafts import DraftReview
from sluiceway.services.flag_relations import USAGE_DAYS, Relations, Use
from sluiceway.services.flag_views import (
    FlagStateView,
    FlagSummary,
    FlagVersionView,
    FlagView,
    SegmentView,
)
from sluiceway.web import flag_words, release_words, wording
from sluiceway.web.assets import Assets
from sluiceway.web.flag_acts import (
    api_address,
    environment_forms,
    head_forms,
    page_address,
    proposal_forms,
    undo_forms,
)
from sluiceway.web.flag_drafts import Problem, problems_of, rest_of, suggested_samples
from sluiceway.web.flag_forms import delete_form
from sluiceway.web.flag_rows import Wanted, list_filters, narrowed, page_of
from sluiceway.web.flag_stale import Key
from sluiceway.web.forms import Form
from sluiceway.web.pages import FILTERS
from sluiceway.web.rendering import Templates


@dataclass(frozen=True, slots=True)
class Environment:
    """A flag in one environment, None where it is not there."""

    name: str
    state: FlagStateView | None = None
    flag: Flag | None = None
    forms: tuple[Form, ...] = ()
    uses: tuple[Use, ...] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody wants explained: the environment, who asks, and their attributes as lines."""

    environment: str
    key: str = ""
    attributes: str = ""


class FlagPages:
    """Renders the pages of flags. One instance serves all requests."""

    def __init__(self, assets: Assets) -> None:
        self._render = Templates(
            assets,
            {**FILTERS, **release_words.FILTERS, **flag_words.FILTERS},
            {
                "page_address": page_address,
                "operators": _OPERATORS,
                "no_serve": Serve(),
                "no_rule": Rule(""),
            },
        ).render

    def list_page(
        self,
        flags: Sequence[FlagSummary],
        wanted: Wanted,
        *,
        services: Sequence[str],
        environments: Collection[str],
        stale: Mapping[Key, tuple[str, ...]],
        after: str,
        user: str,
    ) -> str:
        """Return the list: the page behind `after` of all the flags that are like what is wanted."""
        page = page_of(narrowed(flags, wanted, stale), after)
        kept = wanted.asked()
        first = f"/flags?{urlencode(kept)}" if kept else "/flags"
        return self._render(
            "flags.html",
            page=page,
            stale=stale,
            filters=list_filters(wanted, services, environments),
            is_narrowed=bool(kept),
            is_first_page=not after,
            next_url=f"/flags?{urlencode({**kept, 'after': page.after})}" if page.after else "",
            first_url=first,
            user=user,
        )

    def flag_page(
        self,
        view: FlagView,
        relations: Relations,
        history: Sequence[FlagVersionView],
        *,
        stale: Sequence[str],
        older_than: int | None,
        user: str,
    ) -> str:
        """Return a flag's page; `history` is newest first, `older_than` where its next page begins."""
        shown = environments_of(view, relations)
        head, undo, waiting = head_forms(view), undo_forms(view, history), proposal_forms(view)
        address = page_address(view.summary.service, view.summary.id)
        return self._render(
            "flag.html",
            view=view,
            summary=view.summary,
            address=address,
            environments=shown,
            experiment=next((one.flag.experiment for one in shown if one.flag and one.flag.experiment), None),
            relations=relations,
            rollouts=relations.driven_by,
            usage_days=USAGE_DAYS,
            history=history,
            older_url=f"{address}?before={older_than}#history" if older_than else "",
            stale=stale,
            head_acts=head,
            forms={form.key: form for form in (*waiting, *undo)},
            all_forms=(*head, *waiting, *undo, *(form for one in shown for form in one.forms)),
            may_edit="flag" in view.rights,
            version=sum(one.version for one in view.summary.states),
            spoken=spoken(view),
            user=user,
        )

    def edit_page(
        self, view: FlagView, environment: str, segments: Sequence[SegmentView], *, user: str
    ) -> str:
        """Return the rule editor. Raises NotFoundError for an environment that the service does not have."""
        if environment not in view.environments:
            known = ", ".join(view.environments)
            raise NotFoundError(
                f"{view.summary.service} has no environment {environment[:100]!r}; it has {known}"
            )
        flag, version = _to_edit(view, environment)
        return self._render(
            "flag_edit.html",
            service=view.summary.service,
            flag=flag,
            is_new=False,
            is_there=version > 0,
            environment=environment,
            version=version,
            document=flag_to_json(flag),
            rest=rest_of(flag),
            samples=suggested_samples(flag),
            segments=[one for one in segments if one.environment == environment],
            back=page_address(view.summary.service, flag.id),
            save_url=f"{api_address(view.summary.service, flag.id)}/environments/{environment}",
            user=user,
        )

    def review_fragment(self, review: DraftReview | tuple[Problem, ...], samples: Sequence[str] = ()) -> str:
        """Return what is known of a draft: its problems, what it changes, who it reaches."""
        if isinstance(review, tuple):
            return self._render("_flag_review.html", problems=review, review=None, samples=())
        found = problems_of(review.problems)
        named = list(zip(samples, review.reach, strict=False))
        return self._render("_flag_review.html", problems=found, review=review, samples=named)

    def explain_page(
        self, view: FlagView, asked: Asked, explanation: Explanation | None, *, user: str
    ) -> str:
        """Return why somebody gets what they get; before anything was asked only the form."""
        return self._render(
            "flag_explain.html",
            view=view,
            asked=asked,
            explanation=explanation,
            address=page_address(view.summary.service, view.summary.id),
            user=user,
        )

    def new_page(self, service: str, environment: str, segments: Sequence[SegmentView], *, user: str) -> str:
        """Return the same editor for a new flag; `environment` is where it can be on at once."""
        flag = Flag("", rules=())
        return self._render(
            "flag_edit.html",
            service=service,
            flag=flag,
            is_new=True,
            is_there=False,
            environment=environment,
            version=0,
            document=flag_to_json(flag),
            rest=rest_of(flag),
            samples=suggested_samples(flag),
            segments=[one for one in segments if one.environment == environment],
            back=f"/flags?{urlencode({'service': service})}",
            save_url=f"/flags/{quote(service, safe='')}",
            user=user,
        )

    def service_page(self, services: Sequence[str], *, for_segments: bool, user: str) -> str:
        """Return the choice of the service whose flags or segments are meant."""
        return self._render("flag_service.html", services=services, for_segments=for_segments, user=user)

    def segments_page(
        self, service: str, segments: Sequence[SegmentView], environments: Sequence[str], *, user: str
    ) -> str:
        """Return the segments of a service, each with the environments it is in."""
        return self._render(
            "flag_segments.html",
            service=service,
            segments=segments,
            environments=environments,
            forms={form.key: form for form in (delete_form(service, one) for one in segments)},
            version=sum(one.version for one in segments),
            spoken=f"{service}: {wording.counted(len(segments), 'segment')}.",
            user=user,
        )

    def segment_page(self, service: str, environment: str, segment: SegmentView | None, *, user: str) -> str:
        """Return the editor of a segment, of a new one for None."""
        found = Segment("") if segment is None else segment_from_json(segment.document, is_strict=False)
        return self._render(
            "flag_segment.html",
            service=service,
            environment=environment,
            segment=found,
            view=segment,
            version=segment.version if segment is not None else 0,
            document=segment_to_json(found),
            user=user,
        )


def environments_of(view: FlagView, relations: Relations) -> tuple[Environment, ...]:
    """Return every environment of the service with the flag as it is there."""
    states = {one.environment: one for one in view.summary.states}
    flags = {one.environment: flag_from_json(one.document, is_strict=False) for one in view.definitions}
    return tuple(
        Environment(
            name,
            states.get(name),
            flags.get(name),
            environment_forms(view, states[name]) if name in states else (),
            tuple(one for one in relations.uses if one.environment == name),
        )
        for name in view.environments
    )


def spoken(view: FlagView) -> str:
    """Return what a screen reader is told when the flag changed."""
    states = ", ".join(f"{one.environment} {one.words}" for one in view.summary.states)
    return f"{view.summary.id}: {states}."


def _to_edit(view: FlagView, environment: str) -> tuple[Flag, int]:
    """Return the flag to edit and its version, 0 where it is not there yet: then as it is elsewhere, off."""
    here = next((one for one in view.definitions if one.environment == environment), None)
    if here is not None:
        return flag_from_json(here.document, is_strict=False), here.version
    elsewhere = flag_from_json(view.definitions[0].document, is_strict=False)
    return replace(elsewhere, is_enabled=False, hold=None), 0


_OPERATORS = (
    (Operator.IN, "is one of"),
    (Operator.CONTAINS, "contains"),
    (Operator.STARTS_WITH, "starts with"),
    (Operator.ENDS_WITH, "ends with"),
    (Operator.MATCHES, "matches the pattern"),
    (Operator.IS_PRESENT, "is there at all"),
    (Operator.EQUALS, "is the number"),
    (Operator.LESS, "is less than"),
    (Operator.AT_MOST, "is at most"),
    (Operator.GREATER, "is greater than"),
    (Operator.AT_LEAST, "is at least"),
    (Operator.BEFORE, "is before"),
    (Operator.AFTER, "is after"),
    (Operator.SEMVER_EQUALS, "is version"),
    (Operator.SEMVER_LESS, "is a version below"),
    (Operator.SEMVER_AT_MOST, "is at most version"),
    (Operator.SEMVER_GREATER, "is a version above"),
    (Operator.SEMVER_AT_LEAST, "is at least version"),
    (Operator.IN_NETWORK, "is in the network"),
)
