"""How much a worker claims after it had to give jobs back."""

from __future__ import annotations

from typing import Any

import pytest

from workhorse.worker.caution import LONGEST, SHORTEST, Caution
from workhorse.worker.flights import Flight, Flights
from workhorse.worker.pacing import Pace


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


class Stub:
    """As much of a horse as is looked at."""

    at_work, numb = True, False

    def __init__(self, *, threaded: int = 0, coroutines: int = 0) -> None:
        self.flights = Flights(lambda: 0.0)
        for n in range(threaded + coroutines):
            lease: Any = type("Lease", (), {"id": str(n)})
            flight = Flight(lease, 0.0, together=n >= threaded, large=False)
            self.flights.add(flight)
            self.flights.begin([flight], threaded=n < threaded)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def caution(clock: Clock) -> Caution:
    return Caution(clock)


def temper(caution: Caution, horse: Stub) -> int:
    horses: Any = [horse]
    return caution.temper(50, horses, 10)


def test_a_plain_one_in_the_way_is_asked_after_less_and_less_often(caution: Caution, clock: Clock):
    taken, free = Stub(threaded=1), Stub(coroutines=3)
    assert temper(caution, taken) == 50
    pauses = []
    for _ in range(7):
        caution.grow(together=False)
        assert temper(caution, taken) == 0
        assert temper(caution, free) == 50
        pauses.append(caution.until - clock.now)
        clock.now = caution.until
        assert temper(caution, taken) == 1
    assert pauses == pytest.approx([min(LONGEST, SHORTEST * 2**n) for n in range(7)])
    caution.placed()
    assert temper(caution, taken) == 50


def test_after_too_many_that_run_beside_others_only_free_places_count(
    caution: Caution, clock: Clock
):
    caution.grow(together=True)
    caution.placed()
    assert temper(caution, Stub(coroutines=8)) == 2
    clock.now = caution.until
    assert temper(caution, Stub(coroutines=8)) == 50


def test_what_was_not_begun_for_want_of_a_thread_is_known_to_be_plain():
    pace = Pace(lanes=10)
    assert pace.is_unknown("f")
    pace.learn_plain("f")
    assert not pace.is_unknown("f")
    assert not pace.is_together("f")
    pace.learn_kind("g", together=True)
    assert not pace.is_unknown("g")
