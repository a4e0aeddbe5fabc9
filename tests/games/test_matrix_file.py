import io
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from games import GameError, MatrixGame, make

DILEMMA = np.array([[[3.0, 3], [0, 5]], [[5, 0], [1, 1]]])


def stored(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array, allow_pickle=True)
    return file.getvalue()


def game_of(path: object) -> MatrixGame:
    game = make(f"matrix_file(path={str(path)!r})")
    assert isinstance(game, MatrixGame)
    return game


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("a.csv", b"1,2.5,-3\n0, 1e-3 ,4\n"),
        ("a.csv", b"\xef\xbb\xbf1,2.5,-3\r\n\r\n0,0.001,4"),
        ("a.CSV", b'"1","2.5",-3\n0,0.001,4\n'),
        ("a.json", b"[[1, 2.5, -3], [0, 0.001, 4]]"),
        ("a.npy", stored(np.array([[1, 2.5, -3], [0, 0.001, 4]]))),
        ("a.npy", stored(np.asfortranarray([[1, 2.5, -3], [0, 0.001, 4]]))),
    ],
)
def test_a_matrix_is_what_the_row_seat_of_a_zero_sum_game_is_paid(tmp_path, file, content):
    (tmp_path / file).write_bytes(content)
    game = game_of(tmp_path / file)
    assert game.payoffs[..., 0].tolist() == [[1, 2.5, -3], [0, 0.001, 4]]
    assert game.spec.zero_sum


def test_json_and_npy_hold_games_of_any_number_of_seats_bit_for_bit(tmp_path):
    payoffs = np.random.default_rng(0).normal(size=(2, 3, 2, 3))
    (tmp_path / "three.npy").write_bytes(stored(payoffs))
    (tmp_path / "three.json").write_text(json.dumps(payoffs.tolist()))
    (tmp_path / "whole.npy").write_bytes(stored(DILEMMA.astype(np.int8)))
    assert np.array_equal(game_of(tmp_path / "three.npy").payoffs, payoffs)
    assert np.array_equal(game_of(tmp_path / "three.json").payoffs, payoffs)
    assert np.array_equal(game_of(tmp_path / "whole.npy").payoffs, DILEMMA)


def test_its_name_makes_the_same_game_or_none(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "it's.csv").write_text("1,2\n")
    game = game_of("it's.csv")
    assert make(game.spec.name).spec == game.spec
    (tmp_path / "it's.csv").write_text("1,3\n")
    with pytest.raises(
        GameError, match=r"to have the digest '.*' but it has '.*': the file has changed; bring the old"
    ):
        make(game.spec.name)
    assert game_of("it's.csv").spec.name != game.spec.name


def test_a_file_here_comes_before_one_of_the_package(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert game_of("shapleys_game.json").spec.actions == 3
    (tmp_path / "shapleys_game.json").write_text("[[1, 2]]")
    assert game_of("shapleys_game.json").spec.actions == 2


def refuse(name: str, sentence: str) -> None:
    with pytest.raises(GameError, match=sentence) as error:
        make(name)
    assert len(str(error.value)) < 400
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("file", "content", "sentence"),
    [
        ("a.csv", b"", "expected numbers between commas in .* but it is empty"),
        ("a.csv", b"\n\n", "but it is empty"),
        ("a.csv", b"a,b\n1,2\n", "but line 1 has 'a' in column 1; leave headings and names out"),
        ("a.csv", b"1,2\n3,\n", "but line 2 has '' in column 2"),
        ("a.csv", b"1;2\n", "but line 1 has '1;2' in column 1"),
        ("a.csv", b"1,2\n\n3\n", "expected line 3 of .* to hold 2 numbers like those before but it holds 1"),
        ("a.csv", b"1,nan\n", "holds no game: payoffs must be finite numbers"),
        ("a.csv", b"1,1e999\n", "payoffs must be finite numbers"),
        ("a.csv", b"1,\xff\n", "expected text in .* but byte 2 is not UTF-8"),
        ("a.csv", b'1,"2\n3', "but line 2 has .* in column 2"),
        ("a.json", b"", r"but line 1 is not JSON \(Expecting value\)"),
        ("a.json", b"[[1, 2],\n[3, 4]", "but line 2 is not JSON"),
        ("a.json", b"[[1, 2], [3]]", "those of one depth equally long, but they are not"),
        ("a.json", b'[["1", "2"]]', "its entries are of type <U1"),
        ("a.json", b"[[true, false]]", "its entries are of type bool"),
        ("a.json", b"[[null, 1]]", "its entries are of type object"),
        ("a.json", b'{"payoffs": [[1]]}', "its entries are of type object"),
        ("a.json", b"5", r"holds no game: payoffs must have shape .* but got shape \[\]"),
        ("a.json", b"[[]]", "holds no game: payoffs must have shape"),
        ("a.json", b"[[1, NaN]]", "payoffs must be finite"),
        ("a.json", b"[[[1, 2, 3]]]", r"but got shape \[1, 1, 3\]"),
        ("a.json", b"[" * 100_000, "expected lists of numbers"),
        ("a.json", b"[[1" + b"0" * 5000 + b"]]", "expected lists of numbers"),
        ("a.npy", b"", "it is not one that numpy.save wrote"),
        ("a.npy", b"\x93NUMPY", "it is not one that numpy.save wrote"),
        ("a.npy", stored(DILEMMA)[:-1], "it is not one that numpy.save wrote"),
        ("a.npy", stored(np.array([[1, None]])), "it is not one that numpy.save wrote"),
        ("a.npy", stored(np.array([[1j]])), "its entries are of type complex128"),
        ("a.npy", stored(np.array([["a"]])), "its entries are of type <U1"),
        ("a.npy", stored(np.array(1.0)), "payoffs must have shape"),
        ("a.npy", stored(np.array([[np.inf]])), "payoffs must be finite"),
        ("a.txt", b"1,2", "expected a file that ends in .csv, .npy, .json but got"),
        ("a", b"1,2", "expected a file that ends in .csv, .npy, .json but got"),
    ],
)
def test_what_holds_no_game_is_refused_in_one_sentence(tmp_path, monkeypatch, file, content, sentence):
    monkeypatch.chdir(tmp_path)
    (tmp_path / file).write_bytes(content)
    refuse(f"matrix_file(path={file!r})", sentence)


def test_a_path_that_cannot_be_read_is_refused(tmp_path):
    (tmp_path / "folder.csv").mkdir()
    refuse(f"matrix_file(path={str(tmp_path / 'folder.csv')!r})", "reading it failed")
    refuse(
        "matrix_file(path='nowhere.csv')", r"a file of payoffs at 'nowhere.csv' but reading it failed \(No such file"
    )
    refuse("matrix_file(path='~nobody_here/a.csv')", "reading it failed")
    refuse("matrix_file(path='a\\0.csv')", "reading it failed")
    refuse("matrix_file(path=5)", "expected path to be text but got 5; write path='payoffs.csv'")
    refuse("matrix_file(path='')", "expected a file that ends in")


@given(suffix=st.sampled_from(["csv", "json", "npy"]), head=st.booleans(), noise=st.binary(max_size=60))
def test_no_content_does_worse_than_a_sentence(tmp_path_factory, suffix, head, noise):
    content = stored(DILEMMA)[: 20 + len(noise)] + noise if head and suffix == "npy" else noise
    file = tmp_path_factory.getbasetemp() / f"noise.{suffix}"
    file.write_bytes(content)
    sentence = ""
    try:
        game_of(file)
    except GameError as error:
        sentence = str(error)
    assert len(sentence) < 400
    assert "\n" not in sentence
