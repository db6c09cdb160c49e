from datetime import UTC, datetime, timedelta

import pytest

from tests.support import tasks
from workhorse import calls
from workhorse.calls import Shaper
from workhorse.codec import Codec
from workhorse.envelopes import Bearer, open_call, open_meta
from workhorse.exceptions import BadArguments, NotImportable, NotSerializable, TimeoutFormatError
from workhorse.options import LATER, EnqueueData
from workhorse.policies import Retry
from workhorse.serializers import Values


@pytest.fixture
def codec():
    return Codec(Values(), secrets=["a secret of the tests"])


@pytest.fixture
def shaper(codec):
    return Shaper("wh", "q", codec)


def options_in(spec):
    """The fields that are not in every job."""
    words = iter(spec.fields)
    named = dict(zip(words, words, strict=True))
    for name in ("func", "data", "description"):
        named.pop(name)
    return {
        name if isinstance(name, str) else name.decode(): value for name, value in named.items()
    }


def field(spec, name):
    return spec.fields[spec.fields.index(name) + 1]


# Options and arguments


def test_keywords_are_the_functions_unless_they_are_options():
    call = calls.parse(tasks.add, (1,), {"b": 2, "job_timeout": 5, "at_front": True})
    assert call == EnqueueData(tasks.add, (1,), {"b": 2}, timeout=5, at_front=True)


def test_timeout_is_the_functions():
    assert calls.parse(tasks.anything, (), {"timeout": 5}).kwargs == {"timeout": 5}


def test_args_and_kwargs_give_arguments_that_clash_with_options():
    given = {"args": 1, "kwargs": 2, "description": "d", "depends_on": 3}
    call = calls.parse(tasks.clash, (), {"kwargs": given, "description": "one line"})
    assert (call.args, call.kwargs, call.description) == ((), given, "one line")
    assert calls.parse(tasks.add, (), {"args": (1, 2)}).args == (1, 2)


@pytest.mark.parametrize(
    ("args", "kwargs", "advice"),
    [((1,), {"args": (2,)}, "into args="), ((), {"b": 1, "kwargs": {}}, "'b' into kwargs=")],
)
def test_other_arguments_beside_explicit_ones_are_refused(args, kwargs, advice):
    with pytest.raises(BadArguments, match=advice):
        calls.parse(tasks.add, args, kwargs)


@pytest.mark.parametrize("name", sorted(LATER))
def test_an_option_of_later_versions_is_refused_and_not_passed_on(name):
    with pytest.raises(NotImplementedError, match=f"{name}= is not in this version"):
        calls.parse(tasks.anything, (), {name: 1})
    with pytest.raises(NotImplementedError, match=name):
        calls.prepare(tasks.anything, (), {}, {name: 1})
    assert calls.parse(tasks.anything, (), {name: None}).kwargs == {}
    assert calls.prepare(tasks.anything, (), {}, {name: None}).kwargs == {}


def test_an_unknown_option_is_refused_with_the_nearest():
    with pytest.raises(TypeError, match=r"did you mean result_ttl=\?"):
        calls.prepare(tasks.add, (1,), {}, {"result_tt": 5})


def test_a_misspelt_option_is_named(shaper):
    with pytest.raises(BadArguments, match=r"did you mean job_timeout=\?"):
        shaper.spec(calls.parse(tasks.add, (1,), {"job_timout": 5}))


def test_what_a_call_lacks_is_filled_in():
    base = EnqueueData("", timeout=5, result_ttl=6, at_front=True)
    assert calls.filled(EnqueueData("f", timeout=1), base) == EnqueueData(
        "f", timeout=1, result_ttl=6, at_front=True
    )


# Fields


def test_a_plain_call_has_no_options(shaper):
    spec = shaper.spec(EnqueueData(tasks.add, (1,), {"b": 2}))
    assert options_in(spec) == {}
    assert field(spec, "func") == "tests.support.tasks.add"
    assert field(spec, "description") == "tests.support.tasks.add(1, b=2)"
    assert (spec.mode, spec.nonce, spec.ttl, spec.at_front) == ("new", "", None, False)


@pytest.mark.parametrize(
    ("option", "value", "fields"),
    [
        ("timeout", "10m", {"timeout": b"600"}),
        ("timeout", 2.5, {"timeout": b"2.5"}),
        ("timeout", timedelta(hours=1), {"timeout": b"3600"}),
        ("timeout", -1, {"timeout": b"-1"}),
        ("timeout", "-1", {"timeout": b"-1"}),
        ("timeout", 180, {}),
        ("result_ttl", 0, {"result_ttl": b"0"}),
        ("result_ttl", -1, {"result_ttl": b"-1"}),
        ("result_ttl", 500, {"result_ttl": b"500"}),
        ("result_ttl", 0.5, {"result_ttl": b"1"}),
        ("failure_ttl", "1d", {"failure_ttl": b"86400"}),
        ("failure_ttl", "365d", {}),
        ("ttl", "1m", {"ttl": b"60"}),
        ("retry", 3, {"retry": b'{"max":3}'}),
        ("retry", Retry(2, interval=5), {"retry": b'{"max":2,"interval":[5]}'}),
        ("retry", 0, {}),
        ("on_crash", "fail", {"on_crash": b"fail"}),
        ("on_crash", "retry", {}),
        ("meta", {}, {}),
    ],
)
def test_an_option_becomes_a_field_unless_it_has_its_default(shaper, option, value, fields):
    assert options_in(shaper.spec(EnqueueData(tasks.add, (1,), **{option: value}))) == fields


@pytest.mark.parametrize(
    ("option", "value", "error"),
    [
        ("timeout", 0, ValueError),
        ("timeout", -2, ValueError),
        ("timeout", "soon", TimeoutFormatError),
        ("timeout", "", TimeoutFormatError),
        ("result_ttl", -2, ValueError),
        ("result_ttl", True, TimeoutFormatError),
        ("failure_ttl", -5, ValueError),
        ("ttl", 0, ValueError),
        ("ttl", -1, ValueError),
        ("retry", -1, ValueError),
        ("retry", "3", TypeError),
        ("retry", True, TypeError),
        ("on_crash", "ignore", ValueError),
        ("job_id", "a b", ValueError),
        ("job_id", "", ValueError),
        ("unique", True, ValueError),
        ("description", 5, TypeError),
        ("meta", {"a": open}, NotSerializable),
    ],
)
def test_a_value_that_makes_no_sense_is_refused(shaper, option, value, error):
    with pytest.raises(error, match=f"(?i){option.removeprefix('job_')}"):
        shaper.spec(EnqueueData(tasks.add, (1,), **{option: value}))


def test_a_queues_defaults_yield_to_the_calls_options(codec):
    shaper = Shaper("wh", "q", codec, {"timeout": 600, "result_ttl": 60, "on_crash": "fail"})
    assert options_in(shaper.spec(EnqueueData(tasks.add, (1,)))) == {
        "timeout": b"600",
        "result_ttl": b"60",
        "on_crash": b"fail",
    }
    own = EnqueueData(tasks.add, (1,), timeout=180, result_ttl=0, on_crash="retry")
    assert options_in(shaper.spec(own)) == {"result_ttl": b"0"}


def test_a_ttl_bounds_the_wait(shaper):
    assert shaper.spec(EnqueueData(tasks.add, (1,), ttl=60)).ttl == 60_000


def test_a_chosen_id_is_replaced_or_unique(shaper):
    given = shaper.spec(EnqueueData(tasks.add, (1,), job_id="a"))
    unique = shaper.spec(EnqueueData(tasks.add, (1,), job_id="a", unique=True))
    assert (given.id, given.mode, unique.mode) == ("a", "replace", "unique")
    assert len(given.nonce) == 8
    assert given.nonce != unique.nonce


def test_a_job_that_is_due_later_remembers_that_it_goes_to_the_front(shaper):
    spec = shaper.spec(EnqueueData(tasks.add, (1,), at_front=True), delay=5)
    assert (options_in(spec), spec.delay) == ({"front": "1"}, 5)


# Descriptions


def test_a_long_default_description_fits_into_a_compact_hash(shaper):
    text = field(shaper.spec(EnqueueData(tasks.add, ("ä" * 60,))), "description")
    assert len(text.encode()) <= calls.COMPACT
    assert text.startswith("tests.support.tasks.add('ää")
    assert text.endswith("…")


def test_a_users_description_is_one_clean_line(shaper):
    call = EnqueueData(tasks.add, (1,), description="two\nlines\x1b[31m \u202e red\ud800")
    assert field(shaper.spec(call), "description") == "two lines[31m  red"
    long = EnqueueData(tasks.add, (1,), description="x" * 2000)
    assert field(shaper.spec(long), "description") == "x" * 1000


# Arguments


def test_sealed_arguments_open_for_their_job_only(shaper, codec):
    spec = shaper.spec(EnqueueData(tasks.add, (1,), {"b": {2}}, timeout=5))
    name, data = field(spec, "func"), field(spec, "data")
    fields = {b"timeout": b"5"}
    call = open_call(codec, Bearer("wh", "q", spec.id), name, fields, data)
    assert (call.args, call.kwargs, call.instance) == ((1,), {"b": {2}}, None)
    for bearer, func, signed in [
        (Bearer("other", "q", spec.id), name, fields),
        (Bearer("wh", "other", spec.id), name, fields),
        (Bearer("wh", "q", "other"), name, fields),
        (Bearer("wh", "q", spec.id), "os.system", fields),
        (Bearer("wh", "q", spec.id), name, {b"timeout": b"50"}),
        (Bearer("wh", "q", spec.id), name, {}),
        (Bearer("wh", "q", spec.id), name, fields | {b"ttl": b"5"}),
    ]:
        with pytest.raises(Exception, match="signature does not fit"):
            open_call(codec, bearer, func, signed, data)


def test_a_methods_instance_travels_with_the_arguments():
    codec = Codec(Values(allow=["tests.support.tasks.Greeter"]))
    spec = Shaper("wh", "q", codec).spec(EnqueueData(tasks.Greeter("Ada").greet, ("hi",)))
    assert field(spec, "func") == "tests.support.tasks.Greeter.greet"
    data = field(spec, "data")
    call = open_call(codec, Bearer("wh", "q", spec.id), "f", {}, data)
    assert (call.args, call.instance) == (("hi",), tasks.Greeter("Ada"))


@pytest.mark.parametrize("given", [[1], "text", 5])
def test_meta_that_is_no_dictionary_is_an_error(shaper, given):
    with pytest.raises(TypeError, match="give a dictionary"):
        shaper.spec(EnqueueData("m.f", meta=given))


def test_meta_is_sealed(shaper, codec):
    spec = shaper.spec(EnqueueData(tasks.add, (1,), meta={"a": 1}))
    assert open_meta(codec, Bearer("wh", "q", spec.id), field(spec, "meta")) == {"a": 1}


def test_an_argument_that_cannot_be_sent_is_named(shaper):
    with pytest.raises(NotSerializable) as caught:
        shaper.spec(EnqueueData(tasks.add, (1,), {"b": {"user": open}}))
    assert caught.value.path == "b['user']"


def test_what_workers_cannot_import_is_refused(shaper):
    with pytest.raises(NotImportable):
        shaper.spec(EnqueueData(lambda: 1))


def test_arguments_that_do_not_fit_are_refused(shaper):
    with pytest.raises(BadArguments):
        shaper.spec(EnqueueData(tasks.add, ()))


# Times


def test_a_naive_moment_is_local_time():
    when = datetime(2030, 1, 2, 3, 4, 5)  # noqa: DTZ001 - naive on purpose
    assert calls.moment(when) == int(when.astimezone(UTC).timestamp() * 1000)


@pytest.mark.parametrize(
    ("delay", "ms"), [(timedelta(seconds=1.5), 1500), (2, 2000), ("1m", 60_000), (-5, 0)]
)
def test_a_delay_is_a_timedelta_or_a_duration(delay, ms):
    assert calls.pause(delay) == ms
