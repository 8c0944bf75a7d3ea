"""Snippets of other documents put into the words of a process, so that they load as they stand.

A snippet keeps its own shape in the file; here its values move to where a process has them, each with the
line and column it was written at. Reading them there is the business of the section modules.

| snippet | becomes |
| --- | --- |
| `evaluation_criteria` | `changes.matrix` |
| `release_schedule_*` | `release_calendar` |
| `team_capacity_*` | `planning` |
| `alerts` by group | `alerts`, and `rollback_policy.approval_for` |
"""

from __future__ import annotations

import re
from collections.abc import Callable

import yaml

from sluiceway.config import snippet_vocabulary as vocabulary
from sluiceway.config.merge import MAPPING_TAG, TEXT_TAG, merge
from sluiceway.config.slugs import slug
from sluiceway.config.tree import ROOT, Value
from sluiceway.domain.process.metrics import builtin, canonical

_LIST_TAG = "tag:yaml.org,2002:seq"
_NUMBER_TAG = "tag:yaml.org,2002:float"
_RANGE = re.compile(r"\s*(\d{1,3})\s*(?:-|–|to)\s*(\d{1,3})\s*")
_VELOCITY = re.compile(r"\s*(\d{1,6}(?:\.\d{1,3})?)(?:[_ ]*points?)?(?:[_ ]*(?:per|/)[_ ]*day)?\s*")
_SCHEDULED = re.compile(r"(\w+?)_release(s?)")
_BELOW = {"changes": "matrix", "rollback_policy": "approval_for"}  # where a snippet is a part of a part

_Pair = tuple[yaml.Node, yaml.Node]
Parts = dict[str, yaml.Node]  # top keys of a process


def translated(top: Value) -> yaml.Node:
    """Return a file's tree with its snippets in the words of a process."""
    if not isinstance(top.node, yaml.MappingNode):
        return top.node
    pairs: list[_Pair] = top.node.value
    kept = [pair for pair in pairs if _translator(pair) is None]
    if len(kept) == len(pairs):
        return top.node
    own = {str(key.value): value for key, value in kept if isinstance(key, yaml.ScalarNode)}
    found: Parts = {}
    for key, node in pairs:
        translate = _translator((key, node))
        if translate is None:
            continue
        snippet = Value(node, str(key.value), top.findings)
        for word, made in translate(snippet).items():
            before = found.get(word)
            if isinstance(before, yaml.SequenceNode) and isinstance(made, yaml.SequenceNode):
                made.value = [*before.value, *made.value]
            elif before is not None:
                snippet.problem(f"a second one of its kind says `{word}`, expected one")
            elif _says(own.get(word), word):
                full = f"{word}.{_BELOW[word]}" if word in _BELOW else word
                snippet.problem(f"says the same as `{full}`, expected one of them")
            found[word] = made
    under = _mapping(found, top.node)
    over = yaml.MappingNode(MAPPING_TAG, kept, top.node.start_mark, top.node.end_mark, flow_style=False)
    return merge(under, Value(over, ROOT, top.findings))


def _translator(pair: _Pair) -> Callable[[Value], Parts] | None:
    key, node = pair
    word = str(key.value) if isinstance(key, yaml.ScalarNode) else ""
    if word == "evaluation_criteria":
        return _matrix
    if word.startswith("release_schedule_"):
        return _calendar
    if word.startswith("team_capacity_"):
        return _planning
    return _alerts if word == "alerts" and isinstance(node, yaml.MappingNode) else None


def _says(own: yaml.Node | None, word: str) -> bool:
    if own is None or word not in _BELOW or not isinstance(own, yaml.MappingNode):
        return own is not None
    return any(key.value == _BELOW[word] for key, _ in own.value)


def _matrix(value: Value) -> Parts:
    items: list[yaml.Node] = []
    for key, entry in value.entries():
        fields = vocabulary.EVALUATION_CRITERION.read(entry)
        made: Parts = {"id": _text(slug(key.raw), key.node)}
        made |= {word: found.node for word, found in fields.found.items() if word != "score_range"}
        scores = fields.get("score_range")
        bounds = _RANGE.fullmatch(scores.raw) if scores else None
        if scores and bounds:
            made["low"], made["high"] = (_text(bound, scores.node) for bound in bounds.groups())
        elif scores:
            scores.expected("the lowest and the highest score, such as 1-10")
        items.append(_mapping(made, entry.node))
    return {"changes": _mapping({"matrix": _list(items, value.node)}, value.node)}


def _calendar(value: Value) -> Parts:
    items: list[yaml.Node] = []
    for _, quarter in value.entries():
        for key, entry in quarter.entries():
            kind = _SCHEDULED.fullmatch(key.raw)
            if kind is None:
                key.problem(
                    f'unknown key "{key.raw}", expected a type of releases such as major_release, '
                    "or minor_releases for a list"
                )
                continue
            for release in entry.items() if kind[2] else (entry,):
                made = vocabulary.SCHEDULED_RELEASE.read(release).found
                parts = {word: found.node for word, found in made.items()}
                parts["type"] = _text(slug(kind[1]), key.node)
                items.append(_mapping(parts, release.node))
    return {"release_calendar": _list(items, value.node)}


def _planning(value: Value) -> Parts:
    team: list[yaml.Node] = []
    made: Parts = {}
    for key, group in value.entries():
        if key.raw != "capacity_per_sprint":
            for role, count in group.entries():
                trade = _text(role.raw.replace("_", " "), role.node)
                team.append(_mapping({"role": trade, "count": count.node}, role.node))
            continue
        fields = vocabulary.CAPACITY_PER_SPRINT.read(group)
        named = {"story_points": "sprint_points", "days_available": "sprint_days"}
        made |= {named[word]: found.node for word, found in fields.found.items() if word in named}
        velocity = fields.get("velocity")
        points = _VELOCITY.fullmatch(velocity.raw) if velocity else None
        if velocity and points:
            made["points_per_day"] = yaml.ScalarNode(_NUMBER_TAG, points[1], velocity.node.start_mark)
        elif velocity:
            velocity.expected("points of a day such as 6_points_per_day")
    return {"planning": _mapping({**made, "team": _list(team, value.node)}, value.node)}


def _alerts(value: Value) -> Parts:
    alerts: list[yaml.Node] = []
    parts: Parts = {}
    for group, entries in value.entries():
        if group.raw != "rollback":
            alerts += [_alert(metric, entry) for metric, entry in entries.entries()]
            continue
        fields = vocabulary.ROLLBACK_ALERTS.read(entries)
        automatic, asks = fields.get("automatic_triggers"), fields.get("manual_approval_required")
        alerts += [_rollback_alert(trigger) for trigger in (automatic.items() if automatic else ())]
        if asks:
            parts["rollback_policy"] = _mapping({"approval_for": asks.node}, asks.node)
    return {"alerts": _list(alerts, value.node), **parts}


def _alert(metric: Value, entry: Value) -> yaml.Node:
    """Return an alert on a metric that is beyond a threshold: above it, or below it where high is good."""
    fields = vocabulary.ALERT_THRESHOLD.read(entry)
    made = {word: found.node for word, found in fields.found.items() if word != "threshold"}
    made["id"] = _text(slug(metric.raw), metric.node)
    known, threshold = builtin(canonical(metric.raw)), fields.at("threshold")
    sign = "<" if known and not known.higher_is_worse else ">"
    made["condition"] = _text(f"{metric.raw} {sign} {threshold.raw}", threshold.node)
    return _mapping(made, entry.node)


def _rollback_alert(trigger: Value) -> yaml.Node:
    made = {"id": f"rollback-{slug(trigger.raw)}", "severity": "critical", "route": "automatic rollback"}
    parts: Parts = {word: _text(text, trigger.node) for word, text in made.items()}
    return _mapping({**parts, "condition": trigger.node}, trigger.node)


def _text(text: str, at: yaml.Node) -> yaml.Node:
    return yaml.ScalarNode(TEXT_TAG, text, at.start_mark, at.end_mark)


def _list(items: list[yaml.Node], at: yaml.Node) -> yaml.Node:
    return yaml.SequenceNode(_LIST_TAG, items, at.start_mark, at.end_mark, flow_style=False)


def _mapping(parts: Parts, at: yaml.Node) -> yaml.Node:
    pairs: list[_Pair] = [(_text(word, node), node) for word, node in parts.items()]
    return yaml.MappingNode(MAPPING_TAG, pairs, at.start_mark, at.end_mark, flow_style=False)
