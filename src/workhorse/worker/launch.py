"""Starts the process of the stable, before anybody knows what it is to do.

It takes as long to import what a stable needs as the supervisor takes to import the rest of
what *it* needs. So the stable is started first, by this module, which needs next to nothing, and
its orders follow when there are some.
"""

from __future__ import annotations

import contextlib
import marshal
import os
import socket
import subprocess
import sys
from collections.abc import Iterable
from typing import NamedTuple

from workhorse.worker.parcels import KIND

# Garbage is collected when the stable is complete: before that there is hardly any.
_BOOT = (
    "import gc, marshal, sys; gc.disable(); "
    "sys.path[:] = marshal.loads(bytes.fromhex(sys.argv.pop())); "
    "from workhorse.worker.stable import main; main()"
)


class Launched(NamedTuple):
    """The process of a stable, and our end of its control socket."""

    process: subprocess.Popen[bytes]
    control: socket.socket

    def end(self) -> None:
        """Close the socket, which ends the stable and with it all horses, and wait for that."""
        self.control.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout=1)
            return
        self.process.kill()
        self.process.wait()


def launch(path: Iterable[str]) -> Launched:
    """Start a stable that waits for its orders.

    Args:
        path: Put before our own `sys.path`; where it finds Workhorse, and the users' modules.
    """
    ours, theirs = socket.socketpair(socket.AF_UNIX, KIND)
    folders = marshal.dumps([*path, *map(os.fspath, sys.path)])
    with theirs:
        process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [
                *(sys.executable, "-c", _BOOT),
                *(str(theirs.fileno()), str(os.getpid()), folders.hex()),
            ],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
    return Launched(process, ours)
