"""What RQ's `Job` says of its retries, its repeats and its limit."""

from __future__ import annotations

from workhorse import job, policies


class JobPolicies(job.Job):
    """A part of `workhorse.compat.rq.job.Job`: it asks, and changes nothing."""

    @property
    def retry_intervals(self) -> list[float] | None:
        """The pauses before its retries, seconds."""
        text = self.record.retry
        return list(policies.Retry.from_text(text).interval) if text else None

    @property
    def repeat_intervals(self) -> list[float] | None:
        """The pauses before its next runs, seconds."""
        text = self.record.repeat
        return list(policies.Repeat.from_text(text).interval) if text else None

    @property
    def should_retry(self) -> bool:
        """Whether it runs again if it fails."""
        return bool(self.retries_left)

    @property
    def enqueue_at_front_on_retry(self) -> bool:
        """Whether a retry goes to the head of its queue."""
        text = self.record.retry
        return bool(text) and policies.Retry.from_text(text).enqueue_at_front

    def get_retry_interval(self) -> float:
        """The pause before its next retry, seconds, without jitter; 0 if it has none."""
        text = self.record.retry
        pause = text and policies.Retry.from_text(text).delay_after(
            self.number_of_retries, chance=0.5
        )
        return whole(pause or 0)

    def should_enqueue_at_front(self) -> bool:
        """Whether it goes to the head of its queue the next time."""
        again = self.enqueue_at_front_on_retry and self.ended_at is not None
        return again or self.enqueue_at_front

    @property
    def has_rate_limit(self) -> bool:
        """Whether it shares a limit with others."""
        return self.rate_limit is not None

    @property
    def rate_limit_key(self) -> str | None:
        """The name of that limit."""
        return self.rate_limit.key if self.rate_limit else None

    @property
    def rate_limit_concurrency(self) -> int | None:
        """How many of them may be in queues or run at a time."""
        return self.rate_limit.concurrency if self.rate_limit else None


def whole(seconds: float) -> int | float:
    """Seconds as RQ writes them, if there are no fractions."""
    return int(seconds) if seconds == int(seconds) else seconds
