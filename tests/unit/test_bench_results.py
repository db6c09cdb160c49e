import pytest

pytest.importorskip("benchmarks.records", reason="a source distribution has no benchmarks")

from benchmarks import report
from benchmarks.records import Record, Results
from benchmarks.tables import losses, tables
from benchmarks.targets import TARGETS


def record(measure, system, variant, *runs, what="", **known):
    return Record(measure, system, variant, what, runs=[dict(run) for run in runs], **known)


@pytest.fixture
def results():
    found = Results()
    found.conditions = {"server": "one"}
    found.add(
        [
            record("drain", "Workhorse", "warm", {"jobs_per_s": 20}, {"jobs_per_s": 40}),
            record("drain", "Workhorse", "inline", {"jobs_per_s": 60}),
            record("drain", "RQ", "Worker", {"jobs_per_s": 2}),
            record("drain", "blitzq", "fast", {"jobs_per_s": 45}),
            record("drain", "Celery", "prefork1", failure="it fell over"),
        ]
    )
    return found


def test_a_metric_has_a_median_and_a_spread(results):
    assert results.get("drain", "Workhorse", "warm").spread("jobs_per_s") == (30, 20, 40)


def test_what_was_kept_is_what_is_read(results, tmp_path):
    file = tmp_path / "deep" / "results.json"
    results.absent["chasquimq"] = "it needs another server"
    results.save(file)
    again = Results.load(file)
    assert [one.key for one in again] == [one.key for one in results]
    assert again.absent == results.absent
    assert again.conditions == results.conditions
    assert next(iter(again)).median("jobs_per_s") == 30


def test_there_is_nothing_where_no_file_is(tmp_path):
    assert list(Results.load(tmp_path / "none.json")) == []


def test_a_new_record_takes_the_place_of_the_old_one(results):
    results.add([record("drain", "RQ", "Worker", {"jobs_per_s": 3})])
    assert results.get("drain", "RQ", "Worker").median("jobs_per_s") == 3
    assert len(results.of("drain")) == 5


def test_a_peer_that_is_faster_than_the_default_is_a_loss(results):
    (loss,) = losses(results)
    assert loss.theirs == "blitzq fast: 45"
    assert loss.times == 1.5
    assert loss.best == "inline: 60"


def test_where_less_is_better_the_smaller_figure_wins(results):
    results.add(
        [
            record("latency", "Workhorse", "warm", {"start_p50": 1.0}),
            record("latency", "Huey", "thread1", {"start_p50": 0.5}),
            record("latency", "arq", "default", {"start_p50": 500.0}),
        ]
    )
    assert [loss.theirs for loss in losses(results) if loss.where == "latency"] == [
        "Huey thread1: 0.50"
    ]


def test_kinds_of_work_are_compared_among_themselves(results):
    results.add(
        [
            record("work", "Workhorse", "warm", {"jobs_per_s": 10}, what="nap"),
            record("work", "Huey", "thread1", {"jobs_per_s": 20}, what="1 KB"),
        ]
    )
    assert [loss for loss in losses(results) if loss.where.startswith("work")] == []


def test_what_failed_is_told_beside_the_table(results):
    ((measure, (table,)),) = tables(results)
    assert measure.name == "drain"
    assert table.failures == ["Celery prefork1: it fell over"]
    assert [row[0] for row in table.rows] == [
        "Workhorse warm",
        "Workhorse inline",
        "RQ Worker",
        "blitzq fast",
    ]


def test_rows_say_how_many_times_the_baseline_they_are(results):
    ((_, (table,)),) = tables(results)
    assert table.head[:4] == ["", "jobs/s", "min-max", "x RQ"]
    assert table.rows[0][:4] == ["Workhorse warm", "30", "20-40", "15.00"]


def test_lost_results_mark_a_row(results):
    results.add([record("drain", "SAQ", "c10", {"jobs_per_s": 1, "results_missing": 2})])
    ((_, (table,)),) = tables(results)
    assert table.rows[-1][0] == "SAQ c10 (!)"


def verdicts(results):
    return {target.text: target.verdict(results) for target in TARGETS}


def test_a_target_is_met_missed_or_not_measured(results):
    found = verdicts(results)
    assert found["warm, no-op jobs/s"] == ("30", "MISSED")
    assert found["enqueue_many, jobs/s"] == ("-", "not measured")
    results.add([record("drain", "Workhorse", "warm", {"jobs_per_s": 30_000})])
    assert verdicts(results)["warm, no-op jobs/s"] == ("30,000", "met")


def test_peers_that_fall_with_a_job_do_not_count_where_survival_does(results):
    found = verdicts(results)
    assert found["warm, times the fastest peer in any mode"] == ("0.67", "MISSED")
    assert found["warm, times the fastest peer that survives a crashing job"] == ("15.00", "met")


def test_a_share_is_not_met_by_rounding(results):
    results.add([record("compute", "Workhorse", "warm 2 horses", {"percent": 94.99})])
    text = "1 ms of Python on two horses, % of two bare processes"
    assert verdicts(results)[text] == ("95.0", "MISSED")


def test_the_page_has_conditions_targets_losses_and_tables(results):
    results.absent["chasquimq"] = "first line\nsomething | else"
    page = report.page(results)
    for part in ("* server: one", "MISSED", "blitzq fast: 45", "* chasquimq: first line", "x RQ"):
        assert part in page
    assert "Failed: Celery prefork1: it fell over" in page


def test_the_screen_shows_the_same_figures(results):
    text = report.text(results)
    assert "Workhorse warm" in text
    assert "FAILED Celery prefork1: it fell over" in text
