import pytest

from workhorse.exceptions import InvalidJobOperation, NoSuchJobError
from workhorse.ops import control, queues, registries, results
from workhorse.ops.enqueue import enqueue
from workhorse.records import CallSpec
from workhorse.states import JobStatus


@pytest.fixture
def stored(perform, keys):
    perform(enqueue(keys, "default", [CallSpec("a", ("func", "f"))]))


@pytest.mark.usefixtures("stored")
def test_a_canceled_job_leaves_its_queue(perform, keys):
    perform(control.cancel(keys, "a", "1"))
    assert perform(queues.length(keys, "default")) == 0
    assert perform(registries.members(keys, "canceled", "default")).ids == ["a"]


@pytest.mark.usefixtures("stored")
def test_a_job_is_canceled_once(perform, keys):
    perform(control.cancel(keys, "a", "1"))
    perform(control.cancel(keys, "a", "1"))
    with pytest.raises(InvalidJobOperation, match="is canceled"):
        perform(control.cancel(keys, "a", "2"))


@pytest.mark.usefixtures("stored")
def test_a_running_job_is_not_canceled(perform, keys, player):
    player.take()
    with pytest.raises(InvalidJobOperation, match="is started"):
        perform(control.cancel(keys, "a", "1"))


@pytest.mark.usefixtures("stored")
def test_a_deleted_job_is_nowhere(perform, keys):
    assert perform(control.delete(keys, "a"))
    assert not perform(control.delete(keys, "a"))
    assert perform(queues.length(keys, "default")) == 0


@pytest.mark.usefixtures("stored")
def test_requeueing_says_what_became_of_each(perform, keys, player):
    player.fail(player.take())
    perform(enqueue(keys, "default", [CallSpec("b", ("func", "f"))]))
    answers = perform(control.requeue(keys, ["a", "b", "none"], "1"))
    assert answers == ["queued", "not queued", "none"]
    assert perform(queues.ids(keys, "default")) == ["b", "a"]


@pytest.mark.usefixtures("stored")
def test_a_job_that_has_not_ended_is_not_requeued(perform, keys):
    with pytest.raises(InvalidJobOperation, match="is queued"):
        perform(control.requeue_one(keys, "a", "1"))


@pytest.mark.usefixtures("stored")
def test_a_forgotten_job_leaves_its_registry_and_stays(perform, keys, player):
    player.fail(player.take())
    perform(control.forget(keys, "a"))
    assert perform(registries.members(keys, "failed", "default")).total == 0
    assert perform(results.status(keys, "a")) is JobStatus.FAILED


@pytest.mark.usefixtures("stored")
def test_a_job_that_has_not_ended_is_not_forgotten(perform, keys):
    with pytest.raises(InvalidJobOperation, match="is queued"):
        perform(control.forget(keys, "a"))


@pytest.mark.usefixtures("stored")
def test_meta_is_replaced_and_removed(perform, keys):
    perform(control.amend(keys, "a", "meta", b"\x01"))
    assert perform(results.fetch(keys, "a")).meta == b"\x01"
    perform(control.amend(keys, "a", "meta", b""))
    assert perform(results.fetch(keys, "a")).meta is None


@pytest.mark.parametrize(
    "flow",
    [
        lambda keys: control.cancel(keys, "none", "1"),
        lambda keys: control.requeue_one(keys, "none", "1"),
        lambda keys: control.forget(keys, "none"),
        lambda keys: control.amend(keys, "none", "meta", b"1"),
        lambda keys: results.fetch(keys, "none"),
        lambda keys: results.status(keys, "none"),
        lambda keys: results.wait(keys, "none", 5),
        lambda keys: results.remaining_ttl(keys, "none"),
    ],
)
def test_a_missing_job_is_an_error(perform, keys, flow):
    with pytest.raises(NoSuchJobError):
        perform(flow(keys))
