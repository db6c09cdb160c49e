import os
import threading
import time
import uuid

from workhorse.clock import new_id


def test_an_id_is_a_uuid_of_version_7_with_the_time_in_it():
    before = time.time_ns() // 1_000_000
    made = uuid.UUID(new_id())
    after = time.time_ns() // 1_000_000
    assert (made.version, made.variant) == (7, uuid.RFC_4122)
    assert before <= made.int >> 80 <= after + 1


def test_ids_are_canonical():
    for _ in range(300):
        made = new_id()
        assert len(made) == 36
        assert str(uuid.UUID(made)) == made


def test_ids_of_one_thread_ascend_and_differ():
    made = [new_id() for _ in range(20_000)]
    assert made == sorted(set(made))


def test_ids_ascend_when_the_clock_goes_back(monkeypatch):
    first = new_id()
    monkeypatch.setattr("workhorse.clock.time_ns", lambda: 1_000_000_000)
    assert first < new_id() < new_id()


def test_ids_of_several_threads_differ():
    made: list[str] = []
    threads = [
        threading.Thread(target=lambda: made.extend([new_id() for _ in range(5000)]))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(made)) == 20_000


def test_a_forked_child_does_not_use_its_parents_random_numbers():
    new_id()
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.write(writer, "".join(new_id()[19:] for _ in range(50)).encode())
        os._exit(0)
    os.waitpid(pid, 0)
    theirs = os.read(reader, 50 * 17).decode()
    os.close(reader)
    os.close(writer)
    ours = {new_id()[19:] for _ in range(200)}
    assert len(theirs) == 50 * 17
    assert not ours & {theirs[i : i + 17] for i in range(0, len(theirs), 17)}
