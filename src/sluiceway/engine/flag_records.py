"""What the engine remembers of flags across restarts: how thresholds stand, how far schedules were followed.

Small facts of the installation, one for each service and environment, written only when they change.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, cast

from sluiceway.domain.flags.guarding import NEW, Guard
from sluiceway.ports.store import Transaction

Guards = Mapping[tuple[str, str], Guard]  # by flag and threshold
_TURNS_KEY = "flag-schedules-followed"
_INSTANTS = ("since", "silent_since", "clear_since")


def guards_of(tx: Transaction, service: str, environment: str) -> dict[tuple[str, str], Guard]:
    """Return the thresholds that do not simply stand clear."""
    text = tx.get_meta(_key(service, environment))
    kept = cast("list[list[Any]]", json.loads(text)) if text else []
    return {(flag, threshold): _guard(facts) for flag, threshold, facts in kept}


def keep_guards(tx: Transaction, service: str, environment: str, guards: Guards) -> None:
    """Remember how thresholds stand. Those that simply stand clear need no remembering."""
    kept = [[*key, _facts(guard)] for key, guard in worth_keeping(guards).items()]
    tx.set_meta(_key(service, environment), json.dumps(kept, separators=(",", ":")))


def worth_keeping(guards: Guards) -> dict[tuple[str, str], Guard]:
    """Return what has to outlive the process: since when each threshold stands as it does, no counting."""
    plain = {key: replace(guard, readings=0, number=-1) for key, guard in guards.items()}
    return {key: guard for key, guard in plain.items() if guard != NEW}


def schedules_followed_until(tx: Transaction) -> datetime | None:
    """Return up to which instant the turns of schedules were recorded, None before the first time."""
    text = tx.get_meta(_TURNS_KEY)
    return datetime.fromisoformat(text) if text else None


def note_schedules_followed(tx: Transaction, until: datetime) -> None:
    tx.set_meta(_TURNS_KEY, until.isoformat())


def _key(service: str, environment: str) -> str:
    """Names may be longer than a key, so it holds their hash."""
    named = hashlib.sha256(f"{service}\0{environment}".encode()).hexdigest()
    return f"flag-guards:{named[:40]}"


def _facts(guard: Guard) -> dict[str, object]:
    instants = {name: at.isoformat() for name in _INSTANTS if (at := getattr(guard, name)) is not None}
    return {**instants, **({"acted": True} if guard.acted else {})}


def _guard(facts: Mapping[str, Any]) -> Guard:
    instants = {name: datetime.fromisoformat(facts[name]) for name in _INSTANTS if name in facts}
    return Guard(
        since=instants.get("since"),
        silent_since=instants.get("silent_since"),
        acted=bool(facts.get("acted", False)),
        clear_since=instants.get("clear_since"),
    )
