"""Signatures under what people state, so that it can be checked later without trusting the database."""

from __future__ import annotations

from typing import Protocol


class Signer(Protocol):
    """Signs with the installation's own key."""

    def sign(self, text: str) -> str:
        """Return the signature of a text, as text. The same text always has the same signature."""
        ...

    def is_signed(self, text: str, signature: str) -> bool:
        """Return whether the signature is this installation's and of exactly this text."""
        ...

    @property
    def public_key(self) -> str:
        """What others check signatures with: 32 bytes in base64."""
        ...
