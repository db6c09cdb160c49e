"""`Webhook`: an HTTP request that tells how a job ended, delivered by a job of its own."""

from workhorse.webhook import Webhook

__all__ = ["Webhook"]
