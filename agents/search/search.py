"""Search in native games without chance: each step of all trees is one call of compiled code."""

import numpy as np
import torch
from numpy.typing import NDArray

from agents.search.base import Evaluate, SearchConfig, Searching
from agents.search.found import Found
from agents.search.kernels import COUNT, REPAY, Plan
from agents.search.native import Answers, Asked, Board, Known, Memory, native
from agents.zoo.lookahead import Moves, Positions, words_of
from games.draws import Draws
from games.native import NativeGame


class Search(Searching):
    """Searches positions of a native game.

    `capacity`: how many answers are remembered by what was seen, a power of two, or 0.
    """

    def __init__(self, game: NativeGame, evaluate: Evaluate, config: SearchConfig, *, capacity: int = 0) -> None:
        super().__init__(game, evaluate, config, words=len(game.rules.start))
        moves, layout = Moves.of(game), game.observation_layout
        self._board = Board(
            moves.masks, moves.action, layout.starts.astype(np.int64), layout.shifts, game.parameters, 1 / self._scale
        )
        self._capacity, self._kernels = capacity, native(self._trees.layout, self._rules, game.rules)
        self.forget()

    def forget(self) -> None:
        """Empty the memory of answers."""
        count, parts, width = self._capacity, len(self._board.starts), self._trees.layout.width
        none = np.zeros((count, parts), np.int64)
        self._known = Known(none, np.zeros((count, width), np.float32), np.zeros(count, np.float32))

    def search(
        self,
        positions: Positions,
        draws: Draws | None,
        *,
        budget: NDArray[np.int32] | None = None,
        slots: NDArray[np.int64] | None = None,
    ) -> Found:
        """See `Searching`."""
        count = len(positions.seats)
        budget = np.full(count, self.config.simulations, np.int32) if budget is None else budget
        most, words = int(budget.max(initial=0)), words_of(positions.state)
        fresh = np.ones(count, np.bool_)
        if slots is None:
            self.reserve(count, most + 1)
            slots = np.arange(count)
        self._refuse_small(most + 1)
        memory = self._memory()
        if self._kept:
            fresh = self._kernels.reuse(memory, slots, words, memory.words.shape[1] - most)
        asked = self._asked(max(int(fresh.sum()), count * self.config.leaves))
        memory.words[slots[fresh], 0] = words[fresh]
        self._kernels.begin(memory, slots[fresh], positions.seats.numpy()[fresh], asked, self._board)
        plan = self._plan(slots, budget)
        self._answer(memory, asked, int(fresh.sum()), plan, COUNT)
        self._perturb(plan, slots, positions, draws)
        going, kind = slots.copy(), COUNT if self.config.leaves == 1 else REPAY
        while len(going):
            left, questions = self._kernels.advance(
                memory, going, asked, plan, self._known, self._board, self.config.leaves
            )
            going = going[:left]
            self._answer(memory, asked, questions, plan, kind)
        return self._found(slots, plan)

    def _asked(self, most: int) -> Asked:
        size = int(self._board.starts[-1])
        return Asked(np.empty(most, np.int64), np.empty(most, np.int64), np.empty(most * size, np.float32))

    def _answer(self, memory: Memory, asked: Asked, count: int, plan: Plan, kind: int) -> None:
        """Ask the network about the first `count` positions, and put its answers into the trees."""
        if not count:
            return
        seen = torch.from_numpy(asked.observation).view(-1, *self.game.spec.observation_shape)
        logits, value = self._asked_of_network(seen[:count])
        answers = Answers(logits.reshape(-1), value)
        self._kernels.take(memory, asked, answers, plan, self._known, self._board, kind)
