"""What the card games share: dealing in order from a small deck, and betting rounds as tables.

Cards `[B, C]` int64 fill their columns from the left; -1 is a card not dealt yet.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor


def deal(cards: Tensor, *, dealing: Tensor, outcome: Tensor) -> Tensor:
    """Return `cards [B, C]` with `outcome [B]` in the next free column of the rows where `dealing [B]`."""
    columns = []
    for card in cards.unbind(1):
        free = card < 0
        columns.append(torch.where(free & dealing, outcome, card))
        dealing = dealing & ~free
    return torch.stack(columns, 1)


def deck_chances(cards: Tensor, deck: int) -> Tensor:
    """Return the probabilities `[B, deck]` float64 of the next card, uniform over those not in `cards [B, C]`."""
    left = (cards[:, :, None] != torch.arange(deck, device=cards.device)).all(1).double()
    return left / left.sum(1, keepdim=True)


def one_hot(values: Tensor, size: int) -> Tensor:
    """Return `[B, size]` float32 with a one at `values [B]`, or none where the value is negative."""
    return (values[:, None] == torch.arange(size, device=values.device)).float()


@dataclass(frozen=True)
class Betting:
    """A round of betting between two seats as tables over its N nodes, the sequences of actions so far.

    Node 0 is the empty sequence, and seat 0 opens. A node that no sequence extends ends the round.

    sequences: N strings of action digits.
    successor `[N, A]` int64: the node after an action; the node itself after one that is not legal.
    legal `[N, A]` bool.
    ended `[N]` bool.
    seat `[N]` int64: who acts.
    features `[N, F]` float32: the sequence for a network, one one-hot block a move.
    """

    sequences: tuple[str, ...]
    successor: Tensor
    legal: Tensor
    ended: Tensor
    seat: Tensor
    features: Tensor

    @classmethod
    def of(cls, sequences: Sequence[str], *, actions: int, shown: str, device: torch.device) -> "Betting":
        """Build the tables; the action digits in `shown` have a column in each block of `features`."""
        node = {sequence: index for index, sequence in enumerate(sequences)}
        after = [[node.get(f"{sequence}{action}", -1) for action in range(actions)] for sequence in sequences]
        successor = torch.tensor(after, device=device)
        legal = successor >= 0
        own = torch.arange(len(sequences), device=device)[:, None]
        blocks = max(len(sequence) for sequence in sequences)
        features = [
            [float(action in sequence[move : move + 1]) for move in range(blocks) for action in shown]
            for sequence in sequences
        ]
        return cls(
            sequences=tuple(sequences),
            successor=torch.where(legal, successor, own),
            legal=legal,
            ended=~legal.any(1),
            seat=torch.tensor([len(sequence) % 2 for sequence in sequences], device=device),
            features=torch.tensor(features, device=device),
        )

    def advance(self, node: Tensor, *, acting: Tensor, actions: Tensor) -> Tensor:
        """Return `node [B]` moved by the acting seat's column of `actions [B, 2]`; rows where none acts stay."""
        moves = acting[:, 0] | acting[:, 1]
        chosen = torch.where(acting[:, 1], actions[:, 1], actions[:, 0]) * moves
        after = self.successor.flatten().index_select(0, node * self.successor.shape[1] + chosen)
        return torch.where(moves, after, node)
