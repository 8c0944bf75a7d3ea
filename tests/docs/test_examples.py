"""Every process file that the documentation shows is valid, fragments together with what they leave out.

So is every change request, every file of flags, and every flag.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

import pytest
import yaml
from _pytest.mark import ParameterSet

from sluiceway.config import parse_process
from sluiceway.config.change_request import holds_change_request, parse_change_request
from sluiceway.config.flag_file import parse_flag_file
from sluiceway.domain.flags.checking import problems_of_set
from sluiceway.domain.flags.model import FlagSet
from sluiceway.domain.flags.wire_reading import flag_from_json
from tests.docs.pages import PAGES, ROOT, Block, blocks

BASE = """\
service: {name: shop, command: [python3, app.py, "{port}"]}
ingress: {listen: 127.0.0.1:8080}
rollout: {stages: [{weight: 100%}]}
"""
FLAG_FILE = "flags.yaml"  # what blocks that hold one are titled


class Kind(StrEnum):
    PROCESS = "process"
    CHANGE_REQUEST = "change request"
    FLAG_FILE = "file of flags"
    FLAG = "flag"


def kind_of(block: Block) -> Kind:
    if block.title == FLAG_FILE:
        return Kind.FLAG_FILE
    if holds_change_request(block.body):
        return Kind.CHANGE_REQUEST
    return Kind.FLAG if "variants" in yaml.safe_load(block.body) else Kind.PROCESS


def examples(kind: Kind) -> list[ParameterSet]:
    """Return the blocks of YAML of one kind; those that begin with a space are pieces of a larger one."""
    return [
        pytest.param(block.body, id=f"{page.relative_to(ROOT)}-{number}")
        for page in PAGES
        for number, block in enumerate(blocks(page.read_text(encoding="utf-8")))
        if block.language == "yaml" and not block.body.startswith(" ") and kind_of(block) is kind
    ]


def completed(fragment: str) -> str:
    """Return the example with a service, ingress and rollout where it has none of its own."""
    shown = yaml.safe_load(fragment)
    parts = yaml.safe_load(BASE)
    if "canary_deployment" in shown:
        del parts["rollout"]
    rollout = {**parts.get("rollout", {}), **shown.get("rollout", {})}
    whole = {**parts, **shown, **({"rollout": rollout} if rollout else {})}
    return yaml.safe_dump(whole, sort_keys=False)


def metrics_named_elsewhere(page: Path) -> dict[str, object]:
    """Return the metrics that other examples of the same page define."""
    found: dict[str, object] = {}
    for block in blocks(page.read_text(encoding="utf-8")):
        if block.language == "yaml" and not block.body.startswith(" ") and kind_of(block) is Kind.PROCESS:
            found.update(yaml.safe_load(block.body).get("metrics", {}))
    return found


def write_files_of(page: Path, folder: Path) -> None:
    """Write the page's process files that have a name, for those that extend them."""
    for block in blocks(page.read_text(encoding="utf-8")):
        if block.language == "yaml" and block.title:
            (folder / block.title).write_text(block.body, encoding="utf-8")


@pytest.mark.parametrize("example", examples(Kind.PROCESS))
def test_an_example_is_a_valid_process(example: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    page = ROOT / request.node.callspec.id.rpartition("-")[0]
    process = yaml.safe_load(completed(example))
    process["metrics"] = {**metrics_named_elsewhere(page), **process.get("metrics", {})}
    text = yaml.safe_dump(process, sort_keys=False)
    if "extends" in process:  # what it leaves out is said by its parent
        text = example
        write_files_of(page, tmp_path)

    checked = parse_process(text, str(tmp_path / "sluiceway.yaml"), tmp_path)

    assert checked.rollout is not None or checked.team is not None


@pytest.mark.parametrize("example", examples(Kind.CHANGE_REQUEST))
def test_an_example_is_a_valid_change_request(example: str) -> None:
    facts, _ = parse_change_request(example)

    assert facts.title


@pytest.mark.parametrize("example", examples(Kind.FLAG_FILE))
def test_an_example_is_a_valid_file_of_flags(example: str) -> None:
    assert parse_flag_file(example, FLAG_FILE).environments


@pytest.mark.parametrize("example", examples(Kind.FLAG))
def test_an_example_is_a_valid_flag(example: str) -> None:
    flag = flag_from_json(yaml.safe_load(example))

    assert problems_of_set(FlagSet("shop", "production", flags=(flag,))) == ()
