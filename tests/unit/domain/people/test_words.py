"""Names and passwords that can be used, and what is said of others."""

from __future__ import annotations

import pytest

from sluiceway.domain.people.words import (
    problem_of_account_name,
    problem_of_password,
    problem_of_role_name,
)


@pytest.mark.parametrize("name", ["ada", "ada.lovelace", "ada@example.org", "a", "0x", "a" * 63])
def test_a_name_that_fits_an_address_and_a_path(name: str) -> None:
    assert problem_of_account_name(name) == ""


@pytest.mark.parametrize("name", ["", "Ada", "-ada", "a b", "a/b", "ä", "a" * 64, "a\n", "<script>"])
def test_a_name_that_can_not_be_is_told_what_can(name: str) -> None:
    assert "use up to 63 small letters, digits and . _ @ -" in problem_of_account_name(name)


@pytest.mark.parametrize("role", ["", "Release Manager", "a/b", "a" * 64])
def test_a_role_is_named_by_its_id(role: str) -> None:
    assert "use its id in the process" in problem_of_role_name(role)
    assert problem_of_role_name("release-manager") == ""


@pytest.mark.parametrize(
    ("password", "words"),
    [
        ("", "has 0 characters; use at least 12"),
        ("short", "has 5 characters; use at least 12"),
        ("x" * 1_001, "has 1001 characters; use at most 1000"),
        ("a" * 20, "too easy to guess"),
        ("ada.lovelace.1815", "too easy to guess"),
    ],
)
def test_a_password_that_won_t_do_is_told_why_but_not_repeated(password: str, words: str) -> None:
    problem = problem_of_password(password, "ada.lovelace.1815")

    assert words in problem
    assert not password or password not in problem


@pytest.mark.parametrize("password", ["four words will do", "日本語のパスワードです。", "x1y2z3x1y2z3"])
def test_a_long_password_of_any_characters_will_do(password: str) -> None:
    assert problem_of_password(password, "ada") == ""
