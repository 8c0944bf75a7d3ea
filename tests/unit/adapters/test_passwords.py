"""Passwords by argon2id."""

from __future__ import annotations

from argon2 import PasswordHasher

from sluiceway.adapters.passwords import Argon2Passwords

PASSWORD = "correct horse battery staple"
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


def test_a_password_is_known_by_its_hash_which_tells_it_to_nobody() -> None:
    passwords = Argon2Passwords()
    kept = passwords.hashed(PASSWORD)

    assert kept.startswith("$argon2id$v=19$")
    assert "horse" not in kept
    assert passwords.is_right(kept, PASSWORD)
    assert not passwords.is_right(kept, PASSWORD + " ")
    assert not passwords.is_outdated(kept)


def test_what_is_no_hash_fits_no_password() -> None:
    passwords = Argon2Passwords()

    assert not passwords.is_right("", "")
    assert not passwords.is_right("", PASSWORD)
    assert not passwords.is_right("plain text", "plain text")


def test_a_hash_of_older_parameters_is_right_and_outdated() -> None:
    passwords = Argon2Passwords()
    kept = CHEAP.hash(PASSWORD)

    assert passwords.is_right(kept, PASSWORD)
    assert passwords.is_outdated(kept)


def test_a_letter_is_the_same_however_a_keyboard_composes_it() -> None:
    passwords = Argon2Passwords()
    composed, combined = "caf\u00e9 au lait noir", "cafe\u0301 au lait noir"

    assert passwords.is_right(passwords.hashed(composed), combined)
