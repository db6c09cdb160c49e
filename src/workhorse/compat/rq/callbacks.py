"""`Callback`: what is called when a job has ended."""

from workhorse.callbacks import Callback

__all__ = ["Callback"]
