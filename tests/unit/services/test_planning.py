"""The use case of planning: words of people into what is expected, process files into plans."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluiceway.domain.analysis.noise import CAUTIOUS, INDEPENDENT, Noise
from sluiceway.domain.rollouts.foreseeing import Usual
from sluiceway.errors import InvalidInputError, ProcessFileError
from sluiceway.services.planning import (
    NOISE_WORDS,
    NoiseView,
    plan_analysis,
    read_expected,
    read_noise,
    read_rate,
)

PROCESS = """\
service: {name: shop, command: [run, "{port}"]}
ingress: {listen: "127.0.0.1:8080"}
rollout:
  stages:
    - {name: few, weight: 5%, duration: 30m}
    - {name: half, weight: 50%, duration: 1h}
    - {name: everyone, weight: 100%, duration: 10m}
"""


@pytest.mark.parametrize(
    ("text", "rate"),
    [("0.5%", 0.005), (" 0.5 % ", 0.005), ("5 percent", 0.05), ("0.005", 0.005), ("1e-4", 1e-4)],
)
def test_a_rate_is_percent_or_a_share(text: str, rate: float) -> None:
    assert read_rate(text, "--error-rate") == pytest.approx(rate)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("120%", "--error-rate is 120%, outside 0 to 1; write percent as 0.5%"),
        ("5", "--error-rate is 5, outside 0 to 1; write percent as 0.5%"),
        ("-0.1", "--error-rate is -0.1, outside 0 to 1; write percent as 0.5%"),
        ("0", "--error-rate is 0, of which no multiple can be seen; write what is usual, at least about"),
        (
            "100%",
            "--error-rate is 100%, of which no multiple can be seen; write what is usual, at least about",
        ),
        ("few", "--error-rate is 'few'; write a rate such as 0.5% or 0.005"),
        ("", "--error-rate is ''; write a rate such as 0.5% or 0.005"),
        ("nan", "--error-rate is nan, outside 0 to 1; write percent as 0.5%"),
        ("a%", "--error-rate is 'a%'; write a rate such as 0.5% or 0.005"),
    ],
)
def test_what_is_no_rate_is_told(text: str, message: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        read_rate(text, "--error-rate")

    assert str(refused.value) == message


@given(st.text(max_size=30))
def test_any_text_is_a_rate_or_refused(text: str) -> None:
    try:
        rate = read_rate(text, "--error-rate")
    except InvalidInputError:
        return
    assert 0 < rate < 1


@pytest.mark.parametrize(
    ("text", "noise"),
    [
        ("cautious", CAUTIOUS),
        ("independent", INDEPENDENT),
        ("burst=2,wander=0.1,memory=10m", Noise(2.0, 0.1, 600.0)),
        (" memory=90s , burst=3 ", Noise(3.0, 0.0, 90.0)),
        ("wander=0.2", Noise(1.0, 0.2, 600.0)),
    ],
)
def test_noise_is_told_in_words(text: str, noise: Noise) -> None:
    assert read_noise(text) == noise


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "brst=2",
            f"--noise: unknown word 'brst=2'; write {NOISE_WORDS}",
        ),
        ("burst=0.5", "--noise burst is 0.5, outside 1 to 1000"),
        ("burst=nan", "--noise burst is nan, outside 1 to 1000"),
        ("wander=much", "--noise wander is 'much'; write a number from 0 to 3"),
        ("memory=0s", "--noise memory is 0s; write a duration such as 10m"),
        ("memory=10", '--noise memory: 10 has no unit, expected a duration such as "10s" or "10m"'),
        ("burst=2,burst=3", "--noise tells burst twice; tell it once"),
    ],
)
def test_noise_that_makes_no_sense_is_told(text: str, message: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        read_noise(text)

    assert str(refused.value) == message


@given(st.text(alphabet="burstwandemoy=,.0123456789s ", max_size=40))
def test_any_text_is_noise_or_refused(text: str) -> None:
    try:
        noise = read_noise(text)
    except InvalidInputError:
        return
    assert noise.burst >= 1
    assert noise.slow_sd >= 0
    assert noise.slow_s > 0


def test_expectations_come_together() -> None:
    found = read_expected(
        rps=40,
        error_rate="1%",
        slow_rate="0.1",
        rates=["declined=2%@0.5", "crashes = 0.1%"],
        noise="independent",
    )

    assert found.rps == 40
    assert found.noise == INDEPENDENT
    assert found.usual == {
        "errors": Usual(0.01),
        "slow_requests": Usual(0.1),
        "declined": Usual(0.02, 0.5),
        "crashes": Usual(0.001),
    }


@pytest.mark.parametrize("rps", [0.0, -1.0, float("inf"), float("nan")])
def test_traffic_that_is_none_is_told(rps: float) -> None:
    with pytest.raises(InvalidInputError, match=r"^--rps is .* a second; write how many requests both"):
        read_expected(rps=rps)


HOW_MANY = "write how many requests both versions get together, more than 0 and up to 1e+09"


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("declined", "--rate is 'declined'; write NAME=RATE, such as declined_payments=2%"),
        ("=2%", "--rate is '=2%'; write NAME=RATE, such as declined_payments=2%"),
        ("x=2%@many", "--rate x has 'many' per second; write RATE@RPS, such as 2%@0.5"),
        ("x=2%@0", "--rate x is 0 a second; " + HOW_MANY),
        ("errors=2%", "--rate: the usual rate of errors is told twice; tell it once"),
    ],
)
def test_an_entry_that_is_no_rate_is_told(entry: str, message: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        read_expected(rps=1, error_rate="1%", rates=[entry])

    assert str(refused.value) == message


def test_a_process_without_an_analysis_is_planned_by_the_default() -> None:
    view = plan_analysis(PROCESS, "shop.yaml", read_expected(rps=40, error_rate="1%", noise="independent"))

    assert (view.process, view.is_default, view.duration_s) == ("shop", True, 6_000)
    assert [metric.name for metric in view.metrics] == ["errors", "slow_requests"]
    assert [stage.stage for stage in view.stages] == ["few", "half", "everyone"]
    assert [stage.requests for stage in view.stages] == [3_600, 72_000, 24_000]
    assert [warning.reason.value for warning in view.warnings] == ["no-analysis"]
    assert view.noise == NoiseView(burst=1.0, wander=0.0, memory_s=600.0, is_known=True)


def test_a_rate_of_something_not_compared_is_told() -> None:
    with pytest.raises(InvalidInputError) as refused:
        plan_analysis(PROCESS, "shop.yaml", read_expected(rps=40, rates=["declined=1%"]))

    assert str(refused.value) == (
        "declined has a usual rate but is not compared by this process; it compares errors, slow_requests"
    )


def test_a_file_without_a_rollout_has_nothing_to_plan() -> None:
    with pytest.raises(ProcessFileError, match=r"rollout: missing"):
        plan_analysis(PROCESS.partition("rollout:")[0], "shop.yaml", read_expected(rps=40))


def test_a_file_with_problems_is_not_planned() -> None:
    with pytest.raises(ProcessFileError) as refused:
        plan_analysis(PROCESS.replace("5%", "500%").replace("1h", "soon"), "shop.yaml", read_expected(rps=1))

    assert len(refused.value.problems) == 2
