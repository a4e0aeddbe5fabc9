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
            moves.masks,
            moves.action,
            layout.starts.astype(np.int64),
            layout.shifts.astype(np.uint64),
            game.parameters,
            game.spec.actions,
            1 / self._scale,
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
        answers = self._ask(asked, int(fresh.sum()))
        self._advance(memory, slots[:0], asked, answers, plan, COUNT)
        self._perturb(plan, slots, positions, draws)
        going, answers = slots.copy(), answers.first(0)
        kind = COUNT if self.config.leaves == 1 else REPAY
        while len(going):
            left, questions = self._advance(memory, going, asked, answers, plan, kind)
            going, answers = going[:left], self._ask(asked, questions)
        return self._found(slots, plan)

    def _advance(
        self, memory: Memory, going: NDArray[np.int64], asked: Asked, answers: Answers, plan: Plan, kind: int
    ) -> tuple[int, int]:
        """Call the kernel of that name; raises `AgentError` where the network did not answer with numbers."""
        left, questions = self._kernels.advance(
            memory, going, asked, answers, plan, self._known, self._board, self.config.leaves, kind
        )
        if questions < 0:
            self._refuse_answer()
        return left, questions

    def _asked(self, most: int) -> Asked:
        size = int(self._board.starts[-1])
        self._logits = np.zeros(most * self.game.spec.actions + self._trees.layout.width, np.float32)
        self._values = np.zeros(most, np.float32)
        return Asked(np.empty(most, np.int64), np.empty(most, np.int64), np.empty(most * size, np.float32))

    def _ask(self, asked: Asked, count: int) -> Answers:
        """Ask the network about the first `count` positions."""
        actions = self.game.spec.actions
        answers = Answers(self._logits[: count * actions + self._trees.layout.width], self._values[:count])
        if count:
            seen = torch.from_numpy(asked.observation).view(-1, *self.game.spec.observation_shape)
            logits, value = self.evaluate(seen[:count])
            answers.logits[: count * actions].reshape(count, actions)[:] = logits.numpy()
            answers.value[:] = value.numpy()
        return answers
