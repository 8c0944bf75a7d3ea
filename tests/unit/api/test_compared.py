"""The statistical comparison over HTTP: the view, plots, events, and the document that describes them."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from pathlib import Path

from sluiceway.domain.rollouts.model import RolloutId
from sluiceway.domain.rollouts.plotting import point_of
from sluiceway.ports.store import SamplePoint
from sluiceway.services.views import AnalysisView, ComparedView
from tests.unit.api.conftest import Desk
from tests.unit.api.served import served
from tests.unit.domain.rollouts.compared import ALIKE, an_analysis
from tests.unit.domain.rollouts.world import a_plan
from tests.unit.services.desk import Office


def comparing(office: Office) -> str:
    """Insert a rollout that has compared errors for half a minute, with a point of its plots."""
    rollout_id = office.put_rollout(replace(a_plan(500, 2_500, 10_000), analysis=an_analysis()))
    office.desk.run(rollout_id, until="progressing")
    key = RolloutId(rollout_id)
    world = office.desk.worlds[key]
    world.counts = {"errors": ALIKE}
    for _ in range(5):
        office.clock.advance(10)
        with office.store.begin() as tx:
            tx.wake(key, office.clock.wall())
        office.desk.tick()
    with office.store.begin() as tx:
        tx.add_samples(key, [SamplePoint(office.clock.wall(), point_of(world.state, office.desk.seen[key]))])
    return rollout_id


def test_a_rollout_carries_its_comparison(api: Desk) -> None:
    rollout_id = comparing(api.office)

    sent = api.client.get(f"/api/rollouts/{rollout_id}").json()["analysis"]

    assert sent.keys() == {field.name for field in fields(AnalysisView)}
    metric = sent["metrics"][0]
    assert metric.keys() == {field.name for field in fields(ComparedView)}
    assert (metric["name"], metric["verdict"], metric["margin"]) == ("errors", "undecided", 1.25)
    assert metric["low"] < metric["ratio"] < metric["high"]


def test_a_rollout_that_compares_nothing_says_null(api: Desk) -> None:
    rollout_id = api.office.put_rollout()

    assert api.client.get(f"/api/rollouts/{rollout_id}").json()["analysis"] is None


def test_what_is_unknown_is_null_and_not_infinite(api: Desk) -> None:
    rollout_id = api.office.put_rollout(replace(a_plan(500, 10_000), analysis=an_analysis()))

    answer = api.client.get(f"/api/rollouts/{rollout_id}")

    metric = json.loads(answer.text)["analysis"]["metrics"][0]
    assert (metric["ratio"], metric["low"], metric["high"]) == (None, None, None)
    assert "Infinity" not in answer.text


def test_an_explanation_and_the_plots_carry_it_too(api: Desk) -> None:
    rollout_id = comparing(api.office)

    explained = api.client.get(f"/api/rollouts/{rollout_id}/explanation").json()
    series = api.client.get(f"/api/rollouts/{rollout_id}/series").json()

    assert explained["compared"][0].startswith("too early to say whether errors on 2.0")
    assert series["figures"]["analysis.errors.low"][-1] > 0
    assert series["limits"]["analysis.errors.margin"] == 1.25


def test_the_openapi_document_describes_the_comparison(api: Desk) -> None:
    schemas = api.client.get("/schema/openapi.json").json()["components"]["schemas"]

    compared = schemas["ComparedView"]["properties"]
    assert schemas["AnalysisView"]["properties"]["metrics"]["items"] == {
        "$ref": "#/components/schemas/ComparedView"
    }
    assert compared.keys() == {field.name for field in fields(ComparedView)}
    assert {"type": "null"} in compared["ratio"]["oneOf"]
    assert {"$ref": "#/components/schemas/AnalysisView"} in schemas["RolloutView"]["properties"]["analysis"][
        "oneOf"
    ]


def test_events_carry_the_comparison_live(tmp_path: Path) -> None:
    with served(tmp_path) as server:
        view = next(iter(server.client.rollout_views(comparing(server.office))))

    assert view.analysis is not None
    assert view.analysis.metrics[0].sentence.startswith("too early to say whether errors on 2.0")
