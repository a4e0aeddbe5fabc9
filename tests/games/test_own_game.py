"""The game that the documentation writes: it conforms, a league runs on it, and what is wrong with it would be told."""

import re
from pathlib import Path

import numpy as np
import pytest

from games import build_tree, check_game, make
from league import Config, run_league

DOCUMENT = Path(__file__).parents[2] / "docs" / "own_game.md"
SOURCE = DOCUMENT.read_text().partition("```python\n")[2].partition("```")[0]

FAULTS = {
    "zero-sum": (
        "return where(winner == 0, 1, -1), where(winner == 1, 1, -1)",
        "return where(winner == 0, 1, -1), where(winner == 1, 1, 0)",
        r"the returns of game \d+ are \[1.0, 0.0\], which is not zero-sum",
    ),
    "utility bounds": ("utility=(-1, 1)", "utility=(0, 1)", "a return lies outside spec.utility, which is from 0 to 1"),
    "length": ("max_moves=6", "max_moves=4", r"after spec.max_moves = 4 steps but game \d+ goes on"),
    "legal actions": (
        "| bit(words[2]) - 1 << 2 * MOST",
        "",
        r"seat [01] acts in game \d+ at move \d+ but has no legal action",
    ),
    "legal actions are known": (
        "bit(words[0]), bit(words[1]), bit(words[2])  #",
        "bit(words[0]), bit(words[1]), bit(words[1])  #",
        "seat [01] has other legal actions behind one observation",
    ),
    "purity": (
        "        return str(state.words[row].tolist())",
        "        return str(state.words[row].add_(1).tolist())",
        r"information_state changes words of the state it is given at move 0",
    ),
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "nim.py").write_text(SOURCE)
    return tmp_path


def test_the_documented_game_is_short_and_conforms(folder):
    assert len(SOURCE.splitlines()) < 60
    report = check_game(make("nim.py:Nim"))
    assert report.passed, report


def test_its_value_is_that_of_nim(folder):
    """One, two and three sticks have nim-sum zero: whoever moves first loses (Bouton, 1901)."""
    tree = build_tree(make("nim.py:Nim"))
    value = np.zeros(tree.nodes)
    value[tree.leaf_node] = tree.leaf_returns[0]
    for node in reversed(range(tree.nodes)):
        after = value[tree.node_children[node] : tree.node_children[node + 1]]
        if len(after):
            value[node] = after.max() if tree.node_seat[node] == 0 else after.min()
    assert value[0] == -1.0


def test_a_league_runs_on_it(folder):
    result = run_league(Config(game="nim.py:Nim", oracle="exact", iterations=6), str(folder / "run"), quiet=True)
    assert result["iterations"] == 6
    assert result["game"] == "nim.py:Nim"


@pytest.mark.parametrize("check", FAULTS)
def test_a_planted_fault_is_named(check, folder):
    before, after, sentence = FAULTS[check]
    assert SOURCE.count(before) == 1
    (folder / "nim.py").write_text(SOURCE.replace(before, after))
    details = {failure.name: failure.detail for failure in check_game(make("nim.py:Nim")).failures}
    assert check in details
    assert re.search(sentence, details[check]), details
