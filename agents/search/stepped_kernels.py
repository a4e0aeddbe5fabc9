"""A search step for games that are stepped by their own `step`: the trees' part of it, compiled."""

from functools import cache
from typing import NamedTuple

import numpy as np

from agents.search.kernels import WAITING, books
from agents.search.tree import CHANCE, NONE, Layout
from games.compiling import compiled
from games.kernels import draw
from games.native import Rule


class Stepping(NamedTuple):
    """walk: go down each of several trees; open: make nodes; answer: write what a network said of them; count."""

    walk: Rule
    open: Rule
    chance: Rule
    answer: Rule
    count: Rule


@cache
def stepping(layout: Layout, selection: tuple[Rule, Rule, Rule, Rule]) -> Stepping:
    """Compile for a layout and a rule of selection."""
    width, size = layout.width, layout.size
    prior, child, length, seat = layout.prior, layout.child, layout.length, layout.seat
    mean, through, raw, mixed = layout.mean, layout.through, layout.raw, layout.mixed
    attach, judge, book, at_root, below = books(layout, selection)

    @compiled(nogil=True, error_model="numpy")
    def walk(memory, trees, keys, plan):
        """Return the edges (node, action) with which a simulation leaves `trees [n]`, and its value and length.

        `keys [n]` int64 name the random numbers of chance on the way. The length is that of a proven edge, whose value
        for seat 0 is told; it is -1 where the way leads to a node that waits for its network.
        """
        records, values, used = memory.records, memory.values, memory.used
        stride = len(records) // len(used)
        nodes, actions = np.empty_like(trees), np.empty_like(trees)
        worth, away = np.zeros(len(trees), np.float32), np.zeros(len(trees), np.int64)
        for slot in range(len(trees)):
            tree, depth = trees[slot], 0
            root = tree * stride
            at = root
            while True:
                if records[at + through] == WAITING:
                    away[slot] = -1
                    break
                if records[at + seat] == CHANCE:
                    uniform, action = np.float32(draw(keys[slot], 0, depth, 0)), -1
                    for outcome in range(width):
                        if records[at + child + outcome] >= 0:
                            action = outcome
                            uniform -= values[at + prior + outcome]
                            if uniform < 0:
                                break
                elif at == root:
                    considered = plan.schedule[plan.kind[tree], plan.done[tree]]
                    action = at_root(records, values, at, plan.settings, plan.drawn, plan.begun, tree, considered)
                else:
                    action = below(records, values, at, plan.settings)
                nodes[slot], actions[slot], depth = (at - root) // size, action, depth + 1
                following = records[at + child + action]
                if records[at + length + action] > 0:
                    away[slot] = records[at + length + action]
                    q = values[at + mean + action]
                    worth[slot] = -q if records[at + seat] == 1 else q
                    break
                if following <= 0:
                    break
                at = root + following * size
        return nodes, actions, worth, away

    @compiled(nogil=True, error_model="numpy")
    def open_(memory, trees, parents, actions, seats, legal):
        """Make nodes in `trees [n]`, behind edges, or roots where `parents` are -1; returns their numbers."""
        records, values, used = memory.records, memory.values, memory.used
        stride, made = len(records) // len(used), np.empty_like(trees)
        for slot in range(len(trees)):
            tree = trees[slot]
            root, new = tree * stride, used[tree] if parents[slot] >= 0 else 0
            used[tree], made[slot] = new + 1, new
            leading = -1 if parents[slot] < 0 else parents[slot] * width + actions[slot]
            attach(records, values, root + new * size, leading, seats[slot])
            for action in range(legal.shape[1]):
                if legal[slot, action]:
                    records[root + new * size + child + action] = NONE
            if leading >= 0:
                records[root + parents[slot] * size + child + actions[slot]] = new
        return made

    @compiled(nogil=True, error_model="numpy")
    def chance(memory, trees, nodes, probabilities):
        """Write the probabilities `[n, outcomes]` of chance nodes."""
        records, values = memory.records, memory.values
        stride = len(records) // len(memory.used)
        for slot in range(len(trees)):
            at = trees[slot] * stride + nodes[slot] * size
            for outcome in range(width):
                values[at + prior + outcome] = 0
            for outcome in range(probabilities.shape[1]):
                values[at + prior + outcome] = probabilities[slot, outcome]
            records[at + through] = 0
            values[at + raw] = values[at + mixed] = 0

    @compiled(nogil=True, error_model="numpy")
    def answer(memory, trees, nodes, logits, value):
        """Write what a network said of nodes: `logits [n, width]`, and `value [n]` for whoever moves there."""
        records, values, flat = memory.records, memory.values, logits.reshape(-1)
        stride = len(records) // len(memory.used)
        for slot in range(len(trees)):
            at = trees[slot] * stride + nodes[slot] * size
            judge(records, values, at, flat, slot * logits.shape[1], value[slot])

    @compiled(nogil=True, error_model="numpy")
    def count(memory, trees, nodes, actions, worth, away, kind, plan):
        """Count a simulation in each of `trees [n]`, which left by an edge and was worth `worth [n]` to seat 0."""
        records, values = memory.records, memory.values
        stride, best = len(records) // len(memory.used), (plan.best[0], plan.best[1])
        for slot in range(len(trees)):
            root = trees[slot] * stride
            at = root + nodes[slot] * size
            book(records, values, root, at, actions[slot], worth[slot], away[slot], kind, plan.settings[0], best)

    return Stepping(walk, open_, chance, answer, count)
