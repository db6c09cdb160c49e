"""Which process a worker is, in a way that another worker of the machine can check."""

from __future__ import annotations

import os
import socket
import uuid
from pathlib import Path

from workhorse.ops.workers import Identity


def identity(name: str) -> Identity:
    """This process, as the worker of that name.

    The machine is the kernel's boot id and the pid namespace: two containers on one
    host do not see each other's processes and must not take each other for dead.
    """
    return Identity(name, machine(), process(os.getpid()) or uuid.uuid4().hex)


def machine() -> str:
    """The boot and the pid namespace, or '' where the system does not tell."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
        return f"{boot}.{os.stat('/proc/self/ns/pid').st_ino}"  # noqa: PTH116 - no Path needed
    except OSError:
        return ""


def process(pid: int) -> str:
    """Pid and start time of a process, or '' if there is none or the system does not tell."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return ""
    # The name in parentheses may hold anything; the fields after it do not.
    fields = stat.rpartition(b")")[2].split()
    if fields[0] in (b"Z", b"X"):
        return ""
    return f"{pid}.{fields[19].decode()}"


def is_gone(other: Identity) -> bool:
    """Whether a worker of this machine has surely ended."""
    if not other.machine or other.machine != machine():
        return False
    pid = other.process.partition(".")[0]
    return pid.isdigit() and process(int(pid)) != other.process


def default_name() -> str:
    """A name that nobody else has: host, pid and four random bytes."""
    host = "".join(c if c.isalnum() or c in "-_" else "-" for c in socket.gethostname())[:24]
    return f"{host}.{os.getpid()}.{os.urandom(4).hex()}"


def resident_bytes(pid: int) -> int:
    """How much memory a process holds, or 0 if that cannot be told."""
    try:
        pages = Path(f"/proc/{pid}/statm").read_bytes().split()[1]
    except (OSError, IndexError):
        return 0
    return int(pages) * os.sysconf("SC_PAGE_SIZE")
