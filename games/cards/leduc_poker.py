"""Leduc poker for two: six cards in three ranks, one card each, two rounds of betting around a public card.

F. Southey et al., "Bayes' bluff: opponent modelling in poker", UAI 2005. Actions, chance outcomes, returns and
information states are OpenSpiel's.
"""

import torch

from games.about import About
from games.bits import bit, popcount, rule, where
from games.cards.shapes import poker_table
from games.entry import Entry
from games.game import GameSpec
from games.native import NativeGame, NativeState, Rules

_PLAYERS, _CHANCE = 2, 2
_DECK, _RANKS = 6, 3
_PURSE, _ANTE, _RAISES = 100, 1, (2, 4)
_MOST_RAISES = 2
_FOLD = 0
_ROUND = 8
"""Bits of a round of betting: two a move, call and raise, the first move's lowest."""


@rule
def _raised(betting):
    """1 where the last move was a raise, else 0."""
    return betting << 1 >> 2 * popcount(betting) & 1


@rule
def _raises(betting):
    return popcount(betting & 0b10_10_10_10)


@rule
def _closed(betting):
    """A call that is not the first move ends a round."""
    return (popcount(betting) > 1) & (_raised(betting) == 0)


def _step(words, seat, action):
    first, second, public, before, after = words[0], words[1], words[2], words[3], words[4]
    dealing = seat == _CHANCE
    folding = (action == _FOLD) & (dealing == 0)
    two = public >= 0
    played = (dealing == 0) & (folding == 0)
    mark = bit(2 * popcount(where(two, after, before)) + where(played, action - 1, 0)) * played
    return (
        where(dealing & (first < 0), action, first),
        where(dealing & (first >= 0) & (second < 0), action, second),
        where(dealing & (second >= 0), action, public),
        before | mark * (two == 0),
        after | mark * two,
        where(folding, seat + 1, words[5]),
    )


def _acting(words):
    public, before, after = words[2], words[3], words[4]
    first_closed = _closed(before)
    dealing = (words[1] < 0) | (first_closed & (public < 0))
    over = (words[5] > 0) | _closed(after)
    mover = bit(popcount(where(public < 0, before, after)) & 1)
    return where(over, 0, where(dealing, bit(_CHANCE), mover))


@rule
def _strength(card, public):
    return card // 2 + _RANKS * (card // 2 == public // 2)


def _returns(words):
    public, folder = words[2], words[5]
    paid = _ANTE + _RAISES[0] * _raises(words[3]) + _RAISES[1] * _raises(words[4])
    # whoever folds has not paid for the last raise
    lost = paid - where(public < 0, _RAISES[0], _RAISES[1])
    own, other = _strength(words[0], public), _strength(words[1], public)
    shown = paid * ((own > other) * 1 - (own < other) * 1)
    gain = where(folder == 1, -lost, where(folder == 2, lost, shown))
    return gain, -gain


def _legal(words, seat):
    betting = where(words[2] < 0, words[3], words[4])
    return (0b010 | _raised(betting) * 0b001 | (_raises(betting) < _MOST_RAISES) * 0b100,)


def _observe(words, seat):
    own, public = where(seat == 0, words[0], words[1]), words[2]
    cards = bit(own) | bit(own >> 1) << 6 | bit(public) << 9 | bit(public >> 1) << 15
    return (bit(seat) | cards << 2 | words[3] << 20 | words[4] << 28,)


def _chance(words):
    return (1 << _DECK) - 1 & ~(bit(words[0]) | bit(words[1]))


class LeducPoker(NativeGame):
    """Each seat antes one chip; raises are 2 chips in the first round and 4 in the second, two at most a round.

    Actions: 0 fold (only against a raise), 1 call or check, 2 raise. Chance outcome: the card, seat 0's, seat 1's,
    then the public one. A pair with the public card wins, else the higher rank. A seat sees `[36]`: its seat (2), its
    card (6) and rank (3), the public card (6) and rank (3), and for each round call or raise for each of four moves
    (16). A fold is not written there: nobody decides after it. Words: seat 0's card, seat 1's and the public one, -1
    before they are dealt; each round's betting as it is seen; the seat that folded + 1.
    """

    rules = Rules(
        start=(-1, -1, -1, 0, 0, 0),
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
            name="leduc_poker",
            players=_PLAYERS,
            actions=3,
            observation_shape=(36,),
            utility=(-13.0, 13.0),
            max_moves=11,
            zero_sum=True,
            chance_outcomes=_DECK,
        )

    def draw(self, state: NativeState, row: int) -> str:
        """Return the cards and the betting, as in `"cards J1 K2, public Q1, betting 1 2 1 / 1"`."""
        words = state.words[row].tolist()
        names = ["-" if card < 0 else "JQK"[card // 2] + "12"[card % 2] for card in words[:3]]
        betting = " / ".join(" ".join(digits) or "-" for digits in _sequences(words))
        return f"cards {names[0]} {names[1]}, public {names[2]}, betting {betting}"

    def svg(self, state: NativeState, row: int) -> str:
        """Return the cards, what each seat has put in, and both rounds of betting."""
        words = state.words[row].tolist()
        *hands, public = ("" if card < 0 else "JQK"[card // 2] + "♠♥"[card % 2] for card in words[:3])
        rounds = _sequences(words)
        betting = [", ".join(self.action_name(0, int(digit)) for digit in digits) for digits in rounds]
        return poker_table(hands, _spent(*rounds), betting, public=public, title=self.draw(state, row))

    def information_state(self, state: NativeState, row: int, seat: int) -> str:
        """Return what the seat knows in OpenSpiel's words, `-10000` for a card that is not dealt."""
        words = state.words[row].tolist()
        cards, (first, second) = words[:3], _sequences(words)
        spent = _spent(first, second)
        money, pot, player = [_PURSE - chips for chips in spent], sum(spent), -1
        if state.terminated[row]:
            money, pot = [_PURSE + int(gain) for gain in _returns(torch.tensor(words))], 0
            player = (len(second or first) - 1) % 2
        elif not state.acting[row, _CHANCE]:
            player = int(state.acting[row].long().argmax())
        public = f"[Public: {cards[2]}]" if cards[2] >= 0 else ""
        closed = bool(_closed(words[3]))
        return (
            f"[Observer: {seat}][Private: {cards[seat] if cards[seat] >= 0 else -10000}]"
            f"[Round {1 + closed}][Player: {player}][Pot: {pot}]"
            f"[Money: {money[0]} {money[1]}]{public}[Round1: {' '.join(first)}][Round2: {' '.join(second)}]"
        )

    def action_name(self, seat: int, action: int) -> str:
        """Name a move or a deal as OpenSpiel does."""
        return f"Chance outcome:{action}" if seat == _CHANCE else ("Fold", "Call", "Raise")[action]


def _sequences(words: list[int]) -> tuple[str, str]:
    """Return the actions of both rounds as digits."""
    first, second = (
        "".join("12"[place % 2] for place in range(_ROUND) if betting >> place & 1) for betting in words[3:5]
    )
    fold = str(_FOLD) * (words[5] > 0)
    return (first + fold, second) if words[2] < 0 else (first, second + fold)


def _spent(first: str, second: str) -> list[int]:
    """Return the chips that each seat has put in."""
    spent = [_ANTE, _ANTE]
    for digits, raised in zip((first, second), _RAISES, strict=True):
        for move, action in enumerate(digits):
            if action != str(_FOLD):
                spent[move % 2] = spent[1 - move % 2] + raised * (action == "2")
    return spent


GAMES = {
    "leduc_poker": Entry(
        factory=LeducPoker,
        example="leduc_poker",
        about=About(
            summary="six cards, two rounds of betting around a public card",
            rules="Six cards, two of each of three ranks. Each of two seats antes one chip and is dealt a card; "
            "they bet, a public card is dealt, and they bet again. A raise is 2 chips in the first round and "
            "4 in the second, two at most a round. A pair with the public card wins, else the higher rank; "
            "equal ranks share the pot.",
            observation="the seat (2), its card (6) and rank (3), the public card (6) and rank (3), and for each round "
            "call or raise for each of four moves (16), all one-hot",
            actions="0 fold (only against a raise), 1 call or check, 2 raise; chance deals the card 0 to 5",
            known="value about -0.0856 for seat 0; 936 information sets, 9,457 histories",
            sources=(
                'F. Southey et al., "Bayes\' bluff: opponent modelling in poker", UAI 2005',
                "agrees with OpenSpiel's leduc_poker",
            ),
        ),
    )
}
