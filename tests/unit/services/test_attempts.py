"""How often a password may be tried."""

from __future__ import annotations

import threading

import pytest

from sluiceway.errors import TooManyAttemptsError
from sluiceway.services.attempts import MOST_PER_ACCOUNT, MOST_PER_ADDRESS, WINDOW_S, Attempts
from sluiceway.testing.clock import ManualClock


def fail(attempts: Attempts, times: int, account: str = "ada", address: str = "") -> None:
    for _ in range(times):
        attempts.begin(account, address)


def test_an_account_is_closed_after_ten_failures_and_open_again_later() -> None:
    clock = ManualClock()
    attempts = Attempts(clock)
    fail(attempts, MOST_PER_ACCOUNT - 1)
    clock.advance(60)
    fail(attempts, 1)

    with pytest.raises(TooManyAttemptsError, match="wait 14 min") as caught:
        attempts.begin("ada")

    assert caught.value.wait_s == WINDOW_S - 60
    attempts.begin("bob")
    clock.advance(WINDOW_S - 60)
    attempts.begin("ada")


def test_a_refused_attempt_makes_the_wait_no_longer() -> None:
    clock = ManualClock()
    attempts = Attempts(clock)
    fail(attempts, MOST_PER_ACCOUNT)
    for _ in range(100):
        with pytest.raises(TooManyAttemptsError):
            attempts.begin("ada")
    clock.advance(WINDOW_S)

    attempts.begin("ada")


def test_an_address_is_closed_however_many_accounts_it_tries() -> None:
    attempts = Attempts(ManualClock())
    for number in range(MOST_PER_ADDRESS):
        attempts.begin(f"somebody-{number}", "192.0.2.1")

    with pytest.raises(TooManyAttemptsError):
        attempts.begin("ada", "192.0.2.1")
    attempts.begin("ada", "192.0.2.2")


def test_success_forgives_the_account_but_not_the_address() -> None:
    attempts = Attempts(ManualClock())
    fail(attempts, MOST_PER_ACCOUNT - 1, "ada", "192.0.2.1")
    attempts.begin("ada", "192.0.2.1")
    attempts.succeeded("ada", "192.0.2.1")

    fail(attempts, MOST_PER_ACCOUNT, "ada", "192.0.2.2")
    for number in range(MOST_PER_ADDRESS - MOST_PER_ACCOUNT + 1):
        attempts.begin(f"somebody-{number}", "192.0.2.1")
    with pytest.raises(TooManyAttemptsError):
        attempts.begin("eve", "192.0.2.1")


def test_many_attempts_at_the_same_moment_are_no_way_around() -> None:
    attempts = Attempts(ManualClock())
    together = threading.Barrier(8, timeout=20)
    let_in: list[int] = []

    def crowd() -> None:
        together.wait()
        for number in range(10):
            try:
                attempts.begin("ada")
            except TooManyAttemptsError:
                continue
            let_in.append(number)

    people = [threading.Thread(target=crowd) for _ in range(8)]
    for person in people:
        person.start()
    for person in people:
        person.join(20)

    assert len(let_in) == MOST_PER_ACCOUNT
