"""What an operation costs the server when there is much of something: Workhorse alone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from statistics import median

from benchmarks.crowd import crowd
from benchmarks.lab import Lab, all_ran
from benchmarks.later import NOOP, schedule
from benchmarks.measures.draining import TIMEOUT
from benchmarks.measures.measure import Figures, Metric, Subject
from benchmarks.server import Reading
from benchmarks.systems.system import System, Variant
from workhorse import Queue, connect

LEVELS = {
    "depth": (1_000, 10_000, 100_000, 1_000_000),
    "queues": (1, 10, 100, 1_000),
    "workers": (1, 10, 50, 200),
    "scheduled": (1_000, 10_000, 100_000, 1_000_000),
    "finished": (1_000, 10_000, 100_000, 300_000),
}
"""Of what there is how much."""
_QUICK = 10_000
"""No level is above this in a quick run."""
_ROUNDS, _PER_ROUND = 5, 600
_ENQUEUED = _ROUNDS * _PER_ROUND
_RUN = 4_000
_PER_CALL = 1_000
_PER_WORKER = 10


class Scale:
    """Server µs and commands of enqueueing a job and of running one, by how much there is."""

    name = "scale"
    title = "Scale: what an operation costs the server, at the greatest size over at the least"
    metrics = (
        Metric("enqueue_us_growth", "enqueue µs, x", digits=2),
        Metric("run_us_growth", "run µs, x", digits=2),
        Metric("enqueue_commands_growth", "enqueue commands, x", digits=2),
        Metric("run_commands_growth", "run commands, x", digits=2),
        Metric("enqueue_us_most", "enqueue µs at the greatest", digits=1),
        Metric("run_us_most", "run µs at the greatest", digits=1),
    )
    turns = 1
    our_turns = 1

    def subjects(self, systems: Sequence[System]) -> Iterator[Subject]:
        """Workhorse, for each thing that there can be much of."""
        for system in systems:
            if system.name == "Workhorse":
                for what in LEVELS:
                    yield Subject(system, "warm", what)

    def size(self, lab: Lab, subject: Subject, seconds: float) -> int:  # noqa: ARG002 - the levels are fixed
        """The greatest level."""
        most = LEVELS[subject.what][-1]
        return min(most, _QUICK) if lab.quick else most

    def run(self, lab: Lab, subject: Subject, count: int) -> Figures:
        """One run: through all levels, one after the other."""
        levels = [level for level in LEVELS[subject.what] if level <= count]
        stage = _Stage(lab, subject, levels[-1])
        rows = [stage.at(level) for level in levels]
        lists = {name: [row[name] for row in rows] for name in rows[0]}
        growth = {f"{name}_growth": values[-1] / values[0] for name, values in lists.items()}
        most = {f"{name}_most": values[-1] for name, values in lists.items()}
        return {"levels": levels, **lists, **growth, **most}


class _Stage:
    """A server with much of something on it, more from level to level."""

    def __init__(self, lab: Lab, subject: Subject, most: int) -> None:
        self._lab, self._subject = lab, subject
        self._slots = lab.fresh(most + len(LEVELS) * (_RUN + _ENQUEUED) * 2)
        self._connection = connect(lab.server.url)
        self._next = 0
        self._there = 0
        self._queues = ["default"]
        self._prepare: Callable[[int], None] = getattr(self, f"_set_{subject.what}")

    def at(self, level: int) -> dict[str, float]:
        """What operations cost when there is so much."""
        self._prepare(level)
        enqueued = self._enqueue_some()
        ran = self._run_among(level) if self._subject.what == "workers" else self._run_some()
        return {
            "enqueue_us": enqueued["server_us_per_job"],
            "enqueue_commands": enqueued["commands_per_job"],
            "run_us": ran["server_us_per_job"],
            "run_commands": ran["commands_per_job"],
        }

    def _enqueue_some(self) -> dict[str, float]:
        """Some are enqueued one by one: the middle one of several rounds."""
        queue = Queue(self._queues[0], connection=self._connection)
        rounds = []
        for _ in range(_ROUNDS):
            before = self._reading()
            for _ in range(_PER_ROUND):
                queue.enqueue(NOOP, self._number())
            rounds.append(self._reading().per_job(before, _PER_ROUND))
        return {name: median(one[name] for one in rounds) for name in rounds[0]}

    def _run_some(self) -> dict[str, float]:
        """A worker runs some of what waits; for that some more is enqueued."""
        share = max(1, _RUN // len(self._queues))
        for name in self._queues:
            self._fill(share, name)
        count = _RUN + _ENQUEUED if len(self._queues) == 1 else share * len(self._queues)
        how = self._subject.how
        words = ("--max-jobs", str(count), *self._queues)

        def command(python: str, url: str) -> list[str]:
            return [*how.worker(python, url), *words]

        before = self._reading()
        with self._lab.worker(self._subject.system, Variant(command)) as worker:
            worker.wait(lambda: False, TIMEOUT)
        return self._reading().per_job(before, count)

    def _run_among(self, workers: int) -> dict[str, float]:
        """So many workers run it, a few jobs each, in turns; all of them beat meanwhile."""
        self._fill(_RUN, "default")
        with crowd(self._lab.server.url, workers) as them:
            before, done = self._reading(), 0
            while done < _RUN:
                for one in them:
                    one.beat()
                for _ in range(max(1, _RUN // (workers * _PER_WORKER * 4))):
                    for one in them:
                        done += one.work(_PER_WORKER)
            for one in them:
                one.work(0)  # hand in the last ones
            after = self._reading()
        return after.per_job(before, done)

    def _set_depth(self, level: int) -> None:
        queue = Queue(connection=self._connection)
        self._fill(level - queue.count, "default")

    def _set_queues(self, level: int) -> None:
        self._queues = [f"queue{number}" for number in range(level)]

    def _set_workers(self, level: int) -> None:
        """They come when they are needed."""

    def _set_scheduled(self, level: int) -> None:
        asyncio.run(schedule(self._connection, level - self._there))
        self._there = level

    def _set_finished(self, level: int) -> None:
        count = level - self._there
        self._fill(count, "default")
        with self._lab.worker(self._subject.system, self._subject.how) as worker:
            worker.wait(lambda: all_ran(self._slots, self._next), TIMEOUT)
        self._there = level

    def _fill(self, count: int, name: str) -> None:
        queue = Queue(name, connection=self._connection)
        for start in range(0, count, _PER_CALL):
            size = min(_PER_CALL, count - start)
            queue.enqueue_many([Queue.prepare_data(NOOP, (self._number(),)) for _ in range(size)])

    def _number(self) -> int:
        self._next += 1
        return self._next - 1

    def _reading(self) -> Reading:
        return self._lab.server.reading()
