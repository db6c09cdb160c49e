import pytest

from tests.support.scripts import New, job
from tests.support.snapshot import Snapshot
from workhorse.exceptions import ServerError


def test_a_field_is_set_replaced_and_removed(scripts, seen):
    scripts.enqueue(New("a"))
    before = seen()
    assert scripts.call("amend", "a", "meta", "one") == 1
    assert scripts.call("amend", "a", "meta", "two") == 1
    assert seen()["job:a"] == job(meta="two")
    assert scripts.call("amend", "a", "meta", "") == 1
    assert seen() == before


def test_a_job_that_has_expired_is_not_brought_back_as_a_stump(scripts, seen):
    with pytest.raises(ServerError, match=r"^NOJOB a$"):
        scripts.call("amend", "a", "meta", "one")
    assert seen() == Snapshot()
