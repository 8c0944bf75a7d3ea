"""LaunchDarkly's flag data as flags: what SDKs load (`{"flags": ..., "segments": ...}`), or its API exports.

The export of a project holds every environment; each becomes a set of its own. What can't be said here
(contexts of other kinds than user, and the like) is refused by its place. Clauses are the business of
`launchdarkly_clauses`.
Source: launchdarkly.com/docs/sdk/concepts/flag-evaluation-rules; apidocs.launchdarkly.com.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sluiceway.config.flag_formats.converted import Converted
from sluiceway.config.flag_formats.launchdarkly_clauses import Audiences, attribute_of
from sluiceway.config.flag_formats.logic import Expression, key_in
from sluiceway.config.flag_formats.reading import (
    Document,
    NotConvertible,
    listed,
    mapping,
    refuse,
    texts,
    value_type,
)
from sluiceway.config.flag_formats.rules import SPLIT_NOTE, VERSION_NOTE, rules_of
from sluiceway.domain.flags.model import TARGETING_KEY, Dependency, Flag, FlagSet, Serve, Share, Variant

KEPT: Final = "launchdarkly"
_USER: Final = "user"


def from_launchdarkly(document: object, *, service: str = "", environment: str = "") -> tuple[Converted, ...]:
    """Return the flags of each environment; data for SDKs, which has only one, becomes `environment`."""
    try:
        top = mapping(document, "launchdarkly")
        flags = _flag_documents(top)
        segments = _by_key(top.get("segments") or {}, "segments")
    except NotConvertible as error:
        return (Converted(FlagSet(service, environment), problems=(str(error),)),)
    names = dict.fromkeys(name for flag in flags.values() for name in _environments(flag))
    if not names:
        return (_converted(flags, segments, FlagSet(service, environment)),)
    return tuple(
        _converted(
            {key: _in_environment(flag, name) for key, flag in flags.items() if name in _environments(flag)},
            segments,
            FlagSet(service, name),
        )
        for name in names
    )


def _flag_documents(top: Document) -> dict[str, Document]:
    if "flagValues" in top:
        refuse("flagValues", "holds only values; export whole flags")
    flags = top.get("flags", top.get("items"))
    return _by_key(flags if flags is not None else [top], "flags")


def _by_key(value: object, where: str) -> dict[str, Document]:
    if isinstance(value, Mapping):
        return {key: mapping(one, f"{where}.{key}") for key, one in mapping(value, where).items()}  # pyright: ignore[reportUnknownArgumentType]
    items = [mapping(one, f"{where}[{at}]") for at, one in enumerate(listed(value, where))]
    return {str(one.get("key", "")): one for one in items}


def _environments(flag: Document) -> Sequence[str]:
    return list(mapping(flag.get("environments") or {}, "environments"))


def _in_environment(flag: Document, name: str) -> Document:
    """Return a flag of the REST API in the form that SDKs load."""
    own = mapping(mapping(flag["environments"], "environments")[name], f"environments.{name}")
    variations = [mapping(one, "variations") for one in listed(flag.get("variations"), "variations")]
    return {
        **{key: value for key, value in flag.items() if key not in {"environments", "variations"}},
        **own,
        "variations": [one.get("value") for one in variations],
        "names": [one.get("name") for one in variations],
    }


def _converted(flags: Mapping[str, Document], segments: Mapping[str, Document], empty: FlagSet) -> Converted:
    notes: list[str] = []
    problems: list[str] = []
    audiences = Audiences(segments, problems)
    names = {key: _variant_names(flag) for key, flag in flags.items()}
    found: list[Flag] = []
    for key, flag in flags.items():
        try:
            found.append(_Reader(key, flag, audiences, names, notes).flag())
        except NotConvertible as error:
            problems.append(str(error))
    whole = FlagSet(
        empty.service, empty.environment, flags=tuple(found), segments=tuple(audiences.segments.values())
    )
    return Converted(whole, tuple(notes), tuple(problems))


def _variant_names(flag: Document) -> list[str]:
    """Return what variations are called, else by their number; a truth by its value."""
    values: list[Any] = list(flag.get("variations") or [])
    said: list[Any] = list(flag.get("names") or [])
    given = [str(one) if one else "" for one in said] or [""] * len(values)
    if not any(given) and sorted(str(one) for one in values) == ["False", "True"]:
        return ["on" if one else "off" for one in values]
    usable = len({one for one in given if one}) == len(values)
    return given if usable else [f"variation-{at}" for at in range(len(values))]


class _Reader:
    """One flag of one environment."""

    def __init__(
        self,
        key: str,
        flag: Document,
        audiences: Audiences,
        names: Mapping[str, Sequence[str]],
        notes: list[str],
    ) -> None:
        self._key = key
        self._flag = flag
        self._audiences = audiences
        self._names = names
        self._notes = notes

    def flag(self) -> Flag:
        key, flag = self._key, self._flag
        values: list[Any] = listed(flag.get("variations"), f"{key}.variations")
        own = self._names[key]
        fallthrough = mapping(flag.get("fallthrough") or {}, f"{key}.fallthrough")
        usual = self._served(fallthrough, f"{key}.fallthrough")
        rules, rest = rules_of([*self._targets(), *self._rules()], key)
        rest = rest or usual
        serves = (rest, *(rule.serve for rule in rules))
        self._notes += [f"{key}: {SPLIT_NOTE}"] if any(one.split for one in serves) else []
        if any(one.operator.startswith("semver") for rule in rules for one in rule.constraints):
            self._notes.append(f"{key}: {VERSION_NOTE}")
        off = flag.get("offVariation")
        return Flag(
            key,
            value_type(values, f"{key}.variations"),
            is_enabled=bool(flag.get("on")),
            variants=tuple(Variant(name, value) for name, value in zip(own, values, strict=True)),
            rules=rules,
            serve=rest,
            otherwise=rest,
            off_variant="" if off is None else self._variant(off, f"{key}.offVariation"),
            dependencies=self._dependencies(),
            name=str(flag.get("name") or ""),
            description=str(flag.get("description") or ""),
            tags=texts(flag.get("tags") or [], f"{key}.tags"),
        )

    def _targets(self) -> list[tuple[str, str, Expression, Serve]]:
        found: list[tuple[str, str, Expression, Serve]] = []
        said: list[Document] = []
        for word in ("targets", "contextTargets"):
            where = f"{self._key}.{word}"
            said += [mapping(one, where) for one in listed(self._flag.get(word) or [], where)]
        for at, target in enumerate(said):
            where = f"{self._key}.targets[{at}]"
            keys = texts(target.get("values") or [], where)
            if keys and target.get("contextKind", _USER) != _USER:
                refuse(where, f'is for contexts of kind "{target["contextKind"]}", expected user')
            if keys:
                serve = Serve(self._variant(target.get("variation"), where))
                found.append((f"target-{at + 1}", "", key_in(keys), serve))
        return found

    def _rules(self) -> list[tuple[str, str, Expression, Serve]]:
        found: list[tuple[str, str, Expression, Serve]] = []
        for at, one in enumerate(listed(self._flag.get("rules") or [], f"{self._key}.rules")):
            where = f"{self._key}.rules[{at}]"
            rule = mapping(one, where)
            when = self._audiences.all_of(rule.get("clauses") or [], f"{where}.clauses")
            own = str(rule.get("id") or rule.get("_id") or f"rule-{at + 1}")
            found.append((own, str(rule.get("description") or ""), when, self._served(rule, where)))
        return found

    def _served(self, rule: Document, where: str) -> Serve:
        if rule.get("variation") is not None:
            return Serve(self._variant(rule["variation"], f"{where}.variation"))
        rollout = mapping(rule.get("rollout"), f"{where}.rollout")
        if rollout.get("contextKind", _USER) != _USER:
            refuse(f"{where}.rollout", f'counts contexts of kind "{rollout["contextKind"]}", expected user')
        shares: list[Share] = []
        for at, one in enumerate(listed(rollout.get("variations"), f"{where}.rollout.variations")):
            place = f"{where}.rollout.variations[{at}]"
            share = mapping(one, place)
            weight = share.get("weight")
            if not isinstance(weight, int) or isinstance(weight, bool) or weight < 0:
                refuse(f"{place}.weight", f"is {weight!r}, expected a whole number from 0 to 100000")
            shares.append(Share(self._variant(share.get("variation"), f"{place}.variation"), weight))
        by = attribute_of(rollout.get("bucketBy") or "key", f"{where}.rollout.bucketBy")
        return Serve(split=tuple(shares), by=() if by == TARGETING_KEY else (by,))

    def _variant(self, index: object, where: str, flag: str = "") -> str:
        names = self._names[flag or self._key]
        if not isinstance(index, int) or isinstance(index, bool) or not 0 <= index < len(names):
            refuse(where, f"is {index!r}, expected the number of a variation, 0 to {len(names) - 1}")
        return names[index]

    def _dependencies(self) -> tuple[Dependency, ...]:
        found: list[Dependency] = []
        for at, one in enumerate(self._flag.get("prerequisites") or []):
            where = f"{self._key}.prerequisites[{at}]"
            need = mapping(one, where)
            flag = str(need.get("key"))
            if flag not in self._names:
                refuse(where, f'needs the flag "{flag}", which is not among these')
            found.append(Dependency(flag, variants=(self._variant(need.get("variation"), where, flag),)))
        return tuple(found)
