"""Games whose position is a few integers: the rules are written for one row and compiled to run over all of them."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, ClassVar, NamedTuple

import numpy as np
import torch
from torch import Tensor

from games.bits import popcount, rule
from games.compiling import compiled
from games.draws import Draws, sample
from games.errors import GameError
from games.game import Game, State
from games.kernels import draw, select

Words = Any
"""One position: its integers in compiled rules, its columns `[B]` int64 in torch."""

Rule = Callable[..., Any]

_BITS = 64
"""Of a word."""


@dataclass(frozen=True)
class NativeState(State):
    """words `[B, W]` int64: the integers of each position, as the game's own docstring lists them."""

    words: Tensor


def _no_chance(words: Words, *parameters: int) -> Any:
    return 0


@dataclass(frozen=True, kw_only=True)
class Rules:
    """A game's rules as functions of a position's `words`, each followed by the game's `parameters`.

    start: the words of the first position.
    step(words, seat, action): the words after `action` of the acting `seat`, chance included. Where several act, the
        action is a number whose digits in base A are theirs, the first seat's first, and `seat` the last of them.
    acting(words): who acts, bit s for seat s; 0 when the game is over.
    returns(words): what each of the P seats ends with.
    legal(words, seat): the legal actions as words whose bits, laid end to end, are the actions.
    observe(words, seat): what a seat sees, likewise. Total: it is asked of seats that do not act as well.
    chance(words): the outcomes that are equally likely, as bits.
    """

    start: tuple[int, ...]
    step: Rule
    acting: Rule
    returns: Rule
    legal: Rule
    observe: Rule
    chance: Rule = _no_chance


class Layout(NamedTuple):
    """Which bits of several words are meant, in order: bit `shifts[i]` of the word whose `starts` enclose i."""

    starts: np.ndarray
    shifts: np.ndarray

    @classmethod
    def of(cls, *words: Any) -> "Layout":
        """List each word's bits; a number n stands for its lowest n."""
        lists = [list(range(word)) if isinstance(word, int) else list(word) for word in words]
        if any(not 0 <= place < _BITS for word in lists for place in word):
            raise GameError(f"expected the bits of a word to be 0 to {_BITS - 1}; lay them out over several words")
        return cls(np.cumsum([0, *map(len, lists)]), np.array([place for word in lists for place in word], np.int64))

    @property
    def gathered(self) -> np.ndarray | None:
        """`shifts` as uint64, or None where each word is read from its lowest bit on."""
        plain = np.concatenate([np.arange(count) for count in np.diff(self.starts)])
        return None if (plain == self.shifts).all() else self.shifts.view(np.uint64)

    def read(self, words: Words) -> Tensor:
        """Return the bits of columns `[n]` as `[n, bits]` bool."""
        shifts = _on(words[0].device, *self.shifts.tolist())
        spans = zip(words, self.starts[:-1], self.starts[1:], strict=True)
        return torch.cat([word[:, None] >> shifts[first:last] & 1 for word, first, last in spans], 1).bool()


class NativeGame(Game[NativeState]):
    """A turn-based or simultaneous game given by `rules`; chance, where it moves, is uniform over the outcomes left.

    A subclass sets `spec`, `device`, `rules` and, where its words are not read from their lowest bits on, the layouts.
    On the CPU the rules run compiled, over one row after another; elsewhere as torch expressions over the columns.
    """

    rules: ClassVar[Rules]
    parameters: tuple[int, ...] = ()
    compiles: bool = True
    """Whether the CPU runs the compiled rules; the torch expressions say the same."""

    @cached_property
    def actions_layout(self) -> Layout:
        """Where the legal actions stand in the words of `rules.legal`."""
        return Layout.of(self.spec.actions)

    @cached_property
    def observation_layout(self) -> Layout:
        """Where the numbers of an observation stand in the words of `rules.observe`."""
        return Layout.of(int(np.prod(self.spec.observation_shape)))

    @cached_property
    def _kernels(self) -> "_Kernels":
        self._refuse_lengths()
        return _compile(self.rules)

    def _refuse_lengths(self) -> None:
        """Raise `GameError` where a rule answers with more or fewer numbers than compiled code makes room for."""
        words, own = self.rules.start, self.parameters
        layouts = self.actions_layout, self.observation_layout
        answers = {
            "step": (self.rules.step(words, 0, 0, *own), len(words)),
            "returns": (self.rules.returns(words, *own), self.spec.players),
            "legal": (self.rules.legal(words, 0, *own), len(layouts[0].starts) - 1),
            "observe": (self.rules.observe(words, 0, *own), len(layouts[1].starts) - 1),
        }
        for rule_name, (answer, expected) in answers.items():
            if not isinstance(answer, tuple) or len(answer) != expected:
                came = f"{len(answer)}" if isinstance(answer, tuple) else f"a {type(answer).__name__}"
                raise GameError(
                    f"expected the rule {rule_name} of {self.spec.name} to answer with a tuple of {expected} but got "
                    f"{came}; correct it, the start words or the layout"
                )
        for layout, width in zip(layouts, (self.spec.actions, int(np.prod(self.spec.observation_shape))), strict=True):
            if layout.starts[-1] != width:
                raise GameError(
                    f"expected a layout of {width} bits in {self.spec.name} but got {layout.starts[-1]}; make the "
                    "spec's actions and observation_shape agree with the layouts"
                )

    @cached_property
    def _legal_bits(self) -> tuple[Any, ...]:
        return self.actions_layout.starts, self.actions_layout.gathered, self.parameters

    @cached_property
    def _observed_bits(self) -> tuple[Any, ...]:
        return self.observation_layout.starts, self.observation_layout.gathered, self.parameters

    @cached_property
    def _first(self) -> int:
        """Who acts first, as bits."""
        return int(self.rules.acting(self.rules.start, *self.parameters))

    def reset(self, draws: Draws) -> NativeState:
        """Return the first position."""
        count, device = len(draws), self.device
        acting = torch.zeros(count, self.spec.seats, dtype=torch.bool, device=device)
        words = torch.zeros(count, len(self.rules.start), dtype=torch.int64, device=device)
        for seat in range(self.spec.seats):
            if self._first >> seat & 1:
                acting[:, seat] = True
        for index, word in enumerate(self.rules.start):
            if word:
                words[:, index] = word
        unset = torch.zeros(count, dtype=torch.bool, device=device)
        rewards = torch.zeros(count, self.spec.players, dtype=torch.float64, device=device)
        return NativeState(acting=acting, rewards=rewards, terminated=unset, truncated=unset, words=words)

    def step(self, state: NativeState, actions: Tensor, draws: Draws | None = None) -> NativeState:
        """Let whoever acts do so; finished rows stay as they are and are paid nothing."""
        if not self._runs_compiled(state):
            return self._step_in_torch(state, actions)
        still = torch.zeros(len(state), dtype=torch.int64)
        return self._proceed(state, actions, still, still, dealing=False)[0]

    def _step_in_torch(self, state: NativeState, actions: Tensor) -> NativeState:
        seat = action = torch.zeros_like(state.words[:, 0])
        for index, acts in enumerate(state.acting.unbind(1)):
            seat = torch.where(acts, index, seat)
            action = torch.where(acts, action * self.spec.actions + actions[:, index], action)
        stepped = self.moved_in_torch(state.words, seat, action)
        words = torch.where(state.terminated[:, None], state.words, stepped)
        acting, returns = self.outcome_in_torch(words)
        over = acting == 0
        return NativeState(
            acting=(acting[:, None] >> torch.arange(self.spec.seats, device=state.device) & 1).bool(),
            rewards=torch.where((over & ~state.terminated)[:, None], returns, 0.0),
            terminated=over,
            truncated=state.truncated,
            words=words,
        )

    def moved_in_torch(self, words: Tensor, seat: Tensor, action: Tensor) -> Tensor:
        """Return the words `[n, W]` after `action [n]` of `seat [n]` in the positions `words [n, W]`, on any device."""
        return torch.stack(_even(self.rules.step(words.unbind(1), seat, action, *self.parameters), seat), 1)

    def outcome_in_torch(self, words: Tensor) -> tuple[Tensor, Tensor]:
        """Return who acts in the positions `words [n, W]`, as bits `[n]`, and what the seats have of them `[n, P]`."""
        columns, like = words.unbind(1), words[:, 0]
        (acting,) = _even([self.rules.acting(columns, *self.parameters)], like)
        return acting, torch.stack(_even(self.rules.returns(columns, *self.parameters), like), 1).double()

    def legal_in_torch(self, words: Tensor, seats: Tensor) -> Tensor:
        """Return the legal actions `[n, A]` of `seats [n]` in the positions `words [n, W]`, on any device."""
        return self.actions_layout.read(_even(self.rules.legal(words.unbind(1), seats, *self.parameters), seats))

    def seen_in_torch(self, words: Tensor, seats: Tensor) -> Tensor:
        """Return what `seats [n]` see of the positions `words [n, W]`, `[n, *observation_shape]`, on any device."""
        seen = self.observation_layout.read(_even(self.rules.observe(words.unbind(1), seats, *self.parameters), seats))
        return seen.float().view(-1, *self.spec.observation_shape)

    def proceed(self, state: NativeState, actions: Tensor, draws: Draws, moves: Tensor) -> tuple[NativeState, Tensor]:
        """Step, and let chance move until a player must or the game is over, in one pass."""
        if not self._runs_compiled(state):
            return super().proceed(state, actions, draws, moves)
        return self._proceed(state, actions, draws.mixed, moves, dealing=self.spec.chance_outcomes > 0)

    def deal(self, state: NativeState, draws: Draws, moves: Tensor) -> tuple[NativeState, Tensor]:
        """Let chance move until a player must."""
        if not self.spec.chance_outcomes or not self._runs_compiled(state):
            return super().deal(state, draws, moves)
        nothing = torch.zeros(0, self.spec.seats, dtype=torch.int64)
        return self._proceed(state, nothing, draws.mixed, moves, dealing=True)

    def _proceed(
        self, state: NativeState, actions: Tensor, mixed: Tensor, moves: Tensor, *, dealing: bool
    ) -> tuple[NativeState, Tensor]:
        """Step, unless there are no `actions`, and where `dealing`, let chance move."""
        words, acting, rewards, terminated, made = self._kernels.proceed(
            state.words.numpy(),
            state.acting.numpy(),
            state.terminated.numpy(),
            actions.contiguous().numpy(),
            self.spec.players,
            self.spec.actions,
            self.parameters,
            mixed.numpy(),
            moves.numpy(),
            dealing,
        )
        following = NativeState(
            acting=torch.from_numpy(acting),
            rewards=torch.from_numpy(rewards),
            terminated=torch.from_numpy(terminated),
            truncated=state.truncated,
            words=torch.from_numpy(words),
        )
        return following, torch.from_numpy(made)

    def chance(self, state: NativeState, rows: Tensor) -> Tensor:
        """Return `[n, O]`: uniform over the outcomes left."""
        left = self._outcomes(state, rows)
        return left.double() / left.sum(1, keepdim=True)

    def outcome(self, state: NativeState, rows: Tensor, uniform: Tensor) -> Tensor:
        """Draw one of the outcomes left `[n]`."""
        return sample(self._outcomes(state, rows), uniform)

    def _outcomes(self, state: NativeState, rows: Tensor) -> Tensor:
        outcomes = self.rules.chance(state.words.index_select(0, rows).unbind(1), *self.parameters)
        return Layout.of(self.spec.chance_outcomes).read(_even([outcomes], rows))

    def legal(self, state: NativeState, rows: Tensor, seats: Tensor) -> Tensor:
        """Return the legal actions `[n, A]`."""
        if not self._runs_compiled(state):
            return self.legal_in_torch(state.words.index_select(0, rows), seats)
        return torch.from_numpy(self._kernels.legal(*_asked(state, rows, seats), *self._legal_bits))

    def observe(self, state: NativeState, rows: Tensor, seats: Tensor) -> Tensor:
        """Return what the seats see `[n, *observation_shape]`."""
        if not self._runs_compiled(state):
            return self.seen_in_torch(state.words.index_select(0, rows), seats)
        seen = self._kernels.observe(*_asked(state, rows, seats), *self._observed_bits)
        return torch.from_numpy(seen).view(-1, *self.spec.observation_shape)

    def _runs_compiled(self, state: NativeState) -> bool:
        return self.compiles and state.words.is_cpu


def _asked(state: NativeState, rows: Tensor, seats: Tensor) -> tuple[np.ndarray, ...]:
    return state.words.numpy(), rows.numpy(), seats.numpy()


def _even(values: Any, like: Tensor) -> list[Tensor]:
    """Return the columns that a rule answered with, those of plain numbers as long as `like [n]`."""
    columns = [value if isinstance(value, Tensor) else torch.full((), value, device=like.device) for value in values]
    return [column.expand(len(like)) for column in columns]


@cache
def _on(device: torch.device, *numbers: int) -> Tensor:
    """Return integers on a device, where they stay: what is recorded there to be repeated may copy nothing there."""
    with torch.inference_mode(False):
        return torch.tensor(numbers, dtype=torch.int64, device=device)


class _Kernels(NamedTuple):
    proceed: Rule
    legal: Rule
    observe: Rule


@rule
def _outcome(mask, uniform):
    """Draw one of the outcomes in `mask`, all equally likely, by a number in [0, 1)."""
    return select(np.uint64(mask), int(uniform * popcount(mask)))


@cache
def _compile(rules: Rules) -> _Kernels:
    """Compile the rules into loops over rows."""
    advance, movers, ends, drawn = map(rule, (rules.step, rules.acting, rules.returns, rules.chance))

    by_chance = rules.chance is not _no_chance

    # A view that lives across branches is counted by atomic operations: rows are looked up where they are used.
    @compiled(nogil=True, error_model="numpy")
    def proceed(words, acting, over, actions, players, radix, parameters, mixed, moves, dealing):
        rows, seats = acting.shape
        after, next_acting = words.copy(), np.zeros((rows, seats), np.bool_)
        rewards, terminated = np.zeros((rows, players)), np.ones(rows, np.bool_)
        made = moves.copy()
        for row in range(rows):
            if over[row]:
                continue
            count = moves[row]
            if len(actions):
                seat = action = np.int64(0)
                for index in range(seats):
                    if acting[row, index]:
                        seat, action = np.int64(index), action * radix + actions[row, index]
                moved = advance(words[row], seat, action, *parameters)
                for index in range(len(moved)):
                    after[row, index] = moved[index]
                count += 1
            mask = movers(after[row], *parameters)
            while by_chance and dealing and mask == 1 << players:
                chosen = _outcome(drawn(after[row], *parameters), draw(mixed[row], players, count, 0))
                moved = advance(after[row], np.int64(players), chosen, *parameters)
                for index in range(len(moved)):
                    after[row, index] = moved[index]
                count += 1
                mask = movers(after[row], *parameters)
            made[row] = count
            if mask == 0:
                paid = ends(after[row], *parameters)
                for index in range(players):
                    rewards[row, index] = paid[index]
            else:
                terminated[row] = False
                for index in range(seats):
                    next_acting[row, index] = mask >> index & 1
        return after, next_acting, rewards, terminated, made

    return _Kernels(proceed, _reader(rules.legal, np.bool_), _reader(rules.observe, np.float32))


def _reader(answer: Rule, kind: type) -> Rule:
    """Compile a rule that answers with words into a loop that lays their bits out as numbers of a kind."""
    answer = rule(answer)

    @compiled(nogil=True, error_model="numpy")
    def read(words, rows, seats, starts, shifts, parameters):
        out = np.empty((len(rows), starts[-1]), kind)
        flat, first = out.reshape(-1), np.uint64(0)
        for index in range(np.uint64(len(rows))):
            masks = answer(words[np.uint64(rows[index])], seats[index], *parameters)
            for part in range(len(masks)):
                mask, start, count = np.uint64(masks[part]), starts[part], np.uint64(starts[part + 1] - starts[part])
                for place in range(count):  # unsigned: runs on vectors
                    shift = place if shifts is None else shifts[np.uint64(start) + place]
                    flat[first + place] = np.int32(mask >> shift & np.uint64(1))
                first += count
        return out

    return read
