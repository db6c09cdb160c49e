import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.shop import Explosive
from workhorse.callables import describe

anything = st.recursive(
    st.none() | st.integers() | st.floats() | st.text() | st.binary() | st.dates(),
    lambda inner: st.lists(inner) | st.tuples(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


def test_a_call_looks_as_in_the_source():
    assert describe("m.f", (1, None, "a"), {"key": "x"}) == "m.f(1, None, 'a', key='x')"


@pytest.mark.parametrize(
    "value", [(), (1,), [1, (2, "x")], {}, {"a": [1]}, {1}, set(), frozenset({1}), b"x", 1.5, True]
)
def test_a_short_argument_is_shown_as_its_repr(value):
    assert describe("f", (value,), {}) == f"f({value!r})"


@given(anything)
def test_an_argument_is_the_repr_cut_at_75(value):
    shown = describe("f", (value,), {})[2:-1]
    full = repr(value)
    assert len(shown) <= 75
    if shown != full:
        assert len(full) > 75
        assert shown.endswith("…")
        assert full.startswith(shown[:-1])


@given(st.lists(anything), st.dictionaries(st.text(), anything))
def test_a_description_is_one_printable_line_of_at_most_1000(args, kwargs):
    text = describe("f", args, kwargs)
    assert text.isprintable()
    assert len(text) <= 1000
    text.encode()


class Forging:
    def __repr__(self) -> str:
        return "x\n12:00 job ok\x1b[31m\u202e\ud800"


def test_control_characters_of_a_repr_are_escaped():
    text = describe("f", (Forging(),), {})
    assert text == "f(x\\n12:00 job ok\\x1b[31m\\u202e\\ud800)"


HARD: list[Any] = [Explosive(), [Explosive()], 10**5000]


@pytest.mark.parametrize("value", HARD, ids=["object", "list", "int"])
def test_what_has_no_repr_is_shown_by_its_class(value):
    assert "<" in describe("f", (value,), {})


def test_what_contains_itself_is_cut():
    loop: list[Any] = []
    loop.append(loop)
    assert len(describe("f", (loop,), {})) < 90


def test_large_arguments_take_no_time():
    large = [{"k": ["x" * 1_000_000] * 1000}] * 1_000_000
    began = time.process_time()
    describe("f", (large, "x" * 10_000_000), dict.fromkeys(map(str, range(10**5)), large))
    assert time.process_time() - began < 0.5
