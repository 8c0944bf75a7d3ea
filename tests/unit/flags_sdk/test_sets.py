"""Sets of flags as they arrive, patches, and what they change."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from sluiceway.domain.flags.model import (
    Constraint,
    Dependency,
    Flag,
    FlagSet,
    Json,
    Operator,
    Rule,
    Segment,
)
from sluiceway.domain.flags.wire import flag_to_json, set_to_json
from sluiceway.errors import FlagFileError
from sluiceway.flags_sdk.sets import Notice, changed_flags, copied, patched, read_notice, read_set

SEARCH, CART, PAY = Flag("search"), Flag("cart"), Flag("pay", dependencies=(Dependency("cart"),))
SHOP = FlagSet("shop", "production", 7, (SEARCH, CART, PAY))


def test_a_document_is_read_as_the_set_it_was_written_from() -> None:
    assert read_set(json.dumps(set_to_json(SHOP)).encode()) == SHOP


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (b"", "flag set: is not JSON"),
        (b"<html>", "flag set: is not JSON"),
        (b"[" * 100_000, "flag set: is not JSON"),
        (b"\xff\xfe", "flag set: is not JSON"),
        (b"[]", "flag set: is a list, expected an object"),
        (b'{"format": 9}', "newer than 1"),
        (b'{"flags": [{"id": "a", "enabled": "yes"}]}', "flag set.flags[0].enabled"),
    ],
)
def test_what_is_no_set_is_named(document: bytes, said: str) -> None:
    with pytest.raises(FlagFileError) as refused:
        read_set(document)

    assert said in str(refused.value)


def test_a_notice_of_a_small_change_holds_what_changed() -> None:
    said = {"etag": "b", "from": "a", "version": 8, "flags": [flag_to_json(CART)], "removed": ["pay"]}

    found = read_notice(json.dumps(said))

    assert (found.etag, found.base, found.version, found.removed) == ("b", "a", 8, frozenset({"pay"}))
    assert found.changed == [flag_to_json(CART)]


@pytest.mark.parametrize(
    "patch", [{}, {"from": 3}, {"from": "a", "flags": "all"}, {"from": "a", "removed": 1}]
)
def test_a_notice_without_a_change_that_can_be_used_has_no_base(patch: dict[str, object]) -> None:
    assert read_notice(json.dumps({"etag": "b", **patch})) == Notice("b")


@pytest.mark.parametrize("data", ["", "[]", "{}", '{"etag": ""}', '{"etag": 5}', "null"])
def test_a_notice_that_names_no_set_is_an_error(data: str) -> None:
    with pytest.raises(FlagFileError):
        read_notice(data)


def test_a_patch_replaces_adds_and_removes_flags_where_they_are() -> None:
    cart, new = replace(CART, is_enabled=True), Flag("new")
    notice = Notice("b", 9, "a", [flag_to_json(new), flag_to_json(cart)], frozenset({"search"}))

    assert patched(SHOP, notice) == FlagSet("shop", "production", 9, (cart, PAY, new))


def test_a_patch_with_a_flag_that_is_none_is_refused_as_a_whole() -> None:
    with pytest.raises(FlagFileError, match=r"event.flags\[1\].id: is missing"):
        patched(SHOP, Notice("b", 9, "a", [flag_to_json(CART), {"enabled": True}]))


def test_keys_of_a_newer_server_do_not_stand_in_a_patchs_way() -> None:
    said = {**flag_to_json(CART), "of_next_year": 1}

    assert patched(SHOP, Notice("b", 8, "a", [said])) == replace(SHOP, version=8)


def test_every_flag_of_a_first_set_is_new() -> None:
    assert changed_flags(None, SHOP) == ("cart", "pay", "search")


def test_an_equal_set_changes_no_flag() -> None:
    assert changed_flags(SHOP, replace(SHOP, version=8)) == ()


def test_flags_that_depend_on_a_changed_one_change_with_it() -> None:
    after = replace(SHOP, flags=(SEARCH, replace(CART, is_enabled=True), PAY))

    assert changed_flags(SHOP, after) == ("cart", "pay")


def test_a_flag_that_went_is_a_change() -> None:
    assert changed_flags(SHOP, replace(SHOP, flags=(CART, PAY))) == ("search",)


def test_flags_that_use_a_changed_segment_change_with_it() -> None:
    staff = Segment("staff", constraints=(Constraint("mail", Operator.ENDS_WITH, ("@shop.example",)),))
    cart = replace(CART, rules=(Rule("r", segments=("staff",)),))
    before = replace(SHOP, flags=(SEARCH, cart, PAY), segments=(staff,))

    assert changed_flags(before, replace(before, segments=(replace(staff, included=("u",)),))) == (
        "cart",
        "pay",
    )


def test_dependencies_in_a_circle_end() -> None:
    one, two = Flag("one", dependencies=(Dependency("two"),)), Flag("two", dependencies=(Dependency("one"),))

    found = changed_flags(
        FlagSet("shop", "test", 1, (one, two)),
        FlagSet("shop", "test", 2, (replace(one, is_enabled=True), two)),
    )

    assert found == ("one", "two")


def test_a_copied_value_shares_nothing_that_can_change() -> None:
    value: dict[str, Json] = {"sizes": [1, {"deep": [2]}], "on": True, "none": None}

    found = copied(value)

    assert found == value
    assert isinstance(found, dict)
    assert found["sizes"] is not value["sizes"]
