"""Flags of a shop and an application's token, for tests of what applications are served."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx

from sluiceway.domain.flags.model import (
    Constraint,
    Flag,
    FlagType,
    Operator,
    Rule,
    Serve,
    ValueType,
    Variant,
)
from sluiceway.domain.process.team import Permission
from tests.unit.services.desk import ADA, Office

SHOP, HERE = "shop", "development"
ONE = "/ofrep/v1/evaluate/flags/{}"
ALL = "/ofrep/v1/evaluate/flags"

ON_FOR_ALL = Flag("banner", is_enabled=True)
OFF = Flag("checkout")
FOR_THE_SWISS = Flag(
    "twint",
    is_enabled=True,
    rules=(Rule("swiss", constraints=(Constraint("country", Operator.IN, ("CH",)),)),),
    metadata={"team": "payments"},
)
WHOLE = Flag(
    "limit",
    is_enabled=True,
    value_type=ValueType.NUMBER,
    variants=(Variant("on", 5), Variant("off", 0)),
    type=FlagType.OPERATIONAL,
)
BROKEN_UP = Flag(
    "ratio", is_enabled=True, value_type=ValueType.NUMBER, variants=(Variant("on", 2.5), Variant("off", 0.5))
)
LEFT_TO_THE_CALLER = Flag("quiet", off_variant="")
OBJECT = Flag(
    "theme",
    is_enabled=True,
    value_type=ValueType.OBJECT,
    variants=(Variant("on", {"colour": "blüe", "sizes": [1, 2.5]}), Variant("off", {})),
)
WORDS = Flag(
    "greeting",
    is_enabled=True,
    value_type=ValueType.STRING,
    variants=(Variant("on", 'say "hi"\n'), Variant("off", "")),
    serve=Serve("on"),
)
FLAGS = (ON_FOR_ALL, OFF, FOR_THE_SWISS, WHOLE, BROKEN_UP, LEFT_TO_THE_CALLER, OBJECT, WORDS)


def put_flags(office: Office, *flags: Flag) -> None:
    for flag in flags or FLAGS:
        office.services.flags.create(SHOP, flag, ADA)


def a_token(office: Office, name: str = "web", environment: str = HERE) -> str:
    """Return the token of an application of the shop."""
    made = office.services.tokens.create(
        name, SHOP, ADA, scopes=(Permission.EVALUATE,), environments=(environment,)
    )
    return made.token


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def about(**attributes: object) -> dict[str, Any]:
    """Return the body that asks for somebody."""
    return {"context": {"targetingKey": "user-1", **attributes}}


def by_key(answer: httpx.Response) -> Mapping[str, Any]:
    """Return a bulk answer's flags by their keys."""
    assert answer.status_code == 200, answer.text
    return {one["key"]: one for one in answer.json()["flags"]}
