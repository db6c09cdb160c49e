"""The envelope around arguments, results and meta: what a reader checks before it decodes.

    plain     version, flags, serializer code, [size,]                  body
    signed    version, flags, serializer code, [size,] key id, MAC,     body

`size` (4 bytes) is there if the body is compressed, and says what comes out. The MAC is a keyed
BLAKE2b over the number of context parts, each part with its length before it, version, flags,
serializer code, size, key id and body; so a payload that is copied to another job, queue or
function, or has one bit changed, is refused. The reader checks, in this order: length, signature,
serializer, size, decompression up to that size, decoding. Nothing is decompressed or decoded
before it is known whose it is.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from workhorse.exceptions import DeserializationError, PayloadTooLarge, RefusedPayload
from workhorse.serializers import Path, Serializer, by_code

MAX_BYTES = 16 * 1024 * 1024
"""The largest arguments, return value or meta, encoded, unless `WORKHORSE_MAX_PAYLOAD` says."""
COMPRESS_FROM = 2048
"""Smaller bodies are not compressed: it would cost more than it saves, bytes."""
WORTHWHILE = 0.55
"""Large bodies whose samples do not shrink to this share are left as they are: to compress one and
expand it again takes ten times as long as to carry it to the server and back."""
SHORTEST_SECRET = 16
"""A shorter secret could be guessed from one signed payload, characters."""

_VERSION = 1
_COMPRESSED = 1
_SIGNED = 2
_HEAD = 3
_SIZE = 4
_KEY_ID = 4
_MAC = 16
_SAMPLED_FROM = 65_536
_SAMPLES = 3
_SAMPLE = 4096
_OVERHEAD = _HEAD + _SIZE + _KEY_ID + _MAC

Context = Sequence[str | bytes]
"""What a signature binds beside the payload: kind, namespace, queue, job id, function, ..."""


class _Key:
    """A secret, ready to sign with."""

    def __init__(self, secret: str | bytes) -> None:
        raw = secret.encode() if isinstance(secret, str) else secret
        if len(raw) < SHORTEST_SECRET:
            raise ValueError(
                f"WORKHORSE_SECRET: a secret has at least {SHORTEST_SECRET} characters; make one "
                f'with: python -c "import secrets; print(secrets.token_urlsafe(32))"'
            )
        from hashlib import blake2b  # noqa: PLC0415 - brings in OpenSSL; few have a secret

        self.id = blake2b(raw, digest_size=_KEY_ID, person=b"workhorse key id").digest()
        key = blake2b(raw, digest_size=32, person=b"workhorse key").digest()
        self._start = blake2b(key=key, digest_size=_MAC, person=b"workhorse mac")

    def mac(self, context: Context, head: bytes, body: bytes) -> bytes:
        """The signature of an envelope with this head and body in this context."""
        parts = [len(context).to_bytes(4, "big")]
        for part in context:
            raw = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
            parts.append(len(raw).to_bytes(8, "big"))
            parts.append(raw)
        parts.append(len(head).to_bytes(1, "big"))
        parts.append(head)
        parts.append(self.id)
        state = self._start.copy()
        state.update(b"".join(parts))
        state.update(body)
        return state.digest()


def max_payload(environ: Mapping[str, str] = os.environ) -> int:
    """The largest encoded value, bytes: `WORKHORSE_MAX_PAYLOAD`, or `MAX_BYTES`.

    Raises:
        ValueError: It makes no sense.
    """
    limit = environ.get("WORKHORSE_MAX_PAYLOAD", "").strip()
    if limit and not (limit.isascii() and limit.isdecimal() and len(limit) <= 10):  # noqa: PLR2004 - digits
        raise ValueError(f"WORKHORSE_MAX_PAYLOAD={limit!r:.50}: give a number of bytes")
    return int(limit) if limit else MAX_BYTES


class Codec:
    """Seals values into envelopes and opens them.

    Attributes:
        serializer: Encodes what is sealed.
        max_bytes: The largest encoded value, bytes.
    """

    def __init__(
        self,
        serializer: Serializer,
        secrets: Iterable[str | bytes] = (),
        max_bytes: int = MAX_BYTES,
        also: Iterable[Serializer | bytes] = (),
    ) -> None:
        """Get ready.

        Args:
            serializer: Encodes what is sealed, and decodes it.
            secrets: The first signs, all verify; none: nothing is signed.
            max_bytes: The largest encoded value, bytes.
            also: Further serializers, or codes of them, that are accepted when opening.

        Raises:
            ValueError: A secret is too short, a code unknown, or the limit no size.
        """
        if isinstance(secrets, str | bytes):
            secrets = (secrets,)
        if not 0 < max_bytes < 1 << 8 * _SIZE:
            raise ValueError(
                f"the largest payload is {max_bytes} bytes; give a number from 1 to 4294967295"
            )
        keys = [_Key(secret) for secret in secrets]
        self.serializer = serializer
        self.max_bytes = max_bytes
        self._key = keys[0] if keys else None
        self._keys = {key.id: key for key in keys}
        more = [by_code(one) if isinstance(one, bytes) else one for one in also]
        self._serializers = {one.code[0]: one for one in (*more, serializer)}
        self._plain_head = bytes((_VERSION, 0)) + serializer.code

    @classmethod
    def from_environment(
        cls,
        serializer: Serializer,
        environ: Mapping[str, str] = os.environ,
        also: Iterable[Serializer | bytes] = (),
    ) -> Codec:
        """A codec as the environment wants it.

        `WORKHORSE_SECRET` holds the secrets, separated by commas: the first signs, all verify.
        `WORKHORSE_MAX_PAYLOAD` is the largest encoded value in bytes.

        Raises:
            ValueError: One of them makes no sense.
        """
        secrets = [s.strip() for s in environ.get("WORKHORSE_SECRET", "").split(",") if s.strip()]
        return cls(serializer, secrets, max_payload(environ), also)

    @property
    def signs(self) -> bool:
        """Whether what it seals is signed, and what it opens must be."""
        return self._key is not None

    def seal(self, value: object, context: Context, *, path: Path) -> bytes:
        """Encode a value, and bind it to its place if there is a secret.

        Args:
            value: What to encode.
            context: What the signature binds beside it; it is not stored.
            path: What the value is called in errors.

        Raises:
            NotSerializable: A part of the value cannot be encoded; it says which.
            PayloadTooLarge: The encoded value is over the limit.
        """
        body = self.serializer.dumps(value, path=path)
        if len(body) > self.max_bytes:
            what = path if isinstance(path, str) else "arguments"
            raise PayloadTooLarge(what, len(body), self.max_bytes)
        if self._key is None and len(body) <= COMPRESS_FROM:
            return self._plain_head + body
        return self._sealed(body, context)

    def _sealed(self, body: bytes, context: Context) -> bytes:
        flags, size = 0, b""
        if len(body) > COMPRESS_FROM and _shrinks(body):
            smaller = zlib.compress(body, 1)
            if len(smaller) + _SIZE < len(body):
                flags, size, body = _COMPRESSED, len(body).to_bytes(_SIZE, "big"), smaller
        if self._key is None:
            return bytes((_VERSION, flags)) + self.serializer.code + size + body
        head = bytes((_VERSION, flags | _SIGNED)) + self.serializer.code + size
        return head + self._key.id + self._key.mac(context, head, body) + body

    def open(self, blob: bytes, context: Context) -> Any:  # noqa: ANN401 - whatever was sealed
        """The value in an envelope.

        Args:
            blob: What `seal` returned.
            context: The same as there.

        Raises:
            RefusedPayload: The envelope is not to be trusted: its signature, its serializer, a
                class or a size is not as it should be.
            DeserializationError: It cannot be decoded.
        """
        try:
            if (
                self._key is None
                and blob[:_HEAD] == self._plain_head
                and _HEAD < len(blob) <= self.max_bytes
            ):
                return self.serializer.loads(blob[_HEAD:])  # as most are
            serializer, body = self._unwrap(blob, context)
            return serializer.loads(body)
        except DeserializationError:
            raise
        except (Exception, SystemExit) as error:  # decoding may run code of allowed classes
            raise DeserializationError(
                f"the payload cannot be decoded: {_told(error)}; it was damaged, or written by "
                f"another version of the code: run the same code at producer and worker"
            ) from error

    def moved(self, blob: bytes, context: Context, to: Context) -> bytes:
        """An envelope of the same value in another place; the value is not decoded.

        Args:
            blob: What `seal` returned.
            context: The same as there.
            to: What its signature is to bind from now on.

        Raises:
            RefusedPayload: Its signature is not as it should be.
            DeserializationError: It is no envelope.
        """
        head, rest = self._parted(blob)
        body = self._verified(head, rest, context)
        if self._key is None:
            return blob
        return head + self._key.id + self._key.mac(to, head, body) + body

    def _unwrap(self, blob: bytes, context: Context) -> tuple[Serializer, bytes]:
        head, rest = self._parted(blob)
        body = self._verified(head, rest, context)
        serializer = self._serializer(head[2])
        if head[1] & _COMPRESSED:
            body = self._expanded(body, int.from_bytes(head[_HEAD:], "big"))
        return serializer, body

    def _parted(self, blob: bytes) -> tuple[bytes, bytes]:
        """The head of an envelope, and the rest."""
        if len(blob) > self.max_bytes + _OVERHEAD:
            raise RefusedPayload(
                f"the payload has {len(blob):,} bytes, over the limit of {self.max_bytes:,}; "
                f"if it is yours, set WORKHORSE_MAX_PAYLOAD for this worker, too"
            )
        if len(blob) <= _HEAD or blob[0] != _VERSION or blob[1] > _COMPRESSED | _SIGNED:
            raise DeserializationError(
                "the payload is no envelope of this version; it was damaged, or written by another "
                "program or a newer Workhorse: upgrade the workers before the producers"
            )
        at = _HEAD + (_SIZE if blob[1] & _COMPRESSED else 0)
        return blob[:at], blob[at:]

    def _verified(self, head: bytes, rest: bytes, context: Context) -> bytes:
        """The body, after its signature was checked if there must be one."""
        signed = head[1] & _SIGNED
        if not signed and not self._keys:
            return rest
        if not signed:
            raise RefusedPayload(
                "the payload is not signed, and WORKHORSE_SECRET is set here; give the producer "
                "the same secret, and enqueue the job again"
            )
        if not self._keys:
            raise RefusedPayload(
                "the payload is signed, and WORKHORSE_SECRET is not set here; set it to the "
                "producer's secret"
            )
        key = self._keys.get(rest[:_KEY_ID])
        if key is None:
            raise RefusedPayload(
                "the payload is signed with a secret that is not known here; add it to "
                "WORKHORSE_SECRET behind a comma, or enqueue the job again"
            )
        from hmac import compare_digest  # noqa: PLC0415 - see `_Key`

        mac, body = rest[_KEY_ID : _KEY_ID + _MAC], rest[_KEY_ID + _MAC :]
        if not compare_digest(mac, key.mac(context, head, body)):
            raise RefusedPayload(
                "the payload's signature does not fit: the payload, its job id, queue, function or "
                "options were changed after it was signed; enqueue the job again"
            )
        return body

    def _serializer(self, code: int) -> Serializer:
        serializer = self._serializers.get(code)
        if serializer is None:
            names = {b"v"[0]: "values", b"j"[0]: "json", b"p"[0]: "pickle"}
            ours = " or ".join(sorted(repr(one.name) for one in self._serializers.values()))
            raise RefusedPayload(
                f"the payload was written by serializer {names.get(code, 'of its own')!r}, and "
                f"{ours} is read here; choose the same serializer at producer and worker"
            )
        return serializer

    def _expanded(self, body: bytes, size: int) -> bytes:
        """The decompressed body, which is never larger than it may be."""
        if not 0 < size <= self.max_bytes:
            raise RefusedPayload(
                f"the payload declares {size:,} bytes, over the limit of {self.max_bytes:,}; "
                f"if it is yours, set WORKHORSE_MAX_PAYLOAD for this worker, too"
            )
        stream = zlib.decompressobj()
        expanded = stream.decompress(body, size + 1)
        if len(expanded) != size or not stream.eof or stream.unused_data:
            raise RefusedPayload(
                "the payload does not have the size that it declares; it was damaged or forged: "
                "enqueue the job again"
            )
        return expanded


def _shrinks(body: bytes) -> bool:
    """Whether to compress a body; of a large one, samples from its whole length tell."""
    if len(body) < _SAMPLED_FROM:
        return True
    step = (len(body) - _SAMPLE) // (_SAMPLES - 1)
    sample = b"".join(body[at * step : at * step + _SAMPLE] for at in range(_SAMPLES))
    return len(zlib.compress(sample, 1)) <= len(sample) * WORTHWHILE


def _told(error: BaseException) -> str:
    """An error in one line."""
    try:
        text = str(error)
    except Exception:  # noqa: BLE001 - the error is as foreign as the payload
        text = ""
    return f"{type(error).__name__}: {text[:200]}" if text else type(error).__name__
