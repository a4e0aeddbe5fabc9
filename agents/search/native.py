"""The search over a native game, compiled whole: positions are stepped, shown and judged in the kernels' own arrays."""

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agents.search.kernels import COUNT, LEND, REPAY, WAITING, Plan, books
from agents.search.tree import NONE, Layout
from games.bits import popcount, rule
from games.compiling import compiled
from games.kernels import _mix as scrambled
from games.native import Rule, Rules, _version

_TOGETHER = 8
"""Trees that are descended in turn, level by level, so that the processor need not wait for the memory of any."""


class Board(NamedTuple):
    """What compiled code must know of a native game's positions.

    masks `[parts]`, named `[parts, 64]` int64: see `agents.zoo.lookahead.Moves`; starts, shifts int64: the layout of
    observations; parameters: the game's; inverse: one over the greatest size of a return.
    """

    masks: NDArray[np.int64]
    named: NDArray[np.int64]
    starts: NDArray[np.int64]
    shifts: NDArray[np.int64]
    parameters: tuple[int, ...]
    inverse: float


class Memory(NamedTuple):
    """Trees as compiled code sees them: `records` and `values` are one memory, flat; see `agents.search.tree.Trees`."""

    records: NDArray[np.int32]
    values: NDArray[np.float32]
    words: NDArray[np.int64]
    used: NDArray[np.int64]


class Asked(NamedTuple):
    """Positions that wait for a network: the tree and node of each `[n]` int64, and what is seen `[n * size]`."""

    tree: NDArray[np.int64]
    node: NDArray[np.int64]
    observation: NDArray[np.float32]


class Answers(NamedTuple):
    """What it said: `logits` float32, flat, each row's first being the actions'; `value [n]` for whoever moves."""

    logits: NDArray[np.float32]
    value: NDArray[np.float32]


class Known(NamedTuple):
    """Answers by position, the newest of those that share a place: what was seen, and what a network said of it.

    seen `[M, parts + 1]` int64: the words of an observation, and one more than its seat, 0 where the place is empty;
    logits `[M, A]`, value `[M]` float32. M is a power of two, or 0 where nothing is kept.
    """

    seen: NDArray[np.int64]
    logits: NDArray[np.float32]
    value: NDArray[np.float32]


class Native(NamedTuple):
    """`begin` makes roots, `take` puts answers into the trees, `advance` takes every tree to its next questions.

    `reuse` makes the node of a position the root of what is below it.
    """

    reuse: Rule
    begin: Rule
    take: Rule
    advance: Rule


@cache
def native(layout: Layout, selection: tuple[Rule, Rule, Rule, Rule], rules: Rules) -> Native:
    """Compile the search over a native game without chance."""
    version = _version(rules)
    width, size = layout.width, layout.size
    mean, child, length, seat, edge = layout.mean, layout.child, layout.length, layout.seat, layout.edge
    through = layout.through
    attach, answer, count, descend = books(layout, selection)
    step, acting, returns, legal, observe = map(
        rule, (rules.step, rules.acting, rules.returns, rules.legal, rules.observe)
    )

    @rule
    def allow(records, at, position, mover, board):
        """Mark a node's legal edges."""
        options = legal(position, mover, *board.parameters)
        for index in range(len(options)):
            left = options[index] & board.masks[index]
            while left != 0:
                records[at + child + board.named[index, popcount((left & -left) - 1)]] = NONE
                left &= left - 1

    @rule
    def show(position, mover, observation, at, board):
        """Write what the mover sees of a position as numbers."""
        seen = observe(position, mover, *board.parameters)
        for index in range(len(seen)):
            word = np.uint64(seen[index])
            for place in range(np.uint64(board.starts[index]), np.uint64(board.starts[index + 1])):
                observation[at + place] = np.int32(word >> np.uint64(board.shifts[place]) & np.uint64(1))

    @rule
    def place_of(position, mover, known, board):
        """Return where a position's answer is kept, and whether it is there."""
        seen = observe(position, mover, *board.parameters)
        at = np.int64(mover)
        for index in range(len(seen)):
            at = scrambled(at ^ np.int64(seen[index]))
        at &= len(known.value) - 1
        same = known.seen[at, len(seen)] == mover + 1
        for index in range(len(seen)):
            same &= known.seen[at, index] == np.int64(seen[index])
        return at, same

    @rule
    def keep(position, mover, known, board, logits, start, value):
        """Keep an answer."""
        at, _ = place_of(position, mover, known, board)
        seen = observe(position, mover, *board.parameters)
        for index in range(len(seen)):
            known.seen[at, index] = np.int64(seen[index])
        known.seen[at, len(seen)] = mover + 1
        for action in range(width):
            known.logits[at, action] = logits[start + action]
        known.value[at] = value

    @compiled(nogil=True, error_model="numpy")
    def reuse(memory, trees, positions, most):
        """In each of `trees [n]` make the node of a position `[n, W]` the root; returns where there is none `[n]` bool.

        Nor is there where more than `most` nodes would stay.
        """
        _ = version
        records, words, used = memory.records, memory.words, memory.used
        stride, missing = len(records) // len(used), np.ones(len(trees), np.bool_)
        into = np.empty(stride // size, np.int64)
        for slot in range(len(trees)):
            tree = trees[slot]
            root, found = tree * stride, -1
            for node in range(used[tree]):
                same = True
                for word in range(words.shape[2]):
                    same &= words[tree, node, word] == positions[slot, word]
                if same:
                    found = node
                    break
            if found < 0:
                continue
            kept = 0
            for node in range(found, used[tree]):
                into[node] = -1
                if node == found or (
                    records[root + node * size + edge] // width >= found
                    and into[records[root + node * size + edge] // width] >= 0
                ):
                    into[node] = kept
                    kept += 1
            if kept > most:
                continue
            for node in range(found, used[tree]):
                new = into[node]
                if new < 0:
                    continue
                old, at = root + node * size, root + new * size
                for word in range(size):
                    records[at + word] = records[old + word]
                for word in range(words.shape[2]):
                    words[tree, new, word] = words[tree, node, word]
                leading = records[at + edge]
                records[at + edge] = -1 if new == 0 else into[leading // width] * width + leading % width
                for action in range(width):
                    if records[at + child + action] > 0:
                        records[at + child + action] = into[records[at + child + action]]
            used[tree], missing[slot] = kept, False
        return missing

    @compiled(nogil=True, error_model="numpy")
    def begin(memory, trees, seats, asked, board):
        """Make the roots of `trees [n]`, whose words are there, where `seats [n]` move, and ask about them."""
        _ = version
        records, values, words, used = memory
        stride = len(records) // len(used)
        for slot in range(len(trees)):
            tree, mover = trees[slot], np.int64(seats[slot])
            attach(records, values, tree * stride, -1, mover)
            allow(records, tree * stride, words[tree, 0], mover, board)
            show(words[tree, 0], mover, asked.observation, slot * board.starts[-1], board)
            used[tree], asked.tree[slot], asked.node[slot] = 1, tree, 0

    @compiled(nogil=True, error_model="numpy")
    def take(memory, asked, answers, plan, known, board, kind):
        """Put answers into the nodes that they are for, and count the simulations that waited for them."""
        _ = version
        records, values, words, used = memory
        stride, each = len(records) // len(used), len(answers.logits) // max(1, len(answers.value))
        for slot in range(len(answers.value)):
            tree, node, value = asked.tree[slot], asked.node[slot], answers.value[slot]
            root = tree * stride
            at = root + node * size
            answer(records, values, at, answers.logits, slot * each, value)
            mover = np.int64(records[at + seat])
            if len(known.value):
                keep(words[tree, node], mover, known, board, answers.logits, slot * each, value)
            leading = records[at + edge]
            if leading >= 0:
                worth = -value if mover == 1 else value
                parent = root + leading // width * size
                count(records, values, root, parent, leading % width, worth, 0, kind, plan)

    @compiled(nogil=True, error_model="numpy")
    def advance(memory, trees, asked, plan, known, board, leaves):
        """Take `trees [n]` on to up to `leaves` questions each, which are written to `asked`.

        Returns how many trees ask, which are the first of `trees` then, and how many questions there are. The others
        have had their simulations: those that end the game, or come to a position that is known, need no answer.
        """
        _ = version
        records, values, words, used = memory
        stride, spent = len(records) // len(used), plan.done
        place, way, going = np.empty(_TOGETHER, np.int64), np.empty(_TOGETHER, np.int64), np.empty(_TOGETHER, np.int64)
        after, asking, questions = np.empty(words.shape[2], np.int64), 0, 0
        for start in range(0, len(trees), _TOGETHER):
            together = min(_TOGETHER, len(trees) - start)
            left = 0
            for index in range(together):
                tree = trees[start + index]
                place[index] = tree * stride
                if spent[tree] < plan.budget[tree]:
                    going[left] = index
                    left += 1
            while left > 0:
                here, left = left, 0
                for turn in range(here):
                    index = going[turn]
                    tree = trees[start + index]
                    root, at = tree * stride, place[index]
                    action = descend(records, values, root, at, tree, plan)
                    way[index] = action
                    following = records[at + child + action]
                    if following > 0 and records[at + length + action] == 0:
                        place[index] = root + following * size
                        going[left] = index
                        left += 1
            for index in range(together):
                tree, found = trees[start + index], 0
                root, at, action = tree * stride, place[index], way[index]
                while spent[tree] < plan.budget[tree] and found < leaves:
                    if records[at + through] == WAITING:
                        break
                    spent[tree] += 1
                    mover, away, node = np.int64(records[at + seat]), records[at + length + action], (at - root) // size
                    waits = False
                    if away > 0:
                        worth = -values[at + mean + action] if mover == 1 else values[at + mean + action]
                    else:
                        moved = step(words[tree, node], mover, np.int64(action), *board.parameters)
                        for word in range(len(moved)):
                            after[word] = moved[word]
                        mask = np.int64(acting(after, *board.parameters))
                        if mask == 0:
                            worth, away = np.float32(returns(after, *board.parameters)[0] * board.inverse), 1
                        else:
                            new = used[tree]
                            used[tree], records[at + child + action] = new + 1, new
                            for word in range(len(after)):
                                words[tree, new, word] = after[word]
                            below, mover = root + new * size, mask >> 1
                            attach(records, values, below, node * width + action, mover)
                            allow(records, below, after, mover, board)
                            waits, kept = True, np.int64(0)
                            if len(known.value):
                                kept, same = place_of(after, mover, known, board)
                                waits = not same
                            if waits:
                                show(after, mover, asked.observation, questions * board.starts[-1], board)
                                asked.tree[questions], asked.node[questions] = tree, new
                                questions, found = questions + 1, found + 1
                                worth = np.float32(0.0)
                            else:
                                worth = known.value[kept]
                                answer(records, values, below, known.logits.reshape(-1), kept * width, worth)
                                worth = -worth if mover == 1 else worth
                    if not waits or leaves > 1:
                        count(records, values, root, at, action, worth, away, LEND if waits else COUNT, plan)
                    at = root
                    while spent[tree] < plan.budget[tree] and found < leaves and records[at + through] != WAITING:
                        action = descend(records, values, root, at, tree, plan)
                        following = records[at + child + action]
                        if following <= 0 or records[at + length + action] > 0:
                            break
                        at = root + following * size
                if found:
                    trees[asking] = tree
                    asking += 1
        return asking, questions

    return Native(reuse, begin, take, advance)


__all__ = ["COUNT", "REPAY", "Answers", "Asked", "Board", "Known", "Memory", "Native", "Plan", "native"]
