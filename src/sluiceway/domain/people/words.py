"""Which names and passwords can be used, in words for whoever chose them."""

from __future__ import annotations

import re

MAX_NAME_CHARS = 63
MIN_PASSWORD_CHARS = 12
MAX_PASSWORD_CHARS = 1_000

_NAME = re.compile(r"[a-z0-9][a-z0-9._@-]{0,62}")
_ROLE = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


def problem_of_account_name(name: str) -> str:
    """Return what is wrong with an account's name, "" when it can be used."""
    if _NAME.fullmatch(name):
        return ""
    return (
        f"the account's name is {name[:MAX_NAME_CHARS]!r}; use up to {MAX_NAME_CHARS} small letters, digits "
        "and . _ @ -, beginning with a letter or digit, such as ada"
    )


def problem_of_role_name(role: str) -> str:
    """Return what is wrong with a role's id, "" when it can be used."""
    if _ROLE.fullmatch(role):
        return ""
    return f"the role is {role[:MAX_NAME_CHARS]!r}; use its id in the process, such as release-manager"


def problem_of_password(password: str, name: str) -> str:
    """Return what is wrong with a password, "" when it can be used. The password is in no message.

    Length is what counts; rules about kinds of characters are left out on purpose. Source: NIST SP 800-63B,
    section 5.1.1.
    """
    if len(password) < MIN_PASSWORD_CHARS:
        return (
            f"the password has {len(password)} characters; use at least {MIN_PASSWORD_CHARS}, such as "
            "four words that have nothing to do with each other"
        )
    if len(password) > MAX_PASSWORD_CHARS:
        return f"the password has {len(password)} characters; use at most {MAX_PASSWORD_CHARS}"
    if password.strip().lower() == name or len(set(password)) < 4:
        return "the password is too easy to guess; use four words that have nothing to do with each other"
    return ""
