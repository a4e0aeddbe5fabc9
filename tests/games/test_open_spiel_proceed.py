"""Moving on in OpenSpiel's games, chance included, and without copies: the same games, and nothing stored changes."""

import pickle
from dataclasses import replace

import pytest
import torch

from games import Draws, Game, GameError, concatenate, make
from games.draws import choose
from games.open_spiel.adapter import OpenSpielGame, OpenSpielState

pytest.importorskip("pyspiel")

NAMES = [
    "leduc_poker",
    "liars_dice",
    "connect_four",
    "backgammon",
    "tiny_bridge_4p",  # lists its outcomes out of order
    "goofspiel(num_cards=4)",
    "markov_soccer(horizon=20)",
    "negotiation",
    "tarok",
    "repeated_leduc_poker",
]
CHANCE, ACTION = (Draws.of(3, purpose, torch.arange(12)) for purpose in ("chance", "action"))


def started(name: str) -> tuple[OpenSpielGame, OpenSpielState, torch.Tensor]:
    game = make(f"open_spiel:{name}")
    assert isinstance(game, OpenSpielGame)
    start = game.reset(Draws.of(3, "reset", CHANCE.games))
    return game, *game.deal(start, CHANCE, torch.zeros(12, dtype=torch.int64))


def chosen(game: OpenSpielGame, state: OpenSpielState, moves: torch.Tensor) -> torch.Tensor:
    rows, seats = state.acting[:, : game.spec.players].nonzero().unbind(1)
    actions = torch.zeros(state.acting.shape, dtype=torch.int64)
    actions[rows, seats] = choose(game.legal(state, rows, seats), ACTION.rows(rows).at(moves[rows]), seats)
    return actions


def texts(state: OpenSpielState) -> list[str]:
    return [f"{one.history()}{one}" for one in state.states]


def lent(state: OpenSpielState) -> bool:
    return "states" not in vars(state)


@pytest.mark.parametrize("name", NAMES)
def test_moving_on_is_stepping_and_dealing_by_the_face(name: str) -> None:
    game, state, moves = started(name)
    plain, made = Game.deal(game, game.reset(Draws.of(3, "reset", CHANCE.games)), CHANCE, torch.zeros_like(moves))
    while True:
        assert torch.equal(moves, made)
        assert texts(state) == texts(plain)
        assert torch.equal(state.acting, plain.acting)
        assert torch.equal(state.rewards, plain.rewards)
        assert torch.equal(state.terminated, plain.terminated)
        if state.done.all():
            break
        actions = chosen(game, state, moves)
        state, moves = game.proceed(state, actions, CHANCE, moves)
        plain, made = Game.proceed(game, plain, actions, CHANCE, made)


@pytest.mark.parametrize("name", ["leduc_poker", "connect_four", "tic_tac_toe"])
def test_a_batch_that_nobody_keeps_moves_on_in_place_and_comes_back_when_asked(name: str) -> None:
    game, state, moves = started(name)
    state, moves = game.proceed(state, chosen(game, state, moves), CHANCE, moves)
    before, actions, was = texts(state), chosen(game, state, moves), moves
    ids = [id(one) for one in state.states]
    after, moves = game.proceed(state, actions, CHANCE, moves)
    assert lent(state)
    assert [id(one) for one in after.states] == ids
    reached = texts(after)
    assert texts(state) == before
    again, _ = game.proceed(state, actions, CHANCE, was)
    assert not lent(state)
    assert texts(again) == reached == texts(after)
    assert torch.equal(again.rewards, after.rewards)


def test_a_batch_that_is_kept_pins_its_states_so_that_only_every_other_one_is_lent() -> None:
    game, state, moves = started("tic_tac_toe")
    kept, seen = [], []
    while not state.done.all():
        kept.append(state)
        seen.append(texts(state))
        state, moves = game.proceed(state, chosen(game, state, moves), CHANCE, moves)
    assert [lent(one) for one in kept[:5]] == [False, True, False, True, False]
    assert [texts(one) for one in kept] == seen


@pytest.mark.parametrize(
    "share",
    [
        lambda state: state[torch.tensor([5, 5, 1])],
        lambda state: state[:3],
        lambda state: concatenate([state, state]),
        lambda state: replace(state, rewards=state.rewards + 1),
        lambda state: state.where(torch.zeros(12, dtype=torch.bool), state),
        lambda state: [state.states[7]],
        lambda state: state.states,
    ],
    ids=["rows", "slice", "joined", "replaced", "chosen", "one", "column"],
)
def test_states_that_anything_else_refers_to_are_copied(share) -> None:
    game, state, moves = started("leduc_poker")
    state, moves = game.proceed(state, chosen(game, state, moves), CHANCE, moves)
    shared = share(state)
    held = [str(one) for one in (shared.states if isinstance(shared, OpenSpielState) else shared)]
    game.proceed(state, chosen(game, state, moves), CHANCE, moves)
    assert not lent(state)
    assert [str(one) for one in (shared.states if isinstance(shared, OpenSpielState) else shared)] == held


def test_a_batch_that_lent_its_states_can_be_pickled_joined_and_indexed() -> None:
    game, state, moves = started("leduc_poker")
    state, moves = game.proceed(state, chosen(game, state, moves), CHANCE, moves)
    before = texts(state)
    following, _ = game.proceed(state, chosen(game, state, moves), CHANCE, moves)
    assert lent(state)
    assert texts(pickle.loads(pickle.dumps(state))) == before
    assert texts(concatenate([following, state])) == texts(following) + before
    with pytest.raises(AttributeError, match="no attribute 'statez'"):
        _ = state.statez


def test_positions_before_a_move_that_failed_are_not_given_out_wrong(capfd: pytest.CaptureFixture) -> None:
    game, state, moves = started("connect_four")
    for _ in range(6):
        state, moves = game.proceed(state, torch.zeros(12, 2, dtype=torch.int64), CHANCE, moves)
    with pytest.raises(RuntimeError):
        game.proceed(state, torch.zeros(12, 2, dtype=torch.int64), CHANCE, moves)
    with pytest.raises(GameError, match="the move made from them failed"):
        _ = state.states
    assert "OpenSpiel exception" in capfd.readouterr().err
