import pytest

from tests.support.scripts import New, Settled
from tests.support.snapshot import Snapshot
from workhorse.exceptions import ServerError


@pytest.mark.parametrize(
    ("kind", "registry"), [("finish", "finished"), ("fail", "failed"), ("cancel", "canceled")]
)
def test_an_ended_job_leaves_its_registry_and_expires_as_before(scripts, seen, kind, registry):
    scripts.enqueue(New("a"))
    if kind == "cancel":
        scripts.cancel("a")
    else:
        scripts.exchange(1, want=1)
        scripts.exchange(2, Settled(kind, "a", "w:1", "x", 500))
    before = seen()
    assert [scripts.call("forget", "a"), scripts.call("forget", "a")] == [1, 1]
    del before.kept[f"{registry}:q"]
    assert seen() == before


@pytest.mark.parametrize("status", ["queued", "scheduled", "started"])
def test_a_job_that_has_not_ended_stays(scripts, seen, status):
    scripts.enqueue(New("a", place="in" if status == "scheduled" else "back", when=5))
    if status == "started":
        scripts.exchange(1, want=1)
    before = seen()
    with pytest.raises(ServerError, match=f"^STATUS {status}$"):
        scripts.call("forget", "a")
    assert seen() == before


def test_a_job_that_does_not_exist_is_not_forgotten(scripts, seen):
    with pytest.raises(ServerError, match=r"^NOJOB a$"):
        scripts.call("forget", "a")
    assert seen() == Snapshot()
