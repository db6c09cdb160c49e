"""Workhorse: one worker with one horse, as its command starts it."""

from __future__ import annotations

from benchmarks.systems.system import Command, System, Variant


def _worker(*words: str) -> Command:
    def command(python: str, url: str) -> list[str]:
        return [python, "-m", "workhorse", "worker", "--url", url, *words]

    return command


def _variant(isolation: str, against: str) -> Variant:
    words = ("--isolation", isolation, "--horses", "1")
    return Variant(_worker(*words, "--burst"), _worker(*words), against)


WORKHORSE = System(
    name="Workhorse",
    distribution="workhorse",
    requirements=(),
    client="benchmarks.systems.workhorse_client",
    ways=("one", "many", "async"),
    variants={
        "warm": _variant("warm", "Worker"),
        "fork": _variant("fork", "Worker"),
        "inline": _variant("inline", "SimpleWorker"),
    },
)
