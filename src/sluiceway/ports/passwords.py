"""Hashing passwords slowly, so that a stolen database tells none."""

from __future__ import annotations

from typing import Protocol


class Passwords(Protocol):
    def hashed(self, password: str) -> str:
        """Return what is kept of a password: a salted hash that names its own parameters."""
        ...

    def is_right(self, kept: str, password: str) -> bool:
        """Return whether this is the password; always False when `kept` is "" or no hash, and as slowly."""
        ...

    def is_outdated(self, kept: str) -> bool:
        """Return whether a hash was made with other parameters than are in use now."""
        ...
