"""A whole experiment over HTTP: applications report, the better variant is found, decided and rolled out."""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from sluiceway.domain.people.model import open_principal
from sluiceway.domain.process.team import Permission
from tests.unit.api.served import Served, served
from tests.unit.services.experiment_desk import FLAG, SERVICE, WHERE

ADA = open_principal("ada")
EXPERIMENT = {
    "id": "button-colour",
    "environment": WHERE,
    "flag": FLAG.id,
    "metrics": [{"name": "buy"}],
    "guards": [{"name": "refund", "higher_is_better": False}],
    "window_s": 600,
    "start": True,
}
BUYS = {"A": 0.2, "B": 0.35}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Served]:
    with served(tmp_path) as made:
        flags = made.office.services.flags
        flags.create(SERVICE, FLAG, ADA)
        flags.toggle(SERVICE, WHERE, FLAG.id, True, ADA)
        yield made


class Application:
    """Asks what its users get, one by one, and reports what they saw and did."""

    def __init__(self, server: Served) -> None:
        made = server.office.services.tokens.create(
            "shop-app", SERVICE, ADA, scopes={Permission.EVALUATE}, environments=[WHERE]
        )
        self.clock = server.office.clock
        self.http = httpx.Client(
            base_url=server.url, headers={"Authorization": f"Bearer {made.token}"}, timeout=60.0
        )

    def variant(self, user: str) -> str:
        answer = self.http.post(
            f"/ofrep/v1/evaluate/flags/{FLAG.id}", json={"context": {"targetingKey": user}}
        )
        return str(answer.raise_for_status().json()["variant"])

    def serve(self, users: range, chance: random.Random) -> None:
        """Serve users at this moment; they buy, or don't, a minute later."""
        now = self.clock.wall()
        seen = {f"user-{number}": self.variant(f"user-{number}") for number in users}
        buyers = [user for user, variant in seen.items() if chance.random() < BUYS[variant]]
        exposures = [exposure(user, variant, now) for user, variant in seen.items()]
        later = (now + timedelta(minutes=1)).isoformat()
        metrics = [{"metric": "buy", "targetingKey": user, "at": later} for user in buyers]
        self.report({"exposures": exposures})
        self.clock.advance(120)
        batch = self.report({"metrics": metrics})
        self.http.post("/api/flag-exposures", json=batch).raise_for_status()  # once more, as after a timeout

    def report(self, body: dict[str, Any]) -> dict[str, Any]:
        batch = {**body, "batch": str(uuid.uuid4())}
        self.http.post("/api/flag-exposures", json=batch).raise_for_status()
        return batch


def exposure(user: str, variant: str, at: datetime) -> dict[str, Any]:
    moment = at.isoformat()
    return {
        "flag": FLAG.id,
        "variant": variant,
        "targetingKey": user,
        "first_at": moment,
        "last_at": moment,
    }


def test_the_better_variant_is_found_decided_and_rolled_out_to_everybody(server: Served) -> None:
    people = httpx.Client(
        base_url=server.url, headers={"X-Sluice-Client": "test", "X-Sluice-Actor": "ada"}, timeout=60.0
    )
    people.post(f"/api/experiments/{SERVICE}", json=EXPERIMENT).raise_for_status()
    application, chance = Application(server), random.Random(5)
    for first in range(0, 1_200, 200):
        application.serve(range(first, first + 200), chance)

    server.office.clock.advance(1_200)
    server.office.services.experiments.count()
    where = f"/api/experiments/{SERVICE}/button-colour"
    found = people.get(where).raise_for_status().json()
    assert (found["counted"], found["mixed"]) == (1_200, 0)
    assert (found["advice"], found["likely_winner"]) == ("a-variant-is-better", "B")
    assert not found["ratio"]["is_off"]
    assert found["sentence"].startswith("buy conversions on B are ")
    effect = found["findings"][0]
    assert effect["low"] < BUYS["B"] / BUYS["A"] - 1 < effect["high"]

    decision = {"winner": "B", "roll_out": True, "reason": "more sales"}
    decided = people.post(f"{where}/decide", json=decision).raise_for_status().json()

    assert decided["roll_out"] == "everybody gets B in production now"
    assert {application.variant(f"somebody-{number}") for number in range(30)} == {"B"}
    assert ("experiment-decided", f"experiment:{SERVICE}/button-colour", "ada") in server.office.trail()
