"""Values as bytes and back: four ways to write them, of which one is safe and exact.

| code | name | what it writes | what its reader may do |
|---|---|---|---|
| `v` | `values` | plain Python values exactly, and classes allowed by name | make those |
| `j` | `json` | what JSON has | make those |
| `p` | `pickle` | nearly everything | anything that the writer wants: it trusts the server |
| `x` | its own | what a user's own object writes | what that object does |
"""

from workhorse.serializers.choice import Serializer, by_code, resolve_serializer
from workhorse.serializers.culprit import ARGUMENTS, Path
from workhorse.serializers.others import Json, Pickle, Wrapped
from workhorse.serializers.values import Values

__all__ = [
    "ARGUMENTS",
    "Json",
    "Path",
    "Pickle",
    "Serializer",
    "Values",
    "Wrapped",
    "by_code",
    "resolve_serializer",
]
