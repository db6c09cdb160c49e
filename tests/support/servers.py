"""Real servers for tests: Sentinel groups and Clusters, all private and on loopback."""

from __future__ import annotations

import contextlib
import random
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from workhorse.embedded.private import PrivateServer, start_private
from workhorse.embedded.process import find_binary, spawn, wait_until_ready
from workhorse.endpoints import Address, Login
from workhorse.endpoints.logins import address_text
from workhorse.exceptions import ServerError
from workhorse.links import Link

T = TypeVar("T")

SYSTEM_SERVER = shutil.which("redis-server")
"""The system's own server, if it has one: mostly an older one than the embedded."""


def wait_for(condition: Callable[[], T], timeout: float = 20.0) -> T:
    """What *condition* returns as soon as that is true; it may raise ServerError meanwhile."""
    deadline = time.monotonic() + timeout
    never = threading.Event()
    while True:
        try:
            value = condition()
        except ServerError:
            value = None
        if value:
            return value
        assert time.monotonic() < deadline, f"not within {timeout} s: {condition}"
        never.wait(0.01)  # let others run between two looks


def ask(address: Address, *words: str | int) -> Any:
    """The answer to one command, on a link of its own."""
    with contextlib.closing(Link.open(address, Login())) as link:
        return link.call(words)


def port_of(server: PrivateServer) -> int:
    """The port of a server that has one."""
    assert isinstance(server.address, tuple)
    return server.address[1]


def free_port() -> int:
    """A port that nobody listens on, nor on the one 10,000 above (a Cluster's second port)."""
    while True:
        port = random.randrange(20000, 30000)
        with contextlib.suppress(OSError), socket.socket() as one, socket.socket() as two:
            one.bind(("127.0.0.1", port))
            two.bind(("127.0.0.1", port + 10000))
            return port


class SentinelGroup:
    """A primary, a replica, and three sentinels that watch them."""

    service = "the primary"

    def __init__(self, folder: Path, binary: Path) -> None:
        ports = [free_port() for _ in range(5)]
        prompt = ("--repl-diskless-sync-delay", "0")
        self.primary = start_private(
            folder / "primary", binary=binary, port=ports[0], options=prompt
        )
        self.replica = start_private(
            folder / "replica",
            binary=binary,
            port=ports[1],
            options=("--replicaof", f"127.0.0.1 {ports[0]}", *prompt),
        )
        wait_for(lambda: b"master_link_status:up" in ask(self.replica.address, "INFO"))
        self._processes: list[subprocess.Popen[bytes]] = []
        self.addresses: list[Address] = [("127.0.0.1", port) for port in ports[2:]]
        for number, port in enumerate(ports[2:]):
            self._processes.append(self._sentinel(folder / f"sentinel{number}", binary, port))
        self.hurry(100, 100)
        wait_for(self._settled)
        self.hurry(10_000, 2_000)  # as is usual, or a failover is undone before it is seen

    @property
    def url(self) -> str:
        """The group's URL."""
        hosts = ",".join(map(address_text, self.addresses))
        return f"sentinel://{hosts}/the%20primary"

    def failover(self) -> None:
        """Kill the primary and wait until the replica has its place."""
        self.primary.kill()
        wait_for(lambda: ask(self.replica.address, "ROLE")[0] == b"master", 60)

    def stop(self) -> None:
        """End all of it."""
        for process in self._processes:
            process.kill()
            process.wait()
        self.primary.kill()
        self.replica.kill()

    def _sentinel(self, folder: Path, binary: Path, port: int) -> subprocess.Popen[bytes]:
        folder.mkdir()
        conf = folder / "sentinel.conf"
        name = f'"{self.service}"'
        conf.write_text(
            f"port {port}\nbind 127.0.0.1\n"
            f"sentinel monitor {name} 127.0.0.1 {port_of(self.primary)} 2\n"
            f"sentinel down-after-milliseconds {name} 500\n"
            f"sentinel failover-timeout {name} 3000\n"
        )
        process = spawn(binary, folder, (str(conf), "--sentinel"), dies_with_us=True)
        wait_until_ready(process, folder, ("127.0.0.1", port))
        return process

    def hurry(self, info_period: int, publish_period: int) -> None:
        """Set how often the sentinels tell each other what they know, ms."""
        for address in self.addresses:
            ask(address, "SENTINEL", "DEBUG", "info-period", info_period)
            ask(address, "SENTINEL", "DEBUG", "publish-period", publish_period)

    def _settled(self) -> bool:
        """Whether each sentinel knows the two others and the replica."""
        for address in self.addresses:
            answer = ask(address, "SENTINEL", "MASTER", self.service)
            facts = dict(zip(answer[::2], answer[1::2], strict=True))
            if facts[b"num-other-sentinels"] != b"2" or facts[b"num-slaves"] != b"1":
                return False
        return True


class Cluster:
    """Three primaries that share the slots."""

    ranges = ((0, 5460), (5461, 10922), (10923, 16383))

    def __init__(self, folder: Path, binary: Path) -> None:
        options = ("--cluster-enabled", "yes", "--cluster-node-timeout", "5000")
        self.nodes = [
            start_private(folder / f"node{n}", binary=binary, port=free_port(), options=options)
            for n in range(3)
        ]
        first = self.nodes[0].address
        for node, (low, high) in zip(self.nodes, self.ranges, strict=True):
            ask(node.address, "CLUSTER", "ADDSLOTSRANGE", low, high)
            ask(first, "CLUSTER", "MEET", "127.0.0.1", port_of(node))
        for node in self.nodes:
            wait_for(partial(self._settled, node))

    @property
    def url(self) -> str:
        """The Cluster's URL, naming two of its nodes."""
        hosts = ",".join(node.url.removeprefix("redis://") for node in self.nodes[:2])
        return f"cluster://{hosts}"

    def node_of(self, slot: int) -> PrivateServer:
        """The node that was given a slot at the start."""
        for node, (low, high) in zip(self.nodes, self.ranges, strict=True):
            if low <= slot <= high:
                return node
        raise ValueError(slot)

    def move(self, slot: int, source: PrivateServer, target: PrivateServer) -> None:
        """Give an empty slot to another node."""
        name = ask(target.address, "CLUSTER", "MYID").decode()
        for node in (target, source, *self.nodes):
            ask(node.address, "CLUSTER", "SETSLOT", slot, "NODE", name)

    def stop(self) -> None:
        """End all of it."""
        for node in self.nodes:
            node.kill()

    def _settled(self, node: PrivateServer) -> bool:
        return b"cluster_state:ok" in ask(node.address, "CLUSTER", "INFO") and len(
            ask(node.address, "CLUSTER", "SLOTS")
        ) == len(self.ranges)


def binaries() -> Iterator[tuple[str, Path]]:
    """Each server on this machine that tests should run on, with its name."""
    yield "embedded", find_binary()
    if SYSTEM_SERVER:
        yield "system", Path(SYSTEM_SERVER)
