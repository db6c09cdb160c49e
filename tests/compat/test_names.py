"""RQ 3.0.0 itself, name by name: what is said to be the same is looked at."""

from __future__ import annotations

import pytest

from tests.compat import write
from tests.compat.comparing import Comparison, inventory_of_rq


@pytest.fixture(scope="module")
def comparison() -> Comparison:
    return Comparison()


def test_every_name_parameter_and_option_of_rq_is_there_or_left_out_for_a_reason(comparison):
    assert comparison.wrong == []


def test_it_is_all_of_rq_that_is_looked_at(comparison):
    assert len(comparison.rows) > 1000
    theirs = inventory_of_rq()
    assert {"rq.job", "rq.worker.base", "rq.registry", "rq.cron"} <= set(theirs["modules"])
    assert set(theirs["commands"]) >= {"worker", "worker-pool", "enqueue", "cron", "info"}


def test_the_page_is_what_was_compared():
    page = write.PAGE.read_text("utf-8") if write.PAGE.exists() else ""
    assert page == write.page(), "run: python -m tests.compat.write"
