"""`lua/lib/keys.lua` and `keys.py` are one list of keys in two languages."""

import re

import pytest

from workhorse.drivers import run
from workhorse.effects import command
from workhorse.keys import Keys
from workhorse.scripts import assemble, source

FUNCTIONS = re.findall(r"local function (\w+)_key\(", source("lib/keys"))
PREFIXED = re.findall(r"local (\w+) = prefix \.\.", source("lib/keys"))


def lua(connection, expression):
    """What Lua makes of an expression after `lib/keys`, in the connection's namespace."""
    header = "-- x\n--\n-- KEYS  agenda  zset  x\n--\n"
    script = assemble(f"{header}-- @include lib/keys\nreturn {expression}\n")

    def flow():
        return (yield command("EVAL", script, 1, connection.keys.agenda))

    return run(connection, flow()).decode()


@pytest.mark.parametrize("kind", FUNCTIONS)
def test_a_key_made_in_lua_is_the_one_made_in_python(connection, kind):
    name = "an id: or a name"
    assert lua(connection, f"{kind}_key('{name}')") == getattr(connection.keys, kind)(name)


@pytest.mark.parametrize("name", PREFIXED)
def test_a_fixed_key_is_the_same_in_lua(connection, name):
    assert lua(connection, name) == getattr(connection.keys, name)


def test_lua_knows_every_key_of_python_and_no_other():
    methods = {name for name, member in vars(Keys).items() if callable(member) and name[0] != "_"}
    assert methods == set(FUNCTIONS)
    fixed = {*Keys.__slots__} - {"namespace", "prefix", "pattern", "agenda"}
    assert fixed == set(PREFIXED)
