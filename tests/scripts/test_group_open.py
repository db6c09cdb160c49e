import pytest

from tests.support.scripts import NOW
from tests.support.snapshot import Snapshot
from workhorse.exceptions import ServerError


def group_open(scripts, name="g", nonce="n", *, ttl=5000, call="", time=NOW):
    return scripts.call("group_open", time, name, nonce, ttl, call)


def test_a_new_group_is_empty_and_listed(scripts, seen):
    assert group_open(scripts) == 1
    assert seen() == Snapshot(
        kept={
            "group:g": {"created_at": str(NOW), "open": "0", "ttl": "5000", "nonce": "n"},
            "groups": {"g": NOW},
        }
    )


def test_a_group_keeps_what_is_to_be_called(scripts, seen):
    group_open(scripts, call="1:a1:b", ttl=-1)
    assert seen()["group:g"]["call"] == "1:a1:b"
    assert seen()["group:g"]["ttl"] == "-1"


def test_a_repeated_call_changes_nothing(scripts, seen):
    group_open(scripts)
    before = seen()
    assert group_open(scripts, time=NOW + 5) == 1
    assert seen() == before


def test_another_group_cannot_have_the_name(scripts, seen):
    group_open(scripts)
    before = seen()
    with pytest.raises(ServerError, match=r"^DUPLICATE g$"):
        group_open(scripts, nonce="m", time=NOW + 5)
    assert seen() == before


def test_a_group_that_its_jobs_have_made_has_the_name_as_well(scripts):
    scripts.command("HSET", scripts.keys.group("g"), "created_at", NOW, "open", 1)
    with pytest.raises(ServerError, match=r"^DUPLICATE g$"):
        group_open(scripts)


def test_names_of_groups_that_are_gone_leave_the_list(scripts, seen):
    for number in range(40):
        group_open(scripts, f"g{number}")
        scripts.command("DEL", scripts.keys.group(f"g{number}"))
    assert len(seen()["groups"]) <= 3


def test_groups_that_stay_do_not_keep_names_of_others_in_the_list(scripts, seen):
    for number in range(6):
        group_open(scripts, f"stays{number}")
    for number in range(200):
        group_open(scripts, f"g{number}", time=NOW + number)
        scripts.command("DEL", scripts.keys.group(f"g{number}"))
    names = seen()["groups"]
    assert {f"stays{number}" for number in range(6)} <= {*names}
    assert len(names) < 60
