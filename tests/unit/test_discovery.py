import pytest

from workhorse.endpoints import Endpoint
from workhorse.endpoints.discovery import find_primary, moved_to, slot_of
from workhorse.exceptions import ConnectionLost, ServerError

SENTINELS = Endpoint.from_url("sentinel://a:1,b:2/main")
CLUSTER = Endpoint.from_url("cluster://a:1,b:2")


def search(endpoint, answers, slot=0):
    """Run a search with an answer for each (address, first word) that it may ask."""
    asked = []
    steps = find_primary(endpoint, slot)
    try:
        ask = next(steps)
        while True:
            asked.append(ask.address)
            answer = answers[ask.address, ask.words[0]]
            failed = isinstance(answer, Exception)
            ask = steps.throw(answer) if failed else steps.send(answer)
    except StopIteration as found:
        return found.value, asked


def test_a_single_server_is_not_searched():
    assert search(Endpoint.from_url("redis://h:1"), {}) == (("h", 1), [])


def test_a_sentinels_word_is_checked_with_the_server():
    answers = {
        (("a", 1), "SENTINEL"): [b"p", b"6379"],
        (("p", 6379), "ROLE"): [b"master", 0, []],
    }
    assert search(SENTINELS, answers) == (("p", 6379), [("a", 1), ("p", 6379)])


@pytest.mark.parametrize(
    "first",
    [
        {(("a", 1), "SENTINEL"): ConnectionLost("gone")},
        {(("a", 1), "SENTINEL"): ServerError("NOAUTH no")},
        {(("a", 1), "SENTINEL"): None},
        {(("a", 1), "SENTINEL"): [b"old", b"1"], (("old", 1), "ROLE"): [b"slave"]},
        {(("a", 1), "SENTINEL"): [b"old", b"1"], (("old", 1), "ROLE"): ConnectionLost("gone")},
    ],
)
def test_a_sentinel_that_does_not_know_is_passed_over(first):
    second = {(("b", 2), "SENTINEL"): [b"p", b"2"], (("p", 2), "ROLE"): [b"master"]}
    assert search(SENTINELS, first | second)[0] == ("p", 2)


def test_if_no_sentinel_knows_each_ones_reason_is_told():
    answers = {(("a", 1), "SENTINEL"): ConnectionLost("a is away"), (("b", 2), "SENTINEL"): None}
    with pytest.raises(ConnectionLost, match=r"a is away; b:2 knows no 'main'"):
        search(SENTINELS, answers)


def test_the_node_that_has_the_slot_is_found():
    ranges = [[0, 99, [b"x", 7, b"id"]], [100, 16383, [b"y", 8, b"id"], [b"replica", 9, b"id"]]]
    answers = {(("a", 1), "CLUSTER"): ConnectionLost("gone"), (("b", 2), "CLUSTER"): ranges}
    assert search(CLUSTER, answers, slot=100)[0] == ("y", 8)


@pytest.mark.parametrize("nameless", [None, b""])
def test_a_node_without_a_host_is_the_one_that_answered(nameless):
    answers = {(("a", 1), "CLUSTER"): [[0, 16383, [nameless, 7, b"id"]]]}
    assert search(CLUSTER, answers)[0] == ("a", 7)


def test_a_slot_that_nobody_has_is_told():
    answers: dict[object, list[object]] = {(("a", 1), "CLUSTER"): [], (("b", 2), "CLUSTER"): []}
    with pytest.raises(ConnectionLost, match="knows no node for slot 5"):
        search(CLUSTER, answers, slot=5)


def test_a_moved_reply_is_read():
    assert moved_to(ServerError("MOVED 1 h:7"), ("a", 1)) == ("h", 7)
    assert moved_to(ServerError("MOVED 1 :7"), ("a", 1)) == ("a", 7)
    assert moved_to(ServerError("MOVED 1 ::1:7"), ("a", 1)) == ("::1", 7)


def test_the_slot_is_that_of_the_hash_tag():
    # https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/ gives
    # 0x31C3 as the CRC of this text.
    assert slot_of("123456789") == 0x31C3 % 16384
