import functools

import pytest

from tests.support import endings, tasks
from workhorse import calls
from workhorse.callbacks import Callback
from workhorse.codec import Codec
from workhorse.defaults import callback_parts
from workhorse.envelopes import Bearer, codec_for, open_call
from workhorse.exceptions import BadArguments, NotImportable, RefusedPayload, TimeoutFormatError
from workhorse.followups import hooks_of, webhooks_in
from workhorse.ops import hooks
from workhorse.serializers import resolve_serializer
from workhorse.webhook import Webhook

JOB = Bearer("wh", "q", "a")
OK = Webhook("http://example.com/ok", "finished")


def fields_of(**options):
    """The hash fields of a call with these options."""
    call = calls.prepare(tasks.add, (1,), {}, {"job_id": "a", **options})
    words = iter(calls.Shaper("wh", "q", codec_for()).spec(call).fields)
    return {
        name if isinstance(name, str) else name.decode(): value
        for name, value in zip(words, words, strict=True)
    }


def signing():
    return Codec(resolve_serializer(None), ["a secret of some length"])


@pytest.mark.parametrize(
    ("timeout", "text"), [(None, ""), (60, ""), (5, " 5"), ("2m", " 120"), (0.5, " 0.5")]
)
def test_a_callback_is_its_name_and_a_timeout_of_its_own(timeout, text):
    callback = Callback(endings.succeed, timeout)
    assert callback.to_text() == f"tests.support.endings.succeed{text}"
    assert callback_parts(callback.to_text()) == (callback.name, callback.timeout)


def test_a_callback_may_be_named():
    assert Callback("myapp.tasks.done").name == "myapp.tasks.done"
    assert Callback(endings.succeed) == Callback("tests.support.endings.succeed", 60)


@pytest.mark.parametrize("text", ["a.b x", "a.b -1", "a.b 0", "a.b inf", "a.b nan", "a.b 1 2"])
def test_a_timeout_that_is_garbage_leaves_a_name_that_leads_nowhere(text):
    assert callback_parts(text) == (text, 60)


@pytest.mark.parametrize("timeout", [0, -1, -0.5, "0s"])
def test_a_callback_needs_time(timeout):
    with pytest.raises(ValueError, match="needs time to run"):
        Callback(endings.succeed, timeout)


def test_a_timeout_must_be_a_duration():
    with pytest.raises(TimeoutFormatError):
        Callback(endings.succeed, "soon")


@pytest.mark.parametrize(
    ("func", "advice"),
    [
        (lambda *_: None, "a lambda has none"),
        (tasks.Greeter, "is a class"),
        (tasks.Greeter("you").greet, "belongs to an object"),
        (functools.partial(tasks.add, 1), "functools.partial"),
        ("not a name", "is not the name of a function"),
        (7, "is no function"),
    ],
)
def test_what_workers_could_not_import_is_refused(func, advice):
    with pytest.raises(NotImportable, match=advice):
        Callback(func)


@pytest.mark.parametrize("kind", ["on_success", "on_failure", "on_stopped"])
def test_a_callback_must_take_what_it_will_be_given(kind):
    with pytest.raises(BadArguments, match=f"{kind} is called with .job, connection"):
        fields_of(**{kind: tasks.later})


@pytest.mark.parametrize("kind", ["on_success", "on_failure", "on_stopped"])
def test_an_option_is_a_callback_a_function_or_a_name(kind):
    with pytest.raises(TypeError, match=rf"{kind}=7: give Callback"):
        fields_of(**{kind: 7})
    for given in (tasks.anything, "tests.support.tasks.anything", Callback(tasks.anything)):
        assert fields_of(**{kind: given})[kind] == b"tests.support.tasks.anything"


def test_a_success_leaves_nothing_for_the_server_to_do():
    assert {"after", "hooks"}.isdisjoint(fields_of(on_success=endings.succeed))


def test_a_job_without_callbacks_has_no_fields_of_them():
    assert fields_of() == fields_of(on_success=None, on_failure=None, on_stopped=None, webhooks=[])


def test_what_may_find_no_horse_is_left_to_the_server():
    fields = fields_of(on_failure=endings.fail, on_stopped=Callback(endings.stopped, 5))
    assert fields["after"] == b"1"
    died, stopped = hooks.unpacked(fields["hooks"])
    assert (died.when, died.id, died.queue) == ("died", "a-on-failure", "q")
    assert (stopped.when, stopped.id) == ("stopped", "a-on-stopped")
    assert died.fields[b"func"] == b"tests.support.endings.fail"
    assert (stopped.fields[b"timeout"], stopped.fields[b"follows"]) == (b"5", b"stopped")


def test_webhooks_come_back_as_they_were():
    given = [
        OK,
        Webhook(
            "https://example.com/hook?key=1",
            "failed",
            method="POST",
            headers={"Authorization": "Bearer x"},
            timeout=3,
        ),
    ]
    packed = hooks_of(codec_for(), JOB, "m.f", None, None, given)
    assert [hook.id for hook in hooks.unpacked(packed)] == ["a-webhook-1", "a-webhook-2"]
    assert webhooks_in(codec_for(), "wh", packed) == given


@pytest.mark.parametrize("webhooks", [OK, [OK, "http://example.com"], "http://example.com"])
def test_webhooks_are_a_list_of_them(webhooks):
    with pytest.raises(TypeError, match="give a list of Webhook"):
        fields_of(webhooks=webhooks)


def test_there_may_be_too_many_webhooks():
    with pytest.raises(ValueError, match="20 at most"):
        fields_of(webhooks=[OK] * 21)


def test_a_webhook_of_another_job_is_refused():
    codec = signing()
    packed = hooks_of(codec, JOB, "m.f", None, None, [OK])
    assert webhooks_in(codec, "wh", packed) == [OK]
    with pytest.raises(RefusedPayload):
        webhooks_in(codec, "wh", packed.replace(b"11:a-webhook-1", b"11:b-webhook-1"))


@pytest.mark.parametrize("kind", ["on_success", "on_failure", "on_stopped"])
def test_callbacks_are_signed(kind):
    codec = signing()
    shaper = calls.Shaper("wh", "q", codec)
    call = calls.prepare(tasks.add, (1,), {}, {"job_id": "a", kind: tasks.anything})
    words = [w if isinstance(w, bytes) else w.encode() for w in shaper.spec(call).fields]
    fields = dict(zip(words[::2], words[1::2], strict=True))
    data, func = fields[b"data"], fields[b"func"].decode()
    assert open_call(codec, JOB, func, fields, data).args == (1,)
    with pytest.raises(RefusedPayload):
        open_call(codec, JOB, func, {**fields, kind.encode(): b"os.system"}, data)


# How they are packed


@pytest.mark.parametrize("words", [[], [b""], [b"a", b""], [b"1:a", b":", b"\xff\n" * 1000]])
def test_packed_words_come_back(words):
    assert hooks.words_in(hooks.pack(words)) == words


@pytest.mark.parametrize("garbage", [b"x", b":", b"3", b"-1:a", b"a:b", b"1", b"9:a"])
def test_garbage_has_no_hooks(garbage):
    assert list(hooks.unpacked(garbage)) == []


def test_ids_of_follow_ups_are_legal_and_stay_apart():
    long_one, another = "j" * 128, "j" * 127 + "k"
    ids = {hooks.follow_up_id(job, what) for job in (long_one, another) for what in ("on-failure",)}
    assert {len(job_id) for job_id in ids} == {128}
    assert len(ids) == 2
    assert all(hooks.follows(hooks.follow_up_id(job, "webhook-12"), job) for job in ("a", long_one))
    assert not hooks.follows("b-on-failure", "a")
    assert not hooks.follows(hooks.follow_up_id(long_one, "on-stopped"), another)


def test_hooks_move_to_another_job_without_being_decoded():
    codec = signing()
    callbacks = Callback(endings.fail), Callback(endings.stopped)
    given = [OK, Webhook("http://example.com/bad", "failed")]
    packed = hooks_of(codec, JOB, "m.f", *callbacks, given)
    moved = hooks.moved(codec, "wh", "b", packed)
    ends = ("on-failure", "on-stopped", "webhook-1", "webhook-2")
    assert [hook.id for hook in hooks.unpacked(moved)] == [f"b-{end}" for end in ends]
    assert webhooks_in(codec, "wh", moved) == given
