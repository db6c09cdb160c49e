"""A work horse: the child process in which user code runs.

It holds no connection to the server. It receives jobs from the supervisor, reports each
before it receives the next, and ends when the supervisor closes its end, or dies.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import traceback
from types import FrameType

from workhorse.worker.execution import Kit, execute
from workhorse.worker.handoff import LOST_TOUCH, MODULES, read_job, receive, report_message, send
from workhorse.worker.kernel import die_with_parent
from workhorse.worker.surroundings import Surroundings


def horse(
    jobs: socket.socket, reports: socket.socket, kit: Kit, *, parent: int, once: bool
) -> None:
    """Run jobs until there are no more, and end the process; does not return.

    Args:
        jobs: Where jobs come from.
        reports: Where reports go.
        kit: What runs need.
        parent: The stable; the horse dies with it.
        once: Whether to end after one job.
    """
    status = 1
    try:
        os.setsid()
        die_with_parent(parent)
        _take_signals()
        _serve(jobs, reports, kit, once=once)
        status = 0
    except (BrokenPipeError, ConnectionResetError):
        # The supervisor is gone: nobody is left to report to.
        status = 0
    except OSError:
        status = LOST_TOUCH
    except BaseException:  # noqa: BLE001 - the last stop before os._exit
        traceback.print_exc()
    finally:
        _flush()
        os._exit(status)


def _serve(jobs: socket.socket, reports: socket.socket, kit: Kit, *, once: bool) -> None:
    # Nobody comes after the only job.
    surroundings = None if once else Surroundings()
    while (message := receive(jobs)) is not None:
        job = read_job(message)
        report = execute(job, kit)
        if surroundings is not None:
            surroundings.restore()
        send(reports, report_message(job.id, report))
        if kit.seen:
            send(reports, MODULES + "\n".join(sorted(kit.seen)).encode())
            kit.seen.clear()
        if once:
            return


def _take_signals() -> None:
    """Leave INT and TERM to the supervisor.

    A terminal sends INT to the whole group, an init system TERM to all processes: the horse
    must finish its job nevertheless. A handler instead of SIG_IGN, because programs that the
    job starts would inherit that; a forked child of the job obeys as usual.
    """
    me = os.getpid()

    def ignore(number: int, _frame: FrameType | None) -> None:
        if os.getpid() != me:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)

    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    signal.signal(signal.SIGINT, ignore)
    signal.signal(signal.SIGTERM, ignore)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):
            continue
