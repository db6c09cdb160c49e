"""The part of pickle's machine language that `Values` writes, and a check that there is no more.

The check comes before the unpickler. What is not on the list cannot happen: no BUILD on
something shared, no memo slot 4,000,000,000 (for which CPython before 3.14 allocates 32 GB), no
extension registry, no old text opcodes. The one way to a global is STACK_GLOBAL, the one call
REDUCE. Lengths are compared with what is there, so a lie about one is found here.
"""

from __future__ import annotations

import pickle  # for its names of the opcodes
from typing import Final

from workhorse.exceptions import DeserializationError, RefusedPayload

_FIXED: Final = {
    1: (
        pickle.NONE + pickle.NEWTRUE + pickle.NEWFALSE + pickle.EMPTY_TUPLE + pickle.TUPLE1,
        pickle.TUPLE2 + pickle.TUPLE3 + pickle.TUPLE + pickle.MARK + pickle.EMPTY_LIST,
        pickle.APPEND + pickle.APPENDS + pickle.EMPTY_DICT + pickle.SETITEM + pickle.SETITEMS,
        pickle.EMPTY_SET + pickle.ADDITEMS + pickle.FROZENSET + pickle.POP + pickle.POP_MARK,
        pickle.MEMOIZE + pickle.STACK_GLOBAL + pickle.REDUCE,
    ),
    2: (pickle.PROTO + pickle.BININT1 + pickle.BINGET,),
    3: (pickle.BININT2,),
    5: (pickle.BININT + pickle.LONG_BINGET,),
    9: (pickle.BINFLOAT + pickle.FRAME,),
}
_COUNTED: Final = {
    1: pickle.SHORT_BINUNICODE + pickle.SHORT_BINBYTES + pickle.LONG1,
    4: pickle.BINUNICODE + pickle.BINBYTES + pickle.LONG4,
    8: pickle.BINUNICODE8 + pickle.BINBYTES8 + pickle.BYTEARRAY8,
}
_STOP: Final = pickle.STOP[0]
_STACK_GLOBAL: Final = pickle.STACK_GLOBAL[0]
MOST_STEPS: Final = 10_000
"""After so many opcodes nobody looks on for a global: to do without knowing is quicker."""


def _steps() -> tuple[int, ...]:
    """For each byte: the length of that opcode; negative: that of its counter; 0: refused."""
    steps = [0] * 256
    for length, groups in _FIXED.items():
        for opcode in b"".join(groups):
            steps[opcode] = length
    for length, group in _COUNTED.items():
        for opcode in group:
            steps[opcode] = -length
    return tuple(steps)


_STEPS: Final = _steps()


def check_opcodes(data: bytes) -> None:
    """Refuse a pickle that `Values` cannot have written.

    Raises:
        RefusedPayload: It has an opcode that is not on the list.
        DeserializationError: It is cut short, or goes on behind its end.
    """
    at, end = 2, len(data) - 1
    if data[:2] != b"\x80\x05" or data[end] != _STOP:
        raise DeserializationError(
            "the payload is not complete or was damaged; enqueue the job again"
        )
    while at < end:
        step = _STEPS[data[at]]
        if step > 0:
            at += step
        elif step == -1:
            at += 2 + data[at + 1]
        elif step:
            at += 1 - step + int.from_bytes(data[at + 1 : at + 1 - step], "little")
        else:
            raise RefusedPayload(
                f"the payload has opcode {data[at]:#04x} at byte {at}, which serializer 'values' "
                f"never writes; only jobs that were enqueued with it can be read with it"
            )
    if at != end:
        raise DeserializationError(
            "the payload is not complete or was damaged; enqueue the job again"
        )


def has_globals(data: bytes) -> bool:
    """Whether a pickle names any global, and so is more than plain values of the simplest kinds.

    False is certain. The byte of the opcode alone says little: 147 is an integer, too. True may
    be wrong: of a long pickle only the beginning is looked at.
    """
    if _STACK_GLOBAL not in data:
        return False
    at, end = 2, len(data) - 1
    for _ in range(MOST_STEPS):
        if at >= end:
            return False
        opcode = data[at]
        step = _STEPS[opcode]
        if step > 0 and opcode != _STACK_GLOBAL:
            at += step
        elif step == -1:
            at += 2 + data[at + 1]
        elif step < 0:
            at += 1 - step + int.from_bytes(data[at + 1 : at + 1 - step], "little")
        else:
            return True
    return True
