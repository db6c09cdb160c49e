import asyncio

from workhorse.connection import Connection
from workhorse.current import running, running_job
from workhorse.job import Job, get_current_job


def test_there_is_no_job_outside_of_one():
    assert get_current_job() is None


def test_the_job_that_runs_is_made_once_and_when_it_is_asked_for():
    made = []

    def handle():
        made.append(Job("a", Connection("redis://localhost:1")))
        return made[-1]

    with running(handle):
        assert made == []
        assert get_current_job() is get_current_job()
    assert len(made) == 1
    assert running_job() is None


def test_each_task_has_its_own_job():
    async def name(job_id):
        with running(lambda: Job(job_id)):
            await asyncio.get_running_loop().run_in_executor(None, int)  # the other enters its job
            job = get_current_job()
            return job and job.id

    async def both():
        return await asyncio.gather(name("a"), name("b"))

    assert asyncio.run(both()) == ["a", "b"]
