"""Whether several namespaces over a Cluster add up: Workhorse alone."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from benchmarks.cluster import MeasuredCluster, even_namespaces, primary_of
from benchmarks.lab import Lab, check_runs
from benchmarks.measures.draining import TIMEOUT
from benchmarks.measures.measure import Figures, Metric, Subject
from benchmarks.processes import Worker
from benchmarks.server import MeasuredServer
from benchmarks.systems.system import System, Variant
from workhorse import Connection, Queue

_NAMESPACES = {"3 namespaces in turn": 3, "6 namespaces in turn": 6, "3 namespaces at once": 3}
_AT_ONCE = "at once"
"""The work of all of them is done together; in turn: of one after the other."""
_ALONE = "bench"
"""The namespace on the server that stands alone."""
_COUNT, _COUNT_IF_QUICK = 10_000, 3_000
_WARM_UP = 200
"""Jobs for each namespace beforehand: a server compiles scripts only once."""
_PER_CALL = 1_000
_MICROSECONDS = 1e6
_NOOP = "benchmarks.jobs.noop"


class Cluster:
    """Server µs of a job on each of three primaries, and on a server that stands alone.

    All are started for the occasion and alike. A job is enqueued by `enqueue_many` and run by
    the one worker of its namespace; as many are run, by as many workers, in one namespace of the
    server alone. The two take turns: what changes on the machine meanwhile changes it for both.
    """

    name = "cluster"
    title = (
        "Cluster: what a no-op job, enqueued and run, costs the servers in namespaces that spread "
        "over three primaries, and in one on a server alone"
    )
    metrics = (
        Metric("times_alone", "Cluster/alone, x", digits=2),
        Metric("alone_us", "alone server µs", digits=1),
        Metric("cluster_us", "Cluster server µs", digits=1),
        Metric("primary1_us", "1st primary's own µs", digits=1),
        Metric("primary2_us", "2nd", digits=1),
        Metric("primary3_us", "3rd", digits=1),
        Metric("busiest_percent", "the busiest, % (even: 33.3)", digits=1),
        Metric("alone_commands", "alone commands", digits=2),
        Metric("cluster_commands", "Cluster commands", digits=2),
    )
    turns = 1
    our_turns = 3

    def subjects(self, systems: Sequence[System]) -> Iterator[Subject]:
        """Workhorse, by how many namespaces there are and whether they are busy at once."""
        for system in systems:
            if system.name == "Workhorse":
                for what in _NAMESPACES:
                    yield Subject(system, "warm", what)

    def size(self, lab: Lab, subject: Subject, seconds: float) -> int:  # noqa: ARG002 - a fixed number
        """How many jobs in each namespace."""
        return _COUNT_IF_QUICK if lab.quick else _COUNT

    def run(self, lab: Lab, subject: Subject, count: int) -> Figures:
        """One run."""
        names = even_namespaces(_NAMESPACES[subject.what])
        slots = lab.fresh(2 * len(names) * (count + _WARM_UP))
        with tempfile.TemporaryDirectory(dir=lab.folder) as folder, ExitStack() as stack:
            program = lab.server.binary
            cluster = stack.enter_context(MeasuredCluster(Path(folder), program))
            alone = MeasuredServer(Path(folder) / "alone", over_tcp=True, binary=program)
            stack.callback(alone.stop)
            stage = _Stage(lab, subject, cluster, alone)
            stage.turn(names, _WARM_UP)
            batches = [names] if subject.what.endswith(_AT_ONCE) else [[name] for name in names]
            turns = [stage.turn(batch, count) for batch in batches]
        check_runs(slots)
        return figures(turns)


class Spent(NamedTuple):
    """What a server did: its processor time, seconds, and how many commands."""

    cpu: float
    commands: int


@dataclass(frozen=True)
class Turn:
    """What some namespaces cost.

    Attributes:
        owners: For each namespace the primary that has it.
        count: How many jobs each had.
        cluster: What each primary did.
        alone: What the server alone did, for as many jobs.
    """

    owners: Sequence[int]
    count: int
    cluster: Sequence[Spent]
    alone: Spent

    @property
    def jobs(self) -> int:
        """How many there were."""
        return len(self.owners) * self.count


def figures(turns: Sequence[Turn]) -> dict[str, float]:
    """What comes out of some turns.

    A primary's own cost is what it used while jobs of its own were there; that of the Cluster
    is all that the primaries used, also to keep in touch with each other.
    """
    jobs = sum(turn.jobs for turn in turns)
    spent = [sum(one.cpu for one in own) for own in zip(*(t.cluster for t in turns), strict=True)]
    alone, cluster = sum(turn.alone.cpu for turn in turns), sum(spent)
    own = [_own(turns, primary) for primary in range(len(spent))]
    return {
        "times_alone": cluster / alone,
        "alone_us": alone / jobs * _MICROSECONDS,
        "cluster_us": cluster / jobs * _MICROSECONDS,
        **{f"primary{number}_us": cost * _MICROSECONDS for number, cost in enumerate(own, 1)},
        "busiest_percent": max(spent) / cluster * 100,
        "alone_commands": sum(turn.alone.commands for turn in turns) / jobs,
        "cluster_commands": sum(one.commands for turn in turns for one in turn.cluster) / jobs,
    }


def _own(turns: Sequence[Turn], primary: int) -> float:
    """The seconds that a primary used for each job of its own namespaces."""
    mine = [turn for turn in turns if primary in turn.owners]
    jobs = sum(turn.owners.count(primary) * turn.count for turn in mine)
    return sum(turn.cluster[primary].cpu for turn in mine) / jobs


class _Stage:
    """A Cluster and a server alone, where jobs are enqueued and run."""

    def __init__(
        self, lab: Lab, subject: Subject, cluster: MeasuredCluster, alone: MeasuredServer
    ) -> None:
        self._lab, self._subject = lab, subject
        self._cluster, self._alone = cluster, alone
        self._next = 0

    def turn(self, names: Sequence[str], count: int) -> Turn:
        """So many jobs in each of these namespaces at once; then as many on the server alone."""
        cluster = self._spent(self._cluster.nodes, self._cluster.url, names, count)
        (alone,) = self._spent([self._alone], self._alone.url, [_ALONE] * len(names), count)
        return Turn([primary_of(name) for name in names], count, cluster, alone)

    def _spent(
        self, servers: Sequence[MeasuredServer], url: str, names: Sequence[str], count: int
    ) -> list[Spent]:
        """What each of the servers did for such jobs."""
        before = [one.reading() for one in servers]
        for name in names:
            self._enqueue(url, name, count)
        with ExitStack() as stack:
            for worker in [stack.enter_context(self._worker(url, name, count)) for name in names]:
                worker.wait(lambda: False, TIMEOUT)
        after = [one.reading() for one in servers]
        return [
            Spent(now.cpu - then.cpu, sum(now.calls.values()) - sum(then.calls.values()))
            for now, then in zip(after, before, strict=True)
        ]

    def _enqueue(self, url: str, name: str, count: int) -> None:
        with closing(Connection(url, name)) as connection:
            queue = Queue(connection=connection)
            for start in range(0, count, _PER_CALL):
                size = min(_PER_CALL, count - start)
                numbers = range(self._next, self._next + size)
                queue.enqueue_many([Queue.prepare_data(_NOOP, (number,)) for number in numbers])
                self._next += size

    def _worker(self, url: str, name: str, count: int) -> Worker:
        """The one that runs a namespace's jobs, and ends."""
        how, words = self._subject.how, ("--namespace", name, "--max-jobs", str(count))

        def command(python: str, _: str) -> list[str]:
            return [*how.worker(python, url), *words]

        return self._lab.worker(self._subject.system, Variant(command))
