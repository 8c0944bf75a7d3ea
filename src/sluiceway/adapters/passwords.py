"""Passwords by argon2id with the library's parameters (RFC 9106, second recommended option)."""

from __future__ import annotations

import secrets
import threading
import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_AT_ONCE = 4  # each takes 64 MiB: a crowd at the door must not take the memory of the house


class Argon2Passwords:
    """Implements `ports.passwords.Passwords`. Safe to share between threads."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher()
        self._room = threading.BoundedSemaphore(_AT_ONCE)
        self._nobody = self._hasher.hash(secrets.token_hex())

    def hashed(self, password: str) -> str:
        with self._room:
            return self._hasher.hash(_normal(password))

    def is_right(self, kept: str, password: str) -> bool:
        with self._room:
            try:
                self._hasher.verify(kept or self._nobody, _normal(password))
            except (VerificationError, InvalidHashError):
                return False
            return bool(kept)

    def is_outdated(self, kept: str) -> bool:
        return self._hasher.check_needs_rehash(kept)


def _normal(password: str) -> bytes:
    """Return the same bytes however a keyboard composes a letter. Source: NIST SP 800-63B, 5.1.1.2."""
    return unicodedata.normalize("NFKC", password).encode("utf-8", "replace")
