import pytest

from tests.support import decorated
from workhorse import decorators
from workhorse.exceptions import BadArguments
from workhorse.queue import Queue


@pytest.fixture(autouse=True)
def _default_server(monkeypatch, connection):
    """What a decorator without a connection finds."""
    monkeypatch.setenv("WORKHORSE_URL", connection.url)
    monkeypatch.setenv("WORKHORSE_NAMESPACE", connection.namespace)


def decorate(*args, **options):
    return decorators.job(*args, **options)(decorated.plain)


def test_a_decorated_function_is_still_itself():
    assert decorated.bare(1, 2) == 3


def test_a_call_is_delayed(connection):
    job = decorate("low", connection).delay(1, b=2)
    assert (job.origin, job.args, job.kwargs) == ("low", (1,), {"b": 2})
    assert Queue("low", connection).count == 1


def test_a_bare_decorator_uses_the_default_queue():
    assert decorators.job(decorated.plain).delay(1).origin == "default"
    assert decorate().delay(1).origin == "default"


def test_a_decorator_takes_a_queue(connection):
    queue = Queue("high", connection)
    assert decorate(queue).delay(1).origin == "high"


def test_options_hold_for_all_calls_and_yield_to_those_of_one(connection):
    function = decorate("low", connection, timeout="5m", result_ttl=60, retry=2)
    assert function.delay(1).timeout == 300
    job = function.enqueue(1, job_timeout=5, description="five")
    assert (job.timeout, job.result_ttl, job.retries_left, job.description) == (5, 60, 2, "five")


def test_delay_knows_the_options_that_it_has_in_rq(connection):
    job = decorate("low", connection).delay(1, job_id="a", at_front=True)
    assert (job.id, job.kwargs) == ("a", {})


def test_delay_gives_all_other_names_to_the_function(connection):
    function = decorators.job("low", connection)(decorated.clash)
    assert function.delay(description="d", job_id=5).kwargs == {"description": "d", "job_id": 5}
    with pytest.raises(BadArguments):
        decorate("low", connection).delay(1, description="d")


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"timeout": 0}, ValueError),
        ({"timeou": 5}, TypeError),
        ({"pipeline": "a"}, NotImplementedError),
    ],
)
def test_options_are_checked_when_the_function_is_decorated(options, error):
    with pytest.raises(error):
        decorators.job("low", **options)


def test_nothing_is_connected_before_the_first_call(monkeypatch):
    monkeypatch.setattr("workhorse.connection.connect", lambda _: pytest.fail("connected"))
    assert callable(decorate("low").delay)
