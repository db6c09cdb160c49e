"""Every error that Workhorse raises, as one tree.

    WorkhorseError
      NoSuchJobError              the id has no job (it expired, was deleted, or never was)
      NoSuchGroupError            there is no group of that name
      DuplicateGroupError         there is a group of that name already
      InvalidJobOperation         the job's status does not allow what was asked
      DuplicateJobError           `unique=True` and the id is taken
      NotImportable               workers could not import the function by name
      BadArguments                the arguments do not fit the function's signature
      NotSerializable             an argument or a result cannot be encoded
      PayloadTooLarge             an argument or a result is over the size limit
      DeserializationError        stored bytes cannot be decoded
        RefusedPayload            stored bytes are not trusted: signature, class or serializer
      FunctionNotAllowed          the worker's --allow does not name the function
      TimeoutFormatError          a duration or a ttl cannot be read
      BadSchedule                 a cron expression, an interval or a timezone makes no sense
      NoSuchCronError             there is no cron entry of that name
      NoServerError               no server was named, and none could be found or started
      ServerError                 the server was reached, and answered with an error
        ConnectionLost            the server could not be reached, or went away
      JobFailedError              the job that was awaited failed, or was canceled or stopped
      DuplicateWorkerError        a live worker has that name already
      NoSuchWorkerError           no live worker has that name
      CommandRefused              the worker did not do what it was told, and says why
      CommandNotAcknowledged      the worker has not said whether it did what it was told
      AbandonedJobError           the job's workers vanished too often
      DependencyFailedError       a job that this one was to wait for failed, or is gone
      WorkHorseDied               the horse that ran the job died
      WebhookError                an HTTP request that tells how a job ended failed
        WebhookRefused            the other side will not take it later either
    JobTimeoutException           (a BaseException) raised inside a job at its timeout
    JobStopped                    (a BaseException) raised inside a job that somebody stops

Each carries one sentence for people as its text and its facts as attributes, and each
survives pickling: the constructor's parameters are handed to `Exception` as they are.
"""

from __future__ import annotations


class WorkhorseError(Exception):
    """The root of every error that Workhorse raises on purpose."""


class NoSuchJobError(WorkhorseError):
    """There is no job with that id.

    Attributes:
        job_id: The id that was asked for.
        why: What is known of it, for people.
    """

    def __init__(
        self, job_id: str = "", why: str = "it expired, was deleted, or never existed"
    ) -> None:
        super().__init__(job_id, why)
        self.job_id = job_id
        self.why = why

    def __str__(self) -> str:
        # Without an id: programs raise it themselves, too.
        return f"no job {self.job_id!r}: {self.why}" if self.job_id else f"no such job: {self.why}"


class NoSuchGroupError(WorkhorseError):
    """There is no group of that name.

    Attributes:
        name: The name that was asked for.
    """

    def __init__(self, name: str = "") -> None:
        super().__init__(name)
        self.name = name

    def __str__(self) -> str:
        return f"no group {self.name!r}: it expired, was deleted, or was never created"


class DuplicateGroupError(WorkhorseError, ValueError):
    """There is a group of that name already.

    Attributes:
        name: The name that is taken.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name

    def __str__(self) -> str:
        return f"there is a group {self.name!r} already; fetch it, or choose another name"


class InvalidJobOperation(WorkhorseError):  # noqa: N818 - RQ's name
    """The job's status does not allow what was asked."""


class DuplicateJobError(WorkhorseError):
    """A job with that id exists, and `unique=True` forbids a second one.

    Attributes:
        job_id: The id that is taken.
        status: The status of the job that has it.
    """

    def __init__(self, job_id: str = "", status: str = "there") -> None:
        super().__init__(job_id, status)
        self.job_id = job_id
        self.status = status

    def __str__(self) -> str:
        return (
            f"job {self.job_id!r} exists already and is {self.status}; "
            f"wait for it, delete it, or enqueue under another job_id"
        )


class NotImportable(WorkhorseError, ValueError):  # noqa: N818 - reads as a sentence
    """A worker could not import this function by its name."""


class BadArguments(WorkhorseError, TypeError):  # noqa: N818 - reads as a sentence
    """The arguments do not fit the function's signature."""


class NotSerializable(WorkhorseError, TypeError):  # noqa: N818 - reads as a sentence
    """A value cannot be encoded.

    Attributes:
        path: Where it is, such as `args[0]['user']` or `return value`.
        reason: Why not, and what to do.
    """

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(path, reason)
        self.path = path
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}"


class PayloadTooLarge(WorkhorseError, ValueError):  # noqa: N818 - reads as a sentence
    """A value is larger than the limit.

    Attributes:
        what: `arguments` or `return value`.
        size: Its encoded size, bytes.
        limit: The largest size allowed, bytes.
    """

    def __init__(self, what: str, size: int, limit: int) -> None:
        super().__init__(what, size, limit)
        self.what = what
        self.size = size
        self.limit = limit

    def __str__(self) -> str:
        return (
            f"the {self.what} take {self.size:,} bytes, over the limit of {self.limit:,}; "
            f"store the data elsewhere and pass a reference, or raise WORKHORSE_MAX_PAYLOAD"
        )


class DeserializationError(WorkhorseError):
    """Stored bytes cannot be decoded."""


class RefusedPayload(DeserializationError):  # noqa: N818 - reads as a sentence
    """Stored bytes were not decoded because they are not to be trusted."""


class FunctionNotAllowed(WorkhorseError):  # noqa: N818 - reads as a sentence
    """The worker's allow-list does not name the job's function."""


class TimeoutFormatError(WorkhorseError, ValueError):
    """A duration cannot be read; it is seconds, or text such as '90s', '3m', '1h', '2d'."""


class BadSchedule(WorkhorseError, ValueError):  # noqa: N818 - reads as a sentence
    """A cron expression, an interval, a timezone or a policy makes no sense."""


class NoSuchCronError(WorkhorseError):
    """There is no cron entry of that name.

    Attributes:
        name: The name that was asked for.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name

    def __str__(self) -> str:
        return f"no cron entry {self.name!r}; 'workhorse cron list' shows all"


class NoServerError(WorkhorseError):
    """No server was named, and none could be found or started."""


class ServerError(WorkhorseError):
    """The server answered with an error."""

    @property
    def text(self) -> str:
        """The whole answer, such as `NOJOB 42 is gone`."""
        return str(self)

    @property
    def code(self) -> str:
        """The upper-case word that the answer begins with, such as `NOJOB`; '' if none."""
        word = str(self).partition(" ")[0]
        return word if word.isupper() else ""


class ConnectionLost(ServerError, ConnectionError):  # noqa: N818 - reads as a sentence
    """The server could not be reached, or went away before it answered."""


class DuplicateWorkerError(WorkhorseError, ValueError):
    """A live worker has that name already."""


class NoSuchWorkerError(WorkhorseError, ValueError):
    """No live worker has that name.

    Attributes:
        name: The name that was asked for.
        why: What is known of it, for people.
    """

    def __init__(self, name: str, why: str = "'workhorse info' shows those that are alive") -> None:
        super().__init__(name, why)
        self.name = name
        self.why = why

    def __str__(self) -> str:
        return f"no live worker is called {self.name!r}: {self.why}"


class CommandRefused(WorkhorseError):  # noqa: N818 - reads as a sentence
    """The worker did not do what it was told.

    Attributes:
        worker: Its name.
        why: What it said.
    """

    def __init__(self, worker: str, why: str) -> None:
        super().__init__(worker, why)
        self.worker = worker
        self.why = why

    def __str__(self) -> str:
        return f"worker {self.worker!r} did not do it: {self.why}"


class CommandNotAcknowledged(WorkhorseError, TimeoutError):  # noqa: N818 - reads as a sentence
    """The worker has not said within the time whether it did what it was told.

    Attributes:
        worker: Its name.
        seconds: How long it was waited for.
        taken: Whether it has taken the command, and may yet carry it out.
    """

    def __init__(self, worker: str, seconds: float, taken: bool = False) -> None:  # noqa: FBT001, FBT002 - as it is pickled
        super().__init__(worker, seconds, taken)
        self.worker = worker
        self.seconds = seconds
        self.taken = taken

    def __str__(self) -> str:
        end = (
            "it has got the command, and may yet carry it out"
            if self.taken
            else "it has not taken the command, which has lapsed; is its process frozen?"
        )
        return f"worker {self.worker!r} has not answered within {self.seconds:g} s: {end}"


class JobFailedError(WorkhorseError):
    """The job that was awaited did not finish.

    Attributes:
        job_id: The job.
        status: How it ended: `failed`, `stopped` or `canceled`.
        exc_info: The traceback from the worker, or ''.
    """

    def __init__(self, job_id: str, status: str = "failed", exc_info: str = "") -> None:
        super().__init__(job_id, status, exc_info)
        self.job_id = job_id
        self.status = status
        self.exc_info = exc_info

    def __str__(self) -> str:
        verb = "failed" if self.status == "failed" else f"was {self.status}"
        told = f"; at the worker:\n\n{self.exc_info.rstrip()}" if self.exc_info else ""
        return f"job {self.job_id!r} {verb}{told}"


class AbandonedJobError(WorkhorseError):
    """The workers that ran the job vanished more often than `max_crashes` allows."""


class DependencyFailedError(WorkhorseError):
    """A job that this one was to wait for failed, was stopped or canceled, or is gone."""


class WorkHorseDied(WorkhorseError):  # noqa: N818 - reads as a sentence
    """The horse that ran the job died; the text says of what."""


class WebhookError(WorkhorseError):
    """The request of a webhook failed; the text says with what answer."""


class WebhookRefused(WebhookError):  # noqa: N818 - reads as a sentence
    """The other side of a webhook answered that it would not take the request later either."""


class JobTimeoutException(BaseException):
    """Raised inside a job when its timeout is reached.

    It is a `BaseException`, so that `except Exception` in a job does not swallow it.
    """


class JobStopped(BaseException):
    """Raised inside a job that is stopped, on a thread or in a worker without horses.

    It is a `BaseException`, so that `except Exception` in a job does not swallow it.
    """


def exception_names(kind: type[BaseException]) -> tuple[str, ...]:
    """The dotted names of an exception class and all its bases, for `Retry.applies_to`."""
    return tuple(f"{base.__module__}.{base.__qualname__}" for base in kind.__mro__)
