"""Search in native games without chance: each step of all trees is one call of compiled code."""

import numpy as np
import torch
from numpy.typing import NDArray

from agents.search.kernels import COUNT, REPAY, Plan
from agents.search.native_kernels import Answers, Asked, Board, Known, Memory, native
from agents.search.search import Evaluate, Search, SearchConfig
from agents.zoo.lookahead import Moves, Positions, words_of
from games.native import NativeGame


class NativeSearch(Search):
    """Searches positions of a native game; its trees can be kept from move to move.

    capacity: how many answers are remembered by what was seen, a power of two, or 0.
    """

    goes_on = True

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
        self._known = Known(none, np.zeros(count * width, np.float32), np.zeros(count, np.float32))

    def _begin(self, positions: Positions, slots: NDArray[np.int64], budget: NDArray[np.int32]) -> Plan:
        count, words, memory = len(slots), words_of(positions.state), self._memory()
        fresh = np.ones(count, np.bool_)
        if self._kept:
            fresh = self._kernels.reuse(memory, slots, words, memory.words.shape[1] - int(budget.max(initial=0)))
        roots = slots[fresh]
        self._allow(max(len(roots), count * self.config.leaves))
        memory.words[roots, 0] = words[fresh]
        self._kernels.begin(memory, roots, positions.seats.numpy()[fresh], self._asked, self._board)
        plan = self._plan(slots, budget)
        self._advance(memory, slots[:0], self._ask(len(roots)), plan, COUNT)
        return plan

    def _simulate(self, plan: Plan, slots: NDArray[np.int64]) -> None:
        memory, going, answers = self._memory(), slots.copy(), self._ask(0)
        kind = COUNT if self.config.leaves == 1 else REPAY
        while len(going):
            left, questions = self._advance(memory, going, answers, plan, kind)
            going, answers = going[:left], self._ask(questions)

    def _advance(
        self, memory: Memory, going: NDArray[np.int64], answers: Answers, plan: Plan, kind: int
    ) -> tuple[int, int]:
        """Call the kernel of that name; raises `AgentError` where the network did not answer with numbers."""
        left, questions = self._kernels.advance(
            memory, going, self._asked, answers, plan, self._known, self._board, self.config.leaves, kind
        )
        if questions < 0:
            self._refuse_answer()
        return left, questions

    def _allow(self, most: int) -> None:
        """Make room for so many questions at a time, and for their answers."""
        size = int(self._board.starts[-1])
        self._asked = Asked(np.empty(most, np.int64), np.empty(most, np.int64), np.empty(most * size, np.float32))
        self._logits = np.zeros(most * self.game.spec.actions + self._trees.layout.width, np.float32)
        self._values = np.zeros(most, np.float32)

    def _ask(self, count: int) -> Answers:
        """Ask the network about the first `count` positions."""
        actions = self.game.spec.actions
        answers = Answers(self._logits[: count * actions + self._trees.layout.width], self._values[:count])
        if count:
            seen = torch.from_numpy(self._asked.observation).view(-1, *self.game.spec.observation_shape)
            logits, value = self.evaluate(seen[:count])
            answers.logits[: count * actions].reshape(count, actions)[:] = logits.numpy()
            answers.value[:] = value.numpy()
        return answers
