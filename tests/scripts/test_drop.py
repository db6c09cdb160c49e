from tests.support.scripts import New
from tests.support.snapshot import Snapshot


def test_an_empty_queue_is_not_listed_any_more(scripts, seen):
    scripts.enqueue(New("a"))
    scripts.delete("a")
    assert scripts.call("drop", "q") == 1
    assert seen() == Snapshot()
    assert scripts.call("drop", "q") == 0


def test_a_queue_that_holds_jobs_stays(scripts, seen):
    scripts.enqueue(New("a"))
    before = seen()
    assert scripts.call("drop", "q") == 0
    assert seen() == before


def test_the_next_job_lists_it_again(scripts, seen):
    scripts.enqueue(New("a"))
    scripts.delete("a")
    scripts.call("drop", "q")
    scripts.enqueue(New("b"))
    assert seen()["queues"] == {"q"}
