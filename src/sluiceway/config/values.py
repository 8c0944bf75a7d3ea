"""Turning one YAML value into a type, or into a problem that says what was expected.

Each reader returns None after it reported a problem, so that the rest of the file is still checked.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from typing import TypeVar

from sluiceway.config.tree import Value, nearest
from sluiceway.domain.process.durations import parse_duration, parse_percent, parse_weight_bp, show_duration
from sluiceway.errors import InvalidInputError

T = TypeVar("T")

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")  # RFC 9110, 5.6.2: header and cookie names
_NUMBER = re.compile(r"[+-]?(\d{1,15}(\.\d{0,15})?|\.\d{1,15})")
_WHOLE = re.compile(r"[+-]?\d+")
_TRUTHS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


def text(value: Value, *, what: str = "text", may_be_empty: bool = False) -> str | None:
    """Return a scalar's text as written; numbers and truths are text too where text is asked for."""
    if not value.is_scalar:
        value.expected(what)
        return None
    if not value.raw.strip() and not may_be_empty:
        value.expected(what)
        return None
    if "\0" in value.raw:
        value.problem(f"found a NUL character, expected {what}")
        return None
    return value.raw


def name(value: Value, *, what: str = "a name") -> str | None:
    """Return a name that can stand in a path or an id: letters, digits and . _ - (at most 63)."""
    found = text(value, what=what)
    if found is not None and _NAME.fullmatch(found) is None:
        value.expected(f"{what} of at most 63 letters, digits and . _ -, beginning with a letter or digit")
        return None
    return found


def token(value: Value, *, what: str) -> str | None:
    """Return the name of a header or cookie."""
    found = text(value, what=what)
    if found is not None and _TOKEN.fullmatch(found) is None:
        value.expected(f"{what} without spaces and separators")
        return None
    return found


def url_path(value: Value) -> str | None:
    """Return a request path, which begins with a slash."""
    found = text(value, what="a path such as /healthz")
    if found is not None and (not found.startswith("/") or re.search(r"[\s\x00-\x1f]", found)):
        value.expected("a path such as /healthz, beginning with / and without spaces")
        return None
    return found


def duration(value: Value, *, least_s: float = 0.0, most_s: float | None = None) -> float | None:
    """Return seconds of a duration between the two bounds."""
    if not value.is_scalar:
        value.expected("a duration such as 10m or 24h")
        return None
    try:
        seconds = parse_duration(value.raw)
    except InvalidInputError as problem:
        value.problem(str(problem))
        return None
    if seconds < least_s or (most_s is not None and seconds > most_s):
        most = f" to {show_duration(most_s)}" if most_s is not None else " or more"
        value.problem(f"{value.raw} is outside what fits here, expected {show_duration(least_s)}{most}")
        return None
    return seconds


def weight_bp(value: Value) -> int | None:
    """Return basis points of a percentage; bare numbers are percent."""
    if not value.is_scalar:
        value.expected("a percentage such as 5%")
        return None
    try:
        return parse_weight_bp(value.raw)
    except InvalidInputError as problem:
        value.problem(str(problem))
        return None


def share(value: Value, *, most_percent: int | None = None, may_be_zero: bool = False) -> float | None:
    """Return the share of a percentage, 0 to 1; bare numbers are percent. Below 100 % unless bounded.

    A bare number below 1 is a problem: statisticians mean 5 % by 0.05, and a hundredth of that would pass.
    """
    most = "below 100 %" if most_percent is None else f"up to {most_percent} %"
    expected = f"{'from' if may_be_zero else 'above'} 0 % and {most}"
    if not value.is_scalar:
        value.expected(f"a percentage {expected}")
        return None
    try:
        percent = parse_percent(value.raw)
    except InvalidInputError as problem:
        value.problem(str(problem))
        return None
    if 0 < percent < 1 and _NUMBER.fullmatch(value.raw.strip()):
        value.problem(
            f"{value.raw} may mean {float(percent) * 100:.15g}% or {value.raw}%, expected it with its % sign"
        )
        return None
    is_low = percent < 0 or (percent == 0 and not may_be_zero)
    is_high = percent >= 100 if most_percent is None else percent > most_percent
    if is_low or is_high:
        value.problem(f"{value.raw} is outside what fits here, expected {expected}")
        return None
    return float(percent) / 100


def number(
    value: Value,
    *,
    least: float | None = None,
    above: float | None = None,
    most: float,
    what: str = "a number",
) -> float | None:
    """Return a number of at least `least`, or above `above`, and at most `most`."""
    low = f"above {above:.15g} and up to" if above is not None else f"{least or 0:.15g} to"
    expected = f"{low} {most:.15g}"
    if not value.is_scalar or value.kind not in {"int", "float"} or _NUMBER.fullmatch(value.raw) is None:
        value.expected(f"{what}, {expected}")
        return None
    found = float(value.raw)
    is_low = (above is not None and found <= above) or (least is not None and found < least)
    if is_low or found > most:
        value.problem(f"{value.raw} is outside what fits here, expected {expected}")
        return None
    return found


def whole(value: Value, *, least: int, most: int) -> int | None:
    """Return a whole number between the two bounds."""
    if not value.is_scalar or _WHOLE.fullmatch(value.raw) is None or len(value.raw) > 15:
        value.expected(f"a whole number from {least} to {most}")
        return None
    number = int(value.raw)
    if not least <= number <= most:
        value.problem(f"{number} is outside {least} to {most}")
        return None
    return number


def count(value: Value) -> int | None:
    """Return a number of requests, 0 and up."""
    return whole(value, least=0, most=1_000_000_000)


def truth(value: Value) -> bool | None:
    """Return true or false; YAML's yes, no, on and off are understood."""
    found = _TRUTHS.get(value.raw.lower()) if value.is_scalar and value.kind == "bool" else None
    if found is None:
        value.expected("true or false")
    return found


def choice(value: Value, choices: Mapping[str, T]) -> T | None:
    """Return what one of these words stands for."""
    expected = ("" if len(choices) == 1 else "one of ") + ", ".join(choices)
    found = text(value, what=expected)
    if found is None:
        return None
    word = found.strip().lower()
    if word in choices:
        return choices[word]
    value.problem(f'unknown word "{found}", expected {expected}{nearest(word, choices)}')
    return None


def texts(value: Value, *, what: str) -> tuple[str, ...] | None:
    """Return a list of texts, or one text as a list of one."""
    if value.is_scalar:
        one = text(value, what=what)
        return None if one is None else (one,)
    if not value.is_list:
        value.expected(f"{what}, or a list of them")
        return None
    found = tuple(text(item, what=what) for item in value.items())
    if not found:
        value.expected(f"at least one {what.removeprefix('a ')}")
        return None
    return tuple(part for part in found if part is not None) if None not in found else None


def command(value: Value) -> tuple[str, ...] | None:
    """Return a command's words: a list, or one text split like a shell would, but run without one."""
    if value.is_list:
        words = [text(item, what="text", may_be_empty=True) for item in value.items()]
        if not words or not (words[0] or "").strip():
            value.problem('found an empty command, expected a program such as ["python3", "app.py"]')
            return None
        return tuple(word for word in words if word is not None) if None not in words else None
    found = text(value, what='a command such as ["python3", "app.py", "--port", "{port}"]')
    if found is None:
        return None
    try:
        split = tuple(shlex.split(found))
    except ValueError as error:
        value.problem(f"can't be split into words ({str(error).lower()}), expected balanced quotes or a list")
        return None
    if not split:
        value.problem('found an empty command, expected a program such as ["python3", "app.py"]')
        return None
    return split


def mapping_of_texts(value: Value) -> tuple[tuple[str, str], ...] | None:
    """Return the pairs of a mapping from text to text, empty values included."""
    if not value.is_mapping:
        value.expected("a mapping of names to texts")
        return None
    pairs: list[tuple[str, str]] = []
    for key, entry in value.entries():
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", key.raw):
            key.problem(f'"{key.raw}" can\'t name an environment variable, expected letters, digits and _')
            continue
        found = "" if entry.is_null else text(entry, may_be_empty=True)
        if found is not None:
            pairs.append((key.raw, found))
    return tuple(pairs)
