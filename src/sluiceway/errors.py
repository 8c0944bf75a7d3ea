"""Every error that Sluiceway raises on purpose, in one tree.

Each class has a stable `code` (shown by CLI and API, listed in docs/reference/errors.md) and says in its
docstring what it means and what to do. A message names what was found, where, and the way out; it never
holds a secret. `exit_code` is what `sluice` exits with, `http_status` what the API answers.
"""

from __future__ import annotations

from typing import ClassVar


class SluicewayError(Exception):
    """Base of the tree. Never raised itself."""

    code: ClassVar[str] = "internal"
    exit_code: ClassVar[int] = 1
    http_status: ClassVar[int] = 500


class ProcessFileError(SluicewayError):
    """The process file has problems; each line of the message is one of them. Mend the file."""

    code = "process-file"
    exit_code = 3
    http_status = 422

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class FlagFileError(SluicewayError):
    """A flag, a set of flags or a file of them has problems; each line of the message is one. Mend them."""

    code = "flag-file"
    exit_code = 3
    http_status = 422

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class NotFoundError(SluicewayError):
    """Nothing with this id or name exists. List what exists and try again."""

    code = "not-found"
    exit_code = 4
    http_status = 404


class IllegalMoveError(SluicewayError):
    """Not possible from where it is now (a rollout, release, change or run); the message says what is."""

    code = "illegal-move"
    exit_code = 5
    http_status = 409


class ConflictError(SluicewayError):
    """Somebody or something else changed this first. Read it again and decide anew."""

    code = "conflict"
    exit_code = 5
    http_status = 409


class AlreadyServedError(SluicewayError):
    """Another `sluice serve` works on the same data directory. Use that one, or stop it first."""

    code = "already-served"
    exit_code = 6
    http_status = 503


class NotServedError(SluicewayError):
    """No `sluice serve` answers at this address. Start one, or name another with `--server`."""

    code = "not-served"
    exit_code = 6
    http_status = 503


class InvalidInputError(SluicewayError):
    """An argument of a command or request can't be used; the message says which and what fits."""

    code = "invalid-input"
    exit_code = 2
    http_status = 400


class UnauthorisedError(SluicewayError):
    """Nobody is let in without a login or a token, and this one is missing, wrong, expired or revoked."""

    code = "unauthorised"
    exit_code = 12
    http_status = 401


class TooManyAttemptsError(SluicewayError):
    """Too many wrong passwords, for this account or from this address. Wait as long as the message says."""

    code = "too-many-attempts"
    exit_code = 17
    http_status = 429

    def __init__(self, message: str, wait_s: int = 0) -> None:
        super().__init__(message)
        self.wait_s = wait_s


class ForbiddenError(SluicewayError):
    """You are known but may not do this. The message names the right that is missing, and for what."""

    code = "forbidden"
    exit_code = 14
    http_status = 403


class NotReadyError(SluicewayError):
    """The release can't move yet; the message lists what is missing and who can supply it."""

    code = "not-ready"
    exit_code = 15
    http_status = 409

    def __init__(self, summary: str, missing: tuple[str, ...]) -> None:
        super().__init__("\n".join((summary, *(f"- {one}" for one in missing))))
        self.missing = missing


class RuleError(SluicewayError):
    """A rule of the process refuses this act: who may vote, a board's quorum, a freeze. It is named."""

    code = "rule"
    exit_code = 16
    http_status = 409


class StoreError(SluicewayError):
    """The database could not be read or written (disk full, no permission, damaged file)."""

    code = "store"
    exit_code = 7
    http_status = 503


class AuditBrokenError(SluicewayError):
    """The audit trail was changed, cut or reordered; the message names the first entry that is wrong."""

    code = "audit-broken"
    exit_code = 8
    http_status = 500


class ProviderError(SluicewayError):
    """Something that Sluiceway acts on (proxy, deployment, metrics) did not do what was asked."""

    code = "provider"
    exit_code = 9
    http_status = 502


class TemporaryProviderError(ProviderError):
    """Timeout, refused connection, 429 or 5xx: it is tried again by itself."""

    code = "provider-temporary"


class PermanentProviderError(ProviderError):
    """Wrong settings, 401, 404, port taken, malformed answer: a person must act, then `rollout retry`."""

    code = "provider-permanent"


class DemoError(SluicewayError):
    """A part of `sluice demo` ended or never came up; the message holds the end of its log."""

    code = "demo"
    exit_code = 10
