from tests.support.scripts import New
from tests.support.snapshot import Snapshot


def test_a_worker_leaves_nothing_behind(scripts, seen):
    scripts.register()
    assert scripts.unregister() == 1
    assert seen() == Snapshot()
    assert scripts.unregister() == 0


def test_another_process_of_that_name_is_left_alone(scripts, seen):
    scripts.register()
    before = seen()
    assert scripts.unregister(identity="2") == 0
    assert seen() == before


def test_its_neighbours_stay(scripts, seen):
    scripts.register("v", "7")
    scripts.register()
    scripts.unregister()
    assert seen()["machine:machine"] == {"v": "7"}
    assert {*seen()["workers"]} == {"v"}


def test_the_bell_that_woke_it_is_passed_on(scripts, seen):
    scripts.register()
    scripts.enqueue(New("a"))
    scripts.command("DEL", scripts.keys.bell("q"))
    scripts.unregister()
    assert seen()["bell:q"] == ["1"]
