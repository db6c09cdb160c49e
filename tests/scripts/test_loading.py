"""How a file becomes a script: `workhorse.scripts`."""

import hashlib
from importlib import resources

import pytest

from workhorse.scripts import assemble, code_of, load, locals_of, shake, source, write_out

NAMES = sorted(
    entry.name.removesuffix(".lua")
    for entry in resources.files("workhorse").joinpath("lua").iterdir()
    if entry.name.endswith(".lua")
)

HEADER = """\
-- A job is moved from here to there, as the first line says.
--
-- KEYS  agenda      zset    what is due when
-- ARGV  time        int     ms since 1970, or '' for
--                           the first server's own clock
--       id          str     the job
--       ...         each    field, value
--       late        str     not a name any more
--
-- Returns 1.

local never = 1
"""


def test_the_names_in_a_header_become_locals():
    assert locals_of(HEADER) == [
        "local agenda = KEYS[1]",
        "local time = ARGV[1]",
        "local id = ARGV[2]",
    ]


def test_a_header_ends_where_the_code_begins():
    assert locals_of("-- x\n--\nlocal y = 1\n-- KEYS  agenda  zset  x\n") == []


def test_an_include_of_an_include_is_there_once_and_before_its_users():
    includes = "-- @include lib/expire\n-- @include lib/lifetime\n-- @include lib/expire\n"
    text = assemble(includes + "keep(kind, registry, queue, id, 1, true, now)\n")
    for definition in ("function keep(", "function lifetime(", "local prefix ="):
        assert text.count(definition) == 1
    assert (
        text.index("function lifetime(") < text.index("function keep(") < text.index("keep(kind, r")
    )


def test_a_lazy_include_is_one_function_that_makes_all_it_needs_when_it_is_called():
    text = assemble("-- @lazy lib/displace\ndisplace(id, queue, status)\n")
    assert text.startswith("local function displace(...)\n  local prefix =")
    assert text.endswith("  return displace(...)\nend\ndisplace(id, queue, status)")


def test_what_is_needed_seldom_is_made_by_one_function_for_all_of_it():
    text = assemble(
        "-- @seldom lib/displace\n-- @seldom lib/own\nown(queue, ids, at)\ndisplace(a, b, c)"
    )
    assert text.count("function displace(") == text.count("function own(") == 1
    assert text.count("local prefix =") == 1
    assert text.endswith("end\nseldom('own', queue, ids, at)\nseldom('displace', a, b, c)")


def test_a_script_that_asks_for_everything_has_each_function_once():
    text = load("exchange").text
    for name in ("conclude", "unblock", "doom", "tally", "admit"):
        assert text.count(f"function {name}(") == 1


def test_functions_that_nothing_uses_do_not_travel():
    code = "local function a()\n  return 1\nend\nlocal function b() return a() end\nreturn 1"
    assert shake(code) == "return 1"
    assert shake(code + "\nb()") == code + "\nb()"


def test_a_function_of_one_line_is_written_out_where_it_is_used():
    code = "local function key(id) return prefix .. 'id:' .. id end\nreturn {key(a), key(ARGV[1])}"
    assert shake(write_out(code)) == "return {(prefix .. 'id:' .. a), (prefix .. 'id:' .. ARGV[1])}"


def test_a_call_that_cannot_be_written_out_keeps_its_function():
    code = "local function key(id) return 'x' .. id end\nreturn key(other(1))"
    assert shake(write_out(code)) == code


def test_comments_do_not_travel():
    assert code_of("-- a\n  -- b\n\nlocal x = 1 -- c\n") == "local x = 1 -- c"


def test_a_script_is_loaded_once_and_known_by_the_sha_of_its_text():
    script = load("exchange")
    assert script is load("exchange")
    assert script.sha == hashlib.sha1(script.text.encode(), usedforsecurity=False).hexdigest()


@pytest.mark.parametrize("name", NAMES)
def test_every_script_compiles_and_names_the_agenda_first(connection, name):
    script = load(name)
    assert script.text.startswith("local agenda = KEYS[1]\n")
    with connection.borrow() as link:
        assert link.call(("SCRIPT", "LOAD", script.text)).decode() == script.sha


@pytest.mark.parametrize("name", NAMES)
def test_every_script_has_a_test(name):
    here = resources.files("tests.scripts")
    assert here.joinpath(f"test_{name}.py").is_file()
    assert source(name)
