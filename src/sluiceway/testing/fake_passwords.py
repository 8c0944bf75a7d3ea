"""Passwords without the slowness: for tests that log in often. Never for real ones."""

from __future__ import annotations

import hashlib


class FakePasswords:
    """Fits `sluiceway.ports.passwords.Passwords`. `edition` stands for the parameters in use."""

    def __init__(self, edition: int = 1) -> None:
        self.edition = edition

    def hashed(self, password: str) -> str:
        return f"fake{self.edition}:{hashlib.sha256(password.encode('utf-8', 'replace')).hexdigest()}"

    def is_right(self, kept: str, password: str) -> bool:
        return bool(kept) and kept.partition(":")[2] == self.hashed(password).partition(":")[2]

    def is_outdated(self, kept: str) -> bool:
        return not kept.startswith(f"fake{self.edition}:")
