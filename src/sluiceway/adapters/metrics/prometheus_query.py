"""Placeholders in PromQL: whose figures a query is about, filled in so that no value can change the query.

Source: Prometheus docs, "Querying basics", string literals: as in Go, with escapes in double and single
quotes and none in backticks.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from sluiceway.domain.process.plan import MetricSpec
from sluiceway.errors import PermanentProviderError
from sluiceway.ports.metrics import Target

_TOKEN = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}|\\.|.", re.DOTALL)
_BARE = re.compile(r"[A-Za-z0-9_:]+")
_COMMENT = "#"
_ESCAPES = {"\\": "\\\\", "\n": "\\n", "\r": "\\r"}


def filled(spec: MetricSpec, target: Target, window_s: float) -> str:
    """Return the metric's query with `{{version}}`, `{{service}}` and `{{window}}` (such as `10s`) filled in.

    Raises PermanentProviderError for another placeholder, and for a value that can't stand where it is put.
    """
    return _filled(spec, "query", spec.query, {**_names(target), "window": f"{max(1, round(window_s))}s"})


def filled_totals(spec: MetricSpec, target: Target) -> tuple[str, str]:
    """Return the queries of the metric's two running totals, all and bad, with `{{version}}` and
    `{{service}}` filled in: a total has no window.

    Raises PermanentProviderError when one is missing, and as `filled` does.
    """
    for key, query in (("all", spec.all_query), ("bad", spec.bad_query)):
        if not query.strip():
            raise PermanentProviderError(
                f"metric {spec.name}: it is compared between versions but has no total '{key}'; add "
                f"metrics.{spec.name}.{key}, the PromQL of a running total"
            )
    names = _names(target)
    return (
        _filled(spec, "all", spec.all_query, names),
        _filled(spec, "bad", spec.bad_query, names),
    )


def _names(target: Target) -> dict[str, str]:
    return {"version": target.version, "service": target.service.name}


def _filled(spec: MetricSpec, key: str, query: str, values: Mapping[str, str]) -> str:
    try:
        return fill(query, values)
    except ValueError as failure:
        raise PermanentProviderError(
            f"metric {spec.name}: {failure}; mend metrics.{spec.name}.{key}"
        ) from failure


def fill(query: str, values: Mapping[str, str]) -> str:
    """Return the query with each `{{name}}` replaced. Raises ValueError saying what is wrong."""
    parts: list[str] = []
    within = ""  # the quote that is open, or _COMMENT
    for token in _TOKEN.finditer(query):
        text, name = token[0], token[1]
        if name is not None:
            if name not in values:
                known = ", ".join(f"{{{{{one}}}}}" for one in values)
                raise ValueError(f"its query has the placeholder {text}, known are {known}")
            parts.append(_quoted(values[name], within, text))
            continue
        parts.append(text)
        if within == _COMMENT:
            within = "" if text == "\n" else within
        elif within:
            within = "" if text == within or (within == "`" and text.endswith("`")) else within
        elif text in {'"', "'", "`", _COMMENT}:
            within = text
    return "".join(parts)


def _quoted(value: str, within: str, placeholder: str) -> str:
    if within in {'"', "'"}:
        return "".join(_ESCAPES.get(char, f"\\{char}" if char == within else char) for char in value)
    if within == _COMMENT:
        return value.replace("\n", " ")
    if within == "`" and "`" not in value:
        return value
    if not within and _BARE.fullmatch(value):
        return value
    raise ValueError(
        f'its query has {placeholder} where {value!r} can\'t stand, put it in double quotes ("...")'
    )
