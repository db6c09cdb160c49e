import asyncio

from workhorse.current import running
from workhorse.job import Job, get_current_job


def test_there_is_no_job_outside_of_one():
    assert get_current_job() is None


def test_each_task_has_its_own_job():
    async def name(job_id):
        running.set(lambda: Job(job_id))
        await asyncio.get_running_loop().run_in_executor(None, int)  # the other enters its job
        job = get_current_job()
        return job and job.id

    async def both():
        return await asyncio.gather(name("a"), name("b"))

    assert asyncio.run(both()) == ["a", "b"]
