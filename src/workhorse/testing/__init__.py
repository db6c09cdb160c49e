"""What tests of an application that uses Workhorse may use; see also the fixtures in `plugin`."""

from __future__ import annotations

from workhorse.connection import Connection, connect
from workhorse.embedded.private import PrivateServer, start_private
from workhorse.queue import Queue
from workhorse.worker import SimpleWorker

__all__ = ["PrivateServer", "drain", "purge", "start_private"]


def drain(*queues: Queue, **options: object) -> bool:
    """Run all jobs that are ready, here and now, as a worker would; whether there were any.

    Arguments are decoded, results stored, failures recorded and retries counted for real; what
    is scheduled for later stays where it is.

    Args:
        *queues: Earlier ones come first.
        **options: As for `Worker`, such as `allow_classes`.
    """
    worker = SimpleWorker(queues, **options)  # type: ignore[arg-type]  # checked by Worker itself
    return worker.work(burst=True)


def purge(connection: object = None) -> int:
    """Delete everything in a connection's namespace; how many keys there were."""
    opened: Connection = connect(connection)
    deleted, cursor = 0, b"0"
    with opened.borrow() as link:
        while True:
            words = ("SCAN", cursor, "MATCH", opened.keys.pattern, "COUNT", 1000)
            cursor, keys = link.call(words)
            if keys:
                deleted += link.call(("UNLINK", *keys))
            if cursor == b"0":
                return deleted
