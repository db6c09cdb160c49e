"""Functions by name: from the object to the name, back again, and as a line for people."""

from workhorse.callables.arguments import check_arguments
from workhorse.callables.description import describe
from workhorse.callables.importing import allowed, home, import_object, resolve
from workhorse.callables.reference import Reference, reference

__all__ = [
    "Reference",
    "allowed",
    "check_arguments",
    "describe",
    "home",
    "import_object",
    "reference",
    "resolve",
]
