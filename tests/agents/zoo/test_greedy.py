"""The greedy players do by their rule what a look at the game says is best at once."""

import itertools
import math

import numpy as np
import pytest
import torch

from agents import check_agent
from agents.agent import AgentError, Random
from agents.rollout import play
from agents.zoo.greedy import _leduc_wins, greedy
from agents.zoo.lookahead import first_state
from games import Draws, build_tree, make
from games.game import Game, State

GAMES = [
    "tic_tac_toe",
    "connect_four",
    "othello(size=6)",
    "hex(size=5)",
    "kuhn_poker",
    "leduc_poker",
    "liars_dice",
    "liars_dice(dice=2, sides=3)",
    "goofspiel(cards=5)",
    "goofspiel(cards=5, hidden=True)",
]


def after(game: Game, moves: list[int]) -> State:
    state = first_state(game)
    for move in moves:
        state = game.step(state, torch.full(state.acting.shape, move))
    return state


def chances(game: Game, state: State, seat: int | None = None) -> np.ndarray:
    """Return the probabilities `[n, A]` of the greedy player."""
    agent, rows = greedy(game), torch.arange(len(state))
    seats = state.acting.int().argmax(1) if seat is None else torch.full_like(rows, seat)
    return agent.probabilities(game.observe(state, rows, seats), game.legal(state, rows, seats), seats).numpy()


@pytest.mark.parametrize("name", GAMES)
def test_it_conforms(name):
    game = make(name)
    report = check_agent(game, lambda: greedy(game), games=20)
    assert report.passed, str(report)


@pytest.mark.parametrize("name", GAMES)
def test_it_beats_random_play(name):
    game, count = make(name), 600
    seating = torch.tensor([[0, 1], [1, 0]]).repeat(count // 2, 1)
    returns = play(game, [greedy(game), Random()], seating=seating, games=torch.arange(count), seed=4).returns
    won = torch.where(seating == 0, returns, 0.0).sum(1)
    assert float(won.mean()) > 1.5 * float(won.std()) / count**0.5
    if name != "kuhn_poker":
        assert float(won.mean()) > 4 * float(won.std()) / count**0.5


GOLDEN = [
    ("tic_tac_toe", [], [4], "the middle has most lines"),
    ("tic_tac_toe", [4], [0, 2, 6, 8], "then the corners"),
    ("tic_tac_toe", [0, 3, 1, 4], [2], "completes its own line rather than stop the other's"),
    ("tic_tac_toe", [0, 4, 1], [2], "stops a line"),
    ("connect_four", [], [3], "the middle has most lines"),
    ("connect_four", [3, 0, 3, 0, 3, 0], [3], "completes four rather than stop the other"),
    ("connect_four", [3, 0, 3, 0, 3], [3], "stops four"),
    ("connect_four", [0, 6, 1, 6, 2, 6], [3], "completes four in a row"),
    ("hex(size=3)", [1, 0, 4, 6], [7], "joins the sides"),
    ("hex(size=3)", [4], [1, 2, 6, 7], "stands in a shortest way of the other's"),
]


@pytest.mark.parametrize(("name", "moves", "best", "why"), GOLDEN, ids=[why for *_, why in GOLDEN])
def test_it_does_what_its_rule_says(name, moves, best, why):
    game = make(name)
    assert np.flatnonzero(chances(game, after(game, moves))[0]).tolist() == best


@pytest.mark.parametrize("size", [6, 8])
def test_in_othello_it_turns_over_as_many_discs_as_any_move_does(size):
    game, count = make(f"othello(size={size})"), 60
    rows, generator = torch.arange(count), torch.Generator().manual_seed(size)
    state = first_state(game)[torch.zeros(count, dtype=torch.int64)]
    for _ in range(size * size // 2):
        going = state[~state.done]
        rows, seats = torch.arange(len(going)), going.acting.int().argmax(1)
        legal = game.legal(going, rows, seats)
        own = game.observe(going, rows, seats)[:, 0].sum((1, 2))
        gains = torch.full(legal.shape, -1.0)
        for action in range(size * size + 1):
            later = game.step(going, torch.full((len(going), 2), action))
            gains[:, action] = game.observe(later, rows, seats)[:, 0].sum((1, 2)) - own
        gains[~legal] = -1.0
        best = gains == gains.max(1, keepdim=True).values
        np.testing.assert_array_equal(chances(game, going) > 0, best.numpy())
        chosen = (torch.rand(legal.shape, generator=generator) * legal).argmax(1)
        state = game.step(going, chosen[:, None].expand(-1, 2).contiguous())


@pytest.mark.parametrize("seat", [0, 1])
@pytest.mark.parametrize("size", [3, 4, 6])
def test_in_hex_it_connects_its_sides_while_the_other_fills_the_board_from_a_corner(size, seat):
    game, moved = make(f"hex(size={size})"), 0
    state = first_state(game)
    while not state.done[0]:
        if int(state.acting[0].int().argmax()) == seat:
            action, moved = int(chances(game, state)[0].argmax()), moved + 1
        else:
            action = int(game.legal(state, torch.arange(1), torch.tensor([1 - seat]))[0].int().argmax())
        state = game.step(state, torch.full((1, 2), action))
    assert float(state.rewards[0, seat]) == 1.0
    assert moved <= size + 2


def test_in_kuhn_poker_it_bets_the_king_and_calls_with_the_queen():
    game = make("kuhn_poker")
    tree = build_tree(game)
    behaviour = greedy(game).behaviour(tree)
    bets = behaviour[1::2]
    cards = tree.observations[tree.infoset_row, 2:5].argmax(1).numpy()
    asked = tree.observations[tree.infoset_row][:, 6::2].amax(1).numpy() > 0
    np.testing.assert_array_equal(bets, (cards == 2) | ((cards == 1) & asked))


def test_leduc_hands_win_as_often_as_when_all_deals_are_listed():
    for own, public in itertools.product(range(3), [0, 1, 2, None]):
        deck = [0, 0, 1, 1, 2, 2]
        deck.remove(own)
        results = []
        for other, board in itertools.permutations(range(5), 2):
            if public in (None, deck[board]):
                mine, theirs = own + 3 * (own == deck[board]), deck[other] + 3 * (deck[other] == deck[board])
                results.append((mine > theirs) + (mine == theirs) / 2)
        assert _leduc_wins(own, public) == pytest.approx(np.mean(results), rel=0, abs=1e-12)


def test_in_liars_dice_it_says_what_is_most_likely_true():
    game = make("liars_dice(dice=2, sides=3)")
    for own in itertools.product(range(3), repeat=2):
        for last in (None, *range(game.spec.actions - 1)):
            state = after(game, [*own, 0, 0] if last is None else [0, 0, *own, last])
            true = []
            for bid in range(game.spec.actions - 1):
                count, face = bid // 3 + 1, bid % 3
                hands = [(*own, *others) for others in itertools.product(range(3), repeat=2)]
                true.append(np.mean([sum(die in (face, 2) for die in hand) >= count for hand in hands]))
            values = [value if last is None or bid > last else -1.0 for bid, value in enumerate(true)]
            values.append(-1.0 if last is None else 1 - true[last])
            best = max(action for action, value in enumerate(values) if math.isclose(value, max(values), abs_tol=1e-12))
            assert np.flatnonzero(chances(game, state)[0]).tolist() == [best]


@pytest.mark.parametrize("hidden", [False, True])
def test_in_goofspiel_it_bids_the_card_of_the_prize(hidden):
    game = make(f"goofspiel(cards=6, hidden={hidden})")
    draws = Draws.of(0, "deal", torch.arange(40))
    state, moves = game.deal(game.reset(draws), draws, torch.zeros(40, dtype=torch.int64))
    while not state.done.all():
        open_bids = make("goofspiel(cards=6)").observe(state, torch.arange(len(state)), torch.zeros(len(state)).long())
        prize = open_bids[:, 2].argmax(1)
        played = [torch.from_numpy(chances(game, state, seat)) for seat in (0, 1)]
        assert all(torch.equal(weights.argmax(1), prize) for weights in played)
        assert all(torch.equal(weights.max(1).values, torch.ones(len(state)).double()) for weights in played)
        actions = torch.zeros(state.acting.shape, dtype=torch.int64)
        actions[:, 0] = actions[:, 1] = prize
        state, moves = game.proceed(state, actions, draws, moves)


@pytest.mark.parametrize("name", ["rock_paper_scissors", "phantom_tic_tac_toe", "open_spiel:tic_tac_toe"])
def test_where_it_has_no_rule_it_says_where_it_has_one(name):
    with pytest.raises(AgentError, match=r"greedy has a rule for tic_tac_toe, .* and goofspiel, but not for"):
        greedy(make(name))
