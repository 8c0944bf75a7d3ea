"""The shape of Unleash's client API, as far as it is read. Source: Unleash's client specification 6.

What a document should not have is skipped, as Unleash's own clients do.
"""

from __future__ import annotations

from typing import Any, TypeAlias, TypeVar

import msgspec

from sluiceway.errors import FlagFileError

Scalar: TypeAlias = str | int | float | bool
_T = TypeVar("_T")


class _Shape(msgspec.Struct, rename="camel", frozen=True):
    """Keys as Unleash writes them; null is the same as missing."""


class ConstraintShape(_Shape, frozen=True):
    context_name: str
    operator: str
    values: list[Scalar] | None = None
    value: Scalar | None = None
    inverted: bool | None = False
    case_insensitive: bool | None = False


class PayloadShape(_Shape, frozen=True):
    type: str
    value: Scalar


class OverrideShape(_Shape, frozen=True):
    context_name: str
    values: list[Scalar] | None = None


class VariantShape(_Shape, frozen=True):
    name: str
    weight: int = 0
    stickiness: str | None = None
    payload: PayloadShape | None = None
    overrides: list[OverrideShape] | None = None


class StrategyShape(_Shape, frozen=True):
    name: str
    title: str | None = None
    parameters: dict[str, Any] | None = None
    constraints: list[ConstraintShape] | None = None
    segments: list[int | str] | None = None
    variants: list[VariantShape] | None = None
    disabled: bool | None = False

    def parameter(self, name: str) -> str:
        """Return a parameter as text, "" where it is missing."""
        found = (self.parameters or {}).get(name)
        return "" if found is None else str(found).strip()

    def parameters_in(self, name: str) -> tuple[str, ...]:
        """Return the parts of a parameter that lists them with commas."""
        return tuple(one.strip() for one in self.parameter(name).split(",") if one.strip())


class DependencyShape(_Shape, frozen=True):
    feature: str
    enabled: bool | None = True
    variants: list[str] | None = None


class FeatureShape(_Shape, frozen=True):
    name: str
    enabled: bool = False
    description: str | None = None
    type: str | None = None
    strategies: list[StrategyShape] | None = None
    variants: list[VariantShape] | None = None
    dependencies: list[DependencyShape] | None = None


class SegmentShape(_Shape, frozen=True):
    id: int | str
    name: str | None = None
    constraints: list[ConstraintShape] | None = None


class EventShape(_Shape, frozen=True):
    """One event of the delta API; which keys it has depends on its type."""

    type: str
    features: list[dict[str, Any]] | None = None
    segments: list[dict[str, Any]] | None = None
    feature: dict[str, Any] | None = None
    feature_name: str | None = None
    segment: dict[str, Any] | None = None
    segment_id: int | str | None = None


class DocumentShape(_Shape, frozen=True):
    features: list[dict[str, Any]] | None = None
    segments: list[dict[str, Any]] | None = None
    events: list[EventShape] | None = None


def shaped(found: object, shape: type[_T], where: str) -> _T:
    """Return a part of a document in its shape. Raises FlagFileError with the place of what is wrong."""
    try:
        return msgspec.convert(found, shape)
    except msgspec.ValidationError as error:
        text = str(error)
        what, _, place = text.partition(" - at `$")
        raise FlagFileError((f"{where}{place.rstrip('`')}: {what}",)) from error
