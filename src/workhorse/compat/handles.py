"""Importing this module gives all jobs of this process RQ's handles.

Work horses import it before the program's own modules.
"""

from __future__ import annotations

from workhorse import current
from workhorse.compat.making import make

current.make_handle = make
