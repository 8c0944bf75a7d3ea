"""Sets of flags written as one flag file: YAML that `flag_file` reads back as the same flags.

What holds in the first environment stands in the flag itself, what differs in another under `environments`.
Acts (kills, holds, since when everyone is reached) are no part of a file.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml

from sluiceway.config.flag_kinds import value_type_of
from sluiceway.config.flag_vocabulary import FLAG
from sluiceway.domain.flags.model import Flag, FlagSet
from sluiceway.domain.flags.wire import flag_to_json, segment_to_json
from sluiceway.domain.process.durations import show_duration
from sluiceway.errors import InvalidInputError

_USUAL: Mapping[str, Any] = {
    "variants": {"on": True, "off": False},
    "off_variant": "off",
    "hash_version": "sluice-1",
    "kill_switch": True,
}
_MERGED = ("rules", "thresholds")
_ACTS = ("hold", "full_since")
_WIDTH = 100


def flag_file_text(sets: Sequence[FlagSet]) -> str:
    """Return the text of a flag file with the sets of one service, one for each environment.

    Raises InvalidInputError for sets of several services, and where segments differ between environments: a
    file has one of each for all environments.
    """
    if not sets:
        raise InvalidInputError("there is no environment to write; name at least one")
    if len({one.service for one in sets}) > 1:
        raise InvalidInputError("a flag file holds the flags of one service; write one file for each")
    if any(one.segments != sets[0].segments for one in sets[1:]):
        raise InvalidInputError(
            "segments differ between environments, and a flag file has them once; write one environment"
        )
    ids = dict.fromkeys(flag.id for one in sets for flag in one.flags)
    document: dict[str, Any] = {
        **({"service": sets[0].service} if sets[0].service else {}),
        "environments": [one.environment for one in sets],
        "flags": {id_: _flag(id_, sets) for id_ in ids},
    }
    segments = [segment_to_json(one) for one in sets[0].segments]
    return _yaml({**document, **({"segments": segments} if segments else {})})


def _flag(id_: str, sets: Sequence[FlagSet]) -> dict[str, Any]:
    states = {one.environment: next((flag for flag in one.flags if flag.id == id_), None) for one in sets}
    first = next(flag for flag in states.values() if flag is not None)
    base = _document(first)
    is_clear = all(_has_type_of_variants(flag) for flag in states.values() if flag is not None)
    overrides = {
        environment: {"absent": True} if flag is None else _difference(base, _document(flag))
        for environment, flag in states.items()
    }
    for over in overrides.values() if is_clear else ():
        over.pop("value_type", None)
    shown = {key: value for key, value in base.items() if key != "value_type" or not is_clear}
    overrides = {name: over for name, over in overrides.items() if over}
    return {**_tidy(shown), **({"environments": overrides} if overrides else {})}


def _has_type_of_variants(flag: Flag) -> bool:
    variants = [{"value": one.value} for one in flag.variants]
    return value_type_of(variants) == flag.value_type.value


def _difference(base: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Return the keys that differ; those that only `base` has are taken back with null."""
    keys = [key for key in (*own, *base) if _exact(base.get(key)) != _exact(own.get(key))]
    over = {key: own.get(key) for key in dict.fromkeys(keys)}
    for key in _MERGED:
        items: list[dict[str, Any]] = over.get(key) or []
        if items and base.get(key):
            over[key] = [_over_item(base[key], item) for item in items]
    return over


def _over_item(base: Sequence[Mapping[str, Any]], own: Mapping[str, Any]) -> dict[str, Any]:
    """Return an item with null for what it would otherwise take from the item of `base` with its id."""
    parents = [item for item in base if item["id"] == own["id"]]
    return {**own, **{key: None for item in parents[-1:] for key in item if key not in own}}


def _exact(value: Any) -> str:
    """Return a text by which `true`, `1` and `1.0` differ, as they do for those who read a flag."""
    return repr(value)


def _tidy(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a flag's keys in the order people look for them, without those that say the usual."""
    order = list(FLAG.kinds)
    known = sorted(document, key=order.index)
    return {key: document[key] for key in known if key != "id" and not _is_usual(key, document[key])}


def _is_usual(key: str, value: Any) -> bool:
    return key in _USUAL and _exact(_USUAL[key]) == _exact(value)


def _document(flag: Flag) -> dict[str, Any]:
    """Return a flag's JSON in the words of a flag file: percentages, durations, times in their zone."""
    found = cast("dict[str, Any]", flag_to_json(flag))
    for act in _ACTS:
        found.pop(act, None)
    if len({one.name for one in flag.variants if not one.extra}) == len(flag.variants):
        found["variants"] = {one.name: one.value for one in flag.variants}
    if flag.window is not None:
        found["window"] = _window(found["window"], flag.window.zone)
    for key in ("serve", "otherwise"):
        if key in found:
            found[key] = _serve(found[key])
    for rule in found.get("rules", ()):
        if "reach" in rule:
            rule["reach"] = f"{rule['reach']}%"
        if "serve" in rule:
            rule["serve"] = _serve(rule["serve"])
    if "dependencies" in found:
        found["dependencies"] = [_dependency(one) for one in found["dependencies"]]
    for threshold in found.get("thresholds", ()):
        _durations(threshold)
    return found


def _serve(serve: dict[str, Any]) -> Any:
    if set(serve) == {"variant"}:
        return serve["variant"]
    split = serve.get("split", ())
    weights = {one["variant"]: one["weight"] for one in split}
    return {**serve, "split": weights} if len(weights) == len(split) > 0 else serve


def _dependency(one: dict[str, Any]) -> Any:
    return one["flag"] if one["on"] and "variants" not in one else one


def _window(window: dict[str, Any], name: str) -> dict[str, Any]:
    try:
        zone = ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return window
    return {
        key: datetime.fromisoformat(value).astimezone(zone).isoformat() if key != "zone" else value
        for key, value in window.items()
    }


def _durations(threshold: dict[str, Any]) -> None:
    for key in ("for", "clear", "no_data_after"):
        seconds = threshold.pop(f"{key}_s", None)
        if seconds is None:
            continue
        is_exact = float(seconds * 1_000).is_integer() and seconds > 0
        threshold[key] = show_duration(seconds) if is_exact else seconds


def _yaml(document: Mapping[str, Any]) -> str:
    plain = json.loads(json.dumps(document))  # shares nothing, so that no anchors are written
    return str(
        yaml.safe_dump(plain, sort_keys=False, allow_unicode=True, width=_WIDTH, default_flow_style=None)
    )
