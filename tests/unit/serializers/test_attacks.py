"""Payloads of an enemy who can write to the server."""

import contextlib
import os
import pickle
import pickletools
import struct
import sys
import time
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.support import shop
from workhorse.exceptions import DeserializationError, RefusedPayload
from workhorse.serializers import Values

HERE = "tests.support.shop"
BUILDERS = "workhorse.serializers.builders"
plain = Values()
shopping = Values([f"{HERE}.*"])
careless = Values(["*"])


def text(word: str) -> bytes:
    raw = word.encode()
    return b"\x8c" + bytes([len(raw)]) + raw


def named(module: str, name: str) -> bytes:
    return text(module) + text(name) + b"\x93"


def program(*parts: bytes) -> bytes:
    return b"\x80\x05" + b"".join(parts) + b"."


def called(module: str, name: str, *args: bytes) -> bytes:
    """The code for `module.name(*args)`."""
    return named(module, name) + b"(" + b"".join(args) + b"tR"


def built(name: str, *args: bytes) -> bytes:
    return called(BUILDERS, name, *args)


def ref(name: str, module: str = HERE) -> bytes:
    return text(module) + text(name) + b"\x86"


class Evil:
    def __init__(self, function: Callable[..., Any], *args: Any) -> None:
        self.call = function, args

    def __reduce__(self) -> tuple[Any, ...]:
        return self.call


@pytest.fixture
def mark(tmp_path):
    return tmp_path / "executed"


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("function", [os.system, os.popen, exec, eval])
def test_a_pickle_that_runs_code_does_not(mark, protocol, function):
    code = f"open({str(mark)!r}, 'w')" if function in (exec, eval) else f"touch {mark}"
    for serializer in (plain, shopping, careless):
        with pytest.raises(DeserializationError):
            serializer.loads(pickle.dumps(Evil(function, code), protocol))
    assert not mark.exists()


GLOBALS = [
    ("os", "system"),
    ("posix", "system"),
    ("builtins", "eval"),
    ("builtins", "exec"),
    ("builtins", "getattr"),
    ("builtins", "open"),
    ("builtins", "type"),
    ("builtins", "object"),
    ("builtins", "__import__"),
    ("builtins", "bytearray"),
    ("builtins", "list"),
    ("builtins", "ValueError"),
    ("datetime", "sys"),
    ("datetime", "sys.modules"),
    ("datetime", "datetime.fromisoformat"),
    ("datetime", "datetime.__class__"),
    ("collections", "deque"),
    ("collections", "namedtuple"),
    ("collections", "_sys.modules"),
    ("fractions", "Fraction"),
    ("operator", "attrgetter"),
    ("functools", "partial"),
    ("copyreg", "_reconstructor"),
    ("copyreg", "__newobj__"),
    ("pickle", "loads"),
    ("decimal", "getcontext"),
    ("zoneinfo", "ZoneInfo._unpickle"),
    ("importlib", "import_module"),
    (BUILDERS, "RefusedPayload"),
    (BUILDERS, "copyreg"),
    (BUILDERS, "pathlib"),
    (BUILDERS, "_enum"),
    (BUILDERS, "new.__globals__"),
    ("workhorse.serializers.values", "pickle.loads"),
    (HERE, "User"),
    (HERE, "os.system"),
    (HERE, "add"),
    ("", ""),
]


@pytest.mark.parametrize(("module", "name"), GLOBALS, ids=".".join)
def test_no_global_beyond_the_list_is_reachable(module, name):
    for serializer in (plain, shopping, careless):
        with pytest.raises(RefusedPayload):
            serializer.loads(program(named(module, name)))
        with pytest.raises(RefusedPayload):
            serializer.loads(program(called(module, name, text("true"))))


CLASSES = [
    ref("system"),
    ref("os.system"),
    ref("add"),
    ref("number"),
    ref("subprocess.Popen"),
    ref("User.greet"),
    ref("User.__class__"),
    ref("User.__init__.__globals__"),
    ref("datetime"),
    ref("Any"),
    ref("Enum"),
    ref("Meta"),
    ref("__builtins__"),
    ref(""),
    ref("User."),
    ref(".User"),
    ref("User", "tests.support"),
    ref("shop.User", "tests.support"),
    ref("type", "builtins"),
    ref("object", "builtins"),
    ref("eval", "builtins"),
    ref("bytearray", "builtins"),
    ref("SystemExit", "builtins"),
    text(f"{HERE}.User"),
    b"N",
    b"K\x01",
    text(HERE) + b"\x85",
    text(HERE) + b"K\x01\x86",
    b"]" + text(HERE) + b"a",
]


@pytest.mark.parametrize("name", CLASSES, ids=repr)
@pytest.mark.parametrize("builder", ["new", "call", "member", "value", "default"])
def test_what_is_not_a_class_of_that_module_is_not_made(name, builder):
    if builder == "default" and name in (b"N", text("list")):
        return
    extra = [] if builder == "default" else [text("x")]
    for serializer in (plain, shopping):
        with pytest.raises((RefusedPayload, KeyError)):
            serializer.loads(program(built(builder, name, *extra)))


def test_even_where_all_is_allowed_functions_are_not():
    for name in (ref("system"), ref("system", "os"), ref("eval", "builtins"), ref("Meta")):
        with pytest.raises(RefusedPayload):
            careless.loads(program(built("call", name, text("true"))))


def test_a_class_is_not_called_unless_it_asks_for_it():
    data = program(built("call", ref("User"), text("ann")))
    with pytest.raises(RefusedPayload, match="calls User"):
        shopping.loads(data)


def test_an_enum_cannot_be_extended_nor_a_member_changed():
    for code in (
        built("call", ref("Bare"), text("New"), text("a b")),
        built("value", ref("Bare"), text("New")),
        built("new", ref("Color"), text("red")),
        built("member", ref("User"), text("x")),
        built(
            "state", built("member", ref("Color"), text("RED")), b"}" + text("_value_") + b"K\x01s"
        ),
    ):
        with pytest.raises(RefusedPayload):
            shopping.loads(program(code))
    assert shop.Color.RED.value == "red"


def test_what_is_shared_cannot_be_changed():
    state = b"}" + text("x") + b"K\x01s"
    for target in (
        named("datetime", "datetime"),
        named(BUILDERS, "new"),
        named(BUILDERS, "state"),
        built("zone", text("UTC")),
        built("path", text("PurePosixPath"), text("a")),
    ):
        for serializer in (plain, shopping):
            with pytest.raises(RefusedPayload):
                serializer.loads(program(built("state", target, state)))


def test_a_slot_state_cannot_replace_the_class():
    instance = built("new", ref("User"))
    state = b"N}" + text("__class__") + named("datetime", "datetime") + b"s\x86"
    with pytest.raises(RefusedPayload, match="sets '__class__'"):
        shopping.loads(program(built("state", instance, state)))


USED = {opcode.code.encode("latin-1") for opcode in pickletools.opcodes}
REFUSED_OPCODES = sorted(
    USED
    - {
        bytes([code])
        for code in range(256)
        if __import__("workhorse.serializers.opcodes").serializers.opcodes._STEPS[code]
    }
    - {b"."}
)


def test_the_dangerous_opcodes_are_among_the_refused():
    for code in (
        b"b",
        b"c",
        b"i",
        b"o",
        b"p",
        b"q",
        b"r",
        b"P",
        b"Q",
        b"\x81",
        b"\x92",
        b"\x82",
        b"\x84",
    ):
        assert code in REFUSED_OPCODES


@pytest.mark.parametrize("code", REFUSED_OPCODES, ids=repr)
def test_an_opcode_that_is_not_written_is_not_read(code):
    with pytest.raises(RefusedPayload, match="never writes"):
        plain.loads(program(b"N", code, b"\x00" * 8))


def test_every_opcode_that_the_pickler_writes_is_known():
    assert len(REFUSED_OPCODES) < len(USED)
    wide: Any = [None, True, False, 1, 300, -1, 10**9, 10**20, -(10**700), 1.5, "a", "é" * 300]
    wide += [
        b"x",
        b"x" * 300,
        bytearray(b"y"),
        (),
        (1,),
        (1, 2),
        (1, 2, 3),
        (1, 2, 3, 4),
        {},
        set(),
    ]
    wide += [{1: 2}, {1: 2, 3: 4}, {1, 2}, frozenset({1}), "z" * 70_000, "a", list(range(300))]
    wide += [[str(i) for i in range(1000)]] * 2 + [[str(i)] for i in range(300)]
    recursive: Any = ([],)
    recursive[0].append(recursive)
    assert plain.loads(plain.dumps(wide)) == wide
    assert plain.loads(plain.dumps(recursive))


LIES = [
    b"B\xff\xff\xff\xff",
    b"X\xff\xff\xff\x7fabc",
    b"\x8d" + b"\xff" * 8,
    b"\x8e" + struct.pack("<Q", 1 << 40) + b"x",
    b"\x96" + struct.pack("<Q", 1 << 34),
    b"\x8b\xff\xff\xff\xff",
    b"\x8b\x00\x00\x00\x80",
    b"\x95" + b"\xff" * 8 + b"N",
    b"\x8c\xff",
    b"C\x05ab",
    b"G\x00",
]


@pytest.mark.parametrize("code", LIES, ids=repr)
def test_a_lie_about_a_length_costs_nothing(code):
    began = time.process_time()
    with pytest.raises((DeserializationError, pickle.UnpicklingError, EOFError, OverflowError)):
        plain.loads(program(code))
    assert time.process_time() - began < 0.5


BOMBS = [
    built("fraction", text("1e999999999"), b"K\x01"),
    built("ring", called("builtins", "range", b"J\xff\xff\xff\x7f")),
    built("ring", b"G" + struct.pack(">d", 1e300)),
    built("uuid", called("builtins", "range", b"J\xff\xff\xff\x7f")),
    built("path", text("PosixPath"), called("builtins", "range", b"K\x01")),
    built("zone", text("../../../../etc/passwd")),
    built("zone", text("/etc/passwd")),
    built("address", text("IPv4Address"), b"K\x01"),
    built("address", text("object"), text("x")),
    built("path", text("os"), text("x")),
    built("default", text("eval")),
    built("new_ex", ref("User"), b"]", b"}"),
    built("counter", called("builtins", "range", b"J\xff\xff\xff\x7f")),
    called("builtins", "complex", b"}"),
    called("datetime", "datetime", text("x" * 10)),
]


@pytest.mark.parametrize("code", BOMBS, ids=repr)
def test_a_call_with_strange_arguments_fails_at_once(code):
    began = time.process_time()
    with pytest.raises(Exception) as caught:  # noqa: PT011 - any; the codec makes one error of all
        shopping.loads(program(code))
    assert not isinstance(caught.value, MemoryError)
    assert time.process_time() - began < 0.5


def test_nesting_without_end_is_read_without_a_crash():
    deep: Any = plain.loads(program(b"]" * 100_000 + b"a" * 99_999))
    while deep:
        deep = deep.pop()


DAMAGED = [
    b"",
    b".",
    b"\x80\x05",
    b"\x80\x05.",
    b"\x80\x05N",
    b"\x80\x04N.",
    b"\x80\x05N.N.",
    b"\x80\x05N..",
]


@pytest.mark.parametrize("data", DAMAGED, ids=repr)
def test_what_is_no_whole_pickle_is_refused(data):
    with pytest.raises((DeserializationError, pickle.UnpicklingError)):
        plain.loads(data)


FORBIDDEN = {
    "os.system",
    "os.exec",
    "os.posix_spawn",
    "os.fork",
    "subprocess.Popen",
    "exec",
    "compile",
}
watched: list[list[str]] = []


def watch(event: str, args: tuple[Any, ...]) -> None:
    if watched and event in FORBIDDEN:
        watched[-1].append(f"{event}{args!r:.200}")


sys.addaudithook(watch)


def load_watched(serializer: Values, data: bytes) -> None:
    """Read a payload; whatever comes out, nothing may have been run for it."""
    seen: list[str] = []
    watched.append(seen)
    try:
        with contextlib.suppress(Exception):
            serializer.loads(data)
    finally:
        watched.pop()
    assert seen == []
    assert (shop.Color.RED.value, shop.User.greet.__name__) == ("red", "greet")


def test_the_watch_sees_what_an_open_unpickler_does():
    seen: list[str] = []
    watched.append(seen)
    try:
        pickle.loads(pickle.dumps(Evil(os.system, "true")))
    finally:
        watched.pop()
    assert seen


GENUINE = shopping.dumps({"u": shop.User("ann"), "c": shop.Color.RED, "d": [1.5, Fraction(1, 3)]})


@given(st.integers(0, len(GENUINE) - 1), st.integers(0, 255))
@example(0, 0)
def test_a_changed_byte_runs_nothing(at, byte):
    changed = bytearray(GENUINE)
    changed[at] = byte
    load_watched(shopping, bytes(changed))


@given(st.binary(max_size=300))
def test_random_bytes_run_nothing(data):
    load_watched(shopping, program(data))


FRAGMENTS = st.sampled_from(
    [bytes([code]) for code in b")(]}NtaesuR0123" + b"\x85\x86\x87\x88\x8f\x90\x91\x93\x94"]
    + [b"K\x01", b"h\x00", b"h\x01", b"h\x02", text("x"), text("true"), text("os"), text("system")]
    + [named(BUILDERS, name) for name in ("new", "call", "state", "default", "member", "value")]
    + [named("datetime", "datetime"), named("builtins", "range"), built("new", ref("User"))]
    + [ref(name) for name in ("User", "Color", "Bare", "Reducing", "ByFunction", "system", "Meta")]
    + [called(BUILDERS, "member", ref("Color"), text("RED")), b"\x85R", b"\x86R", b"\x87R"]
)


@settings(max_examples=500)
@given(st.lists(FRAGMENTS, max_size=25))
def test_random_programs_of_known_pieces_run_nothing(pieces):
    load_watched(shopping, program(b"NNNN", *pieces))
