"""Ids that sort by time: UUID version 7, RFC 9562 section 5.7, method 3 of section 6.2.

The first 60 bits, version aside, count 1/4096 ms since 1970; the rest is random. Random
bytes are drawn from the system for many ids at once; a forked child throws the stock away,
since its parent would use the same one.
"""

from __future__ import annotations

import os
from time import time_ns

_STOCK = 128
_VARIANT_BITS = int.from_bytes((b"\xc0" + bytes(7)) * _STOCK)
_VARIANT = int.from_bytes((b"\x80" + bytes(7)) * _STOCK)
_TICKS_PER_MS = 4096
_NS_PER_MS = 1_000_000
_LENGTH = 36

_tails: list[str] = []
_latest = (0, 0, "")
"""The last id: its ms, its ticks within that, and the ms as the id has them."""


def new_id() -> str:
    """A new UUIDv7 in its canonical 36 characters.

    The ids of one thread ascend, also when the clock is set back by a moment. Those of
    several threads or processes agree with the clock to within a millisecond.
    """
    global _latest  # noqa: PLW0603 - a race costs the order of two ids, not their difference
    ms, rest = divmod(time_ns(), _NS_PER_MS)
    ticks = rest * _TICKS_PER_MS // _NS_PER_MS
    last_ms, last_ticks, head = _latest
    if ms < last_ms or (ms == last_ms and ticks <= last_ticks):
        ms, ticks = last_ms, last_ticks + 1
        if ticks == _TICKS_PER_MS:
            ms, ticks = ms + 1, 0
    if ms != last_ms:
        digits = f"{ms:012x}"
        head = f"{digits[:8]}-{digits[8:]}-7"
    _latest = ms, ticks, head
    try:
        tail = _tails.pop()  # atomic: no two threads get the same one
    except IndexError:
        tail = _restock()
    return f"{head}{ticks:03x}-{tail}"


def made_at(job_id: str) -> float | None:
    """When an id of ours was made, seconds since 1970; None if it is not of our making."""
    digits = job_id.replace("-", "")
    if len(job_id) != _LENGTH or len(digits) != 32 or digits[12] != "7":  # noqa: PLR2004 - a UUID's
        return None
    try:
        return int(digits[:12], 16) / 1000
    except ValueError:
        return None


def _restock() -> str:
    """Draw random tails, keep all but one, and return that one."""
    drawn = int.from_bytes(os.urandom(8 * _STOCK)) & ~_VARIANT_BITS | _VARIANT
    text = drawn.to_bytes(8 * _STOCK).hex()
    fresh = [f"{text[i : i + 4]}-{text[i + 4 : i + 16]}" for i in range(0, len(text), 16)]
    one = fresh.pop()
    _tails.extend(fresh)
    return one


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_tails.clear)
