"""OFREP's routes against the protocol's own OpenAPI document, with what schemathesis makes up from it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import Failure
from schemathesis.specs.openapi import checks

from sluiceway.domain.flags.model import Constraint, Dependency, Flag, Operator, Rule, Serve, Share
from tests.unit.api.flag_rig import ALL, FLAGS, HERE, ONE, SHOP, a_token, about, bearer, put_flags
from tests.unit.api.served import Served
from tests.unit.services.desk import ADA, open_office

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "conformance" / "ofrep"
CHECKS = [
    not_a_server_error,
    checks.content_type_conformance,
    checks.response_schema_conformance,
    checks.response_headers_conformance,
]
MORE = (
    Flag("split", is_enabled=True, serve=Serve(split=(Share("on", 1), Share("off", 1)))),
    Flag("needy", is_enabled=True, dependencies=(Dependency("checkout"),)),
    Flag("killed", is_enabled=True),
    Flag(
        "odd",
        is_enabled=True,
        rules=(Rule("r", constraints=(Constraint("a", Operator.MATCHES, ("^x",)),), reach=50_000),),
    ),
)
EVERY = (*FLAGS, *MORE)
PATHS = (f"{ALL}/{{key}}", ALL)
QUICK = settings(
    max_examples=30,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


def corrected(document: dict[str, Any]) -> dict[str, Any]:
    """Return the document with the one schema mended that no answer with a value can fit as it is written.

    `evaluationSuccess` wants exactly one of six kinds of flags, but `codeDefaultFlag` fits every object and a
    whole number is an `integerFlag` and a `floatFlag`. Meant is: without `value`, or one of the others.
    """
    schemas = document["components"]["schemas"]
    schemas["codeDefaultFlag"] = {"type": "object", "not": {"required": ["value"]}}
    kinds = schemas["evaluationSuccess"]["allOf"][1]
    kinds["anyOf"] = kinds.pop("oneOf")
    return document


@pytest.fixture(scope="module")
def protocol() -> Any:
    """The protocol as schemathesis reads it."""
    path = FOLDER / "openapi.yaml"
    if not path.exists():
        pytest.skip(f"the OFREP document is not at {path}")
    config = schemathesis.Config(seed=1)
    return schemathesis.openapi.from_dict(corrected(yaml.safe_load(path.read_text())), config=config)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with open_office(tmp_path_factory.mktemp("ofrep")) as office:
        put_flags(office, *EVERY)
        office.services.flags.kill(SHOP, HERE, "killed", ADA)
        running = Served(office)
        yield running
        running.end()


@pytest.fixture(scope="module")
def token(server: Served) -> str:
    return a_token(server.office)


def drawn(data: st.DataObject, protocol: Any, path: str, mode: GenerationMode) -> Any:
    """Return a request that schemathesis makes up: one that fits the protocol, or one that doesn't."""
    return data.draw(protocol[path]["POST"].as_strategy(generation_mode=mode))


@pytest.mark.parametrize("path", PATHS)
@QUICK
@given(data=st.data())
def test_whatever_fits_the_protocol_is_answered_as_it_says(
    protocol: Any, server: Served, token: str, path: str, data: st.DataObject
) -> None:
    case = drawn(data, protocol, path, GenerationMode.POSITIVE)
    answer = case.call(base_url=server.url, headers=bearer(token))

    case.validate_response(answer, checks=[*CHECKS, checks.status_code_conformance])
    assert answer.status_code in {200, 304, 404}


@pytest.mark.parametrize("path", PATHS)
@QUICK
@given(data=st.data())
def test_whatever_does_not_fit_is_answered_as_it_says_too(
    protocol: Any, server: Served, token: str, path: str, data: st.DataObject
) -> None:
    case = drawn(data, protocol, path, GenerationMode.NEGATIVE)
    answer = case.call(base_url=server.url, headers=bearer(token))

    case.validate_response(answer, checks=CHECKS)
    assert answer.status_code < 500


@pytest.mark.parametrize("path", PATHS)
@QUICK
@given(data=st.data())
def test_strangers_learn_nothing_whatever_they_ask(
    protocol: Any, server: Served, path: str, data: st.DataObject
) -> None:
    case = drawn(data, protocol, path, GenerationMode.POSITIVE)

    assert case.call(base_url=server.url, headers=bearer("nonsense")).status_code == 401


@pytest.mark.parametrize("flag", [one.id for one in EVERY])
@pytest.mark.parametrize("attributes", [{}, {"country": "CH"}, {"a": "xyz"}], ids=str)
def test_each_kind_of_flag_fits_the_protocol_alone(
    protocol: Any, server: Served, token: str, flag: str, attributes: dict[str, str]
) -> None:
    answer = httpx.post(
        server.url + ONE.format(flag), json=about(**attributes), headers=bearer(token), timeout=60
    )

    assert answer.status_code == 200
    assert answer.json()["key"] == flag
    protocol["/ofrep/v1/evaluate/flags/{key}"]["POST"].validate_response(answer)


def test_all_flags_together_fit_the_protocol(protocol: Any, server: Served, token: str) -> None:
    operation = protocol["/ofrep/v1/evaluate/flags"]["POST"]
    first = httpx.post(server.url + ALL, json=about(), headers=bearer(token), timeout=60)
    known = {**bearer(token), "If-None-Match": first.headers["etag"]}
    again = httpx.post(server.url + ALL, json=about(), headers=known, timeout=60)

    assert (first.status_code, again.status_code) == (200, 304)
    operation.validate_response(first)
    operation.validate_response(again)
    assert len(first.json()["flags"]) == len(EVERY)


def test_the_corrected_document_still_tells_wrong_answers(protocol: Any, server: Served, token: str) -> None:
    answer = httpx.post(server.url + ONE.format("banner"), json=about(), headers=bearer(token), timeout=60)
    operation = protocol["/ofrep/v1/evaluate/flags/{key}"]["POST"]
    wrongs: list[dict[str, Any]] = [{"value": None}, {"reason": "KILLED"}, {"metadata": {"a": []}}]
    for wrong in wrongs:
        bent = httpx.Response(200, json=answer.json() | wrong, request=answer.request)
        bent.elapsed = answer.elapsed

        with pytest.raises(Failure):
            operation.validate_response(bent)


def test_the_event_stream_that_an_answer_names_says_when_to_ask_again(server: Served, token: str) -> None:
    answer = httpx.post(server.url + ALL, json=about(), headers=bearer(token), timeout=60)
    (stream,) = answer.json()["eventStreams"]
    assert (stream["type"], stream["inactivityDelaySec"]) == ("sse", 120)

    with httpx.stream("GET", server.url + stream["endpoint"]["requestUri"], timeout=60) as events:
        assert events.headers["content-type"] == "text/event-stream"
        lines = events.iter_lines()
        first = next(line for line in lines if line.startswith("data: "))
        server.office.services.flags.toggle(SHOP, HERE, "banner", False, ADA)
        second = next(line for line in lines if line.startswith("data: "))

    assert '"type":"refetchEvaluation"' in first
    assert first != second
