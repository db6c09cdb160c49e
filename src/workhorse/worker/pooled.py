"""A worker of a pool: a process of its own, told over its tether what it is to do."""

from __future__ import annotations

import logging
import pickle
import socket
import struct
import sys
from collections.abc import Callable
from typing import NamedTuple

from workhorse.connection import Connection
from workhorse.exceptions import WorkhorseError
from workhorse.worker.kernel import end_with_parent
from workhorse.worker.settings import Settings
from workhorse.worker.starting import start
from workhorse.worker.tether import Tether

SIZE = struct.Struct("!Q")


class Told(NamedTuple):
    """What a worker of a pool is told.

    Attributes:
        prepare: Called first, with the worker's name: sets up the log.
    """

    settings: Settings
    connection: Connection
    prepare: Callable[[str], object]


def message(told: Told) -> bytes:
    """What a pool sends down the tether."""
    body = pickle.dumps(told)
    return SIZE.pack(len(body)) + body


def main() -> None:
    """Be the worker whose tether and pool are given as arguments."""
    end = socket.socket(fileno=int(sys.argv[1]))
    told = _read(end)
    if told is None:
        return
    told.prepare(told.settings.name)
    tether = Tether(end)
    if told.settings.isolation == "inline":
        # No loop listens to the tether while jobs run; the kernel tells it by a signal.
        end_with_parent(int(sys.argv[2]))
    try:
        start(told.connection, told.settings, tether)
    except (WorkhorseError, ImportError) as error:
        logging.getLogger("workhorse.worker").error("%s", error)  # noqa: TRY400 - a sentence for people
        tether.failed(error)
        sys.exit(1)


def _read(end: socket.socket) -> Told | None:
    """What the pool sends first; None if it has ended."""
    with end.makefile("rb", buffering=0) as stream:
        head = stream.read(SIZE.size)
        if not head:
            return None
        (left,) = SIZE.unpack(head)
        body = b""
        while left > len(body):
            piece = stream.read(left - len(body))
            if not piece:
                return None
            body += piece
    told: Told = pickle.loads(body)  # noqa: S301 - from our own pool
    return told
