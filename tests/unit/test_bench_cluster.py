from collections import Counter

import pytest

pytest.importorskip("benchmarks.records", reason="a source distribution has no benchmarks")

from benchmarks.cluster import even_namespaces, primary_of, shares
from benchmarks.measures.cluster import Spent, Turn, figures
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


def spent(*seconds):
    return [Spent(cpu, commands=100) for cpu in seconds]


def test_a_primary_is_charged_for_its_own_jobs_and_the_cluster_for_all():
    found = figures(
        [
            Turn([0], 10, spent(40e-6, 5e-6, 5e-6), Spent(50e-6, 300)),
            Turn([1], 10, spent(5e-6, 50e-6, 5e-6), Spent(40e-6, 300)),
            Turn([2], 10, spent(5e-6, 5e-6, 60e-6), Spent(30e-6, 300)),
        ]
    )
    assert [found[f"primary{number}_us"] for number in (1, 2, 3)] == pytest.approx([4, 5, 6])
    assert found["alone_us"] == pytest.approx(4)
    assert found["cluster_us"] == pytest.approx(6)
    assert found["times_alone"] == pytest.approx(1.5)
    assert found["busiest_percent"] == pytest.approx(7 / 18 * 100)
    assert found["alone_commands"] == found["cluster_commands"] == 30


def test_namespaces_that_are_busy_at_once_are_told_apart_by_their_primary():
    found = figures([Turn([0, 1, 2, 0], 10, spent(80e-6, 40e-6, 40e-6), Spent(160e-6, 300))])
    assert found["primary1_us"] == found["primary2_us"] == pytest.approx(4)
    assert found["busiest_percent"] == pytest.approx(50)
