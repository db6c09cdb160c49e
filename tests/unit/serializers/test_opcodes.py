"""Which pickles are nothing but plain values."""

from __future__ import annotations

import pickle
import pickletools
import subprocess
import sys
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given

from tests.unit.serializers.test_values import values
from workhorse.serializers.opcodes import MOST_STEPS, check_opcodes, has_globals

HARMLESS = [147, 403, -109, 0x9393939393, "from 9 to 5 \u2013 or later", b"\x93", 1.160888671875]


@given(values)
def test_a_pickle_has_globals_if_python_says_so(value: Any):
    data = pickle.dumps(value, 5)
    names = {opcode.name for opcode, _, _ in pickletools.genops(data)}
    assert has_globals(data) is ("STACK_GLOBAL" in names)


@pytest.mark.parametrize("value", HARMLESS)
def test_the_byte_of_the_opcode_in_a_value_is_none(value: Any):
    data = pickle.dumps(([value] * 3, {value: value}), 5)
    assert b"\x93" in data
    check_opcodes(data)
    assert not has_globals(data)


def test_nobody_looks_on_for_ever():
    many = pickle.dumps([147] * MOST_STEPS, 5)
    assert has_globals(many), "nobody knows"
    assert not has_globals(pickle.dumps([146] * MOST_STEPS, 5)), "one look is enough"
    assert has_globals(pickle.dumps([[147] * 1000, Decimal(1)], 5))


def test_plain_values_bring_in_nothing_for_others():
    code = f"""
import sys
from workhorse.serializers import Values
value = {HARMLESS!r}
assert Values().loads(Values().dumps(value)) == value
assert "workhorse.serializers.exact" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=30)
