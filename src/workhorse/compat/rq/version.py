"""Which release of RQ this stands in for."""

from workhorse.compat.standin import VERSION

__all__ = ["VERSION"]
