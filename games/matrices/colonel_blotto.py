"""Colonel Blotto: two seats spread their coins over the same fields at the same time."""

from itertools import combinations
from math import comb

import numpy as np
import torch

from games.about import About
from games.arguments import usual, whole
from games.entry import Entry
from games.matrices.matrix import NOTHING_TO_SEE, MatrixGame
from games.matrices.size import refuse_large

_MOST = 1000
"""Coins and fields, far above what fits, so that the count of actions is soon found."""


def colonel_blotto(*, coins: int = 10, fields: int = 3, device: torch.device | str = "cpu") -> MatrixGame:
    """Return the game in which whoever puts more coins on more fields wins one."""
    coins, fields = whole("coins", coins, least=0, most=_MOST), whole("fields", fields, least=1, most=_MOST)
    name = usual("colonel_blotto", colonel_blotto, {"coins": coins, "fields": fields})
    refuse_large(name, [comb(coins + fields - 1, fields - 1)] * 2)
    spread = allocations(coins, fields)
    won = np.zeros((len(spread), len(spread)), dtype=np.int64)
    for field in spread.T:
        won += np.sign(field[:, None] - field)
    names = ["-".join(map(str, line)) for line in spread.tolist()]
    return MatrixGame(np.sign(won), name=name, action_names=names, device=device)


def allocations(coins: int, fields: int) -> np.ndarray:
    """Return every way `[A, fields]` to spread the coins, in lexicographic order."""
    bars = np.array(list(combinations(range(coins + fields - 1), fields - 1)), dtype=np.int64)
    edges = np.full((len(bars), 1), -1), bars, np.full((len(bars), 1), coins + fields - 1)
    return np.diff(np.concatenate(edges, 1)) - 1


GAMES = {
    "colonel_blotto": Entry(
        factory=colonel_blotto,
        example="colonel_blotto(coins=10, fields=3)",
        about=About(
            summary="spread your coins over the fields, and win more fields than the other",
            rules="Both seats spread all their `coins` over `fields` at the same time. A field is won by whoever puts "
            "more coins there, and whoever wins more fields takes one from the other.",
            observation=NOTHING_TO_SEE,
            actions="the ways to spread the coins in lexicographic order, (coins + fields - 1 choose fields - 1) of "
            "them: 0-0-10, 0-1-9, ..., 10-0-0",
            known="value 0, since the game is symmetric; 66 actions with 10 coins on 3 fields; on one or two fields "
            "every game is a draw",
            sources=(
                'É. Borel, "La théorie du jeu et les équations intégrales à noyau symétrique", Comptes Rendus 173, '
                "1921",
                "agrees with OpenSpiel's blotto",
            ),
        ),
    )
}
