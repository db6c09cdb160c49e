"""RQ's words for types."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias, TypeVar

from workhorse.dependency import Dependency
from workhorse.job import Job

FunctionReferenceType = TypeVar("FunctionReferenceType", str, Callable[..., Any])
JobDependencyType: TypeAlias = "Dependency | Job | str | list[Dependency | Job | str]"
SuccessCallbackType = Callable[[Job, Any, Any], Any]
FailureCallbackType = Callable[[Job, Any, Any, Any, Any], Any]

__all__ = [
    "FailureCallbackType",
    "FunctionReferenceType",
    "JobDependencyType",
    "SuccessCallbackType",
]
