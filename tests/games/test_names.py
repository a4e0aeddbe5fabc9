import pytest

from games import UserError
from games.names import Name, load_from_file, load_module, parse, shorten


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("random", Name("random")),
        ("mcts(simulations=200)", Name("mcts", arguments={"simulations": 200})),
        (" mcts ( simulations = 200 ) ", Name("mcts", arguments={"simulations": 200})),
        ("a(x=-1.5, y='b)c', z=[[2]], t=True)", Name("a", arguments={"x": -1.5, "y": "b)c", "z": [[2]], "t": True})),
        ("open_spiel:leduc_poker(players=2)", Name("leduc_poker", "open_spiel", {"players": 2}, "library")),
        ("pettingzoo:classic/connect_four-v3", Name("classic/connect_four-v3", "pettingzoo", {}, "library")),
        ("mybot.py", Name("", "mybot.py", {}, "file")),
        ("bots/my (old).py/x.py:MyAgent(depth=3)", Name("MyAgent", "bots/my (old).py/x.py", {"depth": 3}, "file")),
        ("cmd:./mybot --fast 'a b' x@y (z)", Name("./mybot --fast 'a b' x@y (z)", "cmd", {}, "command")),
        ("runs/kuhn@7", Name("7", "runs/kuhn", {}, "run")),
        ("me@home/my:run (2)@nash", Name("nash", "me@home/my:run (2)", {}, "run")),
    ],
)
def test_a_name_is_read_and_written_back(text, name):
    assert parse(text) == name
    assert parse(str(name)) == name


def test_arguments_are_written_in_alphabetical_order():
    assert str(parse("colonel_blotto(fields=3,coins=10)")) == "colonel_blotto(coins=10, fields=3)"
    assert str(parse("kuhn_poker()")) == "kuhn_poker"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  ",
        "a b",
        "(x=1)",
        "a(",
        "a)",
        "a(x=1",
        "a(1)",
        "a(x=1)(y=2)",
        "a(x=1) + 1",
        "a(x=1, x=2)",
        "a(**{'x': 1})",
        "a(x=b)",
        "a(x=__import__('os').getcwd())",
        "a(x=1\0)",
        "a(x=" + "(" * 5000 + ")",
        ":a",
        "a:",
        "@7",
        "runs/a@",
        "a.py:",
        "a.py:b c",
        "a.py:B(",
        "x" * 999 + "(",
    ],
)
def test_what_is_no_name_is_refused_in_one_sentence(text):
    with pytest.raises(UserError, match="expected") as error:
        parse(text)
    assert len(str(error.value)) < 300
    assert "\n" not in str(error.value)


def test_a_file_is_loaded_under_a_private_name_and_anew_when_edited(tmp_path):
    file = tmp_path / "agents.py"
    file.write_text("from dataclasses import dataclass\n@dataclass\nclass Bot:\n    x: int = 1\n")
    bot = load_from_file(str(file), "Bot")
    assert bot().x == 1
    assert bot.__module__.startswith("_redqueen_file_")
    assert load_from_file(str(file), "Bot") is bot
    file.write_text(file.read_text().replace("1", "2"))
    assert load_from_file(str(file), "Bot")().x == 2
    assert not list(tmp_path.glob("__pycache__"))


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        (None, "expected a Python file at .* reading it failed"),
        ("def (", "importing .* raised SyntaxError"),
        ("raise SystemExit(3)", "importing .* raised SystemExit: 3"),
        ("raise ValueError('long\\n' * 999)", "importing .* raised ValueError: long long"),
        ("import no_such_module_anywhere", "importing .* raised ModuleNotFoundError: No module named"),
        ("class MyBot: ...", "expected 'MyBt' in .* but the file defines MyBot; did you mean 'MyBot'"),
        ("", "expected 'MyBt' in .* but the file defines nothing"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_in_one_sentence(source, sentence, tmp_path):
    file = tmp_path / "bot.py"
    if source is not None:
        file.write_text(source)
    for _ in range(2):
        with pytest.raises(UserError, match=sentence) as error:
            load_from_file(str(file), "MyBt")
        assert len(str(error.value)) < 300
        assert "\n" not in str(error.value)


def test_a_folder_is_no_file(tmp_path):
    (tmp_path / "x.py").mkdir()
    with pytest.raises(UserError, match="expected a Python file at"):
        load_module(str(tmp_path / "x.py"))


def test_long_text_loses_its_middle():
    assert shorten("abc") == "abc"
    assert shorten("a" * 50 + "b" * 50, limit=21) == "aaaaaaaaa...bbbbbbbbb"
