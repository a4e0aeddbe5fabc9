"""The search over a native game, compiled whole: positions are stepped, shown and judged in the kernels' own arrays."""

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agents.search.kernels import COUNT, LEND, WAITING, books
from agents.search.tree import NONE, Layout
from agents.search.vectors import fetch
from games.bits import inlined, popcount, rule
from games.compiling import compiled
from games.kernels import mix_one
from games.native import Rule, Rules

_TOGETHER = 8
"""Trees that are descended in turn, level by level, so that the processor need not wait for the memory of any."""


class Board(NamedTuple):
    """What compiled code must know of a native game's positions.

    masks `[parts]`, named `[parts, 64]` int64: see `agents.zoo.lookahead.Moves`; starts int64, shifts uint64: the
    layout of observations; parameters: the game's; actions: how many; inverse: one over the greatest size of a return.
    """

    masks: NDArray[np.int64]
    named: NDArray[np.int64]
    starts: NDArray[np.int64]
    shifts: NDArray[np.uint64]
    parameters: tuple[int, ...]
    actions: int
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
    """What it said: `logits` float32, flat, A a row and a node's width to spare; `value [n]` for whoever moves."""

    logits: NDArray[np.float32]
    value: NDArray[np.float32]


class Known(NamedTuple):
    """Answers by position, the newest of those that share a place: what was seen, and what a network said of it.

    seen `[M, parts + 1]` int64: the words of an observation, and one more than its seat, 0 where the place is empty;
    logits, flat, A a row, value `[M]` float32. M is a power of two, or 0 where nothing is kept.
    """

    seen: NDArray[np.int64]
    logits: NDArray[np.float32]
    value: NDArray[np.float32]


class Front(NamedTuple):
    """Trees that are descended in turn, and where each has come to, int64.

    looking, down `[8]`: which of them look for a question, and which are not yet at the bottom; place, way `[8]`: the
    record that each has come to, and the action by which it is left, -1 where its answer is awaited; found `[8]`: the
    questions of each; before, after `[W]`: the words of one position and of the next.
    """

    looking: NDArray[np.int64]
    down: NDArray[np.int64]
    place: NDArray[np.int64]
    way: NDArray[np.int64]
    found: NDArray[np.int64]
    before: NDArray[np.int64]
    after: NDArray[np.int64]


class Native(NamedTuple):
    """`begin` makes roots, `advance` puts answers into the trees and takes every tree to its next questions.

    `reuse` makes the node of a position the root of what is below it.
    """

    reuse: Rule
    begin: Rule
    advance: Rule


@cache
def native(layout: Layout, selection: tuple[Rule, Rule, Rule, Rule], rules: Rules) -> Native:
    """Compile the search over a native game without chance."""
    width, size = layout.width, layout.size
    mean, child, length, seat, edge = layout.mean, layout.child, layout.length, layout.seat, layout.edge
    through = layout.through
    attach, answer, count, at_root, below = books(layout, selection)
    step, acting, returns, legal, observe = map(
        rule, (rules.step, rules.acting, rules.returns, rules.legal, rules.observe)
    )

    @rule
    def allow(records, at, position, mover, masks, named, parameters):
        """Mark a node's legal edges."""
        options = legal(position, mover, *parameters)
        for index in range(len(options)):
            left = options[index] & masks[index]
            while left != 0:
                records[at + child + named[index, popcount((left & -left) - 1)]] = NONE
                left &= left - 1

    @rule
    def show(position, mover, observation, at, starts, shifts, parameters):
        """Write what the mover sees of a position as numbers."""
        seen, first = observe(position, mover, *parameters), np.uint64(at)
        for index in range(len(seen)):
            word = np.uint64(seen[index])
            for place in range(np.uint64(starts[index]), np.uint64(starts[index + 1])):  # unsigned: runs on vectors
                observation[first + place] = np.int32(word >> shifts[place] & np.uint64(1))

    @rule
    def place_of(position, mover, known, parameters):
        """Return where a position's answer is kept, and whether it is there."""
        seen = observe(position, mover, *parameters)
        at = np.int64(mover)
        for index in range(len(seen)):
            at = mix_one(at ^ np.int64(seen[index]))
        at &= len(known.value) - 1
        same = known.seen[at, len(seen)] == mover + 1
        for index in range(len(seen)):
            same &= known.seen[at, index] == np.int64(seen[index])
        return at, same

    @rule
    def keep(position, mover, known, parameters, logits, start, value):
        """Keep an answer."""
        at, _ = place_of(position, mover, known, parameters)
        seen = observe(position, mover, *parameters)
        for index in range(len(seen)):
            known.seen[at, index] = np.int64(seen[index])
        known.seen[at, len(seen)] = mover + 1
        for action in range(width):
            known.logits[at * width + action] = logits[start + action]
        known.value[at] = value

    @compiled(nogil=True, error_model="numpy")
    def reuse(memory, trees, positions, most):
        """In each of `trees [n]` make the node of a position `[n, W]` the root; returns where there is none `[n]` bool.

        Nor is there where more than `most` nodes would stay.
        """
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
        records, values, words, used = memory
        stride, shown, position = size * words.shape[1], board.starts[-1], np.empty(words.shape[2], np.int64)
        for slot in range(len(trees)):
            tree, mover = trees[slot], np.int64(seats[slot])
            position[:] = words[tree, 0]
            attach(records, values, tree * stride, -1, mover)
            allow(records, tree * stride, position, mover, board.masks, board.named, board.parameters)
            show(position, mover, asked.observation, slot * shown, board.starts, board.shifts, board.parameters)
            used[tree], asked.tree[slot], asked.node[slot] = 1, tree, 0

    @inlined
    def take(memory, asked, answers, plan, known, board, kind):
        """Put answers into the trees, count the simulations that waited, and return whether all are numbers."""
        records, values, nodes, parts = memory.records, memory.values, memory.words.shape[1], memory.words.shape[2]
        words, best, position = memory.words.reshape(-1), (plan.best[0], plan.best[1]), np.empty(parts, np.int64)
        for slot in range(len(answers.value)):
            tree, node, value = asked.tree[slot], asked.node[slot], answers.value[slot]
            root = tree * nodes * size
            at = root + node * size
            if not answer(records, values, at, answers.logits, slot * board.actions, value):
                return False
            mover = np.int64(records[at + seat])
            if len(known.value):
                for word in range(parts):
                    position[word] = words[(tree * nodes + node) * parts + word]
                keep(position, mover, known, board.parameters, answers.logits, slot * board.actions, value)
            leading = records[at + edge]
            if leading >= 0:
                worth, above = -value if mover == 1 else value, root + leading // width * size
                count(records, values, root, above, leading % width, worth, 0, kind, plan.settings[0], best)
        return True

    @inlined
    def descend(memory, trees, start, front, left, plan):
        """Go down the trees of the front's first `left`, level by level, each to an edge whose end is not searched."""
        records, values, nodes, parts = memory.records, memory.values, memory.words.shape[1], memory.words.shape[2]
        words, going = memory.words.reshape(-1), left
        looking, down, place, way = front.looking, front.down, front.place, front.way
        schedule, kinds, spent, settings = plan.schedule, plan.kind, plan.done, plan.settings
        drawn, begun = plan.drawn, plan.begun
        for turn in range(left):
            index = looking[turn]
            place[index], down[turn] = trees[start + index] * nodes * size, index
        while going > 0:
            here, going = going, 0
            for turn in range(here):
                index = down[turn]
                tree, at = trees[start + index], place[index]
                root = tree * nodes * size
                if records[at + through] == WAITING:
                    way[index] = -1
                    continue
                if at == root:
                    considered = schedule[kinds[tree], spent[tree]]
                    action = at_root(records, values, at, settings, drawn, begun, tree, considered)
                else:
                    action = below(records, values, at, settings)
                way[index] = action
                following = records[at + child + action]
                if following <= 0:
                    fetch(words, (tree * nodes + (at - root) // size) * parts, 2 * parts)
                elif records[at + length + action] == 0:
                    place[index], down[going] = root + following * size, index
                    fetch(records, place[index], size)
                    going += 1

    @inlined
    def leave(memory, trees, start, front, left, plan, asked, questions, known, board, leaves):
        """Take the front's first `left` along the edges that they came to, and count what needs no answer.

        Returns how many still want a question, and how many questions there are now.
        """
        records, values, nodes, parts = memory.records, memory.values, memory.words.shape[1], memory.words.shape[2]
        words, shown, used = memory.words.reshape(-1), board.starts[-1], memory.used
        looking, place, way, found = front.looking, front.place, front.way, front.found
        before, after = front.before, front.after
        spent, setting, best = plan.done, plan.settings[0], (plan.best[0], plan.best[1])
        asked_tree, asked_node, observation = asked.tree, asked.node, asked.observation
        masks, named, starts, shifts = board.masks, board.named, board.starts, board.shifts
        parameters, inverse = board.parameters, board.inverse
        here, left = left, 0
        for turn in range(here):
            index = looking[turn]
            tree, at, action = trees[start + index], place[index], way[index]
            if action < 0:  # to a node that is asked about already
                continue
            root = tree * nodes * size
            spent[tree] += 1
            mover, away = np.int64(records[at + seat]), np.int64(records[at + length + action])
            node = (at - root) // size
            waits, worth = False, values[at + mean + action]
            if away > 0:
                worth = -worth if mover == 1 else worth
            else:
                for word in range(parts):
                    before[word] = words[(tree * nodes + node) * parts + word]
                moved = step(before, mover, np.int64(action), *parameters)
                for word in range(parts):
                    after[word] = moved[word]
                mask = np.int64(acting(after, *parameters))
                if mask == 0:
                    worth, away = np.float32(returns(after, *parameters)[0] * inverse), np.int64(1)
                else:
                    new = used[tree]
                    used[tree], records[at + child + action] = new + 1, new
                    for word in range(parts):
                        words[(tree * nodes + new) * parts + word] = after[word]
                    fresh, mover = root + new * size, mask >> 1
                    attach(records, values, fresh, node * width + action, mover)
                    allow(records, fresh, after, mover, masks, named, parameters)
                    waits, kept = True, np.int64(0)
                    if len(known.value):
                        kept, same = place_of(after, mover, known, parameters)
                        waits = not same
                    if waits:
                        show(after, mover, observation, questions * shown, starts, shifts, parameters)
                        asked_tree[questions], asked_node[questions] = tree, new
                        questions += 1
                        found[index] += 1
                        worth = np.float32(0.0)
                    else:
                        worth = known.value[kept]
                        answer(records, values, fresh, known.logits, kept * width, worth)
                        worth = -worth if mover == 1 else worth
            if not waits or leaves > 1:
                count(records, values, root, at, action, worth, away, LEND if waits else COUNT, setting, best)
            if found[index] < leaves:
                looking[left] = index
                left += 1
        return left, questions

    @compiled(nogil=True, error_model="numpy")
    def advance(memory, trees, asked, answers, plan, known, board, leaves, kind):
        """Put answers into the trees, and take `trees [n]` on to up to `leaves` questions each, written to `asked`.

        Simulations that waited for an answer are counted as `kind` says. Returns how many trees ask, which are the
        first of `trees` then, and how many questions there are, -1 where an answer was no number. The other trees have
        had their simulations: those that end the game, or come to a position that is known, need no answer.
        """
        if not take(memory, asked, answers, plan, known, board, kind):
            return 0, -1
        spent, budget, asking, questions = plan.done, plan.budget, 0, 0
        looking, found = np.empty(_TOGETHER, np.int64), np.empty(_TOGETHER, np.int64)
        down, place, way = np.empty(_TOGETHER, np.int64), np.empty(_TOGETHER, np.int64), np.empty(_TOGETHER, np.int64)
        before, after = np.empty(memory.words.shape[2], np.int64), np.empty(memory.words.shape[2], np.int64)
        front = Front(looking, down, place, way, found, before, after)
        for start in range(0, len(trees), _TOGETHER):
            left = together = min(_TOGETHER, len(trees) - start)
            for index in range(together):
                looking[index], found[index] = index, 0
            while left > 0:
                here, left = left, 0
                for turn in range(here):
                    index = looking[turn]
                    tree = trees[start + index]
                    if spent[tree] < budget[tree]:
                        looking[left] = index
                        left += 1
                descend(memory, trees, start, front, left, plan)
                left, questions = leave(memory, trees, start, front, left, plan, asked, questions, known, board, leaves)
            for index in range(together):
                if found[index]:
                    trees[asking] = trees[start + index]
                    asking += 1
        return asking, questions

    return Native(reuse, begin, advance)
