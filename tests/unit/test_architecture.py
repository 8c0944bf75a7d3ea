"""The rules about where code goes hold, and the tools that guard them do bite."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from scripts.check_domain_purity import impurities
from scripts.check_lock import problems

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "sluiceway"
MODULES = sorted(SOURCE.rglob("*.py"))


def ruff_codes(snippet: str, pretend_path: str) -> set[str]:
    """Return the rule codes ruff reports for a snippet as if it stood at this path."""
    done = subprocess.run(
        [
            sys.executable,
            *("-m", "ruff", "check", "--no-cache", "--output-format", "concise"),
            *("--stdin-filename", pretend_path, "-"),
        ],
        input=snippet,
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
        timeout=60,
    )
    assert done.returncode in {0, 1}, done.stderr
    return {line.split(": ", 1)[1].split()[0] for line in done.stdout.splitlines() if line.startswith("src/")}


@pytest.mark.parametrize(
    "snippet",
    [
        "import time\n\nSTARTED = time.time()\n",
        "from time import monotonic\n\nSTARTED = monotonic()\n",
        "from datetime import UTC, datetime\n\nSTARTED = datetime.now(UTC)\n",
        "import datetime as dt\n\nSTARTED = dt.datetime.now(dt.UTC)\n",
        "from datetime import date\n\nTODAY = date.today()\n",
        "import random\n\nDICE = random.random()\n",
        "from secrets import token_hex\n\nID = token_hex()\n",
        "from uuid import uuid4\n\nID = uuid4()\n",
        "import os\n\nHOME = os.environ\n",
        "from pathlib import Path\n\nTEXT = Path('x').read_text()\n",
        "import socket\n\nHOST = socket.gethostname()\n",
        "import logging\n\nLOG = logging.getLogger()\n",
        "import subprocess\n\nRUN = subprocess.run\n",
        "import threading\n\nLOCK = threading.Lock()\n",
        "import httpx\n\nGET = httpx.get\n",
        "import sqlalchemy\n\nSELECT = sqlalchemy.select\n",
    ],
)
def test_ruff_refuses_clock_chance_and_outside_in_the_domain(snippet: str) -> None:
    assert "TID251" in ruff_codes(snippet, "src/sluiceway/domain/rollouts/new_module.py")


def test_ruff_lets_the_outer_rows_read_the_clock() -> None:
    snippet = "import time\n\nSTARTED = time.monotonic()\n"

    assert "TID251" not in ruff_codes(snippet, "src/sluiceway/adapters/new_module.py")


@pytest.mark.parametrize(
    ("snippet", "problem"),
    [
        ("import sched", "x.py:1: imports sched; the domain may import only "),
        ("from sluiceway.ports.clock import Clock", "x.py:1: imports sluiceway.ports.clock; "),
        ("\nNOW = datetime.now()", "x.py:2: reads the clock (now); "),
    ],
)
def test_the_purity_check_names_what_the_domain_may_not_hold(snippet: str, problem: str) -> None:
    (found,) = impurities(snippet, "x.py")

    assert found.startswith(problem)


@pytest.mark.parametrize(
    "snippet",
    [
        "from sluiceway.domain.process.plan import Stage",
        "from datetime import datetime, timedelta",
        "from . import neighbour",
    ],
)
def test_the_purity_check_lets_pure_modules_in(snippet: str) -> None:
    assert list(impurities(snippet, "x.py")) == []


def test_the_domain_is_pure() -> None:
    found = [
        problem
        for path in (SOURCE / "domain").rglob("*.py")
        for problem in impurities(path.read_text(encoding="utf-8"), path.name)
    ]

    assert found == []


@pytest.mark.parametrize("path", MODULES, ids=[str(path.relative_to(SOURCE)) for path in MODULES])
def test_a_module_opens_with_what_it_answers(path: Path) -> None:
    text = path.read_text(encoding="utf-8")

    assert not text.strip() or ast.get_docstring(ast.parse(text)), f"{path} has no module docstring"


@pytest.mark.parametrize("path", MODULES, ids=[str(path.relative_to(SOURCE)) for path in MODULES])
def test_a_file_stays_short_enough_to_read(path: Path) -> None:
    lines = len(path.read_text(encoding="utf-8").splitlines())

    assert lines <= 420, f"{path.name} has {lines} lines; split it by subject"


def test_the_lock_fits_pyproject_and_names_no_registry() -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")

    assert list(problems((ROOT / "pyproject.toml").read_text(encoding="utf-8"), lock)) == []


def test_a_requirement_missing_from_the_lock_is_found() -> None:
    pyproject = '[project]\ndependencies = ["httpx>=1", "rich>=14"]\noptional-dependencies = {}\n'
    lock = "httpx==0.28.1 \\\n    --hash=sha256:00\n"

    assert list(problems(pyproject, lock)) == [
        "httpx is locked at 0.28.1, outside httpx>=1; run make lock",
        "rich is in pyproject.toml and not in requirements.lock; run make lock",
    ]


def test_a_registry_address_in_the_lock_is_found() -> None:
    lock = "--index-url https://registry.example/simple\nrich==14.0 --hash=sha256:00\n"

    assert list(problems("[project]\ndependencies = []\noptional-dependencies = {}\n", lock)) == [
        "requirements.lock names a registry; run make lock"
    ]


def test_every_package_has_its_place_in_the_layers() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    layers = contracts["contracts"][0]
    named = {name.strip("() ") for row in layers["layers"] for name in row.split("|")}
    named.update(layers["exhaustive_ignores"])

    present = {
        path.stem for path in SOURCE.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()
    }

    assert present - {"__init__"} <= named
