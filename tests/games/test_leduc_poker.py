from xml.etree import ElementTree

import pytest
import torch
from hand import after, children, legal, start
from open_spiel_twin import assert_same_as_open_spiel

from games import LeducPoker

FOLD, CALL, RAISE = 0, 1, 2
JACK, JACK_2, QUEEN, QUEEN_2, KING, KING_2 = range(6)


@pytest.mark.parametrize(
    ("moves", "gain"),
    [
        ((JACK, KING, RAISE, FOLD), 1),
        ((JACK, KING, RAISE, RAISE, FOLD), -3),
        ((JACK, KING, CALL, RAISE, RAISE, FOLD), 3),
        ((JACK, KING, CALL, CALL, QUEEN, CALL, CALL), -1),
        ((JACK, KING, CALL, CALL, JACK_2, CALL, CALL), 1),
        ((JACK, JACK_2, CALL, CALL, KING, RAISE, CALL), 0),
        ((QUEEN, QUEEN_2, RAISE, RAISE, CALL, KING, RAISE, RAISE, CALL), 0),
        ((KING, QUEEN, RAISE, RAISE, CALL, QUEEN_2, RAISE, RAISE, CALL), -13),
        ((KING, QUEEN, RAISE, CALL, QUEEN_2, CALL, RAISE, FOLD), -3),
        ((KING, QUEEN, RAISE, CALL, JACK, RAISE, RAISE, FOLD), -7),
    ],
)
def test_hands_played_out(moves, gain):
    state = after(LeducPoker(), *moves)
    assert state.terminated.item()
    assert state.rewards.tolist() == [[gain, -gain]]


@pytest.mark.parametrize(
    ("moves", "allowed"),
    [
        ((JACK, KING), [CALL, RAISE]),
        ((JACK, KING, CALL), [CALL, RAISE]),
        ((JACK, KING, RAISE), [FOLD, CALL, RAISE]),
        ((JACK, KING, CALL, RAISE, RAISE), [FOLD, CALL]),
        ((JACK, KING, CALL, CALL), [JACK_2, QUEEN, QUEEN_2, KING_2]),
        ((JACK, KING, CALL, CALL, QUEEN), [CALL, RAISE]),
    ],
)
def test_what_may_be_done(moves, allowed):
    game = LeducPoker()
    assert legal(game, after(game, *moves)) == allowed


def test_a_seat_sees_its_card_the_public_card_and_both_rounds():
    game = LeducPoker()
    state = after(game, JACK_2, KING, CALL, RAISE, CALL, QUEEN, RAISE)
    seen = game.observe(state, torch.tensor([0]), torch.tensor([1]))[0].tolist()
    first, second = [1, 0, 0, 1, 1, 0, 0, 0], [0, 1, 0, 0, 0, 0, 0, 0]
    assert seen == [*(0, 1), *(0, 0, 0, 0, 1, 0), *(0, 0, 1), *(0, 0, 1, 0, 0, 0), *(0, 1, 0), *first, *second]
    assert game.draw(state, 0) == "cards J2 K1, public Q1, betting 1 2 1 / 2"


def test_counts_of_histories_and_information_states():
    """9457 histories, 5520 of them terminal, and 936 information states, as the literature counts them."""
    game, histories, ends = LeducPoker(), 1, 0
    state, information = start(game), set()
    while len(state):
        for row, seat in state.acting[:, :2].nonzero().tolist():
            information.add((seat, game.information_state(state, row, seat)))
        state, _, _ = children(game, state)
        histories, ends = histories + len(state), ends + int(state.done.sum())
        state = state[~state.done]
    assert (histories, ends, len(information)) == (9457, 5520, 936)


def test_the_picture_shows_cards_chips_and_both_rounds():
    game = LeducPoker()
    picture = ElementTree.fromstring(game.svg(after(game, JACK_2, KING, CALL, RAISE, CALL, QUEEN, RAISE, FOLD), 0))
    words = [element.text for element in picture.iter() if element.tag.endswith("text")]
    seats = ["seat 0", "paid 7", "J♥", "seat 1", "paid 3", "K♠"]
    assert words == ["pot 10", *seats, "Q♠", "Call, Raise, Call", "Raise, Fold"]


def test_same_as_open_spiel():
    twin = pytest.importorskip("pyspiel").load_game("leduc_poker")
    game = LeducPoker()
    assert game.spec.utility == (twin.min_utility(), twin.max_utility())
    assert_same_as_open_spiel(game, twin, games=1000)
