"""What a job's handle says of the calls that are made when the job has ended."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from workhorse.callables import resolve
from workhorse.defaults import callback_parts
from workhorse.envelopes import Bearer
from workhorse.records import JobRecord
from workhorse.sources import Source

if TYPE_CHECKING:
    from workhorse.webhook import Webhook


class Aftermath:
    """A part of `JobSnapshot`: its callbacks and webhooks."""

    __slots__ = ()

    _source: Source

    @property
    def record(self) -> JobRecord:
        """The job as it was last seen."""
        raise NotImplementedError

    @property
    def _bearer(self) -> Bearer:
        raise NotImplementedError

    @property
    def success_callback(self) -> Callable[..., Any] | None:
        """What is called when it has finished, imported; or None.

        Raises:
            NotImportable: It cannot be imported here.
        """
        return _imported(self.record.on_success)

    @property
    def success_callback_timeout(self) -> float:
        """How long that may run, seconds."""
        return callback_parts(self.record.on_success)[1]

    @property
    def failure_callback(self) -> Callable[..., Any] | None:
        """What is called when it has failed, imported; or None.

        Raises:
            NotImportable: It cannot be imported here.
        """
        return _imported(self.record.on_failure)

    @property
    def failure_callback_timeout(self) -> float:
        """How long that may run, seconds."""
        return callback_parts(self.record.on_failure)[1]

    @property
    def stopped_callback(self) -> Callable[..., Any] | None:
        """What is called when it was stopped, imported; or None.

        Raises:
            NotImportable: It cannot be imported here.
        """
        return _imported(self.record.on_stopped)

    @property
    def stopped_callback_timeout(self) -> float:
        """How long that may run, seconds."""
        return callback_parts(self.record.on_stopped)[1]

    @property
    def webhooks(self) -> list[Webhook]:
        """The HTTP requests that tell how it ended.

        Raises:
            RefusedPayload: They are not to be trusted; the text says why.
        """
        from workhorse import followups  # noqa: PLC0415 - few jobs have any

        hooks = self.record.hooks
        bearer = self._bearer
        return followups.webhooks_in(self._source.codec, bearer.namespace, hooks) if hooks else []


def _imported(callback: str) -> Callable[..., Any] | None:
    if not callback:
        return None
    found: Callable[..., Any] = resolve(callback_parts(callback)[0])
    return found
