"""`pipeline=`: what is asked of the server goes into the program's own pipeline instead.

It happens when the program executes the pipeline, in the order and the transaction of all that
is in it, and an error comes from there.
"""

from __future__ import annotations

import time
from typing import Any, TypeVar

from workhorse.effects import Batch, Call, Effect, Flow, Word

T = TypeVar("T")


def buffered(pipeline: Any, flow: Flow[T]) -> T:
    """Put the scripts that a flow calls into a pipeline; what it makes of good answers.

    Raises:
        NotImplementedError: It needs a true answer before it can go on.
    """
    try:
        effect = next(flow)
        while True:
            effect = flow.send(_put(pipeline, effect))
    except StopIteration as done:
        result: T = done.value
        return result


def _put(pipeline: Any, effect: Effect) -> Any:
    if isinstance(effect, Batch):
        return [_put(pipeline, call) for call in effect.calls]
    if not isinstance(effect, Call) or effect.script is None:
        raise NotImplementedError(
            "this cannot be part of a pipeline; leave pipeline= out: it is one step by itself"
        )
    words: list[Word] = ["EVAL", effect.script.text, effect.keys, *effect.words]
    pipeline.execute_command(*words)
    # A list for those that answer for each job: the time, or that it is done.
    return _ANSWERS.get(effect.script.name, lambda: 1)()


_ANSWERS = {"enqueue": lambda: [time.time_ns() // 1_000_000], "requeue": lambda: [1]}
