"""The conditions under which a linked change request was approved, as items of the release to do.

They hold the release's rollout as conditions of its own approvals do. Who set them is said by the request.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sluiceway.domain.releases.model import Condition, Release


def take_on(release: Release, change_id: str, wanted: Sequence[tuple[str, str]], now: datetime) -> Release:
    """Return the release with just these conditions of the request, each as who set it and its text.

    What somebody met stays met. Open ones that are not wanted any more go: with none wanted, all of them.
    """
    of_change = [one for one in release.conditions if one.policy == change_id]
    kept = [one for one in of_change if one.done_at is not None or (one.by, one.text) in wanted]
    known = {(one.by, one.text) for one in kept}
    last = max((int(one.id.removeprefix(f"{change_id}-")) for one in of_change), default=0)
    fresh = [pair for pair in dict.fromkeys(wanted) if pair not in known]
    new = [
        Condition(f"{change_id}-{number}", text, by, now, change_id)
        for number, (by, text) in enumerate(fresh, start=last + 1)
    ]
    others = [one for one in release.conditions if one.policy != change_id]
    return replace(release, conditions=(*others, *kept, *new))
