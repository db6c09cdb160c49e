"""Importing this module makes us `rq`: work horses import it before the program's own modules."""

from workhorse.compat.standin import install

install()
