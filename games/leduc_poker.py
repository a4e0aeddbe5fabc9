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
        self._tabulate(self._betting)

    def _tabulate(self, rules: Betting) -> None:
        """Write down what follows from the cards and the two nodes, as tables that `step` and `observe` look up."""
        device = self.device
        cards, nodes = torch.arange(-1, _DECK, device=device), torch.arange(len(_SEQUENCES), device=device)

        own, other, public = torch.cartesian_prod(cards, cards, cards).T
        strength, against = (card // 2 + _RANKS * (card // 2 == public // 2) for card in (own, other))
        self._showdown = (strength - against).sign()

        first, second = torch.cartesian_prod(nodes, nodes).T
        paid = torch.tensor([_raises_paid(sequence) for sequence in _SEQUENCES], device=device)
        folds = torch.tensor([_folded(sequence) for sequence in _SEQUENCES], device=device)
        self._spent = _ANTE + _RAISES[0] * paid[first] + _RAISES[1] * paid[second]
        folded = folds[first] + folds[second]
        self._ended = (folded != 0) | rules.ended[second]

        # whoever folds has put in less than the other, and both the same at a showdown: the least is at stake
        winner = torch.where(folded[:, None] == 0, torch.tensor([-1, 0, 1], device=device), folded[:, None])
        gain = (winner * (self._spent.min(1).values * self._ended)[:, None]).flatten()
        self._rewards = torch.stack((gain, -gain), 1).double()

        dealing = torch.stack((torch.ones_like(folded), rules.ended[first], torch.zeros_like(folded))).bool()
        seat = torch.stack((rules.seat[first], rules.seat[first], rules.seat[second]))
        moves = one_hot(seat.flatten(), _PLAYERS).bool() & ~dealing.view(-1, 1)
        self._acting = torch.cat((moves, dealing.view(-1, 1)), 1) & ~self._ended.repeat(3)[:, None]

        held = torch.cartesian_prod(torch.arange(_PLAYERS, device=device), cards, cards)
        seat, own, public = held.repeat_interleave(len(first), 0).T
        ranked = [part for card in (own, public) for part in (one_hot(card, _DECK), one_hot(card // 2, _RANKS))]
        rounds = torch.cat((rules.features[first], rules.features[second]), 1).repeat(len(held), 1)
        self._seen = torch.cat((one_hot(seat, _PLAYERS), *ranked, rounds), 1)

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
        second = state.cards[:, _PUBLIC] >= 0
        node = self._betting.advance(
            self._node(state), acting=state.acting[:, :_PLAYERS], actions=actions[:, :_PLAYERS]
        )
        betting = torch.stack(
            (torch.where(second, state.betting[:, 0], node), torch.where(second, node, state.betting[:, 1])), 1
        )
        cards = deal(state.cards, dealing=state.acting[:, _CHANCE], outcome=actions[:, _CHANCE])
        stage, pair = (cards[:, 1:] >= 0).sum(1), self._pair(betting)
        return LeducPokerState(
            acting=self._acting.index_select(0, stage * len(self._ended) + pair),
            # the first result belongs to no end of the game, so it pays nothing
            rewards=self._rewards.index_select(0, self._result(cards, pair) * ~state.terminated),
            terminated=self._ended.index_select(0, pair),
            truncated=state.truncated,
            cards=cards,
            betting=betting,
        )

    def _node(self, state: LeducPokerState) -> Tensor:
        """Return the node `[B]` of the round being bet."""
        return torch.where(state.cards[:, _PUBLIC] >= 0, state.betting[:, 1], state.betting[:, 0])

    def _pair(self, betting: Tensor) -> Tensor:
        """Return where the tables keep both rounds `[B]`."""
        return betting[:, 0] * len(_SEQUENCES) + betting[:, 1]

    def _result(self, cards: Tensor, pair: Tensor) -> Tensor:
        """Return where the table of rewards keeps what each seat wins `[B]`, nothing while the game goes on."""
        held = ((cards[:, 0] + 1) * (_DECK + 1) + cards[:, 1] + 1) * (_DECK + 1) + cards[:, _PUBLIC] + 1
        return pair * 3 + self._showdown.index_select(0, held) + 1

    def chance(self, state: LeducPokerState, rows: Tensor) -> Tensor:
        """Return `[n, 6]`: uniform over the cards left."""
        return deck_chances(state.cards[rows], _DECK)

    def legal(self, state: LeducPokerState, rows: Tensor, seats: Tensor) -> Tensor:
        """Return `[n, 3]`: folding only against a raise, raising at most twice a round."""
        return self._betting.legal.index_select(0, self._node(state).index_select(0, rows))

    def observe(self, state: LeducPokerState, rows: Tensor, seats: Tensor) -> Tensor:
        """Return seat, own card, public card and betting `[n, 36]`."""
        cards = state.cards.index_select(0, rows)
        own = torch.where(seats == 0, cards[:, 0], cards[:, 1])
        held = (seats * (_DECK + 1) + own + 1) * (_DECK + 1) + cards[:, _PUBLIC] + 1
        pair = self._pair(state.betting.index_select(0, rows))
        return self._seen.index_select(0, held * len(self._ended) + pair)

    def draw(self, state: LeducPokerState, row: int) -> str:
        """Return the cards and the betting, as in `"cards J1 K2, public Q1, betting 1 2 1 / 1"`."""
        names = ["-" if card < 0 else "JQK"[card // 2] + "12"[card % 2] for card in state.cards[row].tolist()]
        betting = " / ".join(self._round(state, row, index) or "-" for index in (0, 1))
        return f"cards {names[0]} {names[1]}, public {names[2]}, betting {betting}"

    def information_state(self, state: LeducPokerState, row: int, seat: int) -> str:
        """Return what the seat knows in OpenSpiel's words, `-10000` for a card that is not dealt."""
        one = state[row : row + 1]
        cards, pair = one.cards[0].tolist(), self._pair(one.betting)
        first, second = (self._betting.sequences[node] for node in one.betting[0].tolist())
        spent = self._spent[pair][0].tolist()
        money, pot, player = [_PURSE - chips for chips in spent], sum(spent), -1
        if one.terminated[0]:
            money, pot = [_PURSE + int(gain) for gain in self._rewards[self._result(one.cards, pair)][0]], 0
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
