from __future__ import annotations

import pytest

from sluiceway.adapters.metrics.prometheus_query import fill

VALUES = {"version": "2.0", "service": "shop", "window": "10s"}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ('up{version="{{version}}"}', 'up{version="2.0"}'),
        ("up{version='{{ version }}'}", "up{version='2.0'}"),
        ("up{version=`{{version}}`}", "up{version=`2.0`}"),
        ("rate(x[{{window}}])", "rate(x[10s])"),
        ('{{service}}_up{v="{{version}}",w="{{version}}"}', 'shop_up{v="2.0",w="2.0"}'),
        ("sum(up) by (job)", "sum(up) by (job)"),
        ("up # {{version}}, it's\nand y{v='{{version}}'}", "up # 2.0, it's\nand y{v='2.0'}"),
    ],
)
def test_placeholders_are_filled_in(query: str, expected: str) -> None:
    assert fill(query, VALUES) == expected


@pytest.mark.parametrize(
    ("query", "value", "expected"),
    [
        ('x{v="{{version}}"}', 'a"} or up{v="b', 'x{v="a\\"} or up{v=\\"b"}'),
        ('x{v="{{version}}"}', "it's \\ this\n", 'x{v="it\'s \\\\ this\\n"}'),
        ("x{v='{{version}}'}", 'it\'s "so"', "x{v='it\\'s \"so\"'}"),
        ('x{w="\\"", v="{{version}}"}', 'a"b', 'x{w="\\"", v="a\\"b"}'),
        ("x{w='\"', v='{{version}}'}", "a'b", "x{w='\"', v='a\\'b'}"),
        ('x{w=`\\`, v="{{version}}"}', 'a"b', 'x{w=`\\`, v="a\\"b"}'),
    ],
)
def test_no_value_can_leave_its_quotes(query: str, value: str, expected: str) -> None:
    assert fill(query, {"version": value}) == expected


@pytest.mark.parametrize(
    ("query", "value"),
    [("x_{{version}}", "2.0) or vector(0"), ("x{v={{version}}}", "2.0"), ("x{v=`{{version}}`}", "a`b")],
)
def test_a_value_that_would_change_the_query_is_refused(query: str, value: str) -> None:
    with pytest.raises(ValueError, match="put it in double quotes"):
        fill(query, {"version": value})


@pytest.mark.parametrize("query", ["x{v='{{verison}}'}", "x{{}}", "x{{ a b }}"])
def test_an_unknown_placeholder_is_named_with_those_that_are_known(query: str) -> None:
    with pytest.raises(ValueError, match=r"known are \{\{version\}\}, \{\{service\}\}, \{\{window\}\}"):
        fill(query, VALUES)
