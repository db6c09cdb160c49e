"""RQ's syntax for arguments."""

import click
import pytest

from workhorse.cli.arguments import parse


@pytest.mark.parametrize(
    ("word", "args", "kwargs"),
    [
        ("text", ("text",), {}),
        ("", ("",), {}),
        ("3", ("3",), {}),
        (":3", (3,), {}),
        (':{"a": [1, null]}', ({"a": [1, None]},), {}),
        ("%(1, 2)", ((1, 2),), {}),
        ("%None", (None,), {}),
        ("% {1, 2}", ({1, 2},), {}),
        ("key=text", (), {"key": "text"}),
        ("key=", (), {"key": ""}),
        ("key=a=b", (), {"key": "a=b"}),
        ("key:=3.5", (), {"key": 3.5}),
        ("key%=b'x'", (), {"key": b"x"}),
        ("größe=1", (), {"größe": "1"}),
        ("=text", ("=text",), {}),
        ("a b=c", ("a b=c",), {}),
        ("1=2", ("1=2",), {}),
        ("http://host/?a=b", ("http://host/?a=b",), {}),
        ("two\nlines", ("two\nlines",), {}),
        ("key=two\nlines", (), {"key": "two\nlines"}),
    ],
)
def test_a_word_is_an_argument(word, args, kwargs):
    assert parse([word]) == (args, kwargs)


@pytest.mark.parametrize(
    ("word", "content", "value"),
    [("@{}", "text\n", "text\n"), (":@{}", "[1]", [1]), ("%@{}", "\n(1,)\n", (1,))],
)
def test_an_at_sign_reads_a_file(tmp_path, word, content, value):
    file = tmp_path / "value"
    file.write_text(content, "utf-8")
    assert parse([word.format(file)]) == ((value,), {})
    keyword = f"key{word[0]}=@{file}" if word[0] != "@" else f"key=@{file}"
    assert parse([keyword]) == ((), {"key": value})


def test_arguments_keep_their_order():
    assert parse(["a", "k=v", ":1"]) == (("a", 1), {"k": "v"})


@pytest.mark.parametrize("word", [":x", "key:=", "%f()", "key%=1 +", "%" + "(" * 500])
def test_what_cannot_be_read_is_named(word):
    with pytest.raises(click.BadParameter, match=r"argument 1|key="):
        parse([word])


def test_a_keyword_twice_is_refused():
    with pytest.raises(click.BadParameter, match="k= is given twice"):
        parse(["k=1", "k=2"])


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(click.FileError) as caught:
        parse([f"@{tmp_path}/nowhere"])
    assert "nowhere': No such file" in caught.value.format_message()


def test_a_file_that_is_no_text_is_named(tmp_path):
    (tmp_path / "raw").write_bytes(b"\xff\xfe")
    with pytest.raises(click.FileError, match="not UTF-8"):
        parse([f"@{tmp_path}/raw"])
