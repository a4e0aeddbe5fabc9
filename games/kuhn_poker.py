"""Kuhn poker for two: a deck of three cards, one card each, one bet.

H. W. Kuhn, "A simplified two-person poker", Contributions to the Theory of Games I, 1950. Actions, chance outcomes,
returns and information states are OpenSpiel's.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from games.cards import Betting, deal, deck_chances, one_hot
from games.draws import Draws
from games.game import Game, GameSpec, State

_PLAYERS, _CHANCE = 2, 2
_DECK = 3
_LETTERS = "pb"

# sequence of 0 pass, 1 bet -> (stake, winner: +1 seat 0, -1 seat 1, 0 the higher card); None while the game goes on
_SEQUENCES = {
    "": None,
    "0": None,
    "1": None,
    "01": None,
    "00": (1, 0),
    "10": (1, 1),
    "11": (2, 0),
    "010": (1, -1),
    "011": (2, 0),
}


@dataclass(frozen=True)
class KuhnPokerState(State):
    """cards `[B, 2]` int64: each seat's card, -1 before it is dealt; betting `[B]` int64: the round's node."""

    cards: Tensor
    betting: Tensor


class KuhnPoker(Game[KuhnPokerState]):
    """Each seat antes one chip and is dealt a card; a bet is one chip more, and a pass after it gives up the pot.

    Actions: 0 pass, 1 bet. Chance outcome: the card, first seat 0's, then seat 1's. A seat sees `[11]`: its seat (2),
    its card (3) and the betting, pass or bet for each of three moves (6).
    """

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
        self._betting = Betting.of(tuple(_SEQUENCES), actions=2, shown="01", device=self.device)
        self._tabulate(self._betting)

    def _tabulate(self, rules: Betting) -> None:
        """Write down what follows from the cards and the node, as tables that `step` and `observe` look up."""
        cards, nodes = torch.arange(-1, _DECK, device=self.device), torch.arange(len(_SEQUENCES), device=self.device)
        ends = torch.tensor([result or (0, 0) for result in _SEQUENCES.values()], device=self.device)

        first, second, node = torch.cartesian_prod(cards, cards, nodes).T
        stake, winner = ends[node].T
        gain = stake * torch.where(winner == 0, (first - second).sign(), winner)
        self._rewards = torch.stack((gain, -gain), 1).double()

        dealt, node = torch.cartesian_prod(torch.arange(2, device=self.device), nodes).T
        moves = one_hot(rules.seat[node], _PLAYERS).bool() & (dealt.bool() & ~rules.ended[node])[:, None]
        self._acting = torch.cat((moves, dealt[:, None] == 0), 1)

        seat, card, node = torch.cartesian_prod(torch.arange(_PLAYERS, device=self.device), cards, nodes).T
        self._seen = torch.cat((one_hot(seat, _PLAYERS), one_hot(card, _DECK), rules.features[node]), 1)

    def reset(self, draws: Draws) -> KuhnPokerState:
        """Return the game before the deal, chance to move."""
        count = len(draws.games)
        unset = torch.zeros(count, dtype=torch.bool, device=self.device)
        return KuhnPokerState(
            acting=torch.tensor([False, False, True], device=self.device).repeat(count, 1),
            rewards=torch.zeros(count, _PLAYERS, dtype=torch.float64, device=self.device),
            terminated=unset,
            truncated=unset,
            cards=torch.full((count, _PLAYERS), -1, device=self.device),
            betting=torch.zeros(count, dtype=torch.int64, device=self.device),
        )

    def step(self, state: KuhnPokerState, actions: Tensor, draws: Draws | None = None) -> KuhnPokerState:
        """Deal a card or make a bet."""
        rules, nodes = self._betting, len(_SEQUENCES)
        cards = deal(state.cards, dealing=state.acting[:, _CHANCE], outcome=actions[:, _CHANCE])
        betting = rules.advance(state.betting, acting=state.acting[:, :_PLAYERS], actions=actions[:, :_PLAYERS])
        held = (cards[:, 0] + 1) * (_DECK + 1) + cards[:, 1] + 1
        return KuhnPokerState(
            acting=self._acting.index_select(0, (cards[:, 1] >= 0) * nodes + betting),
            # the first entry belongs to no end of the game, so it pays nothing
            rewards=self._rewards.index_select(0, (held * nodes + betting) * ~state.terminated),
            terminated=rules.ended.index_select(0, betting),
            truncated=state.truncated,
            cards=cards,
            betting=betting,
        )

    def chance(self, state: KuhnPokerState, rows: Tensor) -> Tensor:
        """Return `[n, 3]`: uniform over the cards left."""
        return deck_chances(state.cards[rows], _DECK)

    def legal(self, state: KuhnPokerState, rows: Tensor, seats: Tensor) -> Tensor:
        """Return `[n, 2]`: passing and betting are always open."""
        return self._betting.legal.index_select(0, state.betting.index_select(0, rows))

    def observe(self, state: KuhnPokerState, rows: Tensor, seats: Tensor) -> Tensor:
        """Return seat, own card and betting `[n, 11]`."""
        card = state.cards.flatten().index_select(0, rows * _PLAYERS + seats) + 1
        node = state.betting.index_select(0, rows)
        return self._seen.index_select(0, (seats * (_DECK + 1) + card) * len(_SEQUENCES) + node)

    def draw(self, state: KuhnPokerState, row: int) -> str:
        """Return both cards and the betting, as in `"cards J K, betting pb"`."""
        cards = " ".join("-" if card < 0 else "JQK"[card] for card in state.cards[row].tolist())
        return f"cards {cards}, betting {self._sequence(state, row) or '-'}"

    def information_state(self, state: KuhnPokerState, row: int, seat: int) -> str:
        """Return the seat's card and the betting: `"2pb"`."""
        card = int(state.cards[row, seat])
        return "" if card < 0 else f"{card}{self._sequence(state, row)}"

    def _sequence(self, state: KuhnPokerState, row: int) -> str:
        return "".join(_LETTERS[int(digit)] for digit in self._betting.sequences[int(state.betting[row])])

    def action_name(self, seat: int, action: int) -> str:
        """Name a move or a deal as OpenSpiel does."""
        return f"Deal:{action}" if seat == _CHANCE else ("Pass", "Bet")[action]
