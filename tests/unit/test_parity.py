"""What can be done is the same for sync and asyncio, but for what cannot be."""

import inspect
from typing import Any

import pytest

from workhorse import command, limits, suspension
from workhorse.aio import AsyncJob, AsyncQueue, AsyncRegistry
from workhorse.cron import AsyncCron, AsyncCronJob, Cron, CronJob
from workhorse.group import AsyncGroup, Group
from workhorse.job import Job
from workhorse.queue import Queue
from workhorse.registry import Registry

PAIRS = [
    *((Queue, AsyncQueue), (Job, AsyncJob), (Registry, AsyncRegistry)),
    *((Cron, AsyncCron), (CronJob, AsyncCronJob), (Group, AsyncGroup)),
]

WITHOUT_COUNTERPART = {"contains"}  # `in` cannot be awaited


COMMANDS = [name for name in command.__all__ if name.startswith("send_")]


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_has_its_twin(name):
    ours, theirs = getattr(command, name), getattr(command, f"a{name}")
    assert shape(ours) == shape(theirs)
    assert inspect.iscoroutinefunction(theirs)
    assert not inspect.iscoroutinefunction(ours)


FUNCTIONS = [
    *((limits, "in_use"), (suspension, "suspend")),
    *((suspension, "resume"), (suspension, "is_suspended")),
]


@pytest.mark.parametrize(("module", "name"), FUNCTIONS)
def test_each_function_has_its_twin(module, name):
    ours, theirs = getattr(module, name), getattr(module, f"a{name}")
    assert shape(ours) == shape(theirs)
    assert inspect.iscoroutinefunction(theirs)
    assert not inspect.iscoroutinefunction(ours)


def public(cls):
    return {name: member for name, member in vars(cls).items() if not name.startswith("_")}


def bare(member):
    return member.__func__ if isinstance(member, classmethod | staticmethod) else member


def shape(member):
    """Names, kinds and defaults of the parameters; a property is a method without any."""
    function: Any = member.fget if isinstance(member, property) else bare(member)
    parameters = inspect.signature(function).parameters.values()
    # Where one takes a `Queue`, its twin takes an `AsyncQueue`.
    kinds = [str(one.annotation).replace("Async", "") for one in parameters]
    return [
        (one.name, one.kind, one.default, kind) for one, kind in zip(parameters, kinds, strict=True)
    ]


@pytest.mark.parametrize(("sync", "asyncio"), PAIRS)
def test_both_have_the_same_methods(sync, asyncio):
    assert public(sync).keys() == public(asyncio).keys() - WITHOUT_COUNTERPART


@pytest.mark.parametrize(
    ("sync", "asyncio", "name"), [(*pair, name) for pair in PAIRS for name in public(pair[0])]
)
def test_both_take_the_same_arguments(sync, asyncio, name):
    ours, theirs = public(sync)[name], public(asyncio)[name]
    assert shape(ours) == shape(theirs)
    assert type(ours) is type(theirs) or isinstance(ours, property)


@pytest.mark.parametrize(("cls", "name"), [(cls, name) for _, cls in PAIRS for name in public(cls)])
def test_what_asks_the_server_is_awaited(cls, name):
    member = public(cls)[name]
    if isinstance(member, property) or name in {"prepare_data", "kind"}:
        return
    assert inspect.iscoroutinefunction(bare(member))
