"""What every traffic provider must do, as tests: subclass `TrafficProviderContract` with a fixture `rig`."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol

import pytest

from sluiceway.domain.process.plan import Audience, Ingress, Version
from sluiceway.domain.rollouts.model import SetTraffic, SplitSeen
from sluiceway.errors import PermanentProviderError
from sluiceway.ports.traffic import Backends, Endpoint, TrafficProvider

V1, V2 = Version("1.0"), Version("2.0")
TEAM = Audience("header", "x-team", ("internal", "ops (night)"))
BETA = Audience("cookie", "beta", ("yes",))


class TrafficRig(Protocol):
    """A provider under test and the world around it."""

    @property
    def traffic(self) -> TrafficProvider:
        """Return the provider, the newest one after `restart`."""
        ...

    def ingress(self, name: str = "shop") -> Ingress:
        """Return an ingress that nobody else uses; the same one for the same name."""
        ...

    def endpoint(self, version: Version) -> Endpoint:
        """Return an instance of the version that answers requests; the same one for the same version."""
        ...

    def restart(self) -> None:
        """Let Sluiceway end and start again: a new provider, the same data."""
        ...

    def kill_proxy(self, ingress: Ingress) -> None:
        """Let the ingress's proxy crash now."""
        ...

    def request_in_flight(self, ingress: Ingress, version: Version) -> AbstractContextManager[None]:
        """Hold one user's request open, which the split sends to this version, until the context ends."""
        ...


def backends(rig: TrafficRig, *versions: Version) -> Backends:
    """Return one endpoint for each version (none given: of both)."""
    return {version: [rig.endpoint(version)] for version in versions or (V1, V2)}


class TrafficProviderContract:
    """The whole contract of `sluiceway.ports.traffic.TrafficProvider`."""

    def test_before_the_first_split_there_is_nothing(self, rig: TrafficRig) -> None:
        assert rig.traffic.observe(rig.ingress()) is None
        assert rig.traffic.active_requests(rig.ingress(), V1) == 0
        assert rig.traffic.keep_alive(rig.ingress()) is False

    def test_one_version_alone_is_observed_as_it_was_set(self, rig: TrafficRig) -> None:
        rig.traffic.apply(rig.ingress(), SetTraffic(V1, None, 0), backends(rig, V1))

        assert rig.traffic.observe(rig.ingress()) == SplitSeen(V1, None, 0)

    @pytest.mark.parametrize("weight_bp", [0, 1, 10, 2_500, 9_999, 10_000])
    def test_a_weight_is_observed_as_it_was_set(self, rig: TrafficRig, weight_bp: int) -> None:
        rig.traffic.apply(rig.ingress(), SetTraffic(V1, V2, weight_bp), backends(rig))

        assert rig.traffic.observe(rig.ingress()) == SplitSeen(V1, V2, weight_bp)

    @pytest.mark.parametrize("weight_bp", [0, 100, 10_000])
    def test_an_audience_is_observed_as_it_was_set(self, rig: TrafficRig, weight_bp: int) -> None:
        split = SetTraffic(V1, V2, weight_bp, audience=(TEAM, BETA))

        rig.traffic.apply(rig.ingress(), split, backends(rig))

        assert rig.traffic.observe(rig.ingress()) == SplitSeen(V1, V2, weight_bp, (TEAM, BETA))

    @pytest.mark.parametrize("mirror_bp", [1, 10_000])
    def test_a_mirrored_share_is_observed_as_it_was_set(self, rig: TrafficRig, mirror_bp: int) -> None:
        rig.traffic.apply(rig.ingress(), SetTraffic(V1, V2, 0, mirror_bp=mirror_bp), backends(rig))

        assert rig.traffic.observe(rig.ingress()) == SplitSeen(V1, V2, 0, mirror_bp=mirror_bp)

    def test_setting_the_same_split_twice_changes_nothing(self, rig: TrafficRig) -> None:
        split = SetTraffic(V1, V2, 2_500, audience=(TEAM,), mirror_bp=100)
        rig.traffic.apply(rig.ingress(), split, backends(rig))
        before = rig.traffic.observe(rig.ingress())

        rig.traffic.apply(rig.ingress(), split, backends(rig))

        assert rig.traffic.observe(rig.ingress()) == before

    def test_the_last_split_is_in_force(self, rig: TrafficRig) -> None:
        for weight_bp in (100, 5_000, 0):
            rig.traffic.apply(rig.ingress(), SetTraffic(V1, V2, weight_bp), backends(rig))

        assert rig.traffic.observe(rig.ingress()) == SplitSeen(V1, V2, 0)

    def test_urgency_changes_only_the_way_not_the_split(self, rig: TrafficRig) -> None:
        rig.traffic.apply(rig.ingress(), SetTraffic(V1, V2, 2_500, urgent=True), backends(rig))

        assert rig.traffic.observe(rig.ingress()) == SplitSeen(V1, V2, 2_500)

    def test_the_new_version_becomes_the_stable_one(self, rig: TrafficRig) -> None:
        rig.traffic.apply(rig.ingress(), SetTraffic(V1, V2, 10_000), backends(rig))

        rig.traffic.apply(rig.ingress(), SetTraffic(V2, None, 0), backends(rig, V2))

        assert rig.traffic.observe(rig.ingress()) == SplitSeen(V2, None, 0)

    def test_a_version_whose_name_is_odd_is_observed_as_it_was_set(self, rig: TrafficRig) -> None:
        odd = Version("2.0 50%/1:β")
        split = SetTraffic(V1, odd, 1_000, audience=(TEAM,), mirror_bp=1)
        rig.traffic.apply(rig.ingress(), split, backends(rig, V1, odd))

        assert rig.traffic.observe(rig.ingress()) == SplitSeen(V1, odd, 1_000, (TEAM,), 1)

    @pytest.mark.parametrize(
        ("split", "missing"),
        [
            (SetTraffic(V1, V2, 1), V2),
            (SetTraffic(V1, V2, 0, audience=(TEAM,)), V2),
            (SetTraffic(V1, V2, 9_999), V1),
            (SetTraffic(V1, None, 0), V1),
        ],
    )
    def test_a_version_with_users_but_no_endpoint_is_refused_and_the_old_split_stays(
        self, rig: TrafficRig, split: SetTraffic, missing: Version
    ) -> None:
        rig.traffic.apply(rig.ingress(), SetTraffic(V1, V2, 500), backends(rig))

        with pytest.raises(PermanentProviderError, match=f"'{missing}' has no endpoint"):
            rig.traffic.apply(rig.ingress(), split, {**backends(rig), missing: []})

        assert rig.traffic.observe(rig.ingress()) == SplitSeen(V1, V2, 500)

    def test_a_version_without_users_needs_no_endpoint(self, rig: TrafficRig) -> None:
        rig.traffic.apply(rig.ingress(), SetTraffic(V1, V2, 0), backends(rig, V1))
        assert rig.traffic.observe(rig.ingress()) == SplitSeen(V1, V2, 0)

        rig.traffic.apply(rig.ingress(), SetTraffic(V1, V2, 10_000), backends(rig, V2))
        assert rig.traffic.observe(rig.ingress()) == SplitSeen(V1, V2, 10_000)

    @pytest.mark.parametrize("weight_bp", [-1, 10_001])
    def test_a_weight_that_is_none_is_refused(self, rig: TrafficRig, weight_bp: int) -> None:
        with pytest.raises(PermanentProviderError, match=f"{weight_bp} bp"):
            rig.traffic.apply(rig.ingress(), SetTraffic(V1, V2, weight_bp), backends(rig))

        assert rig.traffic.observe(rig.ingress()) is None

    def test_a_second_ingress_has_a_split_of_its_own(self, rig: TrafficRig) -> None:
        rig.traffic.apply(rig.ingress(), SetTraffic(V1, V2, 500), backends(rig))
        rig.traffic.apply(rig.ingress("back office"), SetTraffic(V2, None, 0), backends(rig, V2))

        rig.traffic.stop(rig.ingress())

        assert rig.traffic.observe(rig.ingress()) is None
        assert rig.traffic.observe(rig.ingress("back office")) == SplitSeen(V2, None, 0)

    def test_without_users_no_request_is_in_flight(self, rig: TrafficRig) -> None:
        rig.traffic.apply(rig.ingress(), SetTraffic(V1, V2, 500), backends(rig))

        assert rig.traffic.active_requests(rig.ingress(), V1) == 0
        assert rig.traffic.active_requests(rig.ingress(), V2) == 0
        assert rig.traffic.active_requests(rig.ingress(), Version("9.9")) == 0

    def test_a_request_in_flight_counts_for_its_version(self, rig: TrafficRig) -> None:
        rig.traffic.apply(rig.ingress(), SetTraffic(V1, V2, 10_000), backends(rig))

        with rig.request_in_flight(rig.ingress(), V2):
            assert rig.traffic.active_requests(rig.ingress(), V2) == 1
            assert rig.traffic.active_requests(rig.ingress(), V1) == 0
        assert rig.traffic.active_requests(rig.ingress(), V2) == 0

    def test_a_request_in_flight_still_counts_when_its_version_lost_its_users(self, rig: TrafficRig) -> None:
        rig.traffic.apply(rig.ingress(), SetTraffic(V1, V2, 10_000), backends(rig))

        with rig.request_in_flight(rig.ingress(), V2):
            rig.traffic.apply(rig.ingress(), SetTraffic(V1, None, 0), backends(rig, V1))
            rig.traffic.keep_alive(rig.ingress())

            assert rig.traffic.active_requests(rig.ingress(), V2) == 1
        assert rig.traffic.active_requests(rig.ingress(), V2) == 0

    def test_a_proxy_that_runs_needs_nothing_to_stay_alive(self, rig: TrafficRig) -> None:
        rig.traffic.apply(rig.ingress(), SetTraffic(V1, V2, 500), backends(rig))

        assert rig.traffic.keep_alive(rig.ingress()) is False
        assert rig.traffic.observe(rig.ingress()) == SplitSeen(V1, V2, 500)

    def test_a_proxy_that_died_is_seen_to_be_silent(self, rig: TrafficRig) -> None:
        rig.traffic.apply(rig.ingress(), SetTraffic(V1, V2, 500), backends(rig))

        rig.kill_proxy(rig.ingress())

        assert rig.traffic.observe(rig.ingress()) is None
        assert rig.traffic.active_requests(rig.ingress(), V2) is None

    def test_a_proxy_that_died_comes_back_with_its_last_split(self, rig: TrafficRig) -> None:
        rig.traffic.apply(rig.ingress(), SetTraffic(V1, V2, 100), backends(rig))
        rig.traffic.apply(rig.ingress(), SetTraffic(V1, V2, 500, audience=(TEAM,)), backends(rig))
        rig.kill_proxy(rig.ingress())

        assert rig.traffic.keep_alive(rig.ingress()) is True

        assert rig.traffic.observe(rig.ingress()) == SplitSeen(V1, V2, 500, (TEAM,))
        assert rig.traffic.keep_alive(rig.ingress()) is False

    def test_a_split_can_be_set_while_the_proxy_is_dead(self, rig: TrafficRig) -> None:
        rig.traffic.apply(rig.ingress(), SetTraffic(V1, V2, 500), backends(rig))
        rig.kill_proxy(rig.ingress())

        rig.traffic.apply(rig.ingress(), SetTraffic(V1, V2, 0), backends(rig))

        assert rig.traffic.observe(rig.ingress()) == SplitSeen(V1, V2, 0)

    def test_stopping_twice_or_what_never_ran_is_fine(self, rig: TrafficRig) -> None:
        rig.traffic.apply(rig.ingress(), SetTraffic(V1, None, 0), backends(rig, V1))

        rig.traffic.stop(rig.ingress())
        rig.traffic.stop(rig.ingress())
        rig.traffic.stop(rig.ingress("never used"))

        assert rig.traffic.observe(rig.ingress()) is None

    def test_what_was_stopped_is_not_started_again(self, rig: TrafficRig) -> None:
        rig.traffic.apply(rig.ingress(), SetTraffic(V1, None, 0), backends(rig, V1))
        rig.traffic.stop(rig.ingress())

        assert rig.traffic.keep_alive(rig.ingress()) is False
        assert rig.traffic.observe(rig.ingress()) is None

    def test_after_a_stop_a_split_can_be_set_again(self, rig: TrafficRig) -> None:
        rig.traffic.apply(rig.ingress(), SetTraffic(V1, V2, 500), backends(rig))
        rig.traffic.stop(rig.ingress())

        rig.traffic.apply(rig.ingress(), SetTraffic(V1, None, 0), backends(rig, V1))

        assert rig.traffic.observe(rig.ingress()) == SplitSeen(V1, None, 0)

    def test_a_provider_made_anew_goes_on_where_the_old_one_was(self, rig: TrafficRig) -> None:
        rig.traffic.apply(rig.ingress(), SetTraffic(V1, V2, 500), backends(rig))

        rig.restart()

        assert rig.traffic.observe(rig.ingress()) == SplitSeen(V1, V2, 500)
        assert rig.traffic.keep_alive(rig.ingress()) is False
        rig.traffic.apply(rig.ingress(), SetTraffic(V1, V2, 900), backends(rig))
        assert rig.traffic.observe(rig.ingress()) == SplitSeen(V1, V2, 900)

    def test_a_provider_made_anew_revives_a_proxy_that_died_meanwhile(self, rig: TrafficRig) -> None:
        rig.traffic.apply(rig.ingress(), SetTraffic(V1, V2, 500), backends(rig))
        rig.kill_proxy(rig.ingress())
        rig.restart()

        assert rig.traffic.keep_alive(rig.ingress()) is True
        assert rig.traffic.observe(rig.ingress()) == SplitSeen(V1, V2, 500)

    def test_what_an_earlier_sluiceway_started_can_be_stopped(self, rig: TrafficRig) -> None:
        rig.traffic.apply(rig.ingress(), SetTraffic(V1, None, 0), backends(rig, V1))
        rig.restart()

        rig.traffic.stop(rig.ingress())

        assert rig.traffic.observe(rig.ingress()) is None
        assert rig.traffic.keep_alive(rig.ingress()) is False
