"""Which user meets which version, through a real Envoy and real backends."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from functools import partial
from http.cookies import SimpleCookie
from pathlib import Path

import pytest

from sluiceway.domain.process.plan import Audience, Ingress, Sticky, Version
from sluiceway.domain.rollouts.model import SetTraffic
from tests.support.backend import free_port
from tests.support.envoy_rig import V1, V2, EnvoyRig, poll
from tests.support.users import USER, Crowd, ask, crowd, sides

pytestmark = pytest.mark.envoy

USERS = [f"user-{number}" for number in range(4_000)]
TEAM = Audience("header", "x-team", ("internal", "ops (night)"))
BETA = Audience("cookie", "beta", ("yes", "a.b"))


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[EnvoyRig]:
    rig = EnvoyRig(tmp_path)
    yield rig
    rig.close()


@pytest.fixture
def by_cookie() -> Ingress:
    """An ingress that knows its users by nothing but the cookie it gives them."""
    return Ingress("cookies", port=free_port(), sticky=Sticky(cookie="sluice-user"))


def of_new(rig: EnvoyRig, users: list[str]) -> set[str]:
    return {user for user, version in sides(rig.ingress(), users).items() if version == V2}


@pytest.mark.parametrize("weight_bp", [10, 100, 1_000, 5_000])
def test_the_new_versions_share_of_users_is_its_weight(rig: EnvoyRig, weight_bp: int) -> None:
    rig.apply(SetTraffic(V1, V2, weight_bp))

    met = Counter(sides(rig.ingress(), USERS).values())

    share = weight_bp / 10_000
    four_sigma = 4 * math.sqrt(len(USERS) * share * (1 - share))
    assert met.keys() == {V1, V2}
    assert abs(met[V2] - share * len(USERS)) <= four_sigma


def test_a_user_stays_on_one_side_while_the_weight_stands(rig: EnvoyRig) -> None:
    rig.apply(SetTraffic(V1, V2, 5_000))
    first = sides(rig.ingress(), USERS[:500])

    assert sides(rig.ingress(), USERS[:500]) == first


def test_raising_the_weight_only_adds_users(rig: EnvoyRig) -> None:
    groups: list[set[str]] = []
    for weight_bp in (100, 1_000, 5_000, 10_000):
        rig.apply(SetTraffic(V1, V2, weight_bp))
        groups.append(of_new(rig, USERS[:1_500]))

    assert groups[0] < groups[1] < groups[2] < groups[3] == set(USERS[:1_500])


def test_lowering_the_weight_only_takes_users_away(rig: EnvoyRig) -> None:
    rig.apply(SetTraffic(V1, V2, 5_000))
    many = of_new(rig, USERS[:1_000])

    rig.apply(SetTraffic(V1, V2, 1_000))

    assert of_new(rig, USERS[:1_000]) < many


def test_a_restart_of_the_proxy_leaves_users_where_they_were(rig: EnvoyRig) -> None:
    rig.apply(SetTraffic(V1, V2, 2_500))
    before = of_new(rig, USERS[:500])
    rig.kill_proxy(rig.ingress())

    rig.traffic.keep_alive(rig.ingress())

    assert of_new(rig, USERS[:500]) == before


@pytest.mark.parametrize(("weight_bp", "version"), [(0, V1), (10_000, V2)])
def test_at_the_ends_everybody_meets_the_same_version(rig: EnvoyRig, weight_bp: int, version: str) -> None:
    rig.apply(SetTraffic(V1, V2, weight_bp))

    assert set(sides(rig.ingress(), USERS[:500]).values()) == {version}


def test_a_newcomer_gets_a_cookie_that_keeps_the_version(rig: EnvoyRig, by_cookie: Ingress) -> None:
    rig.apply(SetTraffic(V1, V2, 5_000), by_cookie)
    try:
        for _ in range(40):
            first = ask(by_cookie)
            cookie = SimpleCookie(first.headers["set-cookie"])["sluice-user"]

            again = ask(by_cookie, {"cookie": f"theme=dark; sluice-user={cookie.value}"})

            assert again.version == first.version
            assert "set-cookie" not in again.headers
            assert cookie["httponly"]
            assert (cookie["path"], cookie["samesite"]) == ("/", "Lax")
    finally:
        rig.traffic.stop(by_cookie)


def test_a_cookie_with_an_odd_name_keeps_its_user_too(rig: EnvoyRig) -> None:
    odd = Ingress("odd", port=free_port(), sticky=Sticky(cookie="user.50%"))
    rig.apply(SetTraffic(V1, V2, 5_000), odd)
    try:
        first = ask(odd)
        cookie = first.headers["set-cookie"].partition(";")[0]

        assert cookie.startswith("user.50%=")
        assert {ask(odd, {"cookie": cookie}).version for _ in range(10)} == {first.version}
    finally:
        rig.traffic.stop(odd)


def test_newcomers_are_spread_by_the_weight(rig: EnvoyRig, by_cookie: Ingress) -> None:
    rig.apply(SetTraffic(V1, V2, 5_000), by_cookie)
    try:
        met = Counter(ask(by_cookie).version for _ in range(200))
    finally:
        rig.traffic.stop(by_cookie)

    assert 100 - 5 * math.sqrt(50) < met[V2] < 100 + 5 * math.sqrt(50)
    assert met.keys() == {V1, V2}


def test_a_user_known_by_the_header_gets_no_cookie(rig: EnvoyRig) -> None:
    rig.apply(SetTraffic(V1, V2, 5_000))

    assert "set-cookie" not in ask(rig.ingress(), {USER: "ann"}).headers
    assert "set-cookie" in ask(rig.ingress()).headers


def test_the_header_counts_before_the_cookie(rig: EnvoyRig) -> None:
    rig.apply(SetTraffic(V1, V2, 5_000))
    met = sides(rig.ingress(), USERS[:20])

    for user, version in met.items():
        for cookie in ("a", "b", "c"):
            assert ask(rig.ingress(), {USER: user, "cookie": f"sluice-user={cookie}"}).version == version


@pytest.mark.parametrize(
    "headers",
    [
        {"x-team": "internal"},
        {"X-Team": "ops (night)"},
        {"cookie": "beta=yes"},
        {"cookie": "theme=dark; beta=a.b; lang=de"},
        {"cookie": "theme=dark;beta=yes"},
        {"x-team": "internal", USER: "ann"},
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_audience_meets_the_new_version(rig: EnvoyRig, headers: dict[str, str], method: str) -> None:
    rig.apply(SetTraffic(V1, V2, 0, audience=(TEAM, BETA)))

    assert ask(rig.ingress(), headers, method=method).version == V2


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-team": "external"},
        {"x-team": "internals"},
        {"x-team": "xinternal"},
        {"cookie": "beta=no"},
        {"cookie": "beta=axb"},
        {"cookie": "alphabeta=yes"},
        {"cookie": "theme=beta=yes"},
        {"beta": "yes"},
    ],
)
def test_who_is_not_quite_the_audience_does_not(rig: EnvoyRig, headers: dict[str, str]) -> None:
    rig.apply(SetTraffic(V1, V2, 0, audience=(TEAM, BETA)))

    assert ask(rig.ingress(), headers).version == V1


def test_the_audience_keeps_the_new_version_at_any_weight(rig: EnvoyRig) -> None:
    for weight_bp in (0, 1, 5_000, 10_000):
        rig.apply(SetTraffic(V1, V2, weight_bp, audience=(TEAM,)))
        assert ask(rig.ingress(), {"x-team": "internal", USER: USERS[0]}).version == V2


def test_mirrored_requests_reach_the_new_version_with_a_mark_and_their_answers_nobody(rig: EnvoyRig) -> None:
    rig.backend(V2).behaviour.status = 500
    rig.apply(SetTraffic(V1, V2, 0, mirror_bp=10_000))

    answers = [ask(rig.ingress(), method="POST", path="/buy?n=1", body=b"a cup") for _ in range(20)]

    poll(lambda: len(rig.backend(V2).received) == 20)
    assert {(answer.status, answer.version) for answer in answers} == {(200, V1)}
    mirrored = rig.backend(V2).received[0]
    assert (mirrored.method, mirrored.path, mirrored.body) == ("POST", "/buy?n=1", b"a cup")
    assert mirrored.headers["x-sluiceway-mirrored"] == "true"
    assert "x-sluiceway-mirrored" not in rig.backend(V1).received[0].headers


def test_a_version_with_an_odd_name_gets_its_mirrored_requests(rig: EnvoyRig) -> None:
    odd = Version("2.0 50%/1:β")
    rig.apply(SetTraffic(V1, odd, 0, mirror_bp=10_000))

    ask(rig.ingress())

    poll(lambda: len(rig.backend(odd).received) == 1)


def test_a_share_of_the_requests_is_mirrored(rig: EnvoyRig) -> None:
    rig.apply(SetTraffic(V1, V2, 0, mirror_bp=2_500))

    sides(rig.ingress(), USERS[:1_000])

    poll(lambda: len(rig.backend(V2).received) > 250 - 5 * math.sqrt(1_000 * 0.25 * 0.75))
    assert len(rig.backend(V2).received) < 250 + 5 * math.sqrt(1_000 * 0.25 * 0.75)


def test_requests_that_meet_the_new_version_are_not_mirrored_to_it_as_well(rig: EnvoyRig) -> None:
    rig.apply(SetTraffic(V1, V2, 5_000, audience=(TEAM,), mirror_bp=10_000))

    met = Counter(sides(rig.ingress(), USERS[:200]).values())
    ask(rig.ingress(), {"x-team": "internal"})

    new = rig.backend(V2)
    poll(lambda: len(new.received) >= 201)
    mirrored = [one for one in new.received if "x-sluiceway-mirrored" in one.headers]
    assert (len(mirrored), len(new.received)) == (met[V1], 201)


def test_a_mirror_that_hangs_or_breaks_costs_users_nothing(rig: EnvoyRig) -> None:
    rig.backend(V2).behaviour.hold.clear()
    rig.apply(SetTraffic(V1, V2, 0, mirror_bp=10_000))
    assert ask(rig.ingress(), timeout_s=5).version == V1

    rig.backend(V2).kill()

    assert [ask(rig.ingress(), timeout_s=5).status for _ in range(20)] == [200] * 20


@pytest.mark.parametrize(
    "header", ["x-sluiceway-mirror", "x-sluiceway-mirrored", "x-envoy-max-retries", "x-envoy-retry-on"]
)
def test_headers_that_steer_the_proxy_are_dropped_when_users_send_them(rig: EnvoyRig, header: str) -> None:
    rig.apply(SetTraffic(V1, V2, 0, mirror_bp=1))

    ask(rig.ingress(), {header: "version/2.0"})

    assert rig.backend(V1).received[0].headers.get(header) != "version/2.0"


def test_users_see_nothing_of_the_proxy(rig: EnvoyRig) -> None:
    rig.apply(SetTraffic(V1, None, 0))

    answer = ask(rig.ingress(), {USER: "ann"})

    assert not [name for name in answer.headers if name.startswith(("x-envoy", "x-sluiceway", "server"))]


def test_the_version_learns_who_asked_and_how(rig: EnvoyRig) -> None:
    rig.apply(SetTraffic(V1, None, 0))

    ask(rig.ingress(), {"host": "shop.test", "x-request-id": "abc", "x-forwarded-for": "203.0.113.7"})

    headers = rig.backend(V1).received[0].headers
    assert headers["host"] == "shop.test"
    assert headers["x-request-id"] == "abc"
    assert headers["x-forwarded-for"].startswith("203.0.113.7,")
    assert headers["x-forwarded-proto"] == "http"


def test_fifty_changes_of_the_weight_under_load_lose_nothing(rig: EnvoyRig) -> None:
    rig.apply(SetTraffic(V1, None, 0))
    with crowd(rig.ingress(), 3) as them, crowd(rig.ingress(), 1, method="POST") as posting:
        for number in range(50):
            weight_bp = number * 3_700 % 10_001
            enough = them.asked() + 5
            rig.apply(SetTraffic(V1, V2 if weight_bp else None, weight_bp, mirror_bp=100 * (number % 2)))
            poll(partial(_has_asked, them, enough))

    assert (them.failures, posting.failures) == ([], [])
    assert them.by_version.keys() == posting.by_version.keys() == {V1, V2}


def _has_asked(them: Crowd, requests: int) -> bool:
    return them.asked() > requests
