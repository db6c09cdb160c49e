"""What the benchmark must know of a system: how to install it, and what to start."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

Command = Callable[[str, str], list[str]]
"""Interpreter, server's URL -> the words that start a worker."""

Words = tuple[str, ...]


@dataclass(frozen=True)
class Variant:
    """One way to work.

    Attributes:
        worker: Starts a worker that goes on until it is told to stop.
        against: The variant of the system to beat that this one is compared with.
        flavour: `a`: its jobs are coroutines.
        slots: How many jobs run at a time.
        survives: A job that crashes does not take the worker along.
        works: What it can do out of `benchmarks.workloads`; None: what the system can.
        needs: What must be in the worker's help, for what is being built.
        env: Variables for its worker and its client.
        narrow: It is made for one purpose, and is not measured in all.
        promises: Whether a job that was taken is run again after a crash of the worker.
    """

    worker: Command
    against: str = "SimpleWorker"
    flavour: str = ""
    slots: int = 1
    survives: bool = False
    works: Words | None = None
    needs: Words = ()
    env: Mapping[str, str] = field(default_factory=dict)
    narrow: bool = False
    promises: bool = True


@dataclass(frozen=True)
class System:
    """One job queue.

    Attributes:
        name: As in the report.
        distribution: What is asked for its version.
        requirements: Installed into an environment of its own; nothing: it is this project.
        client: The module that is its client program (see `serving`).
        ways: How it can enqueue, out of `one`, `many` and `async`.
        variants: How its workers can work. The first is the default.
        works: What it can do out of `benchmarks.workloads`.
        can: What else it can: `results` are stored, jobs can be `later`, and `waited` for.
        python: The oldest Python that it runs on.
        best: The variant that is its best for no-ops.
        sleeper: The one that is its best for jobs that wait.
        pair: The one that runs two jobs at a time.
        slow: It gets fewer turns.
        note: What a reader must know of it.
        doubtful: Why it may not run here; it is tried before it is measured.
    """

    name: str
    distribution: str
    requirements: Words
    client: str
    variants: Mapping[str, Variant]
    ways: Words = ("one",)
    works: Words = ("noop", "compute", "nap", "1 KB", "1 MB", "retry")
    can: Words = ("results", "later")
    python: tuple[int, int] = (3, 11)
    best: str = ""
    sleeper: str = ""
    pair: str = ""
    slow: bool = False
    note: str = ""
    doubtful: str = ""

    def chosen(self, purpose: str) -> str:
        """The variant for a purpose: `best`, `sleeper` or `pair`."""
        first = next(iter(self.variants))
        if purpose == "sleeper":
            return self.sleeper or self.best or first
        return (self.pair if purpose == "pair" else self.best) or first

    def can_do(self, variant: str, work: str) -> bool:
        """Whether a variant can do a kind of work."""
        works = self.variants[variant].works
        return work in (self.works if works is None else works)


def module_worker(*words: str) -> Command:
    """A worker that is started as `python -m`; `{url}` among the words is the server's URL."""

    def command(python: str, url: str) -> list[str]:
        return [python, "-m", *(word.replace("{url}", url) for word in words)]

    return command


def script_worker(script: str, *words: str) -> Command:
    """A worker that is a program in the environment's own folder of programs."""

    def command(python: str, url: str) -> list[str]:
        program = python.rpartition("/")[0] + "/" + script
        return [python, program, *(word.replace("{url}", url) for word in words)]

    return command
