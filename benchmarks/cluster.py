"""A Cluster of three primaries on this machine, and namespaces that spread evenly over it."""

from __future__ import annotations

import time
from contextlib import ExitStack
from itertools import count, pairwise
from pathlib import Path
from typing import Self

from benchmarks.processes import ProgramFailed
from benchmarks.server import MeasuredServer, free_port
from workhorse.endpoints.discovery import SLOTS, slot_of

PRIMARIES = 3
_TIMEOUT = 30.0


def shares(primaries: int = PRIMARIES) -> list[range]:
    """The slots of each primary: as many for one as for the other."""
    bounds = [SLOTS * number // primaries for number in range(primaries + 1)]
    return [range(low, high) for low, high in pairwise(bounds)]


def primary_of(namespace: str, primaries: int = PRIMARIES) -> int:
    """Which primary has a namespace, counted from 0."""
    slot = slot_of(namespace)
    return next(number for number, own in enumerate(shares(primaries)) if slot in own)


def even_namespaces(wanted: int, primaries: int = PRIMARIES) -> list[str]:
    """So many namespaces, as many on one primary as on the other, the primaries in turns."""
    found = []
    names = (f"bench{number}" for number in count())
    for number in range(wanted):
        mine = number % primaries
        found.append(next(name for name in names if primary_of(name, primaries) == mine))
    return found


class MeasuredCluster:
    """Three primaries without persistence that share the slots; a context manager that stops them.

    Args:
        folder: For their logs; a new one for each Cluster.
        binary: The program.

    Attributes:
        nodes: The primaries.
    """

    def __init__(self, folder: Path, binary: Path) -> None:
        self.nodes: list[MeasuredServer] = []
        with ExitStack() as stack:
            for number, own in enumerate(shares()):
                bus = free_port()
                options = ("--cluster-enabled", "yes", "--cluster-port", str(bus))
                node = MeasuredServer(
                    folder / f"primary{number}", over_tcp=True, binary=binary, options=options
                )
                stack.callback(node.stop)
                self.nodes.append(node)
                node.ask("CLUSTER", "ADDSLOTSRANGE", own[0], own[-1])
                if number:
                    self.nodes[0].ask("CLUSTER", "MEET", "127.0.0.1", node.port, bus)
            self._wait_until_joined()
            self._stop = stack.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.close()

    @property
    def url(self) -> str:
        """That of the Cluster."""
        hosts = ",".join(node.url.removeprefix("redis://") for node in self.nodes)
        return f"cluster://{hosts}"

    def _wait_until_joined(self) -> None:
        deadline = time.monotonic() + _TIMEOUT
        while not all(map(_knows_all, self.nodes)):
            if time.monotonic() > deadline:
                raise ProgramFailed(f"the primaries are no Cluster after {_TIMEOUT:g} s")
            time.sleep(0.02)


def _knows_all(node: MeasuredServer) -> bool:
    """Whether it serves, and can say where each slot is."""
    serves = b"cluster_state:ok" in node.ask("CLUSTER", "INFO")
    return serves and len(node.ask("CLUSTER", "SLOTS")) == PRIMARIES
