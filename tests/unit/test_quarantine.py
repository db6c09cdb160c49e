"""Who is to blame for a horse's death, and whose time is up."""

from __future__ import annotations

from typing import Any, cast

import pytest

from workhorse.ops.leases import Lease
from workhorse.worker.flights import Flight, Flights
from workhorse.worker.horses import Horse
from workhorse.worker.lateness import DEAF, begun_by, is_deaf, late_one, received_by
from workhorse.worker.marks import ALONE, NOBODY, Marks, mark_of
from workhorse.worker.quarantine import EXTRA, Quarantine
from workhorse.worker.timeouts import GRACE

culprits = Horse.culprits


class Stub:
    """As much of a horse as others look at."""

    def __init__(self, *aside: str, line: tuple[str, ...] = (), timeout: float = 10) -> None:
        self.flights = Flights(lambda: 0.0)
        self.doom = self.doomed = ""
        self.alone = self.retired = False
        self.at_work = True
        self.since = 0.0
        self.deaf_since = float("inf")
        self.handed: list[str] = []
        for name in (*aside, *line):
            self.flights.add(flight(name, timeout))
        self.flights.begin([self.find(name) for name in aside], threaded=False)

    def find(self, name: str) -> Flight:
        found = self.flights.find(name)
        assert found is not None
        return found

    @property
    def busy(self) -> bool:
        return len(self.flights) > 0

    def hand(self, lease: Lease, expected: float, *, alone: bool) -> bool:
        self.alone = alone
        self.flights.add(Flight(lease, expected, together=False, large=False))
        return True

    def culprits(self, mark: int) -> list[Flight]:
        return culprits(cast("Horse", self), mark)


def flight(name: str, timeout: float = 10) -> Flight:
    lease = Lease(name, "q", "t", 1, {b"timeout": str(timeout).encode()})
    return Flight(lease, 0.0, together=True, large=False)


def stub(*aside: str, **options: Any) -> Any:
    return Stub(*aside, **options)


def ids(leases: Any) -> list[str]:
    return [lease.id for lease in leases]


@pytest.fixture
def quarantine() -> Quarantine:
    return Quarantine()


def test_whose_step_it_was_is_to_blame(quarantine: Quarantine):
    blamed, unharmed = quarantine.inquire(stub("a", "b", "c"), mark_of("b"))
    assert blamed is not None
    assert (blamed.lease.id, ids(unharmed)) == ("b", ["a", "c"])


def test_of_several_suspects_none_is_blamed_and_each_runs_alone(quarantine: Quarantine):
    horse = stub("a", "b", "c", "d")
    horse.find("a").threaded = horse.find("c").threaded = True
    blamed, unharmed = quarantine.inquire(horse, mark_of("b"))
    assert (blamed, ids(unharmed)) == (None, ["d"])
    assert ids(quarantine.waiting) == ["a", "b", "c"]


def test_nobodys_step_twice_makes_all_suspects_and_alone_the_one_is_to_blame(
    quarantine: Quarantine,
):
    assert quarantine.inquire(stub("a", "b"), NOBODY)[0] is None
    assert ids(quarantine.waiting) == []
    quarantine.inquire(stub("a", "b", "c"), NOBODY)
    assert ids(quarantine.waiting) == ["a", "b"]
    horse = stub("a")
    horse.alone = True
    blamed, _ = quarantine.inquire(horse, NOBODY)
    assert blamed is not None


def test_what_all_have_made_of_a_horse_is_not_the_fault_of_who_was_at_it(quarantine: Quarantine):
    horse = stub("a", "b")
    horse.doom = "too large"
    blamed, unharmed = quarantine.inquire(horse, mark_of("a"))
    assert (blamed, ids(unharmed), ids(quarantine.waiting)) == (None, ["b"], ["a"])
    single = stub("a")
    single.doom = "too large"
    assert quarantine.inquire(single, NOBODY)[0] is not None


def test_who_we_killed_it_for_is_to_blame_whoever_was_at_it(quarantine: Quarantine):
    horse = stub("a", "b")
    horse.doom, horse.doomed = "late", "b"
    blamed, unharmed = quarantine.inquire(horse, mark_of("a"))
    assert blamed is not None
    assert (blamed.lease.id, ids(unharmed)) == ("b", ["a"])


def test_those_that_wait_get_horses_of_their_own_and_not_too_many(quarantine: Quarantine):
    names = [str(n) for n in range(2 * EXTRA)]
    for _ in range(2):
        quarantine.inquire(stub(*names), NOBODY)
    horses = [stub() for _ in range(2 * EXTRA)]
    assert quarantine.needed(horses) == EXTRA
    assert ids(quarantine.dispatch(horses)) == names[:EXTRA]
    assert [horse.alone for horse in horses] == [True] * EXTRA + [False] * EXTRA
    assert ids(quarantine.dispatch(horses)) == []


LATE = 10 + GRACE


@pytest.mark.parametrize(
    ("mark", "now", "name"),
    [
        (mark_of("a"), LATE, "a"),
        (mark_of("a"), LATE - 0.1, None),
        (mark_of("b"), LATE, "b"),  # a is late, too, but is not in the way
        (mark_of("x"), LATE, None),
        (NOBODY, LATE, None),
        (ALONE, LATE, "a"),
    ],
)
def test_late_is_who_is_in_the_way_himself(mark: int, now: float, name: str | None):
    late = late_one(stub("a", "b", line=("c",)), mark, now)
    assert (late.lease.id if late else None) == name


def test_a_stubborn_one_is_late_whoever_is_in_the_way():
    horse = stub("a", "b")
    horse.find("b").stubborn = True
    late = late_one(horse, mark_of("a"), LATE)
    assert late is horse.find("a")
    late = late_one(horse, NOBODY, LATE)
    assert late is horse.find("b")


def test_a_loop_that_ends_nothing_in_nobodys_step_is_deaf_after_a_while():
    horse = stub("a")
    assert not is_deaf(horse, NOBODY, LATE - 0.1)
    assert not is_deaf(horse, NOBODY, LATE)
    assert not is_deaf(horse, mark_of("b"), LATE + DEAF)  # somebody is in the way: begin anew
    assert not is_deaf(horse, NOBODY, LATE + DEAF)
    horse.since = LATE + DEAF + 0.5  # it has said something
    assert not is_deaf(horse, NOBODY, LATE + 2 * DEAF)
    assert is_deaf(horse, NOBODY, LATE + 3 * DEAF)


def test_what_is_marked_has_begun_wherever_it_stands():
    horse = stub("a", line=("b", "c"))
    assert begun_by(horse, mark_of("c")) == [horse.find("c")]
    for mark in (ALONE, NOBODY, mark_of("a")):
        assert begun_by(horse, mark) == []


def test_what_a_loop_has_received_it_begins_unless_somebodys_step_keeps_it_from_that():
    horse = stub("a", line=("b", "c"))
    assert received_by(horse, NOBODY) == [horse.find("b"), horse.find("c")]
    for mark in (ALONE, mark_of("a"), mark_of("b")):
        assert received_by(horse, mark) == []


def test_marks_are_seen_by_who_shares_the_page():
    ours = Marks()
    theirs = Marks(ours.fd)
    theirs.write(7, mark_of("a"))
    assert [ours.read(place) for place in (6, 7, 8)] == [ALONE, mark_of("a"), ALONE]
    theirs.write(10**6, 5)  # there is no such place
    assert ours.read(10**6) == ALONE
    ours.close()
