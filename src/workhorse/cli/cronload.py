"""`--cron MODULE` of a worker: its entries are stored before it begins.

The module is the user's code, so a process of its own imports it, and the supervisor never does.
"""

from __future__ import annotations

import marshal
import os
import pickle
import subprocess
import sys
import traceback
from collections.abc import Sequence
from typing import TYPE_CHECKING

from workhorse.cli.failures import Failure

if TYPE_CHECKING:
    from workhorse.connection import Connection

_PROGRAM = (
    "import marshal, sys; sys.path[:] = marshal.loads(bytes.fromhex(sys.argv.pop())); "
    "from workhorse.cli.cronload import main; main()"
)


def load_apart(
    connection: Connection,
    modules: Sequence[str],
    path: Sequence[str],
    trust: tuple[str | None, Sequence[str]],
) -> None:
    """Store the entries of some modules.

    Args:
        connection: Where to.
        modules: Names or files.
        path: Put before our own `sys.path`.
        trust: The serializer, and the patterns of classes, as for `Queue`.

    Raises:
        Failure: One cannot be imported, or has an entry that makes no sense; the log has it.
    """
    if not modules:
        return
    # Not among the words of the command: an endpoint may have a password in it.
    orders = pickle.dumps((connection.endpoint, connection.namespace, tuple(modules), trust))
    folders = marshal.dumps([*path, *map(os.fspath, sys.path)])
    ran = subprocess.run(  # noqa: S603 - our own interpreter and program
        [sys.executable, "-c", _PROGRAM, folders.hex()], input=orders, check=False
    )
    if ran.returncode:
        raise Failure(f"cannot load the cron entries of {', '.join(modules)}; see above")


def main() -> None:
    """What the other process does; its orders come on stdin."""
    from workhorse.connection import Connection  # noqa: PLC0415 - the worker has it already
    from workhorse.cron import Cron  # noqa: PLC0415 - the worker does not need it

    endpoint, namespace, modules, (serializer, allow) = pickle.load(sys.stdin.buffer)  # noqa: S301 - from our own worker
    cron = Cron(Connection(endpoint, namespace), serializer, allow=allow)
    for module in modules:
        try:
            cron.load(module)
        except BaseException:  # noqa: BLE001 - the user's module may raise anything
            traceback.print_exc()
            sys.exit(1)
