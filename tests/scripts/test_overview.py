from tests.support.scripts import NOW, New, Settled


def test_every_place_is_counted_and_nothing_changed(scripts, seen):
    scripts.enqueue(*map(New, "abcdefg"), New("h", place="in", when=9000))
    scripts.enqueue(New("z"), queue="p")
    scripts.exchange(1, want=4)
    outcomes = [
        Settled("finish", "a", "w:1", "", -1),
        Settled("finish", "b", "w:1", "", 90_000),
        Settled("fail", "c", "w:1", "boom", 500_000),
    ]
    scripts.exchange(2, *outcomes)
    scripts.cancel("e")
    scripts.command("ZADD", scripts.keys.deferred("p"), NOW, "y")
    scripts.call("suspend", NOW, -1, "q")
    scripts.call("suspend", NOW, 80_000, "p")
    before = seen()
    counts = {"p": [1, 0, 0, 0, 1, 0, 0, 0], "q": [2, 1, 1, 1, 0, 1, 1, 1]}
    rows = scripts.call("overview", NOW + 90_000)
    assert rows == [[b"p", *counts["p"]], [b"q", *counts["q"]]]
    rows = scripts.call("overview", NOW + 90_000, "q", "none")
    assert rows == [[b"q", *counts["q"]], [b"none", 0, 0, 0, 0, 0, 0, 0, 0]]
    assert seen() == before
