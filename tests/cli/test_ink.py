"""Text for people."""

import io

import pytest

from workhorse.cli.ink import Ink, columns, count, one_line, printable, span


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self):
        return True


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch):
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")


@pytest.mark.parametrize(
    ("environment", "stream", "colour"),
    [
        ({}, Terminal, True),
        ({}, io.StringIO, False),
        ({"NO_COLOR": "1"}, Terminal, False),
        ({"NO_COLOR": ""}, Terminal, True),
        ({"FORCE_COLOR": "1"}, io.StringIO, True),
        ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, Terminal, False),
        ({"TERM": "dumb"}, Terminal, False),
    ],
)
def test_colours_are_used_where_they_are_wanted(monkeypatch, environment, stream, colour):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert (Ink(stream()).red("x") != "x") is colour


@pytest.mark.parametrize(
    ("share", "bar"),
    [(0, "    "), (0.001, "▏   "), (0.5, "██  "), (0.54, "██▏ "), (1, "████"), (7, "████")],
)
def test_a_bar_has_eighths(share, bar):
    assert Ink(Terminal()).bar(share, 4, track=False) == bar


def test_a_stream_without_unicode_gets_ascii():
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    ink = Ink(stream)
    assert ink.bar(0.5, 4) == "##.."
    ink.say("café")
    stream.flush()
    assert stream.buffer.getvalue() == b"caf?\n"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("a\x1b[31mb", "a\\x1b[31mb"),
        ("a\rb\x00", "a\\rb\\x00"),
        ("a\nb\tc", "a\nb\tc"),
        ("\u202eevil", "\\u202eevil"),
    ],
)
def test_control_characters_are_escaped(text, shown):
    assert printable(text) == shown


def test_a_line_is_cut_to_its_width():
    assert one_line("one\n two   three", 8) == "one two…"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0304, "30 ms"),
        (-1, "0 ms"),
        (2, "2 s"),
        (2.54, "2.5 s"),
        (185, "3 min 5 s"),
        (180, "3 min"),
        (7800, "2 h 10 min"),
        (31_536_000, "365 d"),
    ],
)
def test_a_duration_is_said(seconds, text):
    assert span(seconds) == text


def test_things_are_counted():
    assert [count(1, "job"), count(1204, "job")] == ["1 job", "1,204 jobs"]


def test_columns_line_up_whatever_their_colours():
    ink = Ink(Terminal())
    lines = columns([(ink.red("a"), "b"), ("long", "c")])
    assert lines == ["\x1b[31ma\x1b[0m     b", "long  c"]
