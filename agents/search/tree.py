"""Search trees as arrays: B independent trees with room for N nodes each, one record of 32-bit words a node.

A record holds five fields of A words, one word an edge, and eight words of the node's own, all in a few cache lines:
what a step of a search reads lies together. A is the number of actions, or of a chance node's outcomes where those are
more, rounded up to eight, so that a record's fields are whole vectors.

Node 0 is the root; a parent's number is below its child's. Statistics belong to edges, (node, action) pairs, and are
seen by whoever moves at the node: returns are scaled to [-1, 1].

An edge whose outcome under best play is known is *proven* (M. Winands, Y. Björnsson and J.-T. Saito, "Monte-Carlo tree
search solver", CG 2008). A game that ends on an edge proves it. A node is proven by one edge that leads to the greatest
return there is, or once all its edges are, and so is the edge that leads to it. What is proven to lose all that can be
lost is chosen no more as long as there is another edge: simulations go where something is left to find out.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

LOST, ILLEGAL, NONE = -2, -1, 0
"""What stands for a child behind a proven loss, for one that there cannot be, and for one that there is not yet."""

CHANCE = -1
"""The seat at a chance node."""

LANES = 8


class Layout(NamedTuple):
    """Where the fields of a record begin, for A edges a node.

    prior, mean (float32), visits, child, length (int32): a word an edge. The probability that the network gives the
    action; the mean return of the simulations that went through the edge, exact where it is proven; how many they are;
    the node behind it, `LOST`, `ILLEGAL` or `NONE`; 0, or how many moves away the end of a proven edge is under best
    play.

    raw, weighted, seen, mixed (float32), through, heaviest, seat, edge (int32): a word a node. The network's value; two
    sums over the visited edges, which the rule of selection chooses; what it takes edges without a visit to be worth;
    the simulations that came through and chose an edge; the most visits of an edge; who moves, or `CHANCE`; and the
    edge that leads here, A times its node and its action.
    """

    width: int
    prior: int
    mean: int
    visits: int
    child: int
    length: int
    raw: int
    weighted: int
    seen: int
    mixed: int
    through: int
    heaviest: int
    seat: int
    edge: int
    size: int

    @classmethod
    def of(cls, edges: int) -> "Layout":
        """Return the layout for nodes of so many edges."""
        width = -(-edges // LANES) * LANES
        fields = [
            *range(0, 5 * width, width),
            *range(5 * width, 5 * width + 9),
        ]  # the last is where the next would begin
        return cls(width, *fields)


@dataclass(frozen=True)
class Trees:
    """B trees with room for N nodes.

    records `[B, N, size]` int32, of which `floats` is the same memory as float32; words `[B, N, W]` int64: the position
    of each node, W is 0 where positions are kept elsewhere; used `[B]` int64: how many nodes a tree has;
    best `[2]` float32: the greatest return, scaled, that each seat can have.
    """

    layout: Layout
    records: NDArray[np.int32]
    words: NDArray[np.int64]
    used: NDArray[np.int64]
    best: NDArray[np.float32]

    @classmethod
    def allocate(cls, trees: int, *, nodes: int, edges: int, words: int, best: tuple[float, float]) -> "Trees":
        """Return room for trees, which have no node yet; nothing is touched before it is used."""
        layout = Layout.of(edges)
        return cls(
            layout,
            torch.empty(trees, nodes, layout.size, dtype=torch.int32).numpy(),  # torch aligns to cache lines
            torch.empty(trees, nodes, words, dtype=torch.int64).numpy(),
            np.zeros(trees, np.int64),
            np.array(best, np.float32),
        )

    @property
    def floats(self) -> NDArray[np.float32]:
        """The records' memory as float32."""
        return self.records.view(np.float32)

    def edges(self, field: str, trees: NDArray[np.int64], node: int = 0) -> NDArray[Any]:
        """Return a field of a word an edge, at one node of `trees [n]`: a copy, `[n, A]`."""
        start = getattr(self.layout, field)
        memory = self.floats if field in ("prior", "mean") else self.records
        return memory[trees, node, start : start + self.layout.width]

    def own(self, field: str, trees: NDArray[np.int64], node: int = 0) -> NDArray[Any]:
        """Return a field of a word a node, at one node of `trees [n]`: a copy, `[n]`."""
        memory = self.floats if field in ("raw", "weighted", "seen", "mixed") else self.records
        return memory[trees, node, getattr(self.layout, field)]

    def legal(self, trees: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return the legal actions at the roots of `trees [n]`: `[n, A]`."""
        return self.edges("child", trees) != ILLEGAL


def bytes_a_tree(nodes: int, edges: int, words: int) -> int:
    """Return the memory of one tree."""
    return nodes * (4 * Layout.of(edges).size + 8 * words)
