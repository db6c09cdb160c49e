"""Importing this module sets Django up: work horses do so first if their worker is Django's.

RQ's horses are forks of the worker, and find Django as it is there. Ours are not.
"""

from importlib import import_module

import_module("django").setup()
