from workhorse.ops.leases import Lease
from workhorse.ops.reports import Report
from workhorse.ops.settle import settle


def test_a_report_whose_policy_is_garbage_fails_the_job():
    lease = Lease("a", "q", "w:1", 1, {b"func": b"m.f"})
    outcome = settle(lease, Report("again", policy="garbage"), chance=0.5)
    assert outcome.kind == "fail"
    assert isinstance(outcome.what, bytes)
    assert b"cannot be read" in outcome.what
