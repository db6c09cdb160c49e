from datetime import UTC, datetime, timedelta

from workhorse import AsyncJob, AsyncQueue, Job, Queue, Retry
from workhorse.decorators import job

q = Queue("low", "redis://localhost", default_timeout="10m", on_crash="fail")
reveal_type(q.enqueue(len, [1], job_timeout=5, retry=Retry(3)))  # R: workhorse.job.Job
reveal_type(q.enqueue("myapp.tasks.send", 1))  # R: workhorse.job.Job
q.enqueue_call(len, ([1],), timeout=timedelta(minutes=1), retry=3, meta={"a": 1})
q.enqueue_at(datetime.now(UTC), len, [1])
q.enqueue_in("3m", len, [1])
q.enqueue_many([Queue.prepare_data(len, ([1],), job_id="a")])
Queue(on_crash="explode")  # E: arg-type
q.enqueue_call(len, timeout=[1])  # E: arg-type
q.enqueue_call(len, timeou=1)  # E: Unexpected keyword argument "timeou"
q.enqueue_at("tomorrow", len)  # E: arg-type
reveal_type(q.fetch_job("a"))  # R: workhorse.job.Job | None
reveal_type(q.failed_job_registry.get_job_ids())  # R: list[str]
reveal_type(Job.fetch_many(["a"]))  # R: list[workhorse.job.Job | None]


@job
def bare(a: int, b: str = "") -> float:
    return a / len(b)


@job("low", timeout="5m", retry=3)
async def later(a: int) -> str:
    return str(a)


reveal_type(bare(1))  # R: float
reveal_type(bare.delay(1, b="x"))  # R: workhorse.job.Job
reveal_type(later.enqueue(1, job_timeout=5))  # R: workhorse.job.Job
bare.delay("x")  # E: arg-type
later.delay()  # E: call-arg
job("low", timeou=5)  # E: call-overload


async def main(queue: AsyncQueue) -> None:
    made = await queue.enqueue(len, [1])
    reveal_type(made)  # R: workhorse.aiojob.AsyncJob
    reveal_type(await made)  # R: Any
    reveal_type(await made.is_finished())  # R: bool
    reveal_type(await AsyncJob.fetch("a"))  # R: workhorse.aiojob.AsyncJob
