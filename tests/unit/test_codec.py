import contextlib
import json
import os
import pickle
import zlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support import shop
from workhorse.codec import Codec
from workhorse.exceptions import (
    DeserializationError,
    NotSerializable,
    PayloadTooLarge,
    RefusedPayload,
)
from workhorse.serializers import ARGUMENTS, Json, Pickle, Values, Wrapped

SECRET = "correct horse battery staple"
OTHER = "another horse of another colour"
CONTEXT = ("call", "wh", "default", "job-1", "myapp.f", "180")
plain = Codec(Values())
signed = Codec(Values(), [SECRET])
values = st.recursive(
    st.none() | st.integers() | st.text() | st.binary() | st.dates() | st.decimals(allow_nan=False),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
large = st.integers(0, 5000).map(lambda n: ["some text, again and again"] * n)


def sealed(codec: Codec, value: object = "x", context: Any = CONTEXT) -> bytes:
    return codec.seal(value, context, path="value")


@given(values | large)
def test_what_is_sealed_can_be_opened(value):
    for codec in (plain, signed):
        assert codec.open(sealed(codec, value), CONTEXT) == value


def test_a_small_plain_envelope_adds_three_bytes():
    assert sealed(plain, 1) == b"\x01\x00v" + pickle.dumps(1, 5)


def test_large_values_are_compressed_if_that_helps():
    assert len(sealed(plain, ["a long text"] * 10_000)) < 30_000
    noise = os.urandom(5000)
    assert len(sealed(plain, noise)) < 5050
    assert plain.open(sealed(plain, noise), CONTEXT) == noise


def test_large_values_that_would_not_become_half_as_large_are_left_as_they_are():
    digits = os.urandom(50_000).hex()  # to 58 %, in ten times as long as the server takes
    assert len(sealed(plain, digits)) > 100_000
    assert plain.open(sealed(plain, digits), CONTEXT) == digits
    assert len(sealed(plain, digits[:20_000])) < 15_000, "small ones take hardly any time"


def test_a_large_value_is_judged_by_all_of_its_length():
    noise, text = os.urandom(20_000), b"a long text" * 10_000
    assert len(sealed(plain, [noise, text])) < 50_000
    assert len(sealed(plain, [os.urandom(50_000), text[:20_000], os.urandom(50_000)])) > 120_000


def test_every_bit_of_a_signed_envelope_counts():
    for value in ("x", ["y" * 100] * 50):
        blob = sealed(signed, value)
        for at in range(len(blob)):
            for bit in range(8):
                changed = bytearray(blob)
                changed[at] ^= 1 << bit
                with pytest.raises(DeserializationError):
                    signed.open(bytes(changed), CONTEXT)


def test_every_truncation_is_refused():
    for codec in (plain, signed):
        for value in ("x", ["y" * 100] * 50):
            blob = sealed(codec, value)
            for length in range(len(blob)):
                with pytest.raises(DeserializationError):
                    codec.open(blob[:length], CONTEXT)
            with pytest.raises(DeserializationError):
                codec.open(blob + b"x", CONTEXT)


@pytest.mark.parametrize("at", range(len(CONTEXT)))
def test_a_payload_that_is_moved_elsewhere_is_refused(at):
    blob = sealed(signed)
    elsewhere = [*CONTEXT]
    elsewhere[at] += "2"
    with pytest.raises(RefusedPayload, match="signature does not fit"):
        signed.open(blob, elsewhere)


SPLITS: list[tuple[Any, Any]] = [
    (("ab", "c"), ("a", "bc")),
    (("a", ""), ("a",)),
    (("", "a"), ("a", "")),
    ((), ("",)),
    (("a\x00b",), ("a", "b")),
    (("a", b"\x00\x00\x00\x01b"), ("a\x00\x00\x00\x01b",)),
]


@pytest.mark.parametrize(("one", "other"), SPLITS)
def test_the_parts_of_a_context_do_not_run_together(one, other):
    with pytest.raises(RefusedPayload):
        signed.open(sealed(signed, context=one), other)


@given(st.lists(st.text() | st.binary()), st.lists(st.text() | st.binary()))
def test_only_the_same_context_opens(one, other):
    def raw(parts: list[Any]) -> list[bytes]:
        return [p.encode("utf-8", "surrogatepass") if isinstance(p, str) else p for p in parts]

    blob = sealed(signed, context=one)
    if raw(one) == raw(other):
        assert signed.open(blob, other) == "x"
    else:
        with pytest.raises(RefusedPayload):
            signed.open(blob, other)


def test_context_and_payload_do_not_run_together():
    blob = sealed(signed, context=("a",))
    body = blob[-5:]
    with pytest.raises(RefusedPayload):
        signed.open(blob[:-5] + body[1:], ("a" + body[:1].decode("latin-1"),))


def test_an_unsigned_payload_is_refused_where_a_secret_is_set():
    with pytest.raises(RefusedPayload, match="not signed"):
        signed.open(sealed(plain), CONTEXT)


def test_a_signature_that_cannot_be_checked_is_refused():
    with pytest.raises(RefusedPayload, match="WORKHORSE_SECRET is not set here"):
        plain.open(sealed(signed), CONTEXT)
    with pytest.raises(RefusedPayload, match="not known here"):
        Codec(Values(), [OTHER]).open(sealed(signed), CONTEXT)


def test_a_signature_cannot_be_taken_off():
    blob = sealed(signed)
    with pytest.raises(RefusedPayload):
        signed.open(bytes([1, 0]) + blob[2:3] + blob[23:], CONTEXT)


def test_secrets_rotate():
    new = Codec(Values(), [OTHER, SECRET])
    assert new.open(sealed(signed), CONTEXT) == "x"
    assert Codec(Values(), [OTHER]).open(sealed(new), CONTEXT) == "x"


def test_the_signature_is_checked_before_anything_is_decompressed_or_decoded(monkeypatch):
    def never(*args: object) -> None:
        raise AssertionError

    blob = bytearray(sealed(signed, ["y" * 100] * 50))
    blob[-1] ^= 1
    monkeypatch.setattr("workhorse.codec.zlib.decompressobj", never)
    monkeypatch.setattr(Values, "loads", never)
    with pytest.raises(RefusedPayload, match="signature"):
        signed.open(bytes(blob), CONTEXT)


def test_only_the_chosen_serializer_is_read():
    blob = sealed(Codec(Pickle()))
    with pytest.raises(
        RefusedPayload, match="written by serializer 'pickle', and 'values' is read"
    ):
        plain.open(blob, CONTEXT)
    with pytest.raises(RefusedPayload, match="of its own"):
        plain.open(sealed(Codec(Wrapped(json))), CONTEXT)
    for also in (b"j", Json()):
        both = Codec(Values(), also=[also])
        assert both.open(sealed(Codec(Json()), [1]), CONTEXT) == [1]
        with pytest.raises(RefusedPayload):
            both.open(blob, CONTEXT)


def bomb(size: int, declared: int, code: bytes = b"v") -> bytes:
    return b"\x01\x01" + code + declared.to_bytes(4, "big") + zlib.compress(b"\x00" * size, 9)


@pytest.mark.parametrize(
    ("size", "declared"),
    [
        (1 << 28, (1 << 32) - 1),
        (1 << 28, 1 << 20),
        (1 << 28, 1),
        (1 << 28, 0),
        (100, 101),
        (100, 99),
        (0, 1),
    ],
)
def test_a_bomb_is_not_blown_up_further_than_it_may(size, declared):
    import tracemalloc  # noqa: PLC0415 - for this test alone

    blob = bomb(size, declared)
    tracemalloc.start()
    try:
        with pytest.raises(RefusedPayload, match="declare"):
            plain.open(blob, CONTEXT)
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()


def test_what_follows_the_compressed_stream_is_refused():
    body = Values().dumps(["x" * 3000])
    blob = b"\x01\x01v" + len(body).to_bytes(4, "big") + zlib.compress(body)
    assert plain.open(blob, CONTEXT) == ["x" * 3000]
    with pytest.raises(RefusedPayload):
        plain.open(blob + b"more", CONTEXT)
    with pytest.raises(RefusedPayload):
        plain.open(blob[:-1], CONTEXT)


def test_values_over_the_limit_are_refused_on_both_sides():
    small = Codec(Values(), max_bytes=1000)
    with pytest.raises(PayloadTooLarge, match=r"the arguments take 5,0\d\d bytes") as caught:
        small.seal((None, ("x" * 5000,), {}), (), path=ARGUMENTS)
    assert caught.value.limit == 1000
    with pytest.raises(RefusedPayload, match="over the limit of 1,000"):
        small.open(sealed(plain, os.urandom(5000)), CONTEXT)
    with pytest.raises(RefusedPayload, match="declares"):
        small.open(sealed(plain, "x" * 5000), CONTEXT)


def test_what_cannot_be_encoded_is_named():
    with pytest.raises(NotSerializable) as caught:
        plain.seal((None, (1, len), {}), (), path=ARGUMENTS)
    assert caught.value.path == "args[1]"


class Failing:
    def __init__(self, error: BaseException) -> None:
        self.error = error

    def dumps(self, value: Any) -> bytes:
        return str(value).encode()

    def loads(self, data: bytes) -> Any:
        raise self.error if data else AssertionError


class Silent(Exception):  # noqa: N818 - it says nothing
    def __str__(self) -> str:
        raise RuntimeError


ERRORS = [
    RecursionError("deep"),
    MemoryError(),
    UnicodeDecodeError("utf-8", b"", 0, 1, "bad"),
    SystemExit(1),
    AttributeError("x"),
    Silent(),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda e: type(e).__name__)
def test_whatever_decoding_raises_becomes_one_error(error):
    codec = Codec(Wrapped(Failing(error)))
    with pytest.raises(DeserializationError, match=f"cannot be decoded: {type(error).__name__}"):
        codec.open(sealed(codec), CONTEXT)


@pytest.mark.parametrize("error", [KeyboardInterrupt(), GeneratorExit()])
def test_what_stops_a_program_still_does(error):
    codec = Codec(Wrapped(Failing(error)))
    with pytest.raises(type(error)):
        codec.open(sealed(codec), CONTEXT)


@given(st.binary(max_size=300), st.sampled_from([b"", b"\x01\x00v", b"\x01\x01v", b"\x01\x00j"]))
def test_no_bytes_make_opening_raise_anything_else(data, head):
    for codec in (Codec(Values(["*"]), also=[b"j"]), signed):
        with contextlib.suppress(DeserializationError):
            codec.open(head + data, CONTEXT)


@given(st.data())
def test_no_damage_makes_opening_raise_anything_else(data):
    codec = Codec(Values(["tests.support.shop.*"]))
    blob = bytearray(sealed(codec, [shop.User("ann", ["x"]), shop.Color.RED, {"a": 1.5}]))
    for _ in range(data.draw(st.integers(1, 3))):
        blob[data.draw(st.integers(0, len(blob) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(DeserializationError):
        codec.open(bytes(blob), CONTEXT)


def test_deep_json_is_one_error():
    codec = Codec(Json())
    with pytest.raises(DeserializationError):
        codec.open(b"\x01\x00j" + b"[" * 200_000, CONTEXT)


@pytest.mark.parametrize(
    "blob", [b"", b"\x01", b"\x02\x00vN", b"\x01\x80vN", b"\x80\x05N.", b"x\x9c"]
)
def test_what_is_no_envelope_says_so(blob):
    with pytest.raises(DeserializationError, match="no envelope of this version"):
        plain.open(blob, CONTEXT)


def test_the_environment_gives_secrets_and_limit():
    environ = {"WORKHORSE_SECRET": f" {SECRET} , {OTHER},", "WORKHORSE_MAX_PAYLOAD": "5000"}
    codec = Codec.from_environment(Values(), environ)
    assert codec.signs
    assert codec.max_bytes == 5000
    assert codec.open(sealed(signed), CONTEXT) == "x"
    assert codec.open(sealed(Codec(Values(), [OTHER])), CONTEXT) == "x"
    assert signed.open(sealed(codec), CONTEXT) == "x"
    assert not Codec.from_environment(Values(), {}).signs


@pytest.mark.parametrize("limit", ["-1", "0", "16MB", "1.5", "9" * 30, "\u0665"])
def test_a_limit_that_is_no_size_is_refused(limit):
    with pytest.raises(ValueError, match="give a number"):
        Codec.from_environment(Values(), {"WORKHORSE_MAX_PAYLOAD": limit})


def test_a_secret_that_could_be_guessed_is_refused():
    with pytest.raises(ValueError, match="token_urlsafe") as caught:
        Codec.from_environment(Values(), {"WORKHORSE_SECRET": "hunter2"})
    assert "hunter2" not in str(caught.value)


# Moving what is sealed to another place


ELSEWHERE = ("call", "wh", "q", "another")


@given(values | large)
def test_what_was_moved_is_opened_there_and_only_there(value):
    moved = signed.moved(sealed(signed, value), CONTEXT, ELSEWHERE)
    assert signed.open(moved, ELSEWHERE) == value
    with pytest.raises(RefusedPayload, match="does not fit"):
        signed.open(moved, CONTEXT)


def test_what_is_not_signed_is_moved_as_it_is():
    assert plain.moved(sealed(plain), CONTEXT, ELSEWHERE) == sealed(plain)


def test_nothing_is_decoded_to_be_moved():
    theirs = Codec(Pickle(), [SECRET])
    moved = signed.moved(sealed(theirs), CONTEXT, ELSEWHERE)
    with pytest.raises(RefusedPayload, match="serializer"):
        signed.open(moved, ELSEWHERE)
    assert theirs.open(moved, ELSEWHERE) == "x"


@pytest.mark.parametrize(
    "change", [lambda b: b[:-1], lambda b: b[:-1] + b"?", lambda b: b"\x09" + b]
)
def test_what_was_changed_is_not_moved(change):
    with pytest.raises(DeserializationError):
        signed.moved(change(sealed(signed)), CONTEXT, ELSEWHERE)


def test_what_somebody_else_has_signed_is_not_moved():
    with pytest.raises(RefusedPayload, match="not signed"):
        signed.moved(sealed(plain), CONTEXT, ELSEWHERE)
    with pytest.raises(RefusedPayload, match="WORKHORSE_SECRET is not set"):
        plain.moved(sealed(signed), CONTEXT, ELSEWHERE)
