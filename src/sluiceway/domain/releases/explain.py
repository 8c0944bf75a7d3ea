"""Why a release is where it is, what it waits for and on whom, since when; and what waits for one person.

Reads a release in its process and its world; decides nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sluiceway.domain.approvals.wording import capital, instant, listed
from sluiceway.domain.people.model import Directory
from sluiceway.domain.process.team import PhaseKind, TeamProcess
from sluiceway.domain.releases.model import Release
from sluiceway.domain.releases.moves import can_move, can_roll_out
from sluiceway.domain.releases.needs import Case, active_rollouts, newest_rollout
from sluiceway.domain.releases.road import Way, has_ended, next_steps, phase_of
from sluiceway.domain.releases.world import Missing, World, plays


@dataclass(frozen=True, slots=True)
class Explanation:
    """`next` is the phase it would go to, "" when there is none ahead. `missing` holds that move, or in a
    rollout phase without a rollout the start of one (`starts_rollout`); empty when a person may go on at once
    or nothing is left to do. `on_whom` names people, else roles."""

    sentence: str
    since: datetime
    next: str
    missing: tuple[Missing, ...]
    on_whom: tuple[str, ...]
    starts_rollout: bool = False


def explain(release: Release, process: TeamProcess, now: datetime, world: World) -> Explanation:
    """Return why the release is in its phase and what it waits for."""
    here, last = phase_of(release, process), release.stays[-1]
    came = f"{release.facts.version}: {here.title} since {instant(last.since)}"
    because = f" ({last.by}: {last.why})" if last.why and len(release.stays) > 1 else ""
    if has_ended(release, process):
        return Explanation(f"{came}{because}; nothing is left to do.", release.since, "", (), ())
    ahead = next((step.to for step in next_steps(release, process) if step.way is Way.FORWARD), None)
    if ahead is None:
        back = [step.to.title for step in next_steps(release, process) if step.way is Way.BACK]
        to = f"it waits for somebody to take it to {listed(back, 'or')}" if back else "it can be cancelled"
        return Explanation(f"{came}{because}; {to}.", release.since, "", (), ())
    case = Case(release, process, world, now)
    is_rolling = newest_rollout(case) is not None or bool(active_rollouts(case))
    waits_for_start = here.kind is PhaseKind.ROLLOUT and not is_rolling
    missing = (
        can_roll_out(release, process, now, world)
        if waits_for_start
        else can_move(release, process, ahead.id, now, world)
    )
    act = "for its rollout to start" if waits_for_start else f"to move on to {ahead.title}"
    if not missing:
        sentence = f"{came}{because}; nothing is missing {act}."
        return Explanation(sentence, release.since, ahead.id, (), (), waits_for_start)
    count = "one thing is" if len(missing) == 1 else f"{len(missing)} things are"
    words = f"{count} missing {act}: {capital(missing[0].text)}"
    rest = "" if len(missing) == 1 else f", and {len(missing) - 1} more"
    sentence = f"{came}{because}; {words}{rest}."
    return Explanation(sentence, release.since, ahead.id, missing, _on_whom(missing), waits_for_start)


def waiting_for(
    person: str, release: Release, process: TeamProcess, now: datetime, world: World
) -> tuple[Missing, ...]:
    """Return what the release's next move waits for and this person could supply, in the process's order."""
    missing = explain(release, process, now, world).missing
    return tuple(one for one in missing if can_supply(person, one, world.directory, now))


def can_supply(person: str, missing: Missing, directory: Directory, now: datetime) -> bool:
    """Return whether the person is among those who could supply it now; in the open, whoever is asked."""
    if person in missing.people:
        return True
    return directory.is_open and any(plays(person, role, directory, now) for role in missing.roles)


def _on_whom(missing: Sequence[Missing]) -> tuple[str, ...]:
    people = dict.fromkeys(person for one in missing for person in one.people)
    roles = dict.fromkeys(role for one in missing if not one.people for role in one.roles)
    return (*people, *roles)
