"""Perfect play of connect four wins what is won, soonest, and holds the rules that every agent must keep."""

import numpy as np
import pytest
import torch

from agents.agent import AgentError
from agents.registry import make as make_agent
from agents.zoo.perfect import perfect
from arena.mistakes import mistakes
from arena.positions import Labelled, connect_four_positions
from games import ConnectFour, make
from games.draws import Draws
from games.game import indices
from games.native import NativeState
from games.turn import Turn


def turn(state: NativeState, seed: int) -> Turn:
    rows, seats = torch.arange(len(state)), state.acting.int().argmax(1)
    return Turn(ConnectFour(), state, rows, seats, Draws.of(seed, "test", rows), rows, torch.zeros(len(state), 2))


@pytest.fixture(scope="module")
def late() -> Labelled:
    """Every position that is not of the beginning."""
    every = connect_four_positions()
    rows = [row for row in range(len(every)) if every.stage[row] != "beginning"][::4]
    stage, difficulty = (tuple(column[row] for row in rows) for column in (every.stage, every.difficulty))
    return Labelled(stage, difficulty, every.state[torch.tensor(rows)], every.scores[rows])


def test_it_makes_no_mistake_and_is_never_slow(late):
    found = mistakes(make_agent("perfect", ConnectFour()), ConnectFour(), late)[-1]
    assert (found.positions, found.mistakes, found.slow) == (len(late), 0, 0)


def test_of_equal_moves_it_draws_or_takes_the_lowest(late):
    assert isinstance(late.state, NativeState)
    best = late.scores == late.scores.max(1, keepdims=True)
    several = best.sum(1) > 1
    assert several.sum() > 20
    lowest = perfect(ConnectFour(), deterministic=True)
    assert (lowest.act(turn(late.state, 0)).numpy() == best.argmax(1)).all()
    drawn = perfect(ConnectFour())
    one, again, other = (drawn.act(turn(late.state, seed)).numpy() for seed in (0, 0, 1))
    assert (one == again).all()
    assert (one != other).any()
    assert best[np.arange(len(late)), one].all()


def test_games_where_it_does_not_move_are_not_solved(late):
    assert isinstance(late.state, NativeState)
    agent, asked = perfect(ConnectFour(), deterministic=True), turn(late.state, 0)
    active = torch.arange(len(late)) % 3 == 0
    some = Turn(asked.game, asked.position, asked.rows, asked.seats, asked.draws, asked.memory, asked.payments, active)
    chosen = agent.act(some)
    best = (late.scores == late.scores.max(1, keepdims=True)).argmax(1)
    assert (chosen[active].numpy() == best[active.numpy()]).all()
    assert len(indices(active)) > 20
    none = Turn(*(getattr(some, name) for name in list(some.__dataclass_fields__)[:-1]), active=active & False)
    before = agent.solver.positions
    agent.act(none)
    assert agent.solver.positions == before


@pytest.mark.parametrize("name", ["tic_tac_toe", "othello", "kuhn_poker"])
def test_other_games_are_refused_and_minimax_is_named(name):
    with pytest.raises(AgentError, match="name minimax"):
        make_agent("perfect", make(name))


def test_another_kind_of_argument_is_refused():
    with pytest.raises(AgentError, match="deterministic"):
        make_agent("perfect(deterministic=3)", ConnectFour())
