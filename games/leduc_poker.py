"""Leduc poker for two: six cards in three ranks, one card each, two rounds of betting around a public card.

F. Southey et al., "Bayes' bluff: opponent modelling in poker", UAI 2005. Actions, chance outcomes, returns and
information states are OpenSpiel's.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from games.cards import Betting, deal, deck_chances, one_hot
from games.draws import Draws
from games.game import Game, GameSpec, State

_PLAYERS, _CHANCE = 2, 2
_DECK, _RANKS = 6, 3
_PUBLIC = 2
_PURSE, _ANTE, _RAISES = 100, 1, (2, 4)
_FOLD, _CALL, _RAISE = "0", "1", "2"

_OPEN = ("", "1", "2", "12", "22", "122")
_CALLED = ("11", "21", "121", "221", "1221")
_FOLDED = ("20", "120", "220", "1220")
_SEQUENCES = (*_OPEN, *_CALLED, *_FOLDED)


def _raises_paid(sequence: str) -> tuple[int, int]:
    """Count the raises that each seat has paid for after a sequence of actions."""
    paid = [0, 0]
    for move, action in enumerate(sequence):
        if action != _FOLD:
            paid[move % 2] = paid[1 - move % 2] + (action == _RAISE)
    return paid[0], paid[1]


def _folded(sequence: str) -> int:
    """Return who wins by a fold at the end of a sequence: +1 seat 0, -1 seat 1, 0 nobody."""
    return 0 if not sequence.endswith(_FOLD) else (-1, 1)[(len(sequence) - 1) % 2]


@dataclass(frozen=True)
class LeducPokerState(State):
    """cards `[B, 3]` int64: seat 0's, seat 1's and the public card, -1 before it is dealt; betting `[B, 2]` int64.

    A card is 0 to 5, its rank is card // 2; `betting` is the node of each round.
    """

    cards: Tensor
    betting: Tensor


class LeducPoker(Game[LeducPokerState]):
    """Each seat antes one chip; raises are 2 chips in the first round and 4 in the second, two at most a round.

    Actions: 0 fold (only against a raise), 1 call or check, 2 raise. Chance outcome: the card, seat 0's, seat 1's,
    then the public one. A pair with the public card wins, else the higher rank. A seat sees `[36]`: its seat (2), its
    card (6) and rank (3), the public card (6) and rank (3), and for each round call or raise for each of four moves
    (16). A fold is not written there: nobody decides after it.
    """

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
        self._betting = Betting.of(_SEQUENCES, actions=3, shown=_CALL + _RAISE, device=self.device)
        self._paid = torch.tensor([_raises_paid(sequence) for sequence in _SEQUENCES], device=self.device)
        self._folded = torch.tensor([_folded(sequence) for sequence in _SEQUENCES], device=self.device)

    def reset(self, draws: Draws) -> LeducPokerState:
        """Return the game before the deal, chance to move."""
        count = len(draws.games)
        unset = torch.zeros(count, dtype=torch.bool, device=self.device)
        return LeducPokerState(
            acting=torch.tensor([False, False, True], device=self.device).repeat(count, 1),
            rewards=torch.zeros(count, _PLAYERS, dtype=torch.float64, device=self.device),
            terminated=unset,
            truncated=unset,
            cards=torch.full((count, _PLAYERS + 1), -1, device=self.device),
            betting=torch.zeros(count, 2, dtype=torch.int64, device=self.device),
        )

    def step(self, state: LeducPokerState, actions: Tensor, draws: Draws | None = None) -> LeducPokerState:
        """Deal a card or make a bet."""
        rules, players = self._betting, state.acting[:, :_PLAYERS]
        cards = deal(state.cards, dealing=state.acting[:, _CHANCE], outcome=actions[:, _CHANCE])
        second = state.cards[:, _PUBLIC] >= 0
        moved = rules.advance(self._node(state), acting=players, actions=actions[:, :_PLAYERS])
        betting = torch.stack(
            (torch.where(second, state.betting[:, 0], moved), torch.where(second, moved, state.betting[:, 1])), 1
        )
        folded = (self._folded[betting] != 0).any(1)
        terminated = folded | rules.ended[betting[:, 1]]
        dealing = (cards[:, 1] < 0) | rules.ended[betting[:, 0]] & (cards[:, _PUBLIC] < 0) & ~folded
        node = torch.where(cards[:, _PUBLIC] >= 0, betting[:, 1], betting[:, 0])
        seats = torch.arange(_PLAYERS, device=state.device)
        moves = (seats == rules.seat[node][:, None]) & ~(dealing | terminated)[:, None]
        gain = torch.where(terminated & ~state.terminated, self._gain(cards, betting), 0)
        return LeducPokerState(
            acting=torch.cat((moves, dealing[:, None]), 1),
            rewards=torch.stack((gain, -gain), 1).double(),
            terminated=terminated,
            truncated=state.truncated,
            cards=cards,
            betting=betting,
        )

    def _node(self, state: LeducPokerState) -> Tensor:
        """Return the node `[B]` of the round being bet."""
        return torch.where(state.cards[:, _PUBLIC] >= 0, state.betting[:, 1], state.betting[:, 0])

    def _spent(self, betting: Tensor) -> Tensor:
        """Return the chips `[B, 2]` that each seat has put in."""
        return _ANTE + _RAISES[0] * self._paid[betting[:, 0]] + _RAISES[1] * self._paid[betting[:, 1]]

    def _gain(self, cards: Tensor, betting: Tensor) -> Tensor:
        """Return what seat 0 wins `[B]` where the game is over.

        Whoever folds has put in less than the other and the seats of a showdown the same, so the least is at stake.
        """
        ranks = cards.div(2, rounding_mode="floor")
        strength = ranks[:, :_PLAYERS] + _RANKS * (ranks[:, :_PLAYERS] == ranks[:, _PUBLIC:])
        showdown = (strength[:, 0] - strength[:, 1]).sign()
        folded = self._folded[betting].sum(1)
        return torch.where(folded == 0, showdown, folded) * self._spent(betting).min(1).values

    def chance(self, state: LeducPokerState, rows: Tensor) -> Tensor:
        """Return `[n, 6]`: uniform over the cards left."""
        return deck_chances(state.cards[rows], _DECK)

    def legal(self, state: LeducPokerState, rows: Tensor, seats: Tensor) -> Tensor:
        """Return `[n, 3]`: folding only against a raise, raising at most twice a round."""
        return self._betting.legal[self._node(state)[rows]]

    def observe(self, state: LeducPokerState, rows: Tensor, seats: Tensor) -> Tensor:
        """Return seat, own card, public card and betting `[n, 36]`."""
        own, public = state.cards[rows, seats], state.cards[rows, _PUBLIC]
        seen = [part for card in (own, public) for part in (one_hot(card, _DECK), one_hot(card >> 1, _RANKS))]
        rounds = self._betting.features[state.betting[rows]].flatten(1)
        return torch.cat((one_hot(seats, _PLAYERS), *seen, rounds), 1)

    def draw(self, state: LeducPokerState, row: int) -> str:
        """Return the cards and the betting, as in `"cards J1 K2, public Q1, betting 1 2 1 / 1"`."""
        names = ["-" if card < 0 else "JQK"[card // 2] + "12"[card % 2] for card in state.cards[row].tolist()]
        betting = " / ".join(self._round(state, row, index) or "-" for index in (0, 1))
        return f"cards {names[0]} {names[1]}, public {names[2]}, betting {betting}"

    def information_state(self, state: LeducPokerState, row: int, seat: int) -> str:
        """Return what the seat knows in OpenSpiel's words, `-10000` for a card that is not dealt."""
        one = state[row : row + 1]
        cards = one.cards[0].tolist()
        first, second = (self._betting.sequences[node] for node in one.betting[0].tolist())
        money, pot, player = _PURSE - self._spent(one.betting)[0], int(self._spent(one.betting).sum()), -1
        if one.terminated[0]:
            gain = int(self._gain(one.cards, one.betting))
            money, pot = torch.tensor([_PURSE + gain, _PURSE - gain]), 0
            player = (len(second or first) - 1) % 2
        elif not one.acting[0, _CHANCE]:
            player = int(one.acting[0].long().argmax())
        public = f"[Public: {cards[_PUBLIC]}]" if cards[_PUBLIC] >= 0 else ""
        return (
            f"[Observer: {seat}][Private: {cards[seat] if cards[seat] >= 0 else -10000}]"
            f"[Round {1 + (first in _CALLED)}][Player: {player}][Pot: {pot}]"
            f"[Money: {money[0]} {money[1]}]{public}[Round1: {' '.join(first)}][Round2: {' '.join(second)}]"
        )

    def _round(self, state: LeducPokerState, row: int, index: int) -> str:
        return " ".join(self._betting.sequences[int(state.betting[row, index])])

    def action_name(self, seat: int, action: int) -> str:
        """Name a move or a deal as OpenSpiel does."""
        return f"Chance outcome:{action}" if seat == _CHANCE else ("Fold", "Call", "Raise")[action]
