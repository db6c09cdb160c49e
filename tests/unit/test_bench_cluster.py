from collections import Counter

import pytest

pytest.importorskip("benchmarks.records", reason="a source distribution has no benchmarks")

from benchmarks.cluster import even_namespaces, primary_of, shares
from workhorse.endpoints.discovery import SLOTS, slot_of


@pytest.mark.parametrize("primaries", [1, 3, 7])
def test_primaries_share_all_slots_evenly(primaries):
    own = shares(primaries)
    assert [slot for share in own for slot in share] == list(range(SLOTS))
    assert max(map(len, own)) - min(map(len, own)) <= 1


def test_a_namespace_is_where_its_slot_is():
    assert slot_of("bench0") in shares()[primary_of("bench0")]


@pytest.mark.parametrize("wanted", [3, 6, 12])
def test_namespaces_are_as_many_on_each_primary(wanted):
    names = even_namespaces(wanted)
    assert len(set(names)) == wanted
    assert set(Counter(map(primary_of, names)).values()) == {wanted // 3}
    assert [primary_of(name) for name in names[:3]] == [0, 1, 2]
