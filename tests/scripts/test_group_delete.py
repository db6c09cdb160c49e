from tests.support.scripts import NOW, New, Settled
from tests.support.snapshot import Snapshot


def test_a_group_is_forgotten_but_not_its_jobs(scripts, seen):
    scripts.call("group_open", NOW, "g", "n", 5000, "")
    scripts.call("group_hold", NOW, "g", "h", 1000)
    scripts.enqueue(New("a", fields=("group_id", "g", "after", 1)))
    assert scripts.call("group_delete", "g") == 1
    now = seen()
    assert {*now.kept, *now.expiring} == {"job:a", "queue:q", "queues", "bell:q", "agenda"}
    assert now["agenda"] == {"g:g": NOW + 1000}


def test_what_the_agenda_knows_of_it_goes_when_it_is_due(scripts, seen):
    scripts.call("group_open", NOW, "g", "n", 5000, "")
    scripts.call("group_hold", NOW, "g", "h", 1000)
    scripts.call("group_delete", "g")
    scripts.exchange(1, time=NOW + 1000)
    assert seen() == Snapshot()


def test_the_jobs_of_a_forgotten_group_end_without_it(scripts, seen):
    scripts.call("group_open", NOW, "g", "n", 5000, "")
    scripts.enqueue(New("a", fields=("group_id", "g", "after", 1)))
    scripts.call("group_delete", "g")
    scripts.exchange(1, want=1)
    scripts.exchange(2, Settled("finish", "a", "w:1", "", 0))
    assert not {key for key in seen().kept if key.startswith(("group", "members"))}


def test_a_group_that_is_not_there_is_no_error(scripts, seen):
    assert scripts.call("group_delete", "g") == 0
    assert seen() == Snapshot()
