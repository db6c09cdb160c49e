"""The tree keeps the rules, and each rule can be broken."""

import pytest

from tests.style import rules, sources
from tests.style.sources import Source

HEADER = "-- Do it.\n--\n-- KEYS  agenda  zset\n-- ARGV  time  int\n--\n-- Returns nothing.\n"

VIOLATIONS = [
    (rules.names_say_what, "src/workhorse/utils.py", ""),
    (rules.names_say_what, "src/workhorse/common/queue.py", ""),
    (rules.names_say_what, "src/workhorse/queue.py", "def handle_job(): ..."),
    (rules.names_say_what, "tests/unit/test_x.py", "async def _do_it(): ..."),
    (rules.exemptions_say_why, "src/workhorse/queue.py", "x = 1  # noqa"),
    (rules.exemptions_say_why, "src/workhorse/queue.py", "x = 1  # noqa: E501"),
    (rules.exemptions_say_why, "src/workhorse/queue.py", "x = 1  # type: ignore[misc]"),
    (rules.exemptions_say_why, "src/workhorse/queue.py", "x = 1  # pragma: no cover"),
    (rules.tests_wait_for_things, "tests/unit/test_x.py", "import time\ntime.sleep(1)"),
    (rules.tests_wait_for_things, "tests/unit/test_x.py", "async def f(): await sleep(1)"),
    (rules.keys_are_written_once, "src/workhorse/queue.py", "key = '{wh}:queues'"),
    (rules.keys_are_written_once, "src/workhorse/queue.py", "key = f'{x}queue:{name}'"),
    (rules.keys_are_written_once, "src/workhorse/queue.py", "key = keys.prefix + name"),
    (rules.keys_are_written_once, "src/workhorse/queue.py", "key = f'{keys.prefix}x'"),
    (rules.redis_is_not_imported, "src/workhorse/queue.py", "def f():\n    import redis.asyncio"),
    (rules.redis_is_not_imported, "src/workhorse/queue.py", "from valkey.client import Valkey"),
    (rules.redis_is_not_imported, "src/workhorse/queue.py", "importlib.import_module('redis')"),
    (rules.package_is_not_imported, "src/workhorse/queue.py", "from workhorse import Job"),
    (rules.lua_is_in_files, "src/workhorse/queue.py", "x = \"return redis.call('PING')\""),
    (rules.lua_is_in_files, "src/workhorse/queue.py", "Script('x', text)"),
    (rules.lua_says_its_contract, "src/workhorse/lua/x.lua", "return 1"),
    (rules.lua_says_its_contract, "src/workhorse/lua/x.lua", HEADER.replace("ARGV", "")),
    (rules.lua_says_its_contract, "src/workhorse/lua/lib/x.lua", "local x = 1"),
    (rules.lua_keys_are_written_once, "src/workhorse/lua/x.lua", "local k = p .. 'queue:' .. name"),
    (rules.nothing_names_a_machine, "README.md", "see /" + "root/notes.txt"),
    (rules.nothing_names_a_machine, "README.md", "see /" + "home/ada/notes.txt"),
    (rules.nothing_names_a_machine, "README.md", "the far" + "m"),
]


@pytest.mark.parametrize(("rule", "path", "text"), VIOLATIONS)
def test_a_violation_is_found(rule, path, text):
    assert list(rule(Source(path, text)))


def test_every_rule_has_a_violation():
    proven = {rule for rule, _, _ in VIOLATIONS}
    assert proven == {*rules.PYTHON_RULES, *rules.LUA_RULES, rules.nothing_names_a_machine}


@pytest.mark.parametrize("rule", rules.PYTHON_RULES)
def test_python_keeps_the_rule(rule):
    check(rule, sources.python())


@pytest.mark.parametrize("rule", rules.LUA_RULES)
def test_lua_keeps_the_rule(rule):
    check(rule, sources.lua())


def test_nothing_names_a_machine():
    check(rules.nothing_names_a_machine, sources.tracked())


def check(rule, files):
    wrong = [sentence for source in files for sentence in rule(source)]
    assert not wrong, "\n".join([rule.__doc__, *wrong])
