from typing import Any

import pytest

from workhorse.clock import new_id
from workhorse.names import check_cron_name, check_job_id, check_queue_name, cron_job_id


@pytest.mark.parametrize(
    "job_id",
    ["a", "A-1_b", "x" * 128, pytest.param(new_id(), id="one of ours")],
)
def test_a_legal_job_id_is_taken(job_id):
    assert check_job_id(job_id) == job_id


BAD_IDS: list[Any] = ["", "x" * 129, "a:b", "a b", "a\n", "é", "../etc", "a\x00", 5, None, b"a"]


@pytest.mark.parametrize("job_id", BAD_IDS)
def test_an_illegal_job_id_is_a_value_error(job_id):
    with pytest.raises(ValueError, match="job id"):
        check_job_id(job_id)


@pytest.mark.parametrize("name", ["default", "a.b:c/d@e-f_g", "two words", "x" * 128])
def test_a_sane_queue_name_is_taken(name):
    assert check_queue_name(name) == name


BAD_NAMES: list[Any] = [
    "",
    " a",
    "a ",
    "a\n",
    "a,b",
    "<b>",
    "{x}",
    "x" * 129,
    "\x1b[31m",
    None,
    b"q",
]


@pytest.mark.parametrize("name", BAD_NAMES)
def test_a_strange_queue_name_is_a_value_error(name):
    with pytest.raises(ValueError, match="queue name"):
        check_queue_name(name)


@pytest.mark.parametrize("name", ["nightly", "a.b", "a b", "x" * 100, "a:/@-_" + "." * 94])
def test_the_jobs_of_a_cron_entry_have_legal_ids(name):
    assert check_cron_name(name) == name
    ids = {check_job_id(cron_job_id(name, *of)) for of in ((), (9_999_999_999_999,), ("run5",))}
    assert len(ids) == 3


def test_cron_entries_whose_names_look_alike_have_ids_that_differ():
    assert len({cron_job_id(name) for name in ("a-b", "a.b", "a:b", "a b")}) == 4


@pytest.mark.parametrize("name", [*BAD_NAMES, "x" * 101])
def test_an_illegal_name_of_a_cron_entry_is_a_value_error(name):
    with pytest.raises(ValueError, match="cron entry"):
        check_cron_name(name)
