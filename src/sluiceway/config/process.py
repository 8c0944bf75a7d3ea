"""A process file as a whole: text in, a checked `Process` or every problem out."""

from __future__ import annotations

import hashlib
from pathlib import Path

from sluiceway.config import values, vocabulary
from sluiceway.config.analysis import note_one_instance
from sluiceway.config.extends import resolve
from sluiceway.config.files import read_text
from sluiceway.config.judgements import Judge
from sluiceway.config.metric_specs import read_metrics
from sluiceway.config.plain import read_id
from sluiceway.config.rollout import read_canary_deployment, read_rollout
from sluiceway.config.sections import Fields
from sluiceway.config.service import read_ingress, read_service
from sluiceway.config.team import read_team
from sluiceway.config.tree import ROOT, Findings, Value
from sluiceway.domain.process.plan import MetricSpec, Process, RolloutPlan


def load_process(path: Path) -> Process:
    """Return the process in a file. Raises ProcessFileError, also when the file can't be read."""
    return parse_process(read_text(path), str(path), path.parent)


def resolved_text(path: Path) -> str:
    """Return the text of the process in a file with all that it extends, which stands by itself.

    A file that extends nothing is returned as it is. Raises ProcessFileError with every problem.
    """
    return load_process(path).text


def parse_process(
    text: str, name: str = "process.yaml", base_dir: Path | None = None, *, is_known: bool = False
) -> Process:
    """Return the process in a text. `name` stands in messages; relative directories start from `base_dir`,
    the folder of `name` when absent. Only with `base_dir` may the text extend a file; packs are always there.
    A text that was read before (`is_known`) is read faster; of an empty value a message may miss the column.

    Raises ProcessFileError with every problem, each as `name:line:column: path: what and what was expected`.
    """
    findings = Findings(name)
    resolved = resolve(text, findings, base_dir, is_known=is_known)
    top = Value(resolved.node, ROOT, findings)
    fields = vocabulary.PROCESS.read(top)
    folder = base_dir if base_dir is not None else Path(name).parent
    name_value, description = fields.get("name"), fields.get("description")
    for entry in (name_value, description):
        if entry:
            values.text(entry)
    service_value, ingress_value, metrics_value = (
        fields.get("service"),
        fields.get("ingress"),
        fields.get("metrics"),
    )
    service = read_service(service_value, folder) if service_value else None
    ingress = read_ingress(ingress_value, service.name if service else "main") if ingress_value else None
    metrics = read_metrics(metrics_value) if metrics_value else ()
    rollout = _rollout(fields, Judge(metrics))
    rollouts = _rollouts(fields, metrics)
    process_name = name_value.raw if name_value else service.name if service else Path(name).stem
    content_hash = hashlib.sha256(resolved.text.encode("utf-8")).hexdigest()
    team = read_team(fields, Judge(metrics), name=process_name, content_hash=content_hash)
    for plan in (rollout, *(plan for _, plan in rollouts)):
        if service_value and service and plan:
            note_one_instance(service_value, service, plan)
    if top.is_mapping and not top.entries():
        top.expected("a process with service, ingress and rollout")
    needs_both = rollout is not None and rollout.flag is None
    if needs_both and fields.is_mapping and (not service_value or not ingress_value):
        missing = " and ".join(part for part in ("service", "ingress") if fields.get(part) is None)
        top.note(f"has no {missing}: the rollout can be checked, but not started")
    findings.raise_problems()
    return Process(
        name=process_name,
        path=name,
        content_hash=content_hash,
        rollout=rollout,
        service=service,
        ingress=ingress,
        metrics=metrics,
        rollouts=rollouts,
        team=team,
        notes=findings.all_notes(),
        text=resolved.text,
    )


def _rollout(fields: Fields, judge: Judge) -> RolloutPlan | None:
    rollout_value, canary_value = fields.get("rollout"), fields.get("canary_deployment")
    if rollout_value and canary_value:
        canary_value.problem('found both "rollout" and "canary_deployment", expected one of them')
        return None
    if rollout_value:
        return read_rollout(rollout_value, judge)
    return read_canary_deployment(canary_value, judge) if canary_value else None


def _rollouts(fields: Fields, metrics: tuple[MetricSpec, ...]) -> tuple[tuple[str, RolloutPlan], ...]:
    value = fields.get("rollouts")
    found: list[tuple[str, RolloutPlan]] = []
    for key, entry in value.entries() if value else ():
        rollout_id = read_id(key)
        plan = read_rollout(entry, Judge(metrics))
        if rollout_id is not None and plan is not None:
            found.append((rollout_id, plan))
    return tuple(found)
