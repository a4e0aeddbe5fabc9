import sys
from typing import Any

import pytest

from games import Game, GameError, known, make

USER_GAME = """
from dataclasses import replace
from games import TicTacToe
class Mine(TicTacToe):
    def __init__(self, size, *, colour="red", device="cpu"):
        super().__init__(device=device)
        self.size = size
        self.spec = replace(self.spec, name="whatever")
class NoDevice(TicTacToe):
    def __init__(self):
        super().__init__()
class Raises(TicTacToe):
    def __init__(self):
        raise ValueError("no" * 500)
class Bare: ...
class Unspoken(TicTacToe):
    def __init__(self):
        self.spec = None
def factory(): return 5
number = 5
"""


@pytest.fixture
def file(tmp_path, monkeypatch):
    (tmp_path / "mine.py").write_text(USER_GAME)
    monkeypatch.chdir(tmp_path)
    return "mine.py"


@pytest.mark.parametrize("name", [entry.example for entry in known().values()])
def test_a_known_game_is_made_and_its_name_makes_it_again(name):
    game = make(name)
    assert isinstance(game, Game)
    assert make(game.spec.name).spec == game.spec


def test_a_users_game_is_made_and_its_name_makes_it_again(file):
    game = make("mine.py:Mine(size=3, colour='blue')")
    assert game.spec.name == "mine.py:Mine(colour='blue', size=3)"
    assert make(game.spec.name).spec == game.spec
    assert "mine" not in sys.modules


def _refused(name: str, sentence: str, **arguments: Any) -> None:
    with pytest.raises(GameError, match=sentence) as error:
        make(name, **arguments)
    assert len(str(error.value)) < 300
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("kuhn_pokr", "no game called 'kuhn_pokr'; did you mean 'kuhn_poker'"),
        ("zzz", "no game called 'zzz'; `redqueen games` lists ours"),
        ("z" * 999, r"no game called 'zzz.*\.\.\."),
        ("kuhn_poker(", "expected a name such as"),
        ("kuhn_poker(1)", "expected arguments"),
        ("kuhn_poker(players=2)", "kuhn_poker takes no arguments but got 'players'; leave it out"),
        ("kuhn_poker(device='cpu')", "takes no arguments but got 'device'"),
        ("matrix", r"matrix takes payoffs but 'payoffs' is missing; write matrix\(payoffs=...\)"),
        ("matrix(payof=[[1]])", "matrix takes payoffs but got 'payof'; did you mean 'payoffs'"),
        (f"matrix({'x' * 500}=1)", "matrix takes payoffs but got 'xxx"),
        ("matrix(payoffs=[[1, 2], [3]])", "payoffs must be an array of numbers"),
        ("openspiel:chess", "but got 'openspiel'; did you mean 'open_spiel'"),
        ("runs/kuhn@7", "expected a game but 'runs/kuhn@7' names an agent"),
        ("cmd:./mybot", "expected a game but 'cmd:./mybot' names an agent"),
        ("nothing.py:Mine", "expected a Python file at 'nothing.py'"),
        ("mine.py", "expected the game's class after 'mine.py'; write it as file.py:MyGame"),
        ("mine.py:Main", "expected 'Main' in 'mine.py' but .* did you mean 'Mine'"),
        ("mine.py:Bare", "expected Bare in 'mine.py' to be a subclass of games.Game"),
        ("mine.py:number", "expected number in 'mine.py' to be a subclass of games.Game"),
        ("mine.py:factory", "expected factory of 'mine.py' to make a games.Game"),
        ("mine.py:Unspoken", "with a GameSpec in .spec"),
        ("mine.py:Raises", "making Raises of 'mine.py' raised ValueError: nono"),
        ("mine.py:Mine", "Mine takes size, colour but 'size' is missing"),
        ("mine.py:Mine(size=1, color='x')", "but got 'color'; did you mean 'colour'"),
    ],
)
def test_what_cannot_be_made_is_refused_in_one_sentence(name, sentence, file):
    _refused(name, sentence)


def test_a_device_that_cannot_be_had_is_refused(file):
    _refused("kuhn_poker", "expected a device such as cpu or cuda but got 'gpu'", device="gpu")
    _refused("mine.py:NoDevice", "its constructor takes no device", device="meta")


def test_without_open_spiel_the_command_that_installs_it_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyspiel", None)
    _refused("open_spiel:chess", "needs OpenSpiel, which is not installed.*pip install open_spiel")


def test_arguments_go_to_open_spiel():
    pytest.importorskip("pyspiel")
    game = make("open_spiel:leduc_poker(players=3)")
    assert game.spec.players == 3
    assert make(game.spec.name).spec == game.spec
    assert game.spec.name.startswith("open_spiel:leduc_poker(")
