from fractions import Fraction
from xml.etree import ElementTree

import pytest
import torch
from hand import after, children, legal, start
from open_spiel_twin import assert_same_as_open_spiel, assert_same_spec

from games import KuhnPoker

JACK, QUEEN, KING = 0, 1, 2
PASS, BET = 0, 1


@pytest.mark.parametrize(
    ("moves", "gain"),
    [
        ((JACK, KING, PASS, PASS), -1),
        ((KING, JACK, PASS, PASS), 1),
        ((JACK, KING, BET, PASS), 1),
        ((QUEEN, KING, BET, BET), -2),
        ((KING, QUEEN, BET, BET), 2),
        ((KING, JACK, PASS, BET, PASS), -1),
        ((KING, JACK, PASS, BET, BET), 2),
        ((JACK, QUEEN, PASS, BET, BET), -2),
    ],
)
def test_hands_played_out(moves, gain):
    state = after(KuhnPoker(), *moves)
    assert state.terminated.item()
    assert state.rewards.tolist() == [[gain, -gain]]


def test_the_second_card_is_one_of_the_two_left():
    game = KuhnPoker()
    state = after(game, QUEEN)
    assert state.acting.tolist() == [[False, False, True]]
    assert legal(game, state) == [JACK, KING]
    assert game.chance(state, torch.tensor([0])).tolist() == [[0.5, 0.0, 0.5]]


def test_a_seat_sees_its_seat_its_card_and_the_betting():
    game = KuhnPoker()
    state = after(game, QUEEN, KING, PASS, BET)
    first, second = game.observe(state, torch.tensor([0, 0]), torch.tensor([0, 1])).tolist()
    assert first == [*(1, 0), *(0, 1, 0), *(1, 0, 0, 1, 0, 0)]
    assert second == [*(0, 1), *(0, 0, 1), *(1, 0, 0, 1, 0, 0)]
    assert game.information_state(state, 0, 0) == "1pb"
    assert game.draw(state, 0) == "cards Q K, betting pb"


def test_the_value_of_the_game_is_minus_one_eighteenth():
    """Kuhn's equilibrium with bluffing frequency 1/6, over all 30 ends of the game."""
    third, sixth = Fraction(1, 3), Fraction(1, 6)
    bets = {
        (0, "0"): sixth, (0, "1"): 0, (0, "2"): 3 * sixth, (0, "0pb"): 0, (0, "1pb"): sixth + third, (0, "2pb"): 1,
        (1, "0p"): third, (1, "1p"): 0, (1, "2p"): 1, (1, "0b"): 0, (1, "1b"): third, (1, "2b"): 1,
    }  # fmt: skip
    game, value, ends = KuhnPoker(), Fraction(0), 0
    state, reach = start(game), [Fraction(1)]
    while len(state):
        before, (state, parents, actions) = state, children(game, state)
        chances = [
            _chance(game, before, row, bets, act) for row, act in zip(parents.tolist(), actions.tolist(), strict=True)
        ]
        reach = [reach[row] * chance for row, chance in zip(parents.tolist(), chances, strict=True)]
        value += sum((reach[row] * int(state.rewards[row, 0]) for row in range(len(state))), Fraction(0))
        ends += int(state.done.sum())
        reach = [chance for chance, over in zip(reach, state.done.tolist(), strict=True) if not over]
        state = state[~state.done]
    assert ends == 30
    assert value == Fraction(-1, 18)


def _chance(game, state, row, bets, action) -> Fraction:
    """The probability of an action in one row under the policies `bets`, or under chance."""
    seat = int(state.acting[row].long().argmax())
    if seat == game.spec.players:
        return Fraction(float(game.chance(state, torch.tensor([row]))[0, action])).limit_denominator(6)
    bet = Fraction(bets[seat, game.information_state(state, row, seat)])
    return bet if action == BET else 1 - bet


@pytest.mark.parametrize(
    ("moves", "words"),
    [
        ((), ["pot 2", "seat 0", "paid 1", "seat 1", "paid 1", None]),
        ((QUEEN,), ["pot 2", "seat 0", "paid 1", "Q", "seat 1", "paid 1", None]),
        ((KING, JACK, PASS, BET), ["pot 3", "seat 0", "paid 1", "K", "seat 1", "paid 2", "J", "Pass, Bet"]),
    ],
)
def test_the_picture_shows_cards_chips_and_betting(moves, words):
    game = KuhnPoker()
    picture = ElementTree.fromstring(game.svg(after(game, *moves), 0))
    assert [element.text for element in picture.iter() if element.tag.endswith("text")] == words


def test_same_as_open_spiel():
    twin = pytest.importorskip("pyspiel").load_game("kuhn_poker")
    assert_same_spec(KuhnPoker(), twin)
    assert_same_as_open_spiel(KuhnPoker(), twin, games=1000)
