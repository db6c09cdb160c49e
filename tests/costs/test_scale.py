"""What an operation asks of the server does not grow with what is there: commands, counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest

from tests.support.scripts import NOW, New, Scripts, Settled
from workhorse.connection import Connection

FEW, MANY = 10, 20_000
OURS = {"info", "flushall", "eval", "evalsha"}
"""What is not counted: what these tests ask, and the scripts themselves."""


def commands(connection: Connection) -> Counter[str]:
    """How often the server has performed each command, those of scripts among them."""
    with connection.borrow() as link:
        lines = link.call(("INFO", "commandstats")).decode().splitlines()
    counts = Counter[str]()
    for line in lines:
        name, _, rest = line.removeprefix("cmdstat_").partition(":")
        if rest and name not in OURS:
            counts[name] = int(rest.partition(",")[0].removeprefix("calls="))
    return counts


def cost(connection: Connection, act: Callable[[], object]) -> Counter[str]:
    """What an act costs."""
    before = commands(connection)
    act()
    return commands(connection) - before


def fill_queue(scripts: Scripts, count: int) -> None:
    for start in range(0, count, 5000):
        scripts.enqueue(*(New(f"x{n}") for n in range(start, min(count, start + 5000))))


def add_queues(scripts: Scripts, count: int) -> None:
    for number in range(min(count, 1000)):
        scripts.enqueue(New(f"x{number}"), queue=f"queue{number}")


def add_workers(scripts: Scripts, count: int) -> None:
    for number in range(min(count, 200)):
        scripts.register(f"w{number}", str(number))


def add_scheduled(scripts: Scripts, count: int) -> None:
    for start in range(0, count, 5000):
        ids = range(start, min(count, start + 5000))
        scripts.enqueue(*(New(f"x{n}", place="in", when=9000 + n) for n in ids))


def add_finished(scripts: Scripts, count: int) -> None:
    for start in range(0, count, 1000):
        ids = range(start, min(count, start + 1000))
        words = [word for n in ids for word in (NOW + 500_000 + n, f"x{n}")]
        scripts.command("ZADD", scripts.keys.finished("q"), *words)


def costs(quiet: Connection) -> list[Counter[str]]:
    """What the operations of one queue cost."""
    scripts = Scripts(quiet)
    scripts.register()
    scripts.enqueue(New("first", place="front"))
    scripts.exchange(1, want=1)
    held = [Settled("finish", "first", "w:1", "r", 500_000)]
    return [
        cost(quiet, lambda: scripts.enqueue(*map(New, "abcde"))),
        cost(quiet, lambda: scripts.enqueue(New("later", place="in", when=10**9))),
        cost(quiet, lambda: scripts.exchange(2, *held, want=5, woken=False)),
        cost(quiet, lambda: scripts.extend(("a", "w:2"))),
        cost(quiet, lambda: scripts.cancel("later")),
        cost(quiet, lambda: scripts.delete("first")),
    ]


@pytest.mark.parametrize("fill", [fill_queue, add_queues, add_workers, add_scheduled, add_finished])
def test_no_operation_asks_more_of_a_server_that_holds_more(
    quiet: Connection, fill: Callable[[Scripts, int], None]
):
    fill(Scripts(quiet), FEW)
    few = costs(quiet)
    Scripts(quiet).command("FLUSHALL")
    fill(Scripts(quiet), MANY)
    assert costs(quiet) == few


def test_a_batch_of_many_jobs_asks_little_more_than_six_commands_for_each(quiet: Connection):
    scripts = Scripts(quiet)
    scripts.register()
    batch = [f"j{number}" for number in range(200)]
    scripts.enqueue(*(New(job_id) for job_id in batch[:100]))
    scripts.exchange(1, want=100)
    enqueued = cost(quiet, lambda: scripts.enqueue(*(New(job_id) for job_id in batch[100:])))
    held = [Settled("finish", job_id, "w:1", "r", 500_000) for job_id in batch[:100]]
    ran = cost(quiet, lambda: scripts.exchange(2, *held, want=100, woken=False))
    assert enqueued.total() <= 110, enqueued
    assert ran.total() <= 720, ran


def test_a_worker_of_a_thousand_queues_does_not_ask_for_each(quiet: Connection):
    scripts = Scripts(quiet)
    scripts.register()
    queues = tuple(f"queue{number}" for number in range(1000))
    scripts.enqueue(New("a"), queue="queue999")
    taken = cost(quiet, lambda: scripts.exchange(1, want=5, queues=queues, woken=False))
    assert scripts.command("HGET", scripts.keys.job("a"), "status") == b"started"
    assert taken.total() <= 100, taken
    left = cost(quiet, lambda: scripts.exchange(2, want=5, queues=queues, woken=False))
    assert left.total() <= 100, left


def test_jobs_that_fall_due_together_ask_little_for_each(quiet: Connection):
    scripts = Scripts(quiet)
    scripts.enqueue(*(New(f"j{number}", place="in", when=5) for number in range(500)))
    promoted = cost(quiet, lambda: scripts.exchange(1, want=0, time=NOW + 5))
    assert promoted.total() <= 2 * 500 + 20, promoted
