"""Minimax is exact where it says so, looks as far as it says, and agrees with plain search without pruning."""

import numpy as np
import pytest
import torch

from agents import check_agent
from agents.agent import Agent, AgentError, Random
from agents.rollout import play
from agents.zoo.greedy import _ways
from agents.zoo.lookahead import Positions, first_state
from agents.zoo.minimax import LIMIT, AlphaBeta, minimax
from agents.zoo.minimax_kernels import estimate_of
from games import build_tree, make
from games.game import Game, State
from games.native import NativeGame, NativeState


@pytest.fixture(scope="module")
def tree():
    return build_tree(make("tic_tac_toe"))


def after(game: Game, moves: list[int]) -> State:
    """Return the position after `moves` of one game."""
    state = first_state(game)
    for move in moves:
        state = game.step(state, torch.full(state.acting.shape, move))
    return state


def weights(agent, game, moves) -> list[int]:
    """Return the actions that an agent may choose after `moves`."""
    state = after(game, moves)
    seats, row = state.acting.int().argmax(1), torch.arange(1)
    if isinstance(agent, AlphaBeta):
        best = agent.best(Positions(state, seats, seats))[0]
    else:
        best = agent.probabilities(game.observe(state, row, seats), game.legal(state, row, seats), seats)[0] > 0
    return np.flatnonzero(np.asarray(best)).tolist()


def test_tic_tac_toe_is_solved(tree):
    agent = minimax(make("tic_tac_toe"))
    plan = tree.plan(agent.behaviour(tree))
    assert tree.exploitability(plan) == 0.0
    assert tree.returns(plan).tolist() == [0.0, 0.0]


def test_alpha_beta_to_the_end_finds_the_same_best_moves_as_the_solution(tree):
    game = make("tic_tac_toe")
    np.testing.assert_allclose(
        minimax(game, depth=9).behaviour(tree), minimax(game).behaviour(tree), rtol=0, atol=1e-12
    )
    game = make("hex(size=3)")
    tree = build_tree(game)
    solved = minimax(game).behaviour(tree)
    np.testing.assert_allclose(minimax(game, depth=9).behaviour(tree), solved, rtol=0, atol=1e-12)
    assert tree.returns(tree.plan(solved)) == pytest.approx([1.0, -1.0], rel=0, abs=1e-12)


GOLDEN = [
    ("tic_tac_toe", [0, 3, 1, 4], [2], "wins at once, though stopping the other would win later"),
    ("tic_tac_toe", [0, 4, 1], [2], "stops a line"),
    ("tic_tac_toe", [0], [4], "the only answer to a corner"),
    ("tic_tac_toe", [0, 4, 8], [1, 3, 5, 7], "the only answers to two corners"),
    ("tic_tac_toe", [0, 1, 4], [8], "a lost position lasts longest if the line is stopped"),
    ("connect_four", [3, 0, 3, 0, 3], [3], "stops four"),
    ("connect_four", [3, 0, 3, 0, 3, 0], [3], "completes four, though the other could too"),
    ("connect_four", [3, 0, 2, 0], [4], "makes three with both ends open"),
]


@pytest.mark.parametrize(("name", "moves", "best", "why"), GOLDEN, ids=[why for *_, why in GOLDEN])
@pytest.mark.parametrize("depth", [None, 8])
def test_it_finds_what_a_person_finds(name, moves, best, why, depth):
    game = make(name)
    chosen = weights(minimax(game, depth=depth), game, moves)
    assert chosen
    assert set(chosen) <= set(best)


def without_pruning(game: NativeGame, state: State, depth: int) -> tuple[float, set[int]]:
    """Return the value for seat 0 and all best actions: results weigh more than estimates, soon ones most."""
    assert isinstance(state, NativeState)
    if state.terminated[0]:
        result = float(state.rewards[0, 0])
        return result * 1e6 + np.sign(result) * depth, set()
    if depth == 0:
        return float(estimate_of(game)(state.words[0].tolist(), *game.parameters)), set()
    seat = int(state.acting[0].int().argmax())
    values = {}
    for action in game.legal(state, torch.arange(1), torch.tensor([seat]))[0].nonzero()[:, 0].tolist():
        values[action] = without_pruning(game, game.step(state, torch.full((1, 2), action)), depth - 1)[0]
    best = (max if seat == 0 else min)(values.values())
    return best, {action for action, value in values.items() if value == best}


def random_positions(game: Game, moves: int, count: int) -> State:
    """Return positions `moves` moves into random games, those that are over left out."""
    state, rows = first_state(game)[torch.zeros(count, dtype=torch.int64)], torch.arange(count)
    generator = torch.Generator().manual_seed(moves)
    for _ in range(moves):
        legal = game.legal(state, rows, state.acting.int().argmax(1))
        chosen = (torch.rand(legal.shape, generator=generator) * legal).argmax(1)
        state = game.step(state, chosen[:, None].expand(-1, 2).contiguous())
    return state[~state.done]


@pytest.mark.parametrize(
    ("name", "moves", "depth"),
    [
        ("connect_four", 0, 2),
        ("connect_four", 8, 3),
        ("connect_four", 22, 3),
        ("tic_tac_toe", 1, 3),
        ("othello(size=6)", 7, 3),
        ("othello(size=6)", 27, 4),
        ("hex(size=4)", 5, 3),
        ("hex(size=8)", 3, 1),
    ],
)
def test_pruning_changes_nothing(name, moves, depth):
    game = make(name)
    assert isinstance(game, NativeGame)
    state = random_positions(game, moves, 6)
    seats = state.acting.int().argmax(1)
    found = AlphaBeta(game, depth).best(Positions(state, seats, seats))
    assert len(found) > 0
    for row, best in enumerate(found):
        assert set(np.flatnonzero(best)) == without_pruning(game, state[row : row + 1], depth)[1]


@pytest.mark.parametrize("at_once", [1, 13, 200])
def test_pauses_change_nothing(monkeypatch, at_once):
    game = make("othello(size=6)")
    assert isinstance(game, NativeGame)
    state = random_positions(game, 9, 5)
    seats = state.acting.int().argmax(1)
    agent, positions = AlphaBeta(game, 3), Positions(state, seats, seats)
    straight, polls = agent.best(positions), []
    monkeypatch.setattr("agents.zoo.minimax._AT_ONCE", at_once)
    monkeypatch.setattr("agents.zoo.minimax.poll", lambda: polls.append(True))
    assert (agent.best(positions) == straight).all()
    assert len(polls) > 2


@pytest.mark.parametrize("name", ["tic_tac_toe", "connect_four", "othello(size=6)", "hex(size=5)"])
def test_what_a_position_is_worth_changes_sign_with_the_colours(name):
    game = make(name)
    state = random_positions(game, 6, 20)
    assert isinstance(game, NativeGame)
    assert isinstance(state, NativeState)
    estimate, worth = estimate_of(game), []
    for words in state.words.tolist():
        swapped = [words[1], words[0], *words[2:]]
        if name.startswith("hex"):
            swapped = _transposed(words[2], 5), 0, _transposed(words[0], 5), 0, _transposed(words[6], 5), 0, 0, 0
            swapped = [*swapped[:6], _transposed(words[4], 5), 0]
        worth.append(int(estimate(words, *game.parameters)))
        assert int(estimate(swapped, *game.parameters)) == -worth[-1]
    assert len(set(worth)) > 1


def _transposed(board: int, size: int) -> int:
    return sum(1 << cell % size * size + cell // size for cell in range(size * size) if board >> cell & 1)


@pytest.mark.parametrize("size", [3, 5, 8, 11])
def test_missing_stones_in_hex_are_those_of_the_shortest_way(size):
    game = make(f"hex(size={size})")
    assert isinstance(game, NativeGame)
    for moves in (2, size, 3 * size):
        state = random_positions(game, min(moves, size * size - 2), 20)
        assert isinstance(state, NativeState)
        rows = torch.arange(len(state))
        x, o, _ = game.observe(state, rows, torch.zeros_like(rows)).double().unbind(1)
        expected = _ways(o.mT, x.mT).amin((1, 2)) - _ways(x, o).amin((1, 2))
        estimate = estimate_of(game)
        found = [int(estimate(words, *game.parameters)) for words in state.words.tolist()]
        assert found == expected.tolist()


@pytest.mark.parametrize("name", ["tic_tac_toe", "connect_four", "othello(size=6)", "hex(size=4)"])
@pytest.mark.parametrize("depth", [None, 2])
def test_it_conforms(name, depth):
    game = make(name)
    report = check_agent(game, lambda: minimax(game, depth=depth), games=20)
    assert report.passed, str(report)


def test_what_it_would_do_is_what_it_does(tree):
    game = make("tic_tac_toe")
    agent = minimax(game, depth=1)
    plan = tree.seated([tree.plan(agent.behaviour(tree)), tree.plan(tree.uniform())])
    exact = float(tree.returns(plan)[0])
    games = 4000
    seating = torch.tensor([[0, 1]]).expand(games, 2)
    played = play(game, [agent, Random()], seating=seating, games=torch.arange(games), seed=5).returns[:, 0]
    assert abs(float(played.mean()) - exact) < 4 * float(played.std()) / games**0.5
    assert 0 < exact < 1


class Opening(Random):
    """Plays the first four moves of a game at random and leaves the others to an agent."""

    def __init__(self, agent: Agent) -> None:
        self.agent = agent

    def act(self, turn):
        actions, later = super().act(turn), (turn.observation.flatten(1).sum(1) >= 4).nonzero()[:, 0]
        if len(later):
            actions[later] = self.agent.act(turn.select(later, turn.memory[later]))
        return actions


def test_deeper_is_stronger_in_connect_four():
    game, openings = make("connect_four"), 60
    games, seating = torch.arange(openings).repeat_interleave(2), torch.tensor([[0, 1], [1, 0]]).repeat(openings, 1)
    agents = [Opening(minimax(game, depth=depth)) for depth in (5, 1)]
    returns = play(game, agents, seating=seating, games=games, seed=0).returns
    pairs = torch.where(seating == 0, returns, 0.0).sum(1).view(-1, 2).mean(1)
    assert float(pairs.mean()) > 4 * float(pairs.std()) / openings**0.5


def test_every_pair_is_asked_at_once_and_only_those_that_move_are_searched():
    game, games = make("connect_four"), torch.arange(12)
    seating = torch.tensor([[0, 1], [1, 0]]).repeat(6, 1)
    sparse, dense = (
        play(game, [minimax(game), Random()], seating=seating, games=games, seed=2, dense=dense)
        for dense in (False, True)
    )
    assert torch.equal(sparse.returns, dense.returns)
    assert torch.equal(sparse.moves, dense.moves)


def test_a_small_game_of_another_library_is_solved():
    game = make("open_spiel:tic_tac_toe")
    ours, theirs = build_tree(make("tic_tac_toe")), build_tree(game)
    assert theirs.exploitability(theirs.plan(minimax(game).behaviour(theirs))) == 0.0
    assert ours.nodes == theirs.nodes


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("kuhn_poker", "hides information"),
        ("phantom_tic_tac_toe", "hides information"),
        ("rock_paper_scissors", "simultaneous|hides"),
        ("goofspiel(cards=4, points_order='ascending')", "simultaneous"),
        ("goofspiel(cards=4)", "chance"),
        ("iterated_prisoners_dilemma(rounds=3)", "not zero-sum"),
        ("open_spiel:connect_four", f"at most {LIMIT:,} positions"),
    ],
)
def test_other_games_are_refused_in_one_sentence(name, why):
    with pytest.raises(AgentError, match=why) as refused:
        minimax(make(name))
    assert "name " in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("depth", [0, -1, 2.5, True, "four", 10**9])
def test_a_depth_is_a_whole_number_of_moves(depth):
    with pytest.raises(AgentError, match="depth to be a whole number from 1 to 64"):
        minimax(make("connect_four"), depth=depth)
