"""The server that all systems are measured on, and what it tells of its work."""

from __future__ import annotations

import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workhorse.embedded import start_private
from workhorse.endpoints.logins import NOBODY
from workhorse.links.blocking import Link

_OURS = {"info", "flushall"}
"""Commands of this module; they are not counted."""
_MICROSECONDS = 1e6


@dataclass(frozen=True)
class Reading:
    """What the server has done up to now.

    Attributes:
        calls: Commands, those within scripts and transactions too, by name.
        reads: How often it read from a connection: about one for each round trip.
        cpu: The processor time of the process, seconds.
        memory: What is allocated, bytes.
    """

    calls: Mapping[str, int]
    reads: int
    cpu: float
    memory: int

    def per_job(self, before: Reading, jobs: int) -> dict[str, float]:
        """What each job cost since *before*."""
        return {
            "commands_per_job": (sum(self.calls.values()) - sum(before.calls.values())) / jobs,
            "round_trips_per_job": (self.reads - before.reads) / jobs,
            "server_us_per_job": (self.cpu - before.cpu) / jobs * _MICROSECONDS,
        }


class MeasuredServer:
    """A private server without persistence; stop it in the end.

    Args:
        folder: For its log.
        over_tcp: Listen on the loopback interface, as RQ has it by default; else on a unix socket.
        binary: The program.
        options: More words for its command line.

    Attributes:
        url: For those who use it.
        binary: The program.
        port: Where it listens; 0 on a unix socket.
    """

    def __init__(
        self, folder: Path, *, over_tcp: bool, binary: Path, options: Sequence[str] = ()
    ) -> None:
        self.binary = binary
        self.port = free_port() if over_tcp else 0
        self._server = start_private(
            folder,
            port=self.port or None,
            binary=binary,
            options=("--appendonly", "no", *options),
        )
        self.url = self._server.url
        self._link = Link.open(self._server.address, NOBODY)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._server.pid

    @property
    def version(self) -> str:
        """Its name and version, and its allocator: glibc's costs it a quarter of its speed."""
        facts = self._info("server")
        name = facts.get("server_name", "redis")
        number = facts.get(f"{name}_version") or facts["redis_version"]
        allocator = self._info("memory")["mem_allocator"]
        maps = Path(f"/proc/{self.pid}/maps")
        if "jemalloc" not in allocator and maps.exists() and "jemalloc" in maps.read_text():
            allocator = "jemalloc"  # put in front of the one that it was built with
        return f"{name} {number} ({allocator})"

    def ask(self, *words: str | int) -> Any:
        """The answer to one command."""
        return self._link.call(words)

    def empty(self) -> None:
        """Forget all keys."""
        self._link.call(("FLUSHALL", "SYNC"), timeout=60)

    def reading(self) -> Reading:
        """What it has done up to now."""
        facts = self._info("everything")
        calls = {
            name.removeprefix("cmdstat_"): int(text.split(",")[0].removeprefix("calls="))
            for name, text in facts.items()
            if name.startswith("cmdstat_") and name.removeprefix("cmdstat_") not in _OURS
        }
        cpu = float(facts["used_cpu_user"]) + float(facts["used_cpu_sys"])
        return Reading(calls, int(facts["total_reads_processed"]), cpu, int(facts["used_memory"]))

    def stop(self) -> None:
        """End it."""
        self._link.close()
        self._server.stop()

    def _info(self, section: str) -> dict[str, str]:
        text: bytes = self.ask("INFO", section)
        lines = (line.partition(":") for line in text.decode().splitlines() if ":" in line)
        return {name: value for name, _, value in lines}


def free_port() -> int:
    """A port of the loopback interface that nobody listens on."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port
