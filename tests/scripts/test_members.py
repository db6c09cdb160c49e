import pytest

from tests.support.scripts import NOW


@pytest.fixture
def registry(scripts):
    """A registry with one entry that has expired and four that have not."""
    key = scripts.keys.finished("q")
    entries = {"gone": NOW, "a": NOW + 1, "b": NOW + 2, "c": NOW + 3, "d": "+inf"}
    scripts.command("ZADD", key, *(word for name, at in entries.items() for word in (at, name)))
    return key


@pytest.mark.parametrize(
    ("start", "stop", "order", "found"),
    [
        (0, -1, "asc", b"abcd"),
        (0, -1, "desc", b"dcba"),
        (0, 1, "asc", b"ab"),
        (1, 2, "desc", b"cb"),
        (-2, -1, "asc", b"cd"),
        (-9, 0, "asc", b"a"),
        (2, 99, "asc", b"cd"),
        (3, 1, "asc", b""),
        (9, 12, "asc", b""),
        (0, -9, "asc", b""),
    ],
)
def test_a_slice_shows_what_has_not_expired_and_changes_nothing(
    scripts, seen, registry, start, stop, order, found
):
    before = seen()
    total, ids = scripts.call("members", NOW, registry, 1, start, stop, order)
    assert (total, b"".join(ids)) == (4, found)
    assert seen() == before


def test_scores_that_are_no_expiries_hide_nothing(scripts, registry):
    total, ids = scripts.call("members", NOW, registry, "", 0, 0, "asc")
    assert (total, ids) == (5, [b"gone"])


def test_a_registry_that_is_not_there_is_empty(scripts):
    assert scripts.call("members", NOW, scripts.keys.failed("q"), 1, 0, -1, "asc") == [0, []]
