"""Kuhn poker for two: a deck of three cards, one card each, one bet.

H. W. Kuhn, "A simplified two-person poker", Contributions to the Theory of Games I, 1950. Actions, chance outcomes,
returns and information states are OpenSpiel's.
"""

import torch

from games.about import About
from games.bits import bit, where
from games.cards.shapes import poker_table
from games.entry import Entry
from games.game import GameSpec
from games.native import NativeGame, NativeState, Rules

_PLAYERS, _CHANCE = 2, 2
_DECK = 3
_LETTERS = "pb"

# A betting has two bits a move, pass and bet, the first move's lowest.
_PASS_BET = 0b10_01
_BET_PASS, _PASS_BET_PASS = 0b01_10, 0b01_10_01
_PASS_PASS = 0b01_01


def _step(words, seat, action):
    first, second, betting = words[0], words[1], words[2]
    dealing = seat == _CHANCE
    moves = (betting > 0) + (betting > 0b11) * 1 + (betting > 0b11_11)
    return (
        where(dealing & (first < 0), action, first),
        where(dealing & (first >= 0), action, second),
        where(dealing, betting, betting | bit(2 * moves + action)),
    )


def _acting(words):
    betting = words[2]
    over = (betting > 0b11) & (betting != _PASS_BET)
    opening = (betting == 0) | (betting == _PASS_BET)
    return where(words[1] < 0, bit(_CHANCE), where(over, 0, where(opening, bit(0), bit(1))))


def _returns(words):
    betting = words[2]
    higher = where(words[0] > words[1], 1, -1)
    folded = where(betting == _BET_PASS, 1, -1)
    shown = higher * where(betting == _PASS_PASS, 1, 2)
    gain = where((betting == _BET_PASS) | (betting == _PASS_BET_PASS), folded, shown)
    return gain, -gain


def _legal(words, seat):
    return (0b11,)


def _observe(words, seat):
    own = where(seat == 0, words[0], words[1])
    return (bit(seat) | bit(own) << 2 | words[2] << 5,)


def _chance(words):
    return (1 << _DECK) - 1 & ~bit(words[0])


class KuhnPoker(NativeGame):
    """Each seat antes one chip and is dealt a card; a bet is one chip more, and a pass after it gives up the pot.

    Actions: 0 pass, 1 bet. Chance outcome: the card, first seat 0's, then seat 1's. A seat sees `[11]`: its seat (2),
    its card (3) and the betting, pass or bet for each of three moves (6). Words: each seat's card, -1 before it is
    dealt, and the betting as it is seen.
    """

    rules = Rules(
        start=(-1, -1, 0),
        step=_step,
        acting=_acting,
        returns=_returns,
        legal=_legal,
        observe=_observe,
        chance=_chance,
    )

    def __init__(self, *, device: torch.device | str = "cpu") -> None:
        self.device = torch.device(device)
        self.spec = GameSpec(
            name="kuhn_poker",
            players=_PLAYERS,
            actions=2,
            observation_shape=(11,),
            utility=(-2.0, 2.0),
            max_moves=5,
            zero_sum=True,
            chance_outcomes=_DECK,
        )

    def draw(self, state: NativeState, row: int) -> str:
        """Return both cards and the betting, as in `"cards J K, betting pb"`."""
        *cards, betting = state.words[row].tolist()
        shown = " ".join("-" if card < 0 else "JQK"[card] for card in cards)
        return f"cards {shown}, betting {_sequence(betting) or '-'}"

    def svg(self, state: NativeState, row: int) -> str:
        """Return both cards, what each seat has put in, and the betting."""
        *cards, betting = state.words[row].tolist()
        moves = _sequence(betting)
        chips = [1 + moves[seat::2].count("b") for seat in range(_PLAYERS)]
        names = [self.action_name(move % 2, _LETTERS.index(letter)) for move, letter in enumerate(moves)]
        hands = ["" if card < 0 else "JQK"[card] for card in cards]
        return poker_table(hands, chips, [", ".join(names)], title=self.draw(state, row))

    def information_state(self, state: NativeState, row: int, seat: int) -> str:
        """Return the seat's card and the betting: `"2pb"`."""
        *cards, betting = state.words[row].tolist()
        return "" if cards[seat] < 0 else f"{cards[seat]}{_sequence(betting)}"

    def action_name(self, seat: int, action: int) -> str:
        """Name a move or a deal as OpenSpiel does."""
        return f"Deal:{action}" if seat == _CHANCE else ("Pass", "Bet")[action]


def _sequence(betting: int) -> str:
    return "".join(_LETTERS[place % 2] for place in range(6) if betting >> place & 1)


GAMES = {
    "kuhn_poker": Entry(
        factory=KuhnPoker,
        example="kuhn_poker",
        about=About(
            summary="three cards, one bet",
            rules="Each of two seats antes one chip and is dealt one of three cards. Seat 0 passes or bets one "
            "chip more; who faces a bet may pass, giving up the pot, or bet too; after two passes or two "
            "bets the higher card wins.",
            observation="the seat (2), its card (3), and pass or bet for each of three moves (6), all one-hot",
            actions="0 pass, 1 bet; chance deals the card 0, 1 or 2, first to seat 0",
            known="value -1/18 for seat 0; its equilibria form a family by how often seat 0 bluffs with the jack, "
            "0 to 1/3",
            sources=(
                'H. W. Kuhn, "A simplified two-person poker", Contributions to the Theory of Games I, 1950',
                "agrees with OpenSpiel's kuhn_poker",
            ),
        ),
    )
}
