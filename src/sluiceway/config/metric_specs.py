"""The `metrics` section: figures that a process adds to the catalogue, or reads from somewhere else."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from sluiceway.config import shapes, values, vocabulary
from sluiceway.config.sections import Fields
from sluiceway.config.tree import Value, nearest
from sluiceway.domain.process import metrics
from sluiceway.domain.process.comparable import SLOW_REQUESTS
from sluiceway.domain.process.plan import MetricSource, MetricSpec
from sluiceway.domain.process.syntax import RESERVED

QUERY_PLACEHOLDERS = ("version", "service", "window")
TOTAL_PLACEHOLDERS = ("version", "service")  # a running total has no window

_TOTALS = ("bad", "all")

_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
_PLACEHOLDER = re.compile(r"\{\{\s*([A-Za-z_]+)\s*\}\}")


@dataclass(frozen=True, slots=True)
class _Read:
    """Where a metric is read: its queries and the server's address, all empty for other sources."""

    query: str = ""
    address: str = ""
    bad: str = ""
    all: str = ""


def read_metrics(value: Value) -> tuple[MetricSpec, ...]:
    """Return the metrics in the order of the file.

    One with a problem is there with its defaults, so that what names it is not called unknown as well.
    """
    return tuple(_read_metric(key, entry) for key, entry in value.entries())


def _read_metric(key: Value, value: Value) -> MetricSpec:
    _check_name(key)
    known = metrics.builtin(key.raw)
    default = metrics.spec_of(known) if known else MetricSpec(key.raw, MetricSource.PROMETHEUS)
    fields = vocabulary.METRIC.read(value)
    if not fields.is_mapping:
        return default
    source_value, worse_value = fields.get("source"), fields.get("higher_is_worse")
    is_queried = any(fields.has(word) for word in ("query", *_TOTALS))
    implied = MetricSource.PROMETHEUS if is_queried else default.source
    source = values.choice(source_value, shapes.SOURCES) if source_value else implied
    unit = _unit(key, fields, default)
    worse = values.truth(worse_value) if worse_value else default.higher_is_worse
    is_pushed = source is MetricSource.PUSH
    window_s, timeout_s, step_s = _times(
        fields, replace(default, window_s=metrics.PUSHED_WINDOW_S) if is_pushed else default
    )
    read = _source(key, fields, source) if source is not None else None
    if source is None or unit is None or worse is None or read is None:
        return default
    if window_s is None or timeout_s is None or step_s is None:
        return default
    return MetricSpec(
        key.raw,
        source,
        unit,
        read.query,
        read.address,
        window_s,
        timeout_s,
        step_s,
        worse,
        bad_query=read.bad,
        all_query=read.all,
    )


def _unit(key: Value, fields: Fields, default: MetricSpec) -> str | None:
    value = fields.get("unit")
    if value is None:
        return default.unit
    unit = values.text(value, what="a unit such as ms")
    known = metrics.builtin(key.raw)
    if known and unit is not None and unit != known.unit:
        value.problem(f"found {unit}, expected {known.unit}, the unit that {key.raw} has everywhere")
    return unit


def _check_name(key: Value) -> None:
    name = key.raw
    if _NAME.fullmatch(name) is None:
        key.problem(
            f"\"{name}\" can't be a metric's name, expected small letters, digits and _, such as checkout_p99"
        )
        return
    if name == SLOW_REQUESTS:
        key.problem(f'"{name}" is what the proxy counts for the analysis, expected another name')
        return
    if name in RESERVED:
        key.problem(f'"{name}" is a word of the expression language, expected another name')
        return
    if metrics.derived(name) is not None or metrics.canonical(name) != name:
        meant = metrics.canonical(name)
        what = "is computed from other metrics" if meant == name else f'is another spelling of "{meant}"'
        key.problem(f'"{name}" {what}, expected another name')


def _times(fields: Fields, default: MetricSpec) -> tuple[float | None, float | None, float | None]:
    window_value, timeout_value, step_value = (
        fields.get("window"),
        fields.get("timeout"),
        fields.get("range_step"),
    )
    window_s = values.duration(window_value, least_s=1, most_s=86_400) if window_value else default.window_s
    timeout_s = (
        values.duration(timeout_value, least_s=0.01, most_s=60) if timeout_value else default.timeout_s
    )
    step_s = values.duration(step_value, most_s=86_400) if step_value else default.range_step_s
    if step_value and step_s is not None and window_s is not None and step_s > window_s:
        step_value.problem(f"{step_value.raw} is longer than the window, expected at most {window_s:g} s")
        return window_s, timeout_s, None
    return window_s, timeout_s, step_s


def _source(key: Value, fields: Fields, source: MetricSource) -> _Read | None:
    if source is not MetricSource.PROMETHEUS:
        for name in ("query", *_TOTALS, "address", "range_step"):
            if fields.get(name) is not None:
                fields.at(name).problem(f'"{name}" needs source: prometheus, found source: {source}')
        known = metrics.builtin(key.raw)
        if source is not MetricSource.PUSH and (known is None or known.source is not source):
            names = [metric.name for metric in metrics.CATALOGUE if metric.source is source]
            near = nearest(key.raw, names)
            fields.at("source").problem(
                f"{source} has no metric {key.raw}, expected one of {', '.join(names)}{near}"
            )
            return None
        return _Read()
    query_value, address_value = fields.get("query"), fields.get("address")
    bad_value, all_value = fields.get("bad"), fields.get("all")
    if query_value is None and bad_value is None and all_value is None:
        fields.value.problem('"query" is missing, expected a PromQL query for source: prometheus')
    elif (bad_value is None) != (all_value is None):
        missing, there = ("all", "bad") if bad_value else ("bad", "all")
        fields.value.problem(f'"{missing}" is missing, expected the running total that goes with "{there}"')
    if query_value is None and fields.get("range_step") is not None:
        fields.at("range_step").problem('"range_step" needs a query, found none')
    if address_value is None:
        example = "an address such as http://127.0.0.1:9090"
        fields.value.problem(f'"address" is missing, expected {example} for source: prometheus')
    query = _query(query_value, QUERY_PLACEHOLDERS) if query_value else ""
    bad, everything = (_query(value, TOTAL_PLACEHOLDERS) if value else "" for value in (bad_value, all_value))
    address = _address(address_value) if address_value else None
    if query is None or bad is None or everything is None or address is None:
        return None
    return _Read(query, address, bad, everything) if query or (bad and everything) else None


def _query(value: Value, placeholders: tuple[str, ...]) -> str | None:
    found = values.text(value, what="a PromQL query")
    if found is None:
        return None
    named = _PLACEHOLDER.findall(found)
    unknown = [word for word in named if word not in placeholders]
    for word in dict.fromkeys(unknown):
        near = nearest(word, placeholders)
        *others, last = (f"{{{{{name}}}}}" for name in placeholders)
        value.problem(f"unknown placeholder {{{{{word}}}}}, expected {', '.join(others)} or {last}{near}")
    if "version" not in named and not unknown:
        value.note("does not name {{version}}, so both versions get the same figures")
    return None if unknown else found


def _address(value: Value) -> str | None:
    found = values.text(value, what="an address such as http://127.0.0.1:9090")
    if found is None:
        return None
    if "@" in found:
        value.problem(
            "holds a user name or password, expected an address without: process files are kept and shown"
        )
        return None
    try:
        parts = urlsplit(found)
        is_good = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        is_good = False
    if not is_good:
        value.expected("an address such as http://127.0.0.1:9090")
        return None
    return found.rstrip("/")
