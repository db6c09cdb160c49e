"""Importing this module makes us `rq`: work horses import it before the program's own modules."""

from workhorse.compat import handles, standin

standin.install()

__all__ = ["handles"]
