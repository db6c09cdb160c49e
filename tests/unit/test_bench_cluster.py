from collections import Counter

import pytest

pytest.importorskip("benchmarks.records", reason="a source distribution has no benchmarks")

from benchmarks import report
from benchmarks.cluster import even_namespaces, primary_of, shares
from benchmarks.measures.cluster import Spent, Turn, figures
from benchmarks.model import PRIMARIES, Model
from benchmarks.records import Record, Results
from benchmarks.tables import tables
from workhorse.endpoints.discovery import SLOTS, slot_of


def record(*runs, what="3 namespaces in turn"):
    found = [
        {"times_alone": times, "alone_us": alone, "cluster_us": alone * times, "busiest_percent": p}
        for alone, times, p in runs
    ]
    return Record("cluster", "Workhorse", "warm", what, runs=found)


@pytest.fixture
def results():
    found = Results()
    found.add([record((10.0, 1.25, 40.0)), record((10.0, 1.25, 40.0), what="6 namespaces in turn")])
    return found


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


def allowed(primaries, *records):
    model = Model.of(records)
    assert model is not None
    return model.jobs_per_s(primaries)


def test_the_model_of_one_server_is_what_was_measured(results):
    assert allowed(1, *results) == pytest.approx(100_000)


def test_the_model_of_more_pays_for_the_cluster_and_for_the_busiest(results):
    assert allowed(6, *results) == pytest.approx(6 * 100_000 / 1.25 / 1.2)


def test_the_model_never_has_a_cluster_that_is_cheaper_than_a_server():
    assert allowed(3, record((10.0, 0.9, 100 / 3))) == pytest.approx(300_000)


def test_the_model_takes_the_median_of_all_runs():
    runs = record((10.0, 1.0, 34.0), (20.0, 9.0, 90.0)), record((12.0, 1.5, 40.0))
    assert allowed(6, *runs) == pytest.approx(6 / 12e-6 / 1.5 / 1.2)


def test_there_is_no_model_of_what_was_not_measured():
    failed = Record("cluster", "Workhorse", "warm", failure="it fell over")
    assert Model.of([failed]) is None


def test_the_table_of_the_cluster_has_a_row_for_each_choice_of_namespaces(results):
    ((measure, (measured, modelled)),) = tables(results)
    assert measure.name == "cluster"
    assert [row[:2] for row in measured.rows] == [
        ["3 namespaces in turn", "1.25"],
        ["6 namespaces in turn", "1.25"],
    ]
    assert [row[0] for row in modelled.rows] == list(map(str, PRIMARIES))
    assert modelled.rows[1] == ["3", "200,000", "2.0"]


def test_page_and_screen_say_that_the_model_is_one(results):
    assert "### A model for more primaries\n\nA model, not a measurement" in report.page(results)
    assert "  A model, not a measurement" in report.text(results)
    assert "![Cost of a job on each primary" in report.page(results)
