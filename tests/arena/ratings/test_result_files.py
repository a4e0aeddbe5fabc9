"""Files of results: what they say, however they say it, and a sentence for every line that says nothing."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arena.ratings.csv_rows import _at_once, _one_by_one, read_csv
from arena.ratings.pgn import read_pgn
from arena.ratings.reading import read_json_lines, read_rows
from arena.ratings.rows import Rows
from games.errors import UserError


def listed(rows: Rows) -> list[tuple]:
    columns = (rows.wins.tolist(), rows.draws.tolist(), rows.losses.tolist())
    names = rows.names
    return [
        (names[one], names[two], *counts)
        for one, two, *counts in zip(rows.first.tolist(), rows.second.tolist(), *columns, strict=True)
    ]


THREE = [("a", "b", 1, 0, 0), ("b", "c", 0, 1, 0), ("c", "a", 0, 0, 1)]


@pytest.mark.parametrize(
    "text",
    [
        "first,second,score\na,b,1\nb,c,0.5\nc,a,0\n",
        "first,second,score\r\na,b,1.0\r\nb,c,1/2\r\nc,a,0.0",
        "\ufefffirst,second,score\na,b,1\nb,c,.5\nc,a,0\n",
        "Score, First ,second,date\n1,a,b,x\n0.5,b,c,y\n0,c,a,\n",
        'first,second,score\n"a",b,1\nb,"c",0.5\n\nc,a,0\n',
        "first,second,score\n a ,b,1\nb , c, 0.5\nc,a,0 \n",
        "first,second,wins,draws,losses\na,b,1,0,0\nb,c,0,1,0\nc,a,0,0,1\n",
        "losses,second,wins,draws,first,score\n0,b,1,0,a,\n0,c,0,1,b,\n1,a,0,0,c,\n",
    ],
)
def test_csv_in_all_its_forms(text: str):
    rows = read_csv(text.encode(), "r.csv")
    assert listed(rows) == THREE
    assert rows.names == ("a", "b", "c")


def test_quotes_hold_commas_lines_and_quotes():
    rows = read_csv(b'first,second,score\n"x, y","say ""hi""",1\n"two\nlines",z,0\n', "r.csv")
    assert rows.names == ("x, y", 'say "hi"', "two\nlines", "z")


names = st.text(
    st.characters(codec="utf-8", exclude_characters=',"\n\r\0', exclude_categories=["Cs", "Cc"]), max_size=30
)
fields = names.filter(lambda name: bool(name.strip()))
rows_of_csv = st.lists(st.tuples(fields, fields, st.sampled_from(["1", "0.5", "0", "1/2", "1.0"])), min_size=1)


@settings(max_examples=60, deadline=None)
@given(rows_of_csv)
def test_rows_read_at_once_are_those_read_one_by_one(table: list[tuple[str, str, str]]):
    text = "first,second,score\n" + "".join(f"{','.join(row)}\n" for row in table)
    fast, slow = _at_once(text.encode()), _one_by_one(text, "r.csv")
    if fast is not None:  # a name of more than 64 bytes is not read at once
        assert fast.names == slow.names
        assert listed(fast) == listed(slow)
    assert listed(slow) == [(*(name.strip() for name in row[:2]), *_counts(row[2])) for row in table]


def _counts(score: str) -> tuple[int, int, int]:
    return {"1": (1, 0, 0), "1.0": (1, 0, 0), "0": (0, 0, 1)}.get(score, (0, 1, 0))


def test_a_plain_file_is_read_at_once_and_counts_to_the_same():
    random = np.random.default_rng(0)
    first, second, score = random.integers(0, 40, size=(3, 20_000))
    text = "first,second,wins,draws,losses\n" + "".join(
        f"some-player-{a},some-player-{b},{c},{a + b},{c // 2}\n" for a, b, c in zip(first, second, score, strict=True)
    )
    fast, slow = _at_once(text.encode()), _one_by_one(text, "r.csv")
    assert fast is not None
    counted, again = fast.results(), slow.results()
    assert counted.names == again.names
    for one, other in ((counted.wins, again.wins), (counted.draws, again.draws), (counted.losses, again.losses)):
        np.testing.assert_array_equal(one, other)
    assert counted.notes == again.notes != ()


def test_names_that_differ_only_far_in_or_in_length_are_told_apart():
    long = "x" * 40
    several = [long, long + "a", long + "b", long[:8], long[:16], long[:7]]
    text = "first,second,score\n" + "".join(f"{one},{two},1\n" for one in several for two in several)
    rows = _at_once(text.encode())
    assert rows is not None
    assert rows.names == tuple(several)
    assert [name for row in listed(rows) for name in row[:2]] == [n for a in several for b in several for n in (a, b)]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "is empty: expected a header"),
        ("white,black,score\na,b,1\n", r"line 1: expected a header .* not 'white,black,score'; name the columns so"),
        ("first,second,score\na,b,1\na,b,2\n", r"line 3: expected a score of 1, 0.5 or 0 .* not '2'; correct it"),
        ("first,second,score\na,b,nan\n", "line 2: expected a score of 1, 0.5 or 0 .* not 'nan'"),
        ("first,second,score\na,b\n", "line 2: expected 3 columns as in the header, not 2: 'a,b'"),
        ("first,second,score\na,b,1\n\n,b,1\n", "line 4: expected the first player's name, not ''"),
        (
            "first,second,wins,draws,losses\na,b,1,-1,0\n",
            "line 2: expected a whole number of draws from 0 up, not '-1'",
        ),
        ("first,second,wins,draws,losses\na,b,1,0.5,0\n", "line 2: expected a whole number of draws .* not '0.5'"),
        ("first,second,wins,draws,losses\na,b,1,0,9999999999999999999\n", "line 2: expected a whole number of losses"),
        ('first,second,score\na,b,1\n"a,b,1\n', "line 3: expected comma-separated values"),
    ],
)
def test_a_line_of_csv_that_says_nothing_is_named(text: str, sentence: str):
    with pytest.raises(UserError, match=sentence):
        read_csv(text.encode(), "r.csv")


def test_bytes_that_are_no_text_are_named():
    with pytest.raises(UserError, match=r"r.csv, line 2: expected text in UTF-8, not byte 0xff"):
        read_csv(b"first,second,score\n\xff,b,1\n", "r.csv")


PGN = rb"""[Event "x"]
[White "a"]
[Black "b"]
[Result "1-0"]

1. e4 {a comment
[White "nobody"]
[Result "0-1"] } e5 (1... c5 2. Nf3) 2. Nf3 ; the rest of a line { [
Nc6 $1 1-0

[White "b"] [Black "c \"the\" \\ third"]
; between tags
[Result "1/2-1/2"]
1/2-1/2
[White "c"]
[Black "a"]
[Result "*"]

*

[White "c"]
[Black "a"]
[Result "0-1"]
[White "a"]
[Black "c"]
[Result "0-1"]
"""


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_pgn_with_comments_variations_and_games_without_moves(end: bytes):
    rows = read_pgn(b"\xef\xbb\xbf" + PGN.replace(b"\n", end), "g.pgn")
    third = 'c "the" \\ third'
    expected = [("a", "b", 1, 0, 0), ("b", third, 0, 1, 0), ("c", "a", 0, 0, 1), ("a", "c", 0, 0, 1)]
    assert listed(rows) == expected
    assert rows.notes == ("1 unfinished game (*) left out",)


def test_pgn_in_latin_1():
    assert read_pgn('[White "Müller"]\n[Black "b"]\n[Result "1-0"]\n'.encode("latin-1"), "g.pgn").names[0] == "Müller"


def test_an_open_comment_hides_the_rest_of_the_file():
    text = b'[White "a"]\n[Black "b"]\n[Result "1-0"]\n\n1. e4 { open\n[White "c"]\n[Black "d"]\n[Result "1-0"]\n'
    assert listed(read_pgn(text, "g.pgn")) == [("a", "b", 1, 0, 0)]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (b"", "g.pgn: expected games in PGN"),
        (b"1. e4 e5\n", "g.pgn: expected games in PGN"),
        (b'\n[White "a"]\n[Result "1-0"]\n\n1-0\n', "line 2: expected a game with the tags .* not one without Black"),
        (b'[White "a"]\n[Black "b"]\n[Result "2-0"]\n', "line 1: expected a Result of 1-0, 0-1, .* not '2-0'"),
        (b'[White "a"]\n[Black b]\n', "line 2: expected a tag such as .* not '.Black b.'"),
    ],
)
def test_a_game_of_pgn_that_says_nothing_is_named(text: bytes, sentence: str):
    with pytest.raises(UserError, match=sentence):
        read_pgn(text, "g.pgn")


def test_json_lines():
    lines = [
        {"first": "a", "second": "b", "score": 1, "moves": [1, 2]},
        {"first": "b", "second": "c", "score": 0.5},
        {"first": "c", "second": "a", "wins": 0, "draws": 0, "losses": 1},
    ]
    text = "\n\n".join(map(json.dumps, lines)).encode()
    assert listed(read_json_lines(text, "r.jsonl")) == THREE


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("{", "line 2: expected one JSON object, not what is no JSON"),
        ("[1]", r"line 2: expected an object with the keys .* not '\[1\]'"),
        ('{"first": "a", "second": "b"}', "line 2: expected an object with the keys first, second and score"),
        ('{"first": "a", "second": "b", "score": true}', "line 2: expected a score of 1, 0.5 or 0 .* not True"),
        ('{"first": "a", "second": "b", "score": NaN}', "line 2: expected a score of 1, 0.5 or 0 .* not nan"),
        ('{"first": "a", "second": "b", "score": [1]}', r"line 2: expected a score of 1, 0.5 or 0 .* not \[1\]"),
        ('{"first": 3, "second": "b", "score": 1}', "line 2: expected the first player's name, not 3"),
        ('{"first": "a", "second": "b", "wins": 1, "draws": null, "losses": 0}', "a whole number of draws .* not None"),
        ('{"first": "a", "second": "b", "wins": 1e300, "draws": 0, "losses": 0}', "a whole number of wins"),
    ],
)
def test_a_line_of_json_that_says_nothing_is_named(line: str, sentence: str):
    first = '{"first": "a", "second": "b", "score": 1}\n'
    with pytest.raises(UserError, match=sentence):
        read_json_lines((first + line).encode(), "r.jsonl")


@pytest.mark.parametrize("name", ["r.csv", "r.jsonl", "r.pgn", "plain", "plain.txt"])
def test_a_file_is_read_by_its_suffix_or_by_how_it_begins(tmp_path, name: str):
    texts = {
        "r.jsonl": b'{"first": "a", "second": "b", "score": 1}\n',
        "r.pgn": b'[White "a"]\n[Black "b"]\n[Result "1-0"]\n',
        "plain": b'\n {"first": "a", "second": "b", "score": 1}\n',
    }
    path = tmp_path / name
    path.write_bytes(texts.get(name, b"first,second,score\na,b,1\n"))
    assert listed(read_rows(path)) == [("a", "b", 1, 0, 0)]


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(UserError, match="is a folder: expected a file of results"):
        read_rows(tmp_path)
