"""Monte Carlo tree search keeps its books, proves only what is true, and is the same search in every batch."""

import subprocess
import sys
from functools import cache

import numpy as np
import pytest
import torch

from agents import check_agent
from agents.agent import AgentError, Evaluable, Random
from agents.rollout import play
from agents.zoo import mcts as module
from agents.zoo.lookahead import Positions, first_state
from agents.zoo.mcts import DeterministicMonteCarlo, MonteCarlo, mcts
from agents.zoo.mcts_kernels import Tree
from agents.zoo.minimax import minimax
from games import build_tree, make
from games.extensive.replay import states_at
from games.game import Game, State
from games.native import NativeState

LINES = (0o7, 0o70, 0o700, 0o111, 0o222, 0o444, 0o421, 0o124)


@cache
def exact(own: int, other: int) -> tuple[int, dict[int, int]]:
    """Return the value of tic-tac-toe for who moves, and of each of its moves."""
    values = {}
    for cell in range(9):
        mark = own | 1 << cell
        if (own | other) >> cell & 1:
            continue
        won, full = any(mark & line == line for line in LINES), mark | other == 0o777
        values[cell] = 1 if won else 0 if full else -exact(other, mark)[0]
    return max(values.values()), values


def after(game: Game, moves: list[int], count: int = 1) -> State:
    state = first_state(game)[torch.zeros(count, dtype=torch.int64)]
    for move in moves:
        state = game.step(state, torch.full(state.acting.shape, move))
    return state


def positions(game: Game, moves: list[int], count: int) -> Positions:
    """Return one position several times, under different keys."""
    state = after(game, moves, count)
    return Positions(state, state.acting.int().argmax(1), torch.arange(count))


def search(name: str, moves: list[int], count: int = 1, **arguments) -> module.Searched:
    game = make(name)
    agent = mcts(game, **arguments)
    return agent.search(positions(game, moves, count))


GAMES = ["tic_tac_toe", "connect_four", "othello(size=6)", "hex(size=4)", "open_spiel:tic_tac_toe"]


@pytest.mark.parametrize("deterministic", [False, True])
@pytest.mark.parametrize("name", GAMES)
def test_it_conforms(name, deterministic):
    game = make(name)
    few = {"simulations": 8 if name.startswith("open_spiel") else 30, "deterministic": deterministic}
    report = check_agent(game, lambda: mcts(game, **few), games=10)
    assert report.passed, str(report)


def trees(name: str, moves: list[int], count: int, simulations: int) -> Tree:
    game = make(name)
    return MonteCarlo(game, simulations, 1.4, 0)._grow(positions(game, moves, count))


@pytest.mark.parametrize("name", GAMES)
def test_visits_and_totals_are_those_of_the_simulations(name):
    simulations, count = (150, 3) if name.startswith("open_spiel") else (400, 5)
    tree, compiled = trees(name, [], count, simulations), not name.startswith("open_spiel")
    for row in range(count):
        assert tree.visits[row, 0].sum() == tree.through[row, 0] == simulations
        for node in range(1, simulations + 1):
            parent, action = tree.parent[row, node], tree.action[row, node]
            if tree.child[row, parent, action] != node:  # a simulation that ended the game made no node
                assert tree.through[row, node] == 0
                continue
            assert parent < node
            assert tree.visits[row, node].sum() == tree.through[row, node]
            # its first simulation was played on at random, unless a move that wins was there to be taken
            won = (tree.length[row, node] == 1) & (tree.total[row, node] == tree.visits[row, node])
            assert tree.visits[row, parent, action] - tree.through[row, node] == 1 - (won.any() and compiled)
        assert (tree.visits[row][tree.child[row] < 0] == 0).all()
        assert (np.abs(tree.total[row]) <= tree.visits[row]).all()


def test_what_is_proven_is_true_and_proofs_end_the_search():
    game = make("tic_tac_toe")
    tree = build_tree(game)
    _, first = np.unique(tree.infoset_row, return_index=True)
    state, seats = states_at(game, tree, tree.infoset_node[first]), torch.from_numpy(tree.infoset_seat[first]).long()
    agent = mcts(game, simulations=3000)
    assert isinstance(state, NativeState)
    found = agent.search(Positions(state, seats, torch.arange(len(seats))))
    proven = 0
    for row, (x, o, _) in enumerate(state.words.tolist()):
        best, values = exact(x, o) if seats[row] == 0 else exact(o, x)
        for action, value in values.items():
            if found.lengths[row, action] > 0:
                assert float(found.values[row, action]) == value
        if found.visits[row].sum() < 3000:
            proven += 1
            assert values[int(found.actions[row])] == best
            least = min(values.values())
            assert best == 1 or least == -1 or best == 0
    assert proven > 4000


GOLDEN = [
    ("tic_tac_toe", [0, 3, 1, 4], 2, "completes a line"),
    ("connect_four", [3, 0, 3, 0, 3, 0], 3, "completes four"),
    ("hex(size=3)", [1, 0, 4, 6], 7, "joins the sides"),
]


@pytest.mark.parametrize("simulations", [1, 2, 50])
@pytest.mark.parametrize(("name", "moves", "best", "why"), GOLDEN, ids=[why for *_, why in GOLDEN])
def test_a_win_in_one_is_played_with_any_budget(name, moves, best, why, simulations):
    found = search(name, moves, 40, simulations=simulations)
    assert found.actions.tolist() == [best] * 40
    assert found.lengths[:, best].tolist() == [1] * 40


@pytest.mark.parametrize("name", ["tic_tac_toe", "open_spiel:tic_tac_toe"])
def test_a_loss_is_delayed(name):
    # o is lost after 0, 1, 4, but only a stone on 8 takes more than one answer to beat
    found = search(name, [0, 1, 4], 5, simulations=500)
    assert found.actions.tolist() == [8] * 5
    assert found.lengths[:, 8].tolist() == [4] * 5
    assert (found.lengths[:, [2, 3, 5, 6, 7]] == 2).all()
    assert found.values[:, 8].tolist() == [-1.0] * 5


def test_the_other_is_stopped_once_every_move_has_been_tried():
    found = search("connect_four", [3, 0, 3, 0, 3], 40, simulations=8)
    assert found.actions.tolist() == [3] * 40


@pytest.mark.parametrize("name", ["connect_four", "open_spiel:tic_tac_toe"])
def test_a_search_is_its_own_whatever_is_searched_beside_it(name, monkeypatch):
    whole = search(name, [3], 9, simulations=40)
    game = make(name)
    agent, all_of_them = MonteCarlo(game, 40, 2**0.5, 0), positions(game, [3], 9)
    for row in (0, 8):
        alone = agent.search(all_of_them.rows(torch.tensor([row])))
        assert torch.equal(alone.visits[0], whole.visits[row])
    monkeypatch.setattr(module, "_MEMORY", 1)
    assert torch.equal(agent.search(all_of_them).visits, whole.visits)
    assert not torch.equal(whole.visits[0], whole.visits[1])
    other = MonteCarlo(game, 40, 2**0.5, 1).search(all_of_them)
    assert not torch.equal(other.visits, whole.visits)


def test_dense_and_sparse_play_are_the_same_games():
    game, games = make("tic_tac_toe"), torch.arange(30)
    seating = torch.tensor([[0, 1], [1, 0]]).repeat(15, 1)
    for agent in (mcts(game, simulations=20), mcts(game, simulations=20, deterministic=True)):
        sparse, dense = (
            play(game, [agent, Random()], seating=seating, games=games, seed=2, dense=dense) for dense in (False, True)
        )
        assert torch.equal(sparse.returns, dense.returns)
        assert torch.equal(sparse.moves, dense.moves)


def test_a_deterministic_search_is_evaluated_exactly_and_plays_what_was_evaluated():
    game = make("tic_tac_toe")
    tree = build_tree(game)
    weak, strong = (mcts(game, simulations=simulations, deterministic=True) for simulations in (30, 2000))
    assert isinstance(weak, DeterministicMonteCarlo)
    assert isinstance(strong, Evaluable)
    assert not isinstance(mcts(game), Evaluable)
    assert tree.exploitability(tree.plan(strong.behaviour(tree))) == 0.0
    behaviour = weak.behaviour(tree)
    assert tree.exploitability(tree.plan(behaviour)) > 0.0
    assert set(behaviour) == {0.0, 1.0}
    exact_return = float(tree.returns(tree.seated([tree.plan(behaviour), tree.plan(tree.uniform())]))[0])
    games = 2000
    seating = torch.tensor([[0, 1]]).expand(games, 2)
    played = play(game, [weak, Random()], seating=seating, games=torch.arange(games), seed=3).returns[:, 0]
    assert abs(float(played.mean()) - exact_return) < 4 * float(played.std()) / games**0.5


def scores(name: str, ours, theirs, games: int) -> torch.Tensor:
    """Return what `ours` won in each of many games, half of them in each seat."""
    game = make(name)
    seating = torch.tensor([[0, 1], [1, 0]]).repeat(games // 2, 1)
    returns = play(game, [ours(game), theirs(game)], seating=seating, games=torch.arange(games), seed=11).returns
    return torch.where(seating == 0, returns, 0.0).sum(1)


def test_with_enough_simulations_it_does_not_lose_to_perfect_play():
    few, many = (
        scores("tic_tac_toe", lambda game, n=simulations: mcts(game, simulations=n), minimax, 400)
        for simulations in (50, 1000)
    )
    assert max(few.max(), many.max()) <= 0.0  # nobody beats perfect play
    # 1000 simulations lose less than one game in fifty at 99 % confidence: at most 2 of 400
    assert int((many < 0).sum()) <= 2
    error = (few.var() / len(few) + many.var() / len(many)) ** 0.5
    assert float(many.mean() - few.mean()) > 4 * float(error)


def test_more_simulations_are_stronger():
    won = scores("connect_four", lambda g: mcts(g, simulations=200), lambda g: mcts(g, simulations=40), 200)
    assert float(won.mean()) > 4 * float(won.std()) / len(won) ** 0.5
    won = scores("hex(size=5)", lambda g: mcts(g, simulations=50), lambda g: Random(), 60)
    assert float(won.mean()) > 0.5


def test_stepping_the_game_finds_what_compiled_rules_find():
    ours = search("tic_tac_toe", [], 200, simulations=60)
    theirs = search("open_spiel:tic_tac_toe", [], 200, simulations=60)
    for action in range(9):
        one, other = ours.visits[:, action].double(), theirs.visits[:, action].double()
        error = (one.var() / len(one) + other.var() / len(other)) ** 0.5
        assert abs(float(one.mean() - other.mean())) < 5 * float(error) + 0.5


NAMES_OF_COMPILED = """
from agents.zoo.mcts_kernels import native_search
from agents.zoo.minimax_kernels import alpha_beta, estimate_of
from games import make

game = make("othello")
compiled = native_search(game.rules), alpha_beta(game.rules, estimate_of(game))
names = " ".join(function.py_func.__qualname__ for function in compiled)
"""


def test_compiled_searches_are_found_again_by_the_next_process():
    own: dict[str, str] = {}
    exec(NAMES_OF_COMPILED, own)
    told = subprocess.run([sys.executable, "-c", NAMES_OF_COMPILED + "print(names)"], capture_output=True, check=True)
    assert told.stdout.decode().strip() == own["names"]


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("kuhn_poker", "hides information"),
        ("goofspiel(cards=4)", "chance"),
        ("goofspiel(cards=4, points_order='ascending')", "simultaneous"),
        ("iterated_prisoners_dilemma(rounds=3)", "not zero-sum"),
        ("open_spiel:tic_tac_toe", None),
    ],
)
def test_other_games_are_refused_in_one_sentence(name, why):
    if why is None:
        mcts(make(name))
        return
    with pytest.raises(AgentError, match=why):
        mcts(make(name))


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ({"simulations": 0}, "simulations to be a whole number from 1"),
        ({"simulations": 1.5}, "simulations to be a whole number"),
        ({"c": -1.0}, "c to be a number"),
        ({"c": float("nan")}, "c to be a number"),
        ({"c": "big"}, "c to be a number"),
        ({"deterministic": 1}, "deterministic to be True or False"),
        ({"seed": "x"}, "seed to be a whole number"),
    ],
)
def test_bad_arguments_are_refused_in_one_sentence(arguments, why):
    with pytest.raises(AgentError, match=why):
        mcts(make("tic_tac_toe"), **arguments)
