"""Positions of connect four by difficulty, with the exact score of every move: what mistakes are counted on.

The sets are those of P. Pons, "Solving connect 4", part 2 (blog.gamesolver.org), on which AlphaZero.jl measures its
agent: a position is of the beginning, middle or end by the marks that lie there, and easy, medium or hard by the moves
that are left when both sides play perfectly. As there, positions come from random play, are not over, and are kept when
a win in one move or only moves of equal worth are there. Other than there: 1,000 positions in all instead of 1,000 a
set, none with less than 8 marks, and no two that are alike or mirror images.

`python -m arena.positions` prints the file that is kept beside this one.
"""

import csv
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import numpy as np
import torch
from numpy.typing import NDArray

from games import ConnectFour
from games.boards.connect_four_solver import ILLEGAL, ConnectFourSolver, length
from games.draws import Draws, choose
from games.game import State, step_where
from games.native import NativeState

STAGES = {"beginning": (8, 14), "middle": (15, 28), "end": (29, 41)}
"""The least and the greatest number of marks."""

DIFFICULTIES = {"easy": (0, 13), "medium": (14, 28), "hard": (29, 42)}
"""The least and the greatest number of moves that are left."""

SETS = {
    ("end", "easy"): 150,
    ("middle", "easy"): 150,
    ("beginning", "easy"): 100,
    ("middle", "medium"): 200,
    ("beginning", "medium"): 200,
    ("beginning", "hard"): 200,
}
"""How many positions of each set there are."""

NO_MOVE = int(np.iinfo(np.int64).min)
"""Stands for the score of an action that is not legal."""

_FILE = Path(__file__).with_name("connect_four_positions.csv")
_CANDIDATES = 64


@dataclass(frozen=True)
class Labelled:
    """Positions and what each move is worth to whoever moves there.

    stage, difficulty: names, n of each, or "all" of everything; state: n positions on the CPU; scores `[n, A]` int64:
    larger is better, a positive one wins and a negative one loses, `NO_MOVE` where there is none.
    """

    stage: tuple[str, ...]
    difficulty: tuple[str, ...]
    state: State
    scores: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.stage)

    @property
    def legal(self) -> NDArray[np.bool_]:
        """Which moves there are `[n, A]`."""
        return self.scores != NO_MOVE


def connect_four_positions() -> Labelled:
    """Return the 1,000 positions, from the file that is kept with the package."""
    with _FILE.open(newline="") as file:
        rows = list(csv.reader(file))[1:]
    stage, difficulty, moves = (tuple(row[place] for row in rows) for place in range(3))
    scores = np.array([[int(score) if score else NO_MOVE for score in row[3:]] for row in rows])
    return Labelled(stage, difficulty, played(moves), scores)


def played(games: Sequence[str]) -> NativeState:
    """Return the positions after games of connect four, each its columns, such as "3342"."""
    game, longest = ConnectFour(), max(map(len, games))
    columns = torch.tensor([[*map(int, moves), *[-1] * (longest - len(moves))] for moves in games], dtype=torch.int64)
    state = game.reset(Draws.of(0, "positions", torch.arange(len(games))))
    for move in range(longest):
        actions = columns[:, move, None].expand(-1, 2).contiguous()
        state = step_where(game, state, columns[:, move] >= 0, actions)
    return state


def generate(*, seed: int = 0, candidates: int = 1 << 20, solver: ConnectFourSolver | None = None) -> Labelled:
    """Play at random until every set of `SETS` is full, and solve what is kept; the same for the same seed.

    Each candidate draws its stage and, from the stage's range, its number of marks.
    """
    solver = solver or ConnectFourSolver(entries=2**24)
    found: dict[tuple[str, str], list[str]] = {kind: [] for kind in SETS}
    seen: set[tuple[int, ...]] = set()
    for kind, moves in _candidates(seed, candidates, found, solver):
        mirrored = _name(moves), _name("".join(str(6 - int(column)) for column in moves))
        if len(found[kind]) < SETS[kind] and min(mirrored) not in seen:
            seen.add(min(mirrored))
            found[kind].append(moves)
        if all(len(found[kind]) == count for kind, count in SETS.items()):
            break
    kinds = [kind for kind, moves in found.items() for _ in moves]
    state = played([moves for games in found.values() for moves in games])
    return Labelled(tuple(kind[0] for kind in kinds), tuple(kind[1] for kind in kinds), state, solved(state, solver))


def solved(state: NativeState, solver: ConnectFourSolver) -> NDArray[np.int64]:
    """Return the scores `[n, 7]` of open positions of connect four, `NO_MOVE` for a full column."""
    scores = solver.scores(*state.words.numpy().T[:2])
    return np.where(scores == ILLEGAL, NO_MOVE, scores)


def _candidates(
    seed: int, count: int, found: dict[tuple[str, str], list[str]], solver: ConnectFourSolver
) -> Iterator[tuple[tuple[str, str], str]]:
    """Yield random open positions of stages that still lack some, with their set."""
    for first in range(0, count, _CANDIDATES):
        lacking = {stage for (stage, level), games in found.items() if len(games) < SETS[stage, level]}
        state, games, stages = _random(seed, torch.arange(first, first + _CANDIDATES))
        wanted = [row for row in range(len(games)) if stages[row] in lacking and not bool(state.done[row])]
        if not wanted:
            continue
        x, o = state.words[wanted].numpy().T[:2]
        marks = np.array([len(games[row]) for row in wanted])
        left = length(marks, solver.values(x, o)) - marks
        for row, moves_left in zip(wanted, left.tolist(), strict=True):
            level = next(name for name, (least, most) in DIFFICULTIES.items() if least <= moves_left <= most)
            if (stages[row], level) in SETS:
                yield (stages[row], level), games[row]


def _random(seed: int, games: torch.Tensor) -> tuple[NativeState, list[str], list[str]]:
    """Play games at random up to a number of marks of a stage, both drawn; a game that ends sooner is left there."""
    game, draws = ConnectFour(), Draws.of(seed, "positions", games)
    stage = (draws.uniform(draw=0) * len(STAGES)).long()
    least, most = torch.tensor(list(STAGES.values()))[stage].unbind(1)
    target = least + (draws.uniform(draw=1) * (most - least + 1)).long()
    state, moves = game.reset(draws), [""] * len(games)
    everyone = torch.arange(len(games))
    for move in range(int(target.max())):
        ready = (target > move) & ~state.done
        seats = torch.full_like(games, move & 1)
        chosen = choose(game.legal(state, everyone, seats), draws.at(move + 1), seats)
        state = step_where(game, state, ready, chosen[:, None].expand(-1, 2).contiguous())
        moves = [
            text + str(int(column)) * bool(going) for text, column, going in zip(moves, chosen, ready, strict=True)
        ]
    return state, moves, [list(STAGES)[index] for index in stage.tolist()]


def _name(moves: str) -> tuple[int, ...]:
    """Return the columns of a position after `moves`, each as its marks from below: o 1 and x 2, in base 3."""
    columns = [0] * 7
    heights = [0] * 7
    for number, column in enumerate(map(int, moves)):
        columns[column] += (2 - number % 2) * 3 ** heights[column]
        heights[column] += 1
    return tuple(columns)


def write(positions: Labelled, file: TextIO) -> None:
    """Write positions as `connect_four_positions` reads them."""
    out = csv.writer(file, lineterminator="\n")
    out.writerow(["stage", "difficulty", "moves", *range(7)])
    game, state = ConnectFour(), positions.state
    assert isinstance(state, NativeState)
    for row in range(len(positions)):
        moves = game.information_state(state, row, 0).replace(", ", "")
        scores = ("" if score == NO_MOVE else score for score in positions.scores[row].tolist())
        out.writerow([positions.stage[row], positions.difficulty[row], moves, *scores])


if __name__ == "__main__":
    write(generate(), sys.stdout)
