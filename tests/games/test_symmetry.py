"""A turned game is the same game: moves, legal actions, observations and returns correspond."""

import pytest
import torch

from games import make
from games.draws import Draws

GAMES = {"tic_tac_toe": 8, "connect_four": 2, "othello(size=6)": 4, "othello": 4, "hex(size=4)": 2, "kuhn_poker": 1}


@pytest.mark.parametrize("name", GAMES)
def test_a_turned_game_is_the_same_game(name):
    game, count = make(name), 40
    symmetries = game.symmetries
    assert len(symmetries) == GAMES[name]
    assert symmetries.observation[0].equal(torch.arange(symmetries.observation.shape[1]))
    assert symmetries.action[0].equal(torch.arange(game.spec.actions))
    if len(symmetries) == 1:
        return
    generator = torch.Generator().manual_seed(1)
    games = torch.arange(count)
    which = games % len(symmetries)
    state = turned = game.reset(Draws.of(0, "reset", games))
    while not state.done.all():
        rows = (~state.done).nonzero()[:, 0]
        seats = state.acting[rows].int().argmax(1)
        assert turned.acting.equal(state.acting)
        legal = game.legal(state, rows, seats)
        seen, allowed = symmetries.apply(which[rows], game.observe(state, rows, seats), legal)
        assert seen.equal(game.observe(turned, rows, seats))
        assert allowed.equal(game.legal(turned, rows, seats))
        chosen = torch.multinomial(legal.float(), 1, generator=generator)[:, 0]
        same = (symmetries.action[which[rows]] == chosen[:, None]).int().argmax(1)
        actions, theirs = (
            torch.zeros_like(state.acting, dtype=torch.int64),
            torch.zeros_like(state.acting, dtype=torch.int64),
        )
        actions[rows, seats], theirs[rows, seats] = chosen, same
        state, turned = game.step(state, actions), game.step(turned, theirs)
        assert turned.rewards.equal(state.rewards)


@pytest.mark.parametrize("name", [name for name, count in GAMES.items() if count > 1])
def test_symmetries_are_permutations_and_all_different(name):
    symmetries = make(name).symmetries
    for table in (symmetries.observation, symmetries.action):
        assert table.sort(1).values.equal(torch.arange(table.shape[1]).expand_as(table))
        assert len(table.unique(dim=0)) == len(symmetries)
