"""All that a namespace holds, to be compared with what it should hold."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from workhorse.connection import Connection
from workhorse.drivers import run
from workhorse.effects import Flow, command

_DUMP = """
local answer = {}
local read = {
  string = function(key) return redis.call('GET', key) end,
  list = function(key) return redis.call('LRANGE', key, 0, -1) end,
  set = function(key) return redis.call('SMEMBERS', key) end,
  hash = function(key) return redis.call('HGETALL', key) end,
  zset = function(key) return redis.call('ZRANGE', key, 0, -1, 'WITHSCORES') end,
}
for _, key in ipairs(redis.call('KEYS', ARGV[1] .. '*')) do
  local kind = redis.call('TYPE', key).ok
  local name = string.sub(key, #ARGV[1] + 1)
  answer[#answer + 1] = {name, kind, redis.call('PTTL', key), read[kind](key)}
end
return answer
"""


@dataclass
class Snapshot:
    """Keys without the prefix and their contents, apart by whether the key expires.

    A hash is a dict of text, a zset a dict of numbers, a list a list, a set a set, a string text.
    """

    kept: dict[str, Any] = field(default_factory=dict)
    expiring: dict[str, Any] = field(default_factory=dict)

    def __getitem__(self, key: str) -> Any:
        return self.kept[key] if key in self.kept else self.expiring[key]

    def get(self, key: str, default: Any = None) -> Any:
        return self.kept.get(key, self.expiring.get(key, default))


def snapshot(connection: Connection) -> Snapshot:
    """Every key of the connection's namespace, read in one step."""
    seen = Snapshot()
    for name, kind, ttl, raw in run(connection, _dump(connection.keys.prefix)):
        place = seen.kept if ttl == -1 else seen.expiring
        place[_text(name)] = _READ[kind](raw)
    return seen


def _dump(prefix: str) -> Flow[list[Any]]:
    found: list[Any] = yield command("EVAL", _DUMP, 0, prefix)
    return found


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "backslashreplace")


def _pairs(flat: list[bytes]) -> list[tuple[str, str]]:
    words = [_text(word) for word in flat]
    return list(zip(words[::2], words[1::2], strict=True))


_READ: dict[bytes, Any] = {
    b"string": _text,
    b"list": lambda raw: [_text(word) for word in raw],
    b"set": lambda raw: {_text(word) for word in raw},
    b"hash": lambda raw: dict(_pairs(raw)),
    b"zset": lambda raw: {member: float(score) for member, score in _pairs(raw)},
}
