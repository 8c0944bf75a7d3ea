"""What applications ask of flags, whatever they ask it with."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast

import pytest

from sluiceway.domain.flags.model import (
    Constraint,
    ErrorCode,
    Flag,
    FlagSet,
    Operator,
    Reason,
    Rule,
    Serve,
    ValueType,
    Variant,
)
from sluiceway.domain.flags.wire import set_to_json
from sluiceway.errors import FlagFileError
from sluiceway.flags_sdk import Context, FlagClient, Flags, Source, State


def flag(key: str, kind: ValueType, value: Any) -> Flag:
    return Flag(key, kind, is_enabled=True, variants=(Variant("it", value),), serve=Serve("it"))


BETA = Flag(
    "beta",
    is_enabled=True,
    rules=(
        Rule(
            "r",
            constraints=(
                Constraint("country", Operator.IN, ("DE",)),
                Constraint("note", Operator.MATCHES, ("(a+)+$",), is_inverted=True),
            ),
            reach=50_000,
        ),
    ),
)
SET = FlagSet(
    "shop",
    "test",
    3,
    (
        flag("yes", ValueType.BOOLEAN, True),
        flag("color", ValueType.STRING, "red"),
        flag("size", ValueType.NUMBER, 2.5),
        flag("look", ValueType.OBJECT, {"sizes": [1, 2]}),
        Flag("plain", off_variant="", metadata={"team": "cart"}),
        BETA,
    ),
)


@pytest.fixture
def flags() -> Flags:
    return FlagClient.offline(set_to_json(SET))


def test_each_type_has_its_own_question(flags: Flags) -> None:
    assert flags.boolean("yes") is True
    assert flags.string("color") == "red"
    assert flags.number("size") == 2.5
    assert flags.object("look") == {"sizes": [1, 2]}


@pytest.mark.parametrize("key", ["color", "plain", "unknown"])
def test_a_boolean_that_is_none_is_the_default(flags: Flags, key: str) -> None:
    assert flags.boolean(key, {}, True) is True
    assert flags.boolean(key, {}, False) is False


def test_other_types_that_are_none_are_the_default(flags: Flags) -> None:
    assert flags.string("yes", {}, "blue") == "blue"
    assert flags.number("yes", {}, 7) == 7  # a truth is no number
    assert flags.object("color", {}, ["x"]) == ["x"]


def test_changing_an_object_changes_no_flag(flags: Flags) -> None:
    found = flags.object("look")
    cast("dict[str, Any]", found)["sizes"].append(3)

    assert flags.object("look") == {"sizes": [1, 2]}


def test_details_say_variant_and_reason(flags: Flags) -> None:
    found = flags.evaluate("color", Context("ann"))

    assert (found.value, found.variant, found.reason) == ("red", "it", Reason.STATIC)


def test_an_unknown_flag_is_an_error_that_names_it(flags: Flags) -> None:
    found = flags.evaluate("colour")

    assert (found.reason, found.error) == (Reason.ERROR, ErrorCode.FLAG_NOT_FOUND)
    assert "colour" in found.detail


def test_all_flags_come_by_id(flags: Flags) -> None:
    found = flags.all(Context("ann"))

    assert set(found) == {"yes", "color", "size", "look", "plain", "beta"}
    assert found["size"].value == 2.5


def test_metadata_of_a_flag_is_handed_out(flags: Flags) -> None:
    assert flags.metadata("plain") == {"team": "cart"}
    assert flags.metadata("yes") == {}


def test_a_context_in_one_line_is_a_mapping_with_the_targeting_key() -> None:
    assert Context("ann", country="DE") == {"targetingKey": "ann", "country": "DE"}
    assert Context(country="DE") == {"country": "DE"}


def test_an_offline_set_says_so_and_closes_like_any_other(flags: Flags) -> None:
    with flags as found:
        status = found.status

    assert (status.state, status.source, status.version) == (State.OFFLINE, Source.GIVEN, 3)
    assert flags.boolean("yes") is True


def test_an_offline_set_with_problems_is_refused_with_their_places() -> None:
    with pytest.raises(FlagFileError, match=r"flag set.flags\[0\].enabled"):
        FlagClient.offline({"flags": [{"id": "a", "enabled": 1}]})


class Angry(Mapping[str, object]):
    """Fails whatever is asked of it."""

    def __getitem__(self, key: str) -> object:
        raise RuntimeError(key)

    def __iter__(self) -> Iterator[str]:
        raise RuntimeError

    def __len__(self) -> int:
        raise RuntimeError


class AngryValue:
    def __str__(self) -> str:
        raise RuntimeError

    __repr__ = __str__

    def __eq__(self, other: object) -> bool:
        raise RuntimeError

    __hash__ = None  # type: ignore[assignment]


def deep() -> object:
    found: object = "end"
    for _ in range(100_000):
        found = [found]
    return found


HOSTILE: dict[str, Callable[[], Any]] = {
    "nothing": lambda: None,
    "a text": lambda: "ann",
    "a number": lambda: 7,
    "a list": lambda: [("country", "DE")],
    "a mapping that fails": Angry,
    "keys that are no texts": lambda: {1: 2, None: 3, ("a",): 4},
    "a value that fails": lambda: {"country": AngryValue(), "targetingKey": AngryValue()},
    "a value too deep": lambda: {"country": deep(), "note": deep()},
    "not a number": lambda: {"country": math.nan, "targetingKey": math.inf},
    "a giant number": lambda: {"country": 10**5_000, "targetingKey": 10**5_000},
    "half a character": lambda: {"country": "DE", "targetingKey": "\ud800"},
    "names of Python's own": lambda: {"__class__": "x", "__dict__": {}, "country": {}.__class__},
    "a megabyte": lambda: {"country": "DE", "note": "a" * 1_000_000, "targetingKey": "ann"},
    "a hundred thousand attributes": lambda: {f"attribute-{at}": at for at in range(100_000)},
    "a bomb for regular expressions": lambda: {"country": "DE", "note": "a" * 99_000 + "!"},
    "a key of a megabyte": lambda: {"country": "DE", "targetingKey": "k" * 1_000_000},
}


@pytest.mark.parametrize("name", HOSTILE)
def test_no_context_makes_an_evaluation_fail(flags: Flags, name: str) -> None:
    context = HOSTILE[name]()

    assert flags.boolean("beta", context, False) in {True, False}
    assert flags.string("color", context, "blue") in {"red", "blue"}
    assert flags.number("size", context, 1) in {2.5, 1}
    assert flags.object("look", context, {}) in ({"sizes": [1, 2]}, {})
    assert flags.evaluate("beta", context).flag == "beta"
    assert set(flags.all(context)) == {one.id for one in SET.flags}


@pytest.mark.parametrize("key", [None, 7, [], AngryValue(), b"yes"], ids=lambda key: type(key).__name__)
def test_no_flag_makes_an_evaluation_fail(flags: Flags, key: Any) -> None:
    assert flags.boolean(key, {}, True) is True
    assert flags.evaluate(key).error is not None
    assert flags.metadata(key) == {}
