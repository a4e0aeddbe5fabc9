"""The search tree of Monte Carlo tree search as flat arrays, and what is done with it, compiled.

`B` is a batch of independent trees, `N` the nodes that each has room for, `A` the actions of the game, `W` the words of
a native position. Node 0 is the root, and the node that is first reached on simulation i, counted from 1, is node i, so
that a parent's number is below its child's. Statistics belong to edges, (node, action) pairs, and are seen by the
player who moves at the node.

An edge whose outcome under best play is known is *proven* (Winands, Björnsson and Saito, "Monte-Carlo tree search
solver", CG 2008). A game that ends on an edge proves it. A node is proven by one edge that leads to the greatest return
there is, or once all its edges are, and so is the edge that leads to it. Nothing is searched behind a proven edge.
"""

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from games.bits import popcount, rule
from games.compiling import compiled
from games.kernels import draw, select
from games.native import Rule, Rules

_ILLEGAL, _NONE = -1, 0
_FEW = 32
"""Up to so many actions are looked through for one that wins at once."""


class Tree(NamedTuple):
    """B search trees.

    child `[B, N, A]` int32: the node behind an edge, 0 where there is none yet, -1 where the action is illegal;
    visits `[B, N, A]` int32: the simulations that went through an edge;
    total `[B, N, A]` float32: the sum of their returns, scaled to [-1, 1], for whoever moves at the node; of a proven
        edge, its value times its visits;
    length `[B, N, A]` int16: 0, or how many moves away the end of a proven edge is under best play, at least 1;
    seat `[B, N]` int8: who moves; parent, action `[B, N]` int32: the edge that leads here; through `[B, N]` int32: the
        simulations that came through; untried, unproven `[B, N]` int32: how many legal edges are so;
    words `[B, N, W]` int64: the position; W is 0 where it is kept elsewhere;
    best `[2]` float32: the greatest return, scaled, that each seat can have.
    """

    child: NDArray[np.int32]
    visits: NDArray[np.int32]
    total: NDArray[np.float32]
    length: NDArray[np.int16]
    seat: NDArray[np.int8]
    parent: NDArray[np.int32]
    action: NDArray[np.int32]
    through: NDArray[np.int32]
    untried: NDArray[np.int32]
    unproven: NDArray[np.int32]
    words: NDArray[np.int64]
    best: NDArray[np.float32]


def bytes_a_tree(nodes: int, actions: int, words: int) -> int:
    """Return the memory of one tree."""
    return nodes * (14 * actions + 21 + 8 * words)


def allocate(trees: int, *, nodes: int, actions: int, words: int, best: tuple[float, float]) -> Tree:
    """Return room for trees; what is not used is never touched."""
    edges, each = (trees, nodes, actions), (trees, nodes)
    return Tree(
        child=np.zeros(edges, np.int32),
        visits=np.zeros(edges, np.int32),
        total=np.zeros(edges, np.float32),
        length=np.zeros(edges, np.int16),
        seat=np.zeros(each, np.int8),
        parent=np.zeros(each, np.int32),
        action=np.zeros(each, np.int32),
        through=np.zeros(each, np.int32),
        untried=np.zeros(each, np.int32),
        unproven=np.zeros(each, np.int32),
        words=np.zeros((trees, nodes, words), np.int64),
        best=np.array(best, np.float32),
    )


@rule
def _attach(tree, row, node, parent, action, seat):
    """Make a node that has no legal edges yet."""
    tree.seat[row, node], tree.parent[row, node], tree.action[row, node] = seat, parent, action
    tree.child[row, node, :] = _ILLEGAL
    if node > 0:
        tree.child[row, parent, action] = node


@rule
def _allow(tree, row, node, action):
    """Add a legal edge to a node."""
    tree.child[row, node, action] = _NONE
    tree.untried[row, node] += 1
    tree.unproven[row, node] += 1


@rule
def _untried(tree, row, node, place):
    """Return the legal action without a visit that has `place` others below it."""
    for action in range(tree.child.shape[2]):
        if tree.child[row, node, action] == _NONE and tree.visits[row, node, action] == 0:
            if place == 0:
                return action
            place -= 1
    return -1


@rule
def _most_promising(tree, row, node, c):
    """Return the action of the greatest upper confidence bound, the lowest of equals; proven edges have no bonus.

    UCB1: mean + c * sqrt(log(visits of the node) / visits of the edge); Kocsis and Szepesvári, "Bandit based
    Monte-Carlo planning", ECML 2006, section 2.1.
    """
    spread = np.float32(c * np.sqrt(np.log(tree.through[row, node])))
    chosen, most = -1, np.float32(-np.inf)
    for action in range(tree.child.shape[2]):
        if tree.child[row, node, action] != _ILLEGAL:
            inverse = np.float32(1.0) / np.float32(tree.visits[row, node, action])
            score = tree.total[row, node, action] * inverse
            if tree.length[row, node, action] == 0:
                score += spread * np.sqrt(inverse)
            if score > most:
                chosen, most = action, score
    return chosen


@rule
def _descend(tree, row, c, uniform):
    """Return the edge, (node, action), with which a simulation leaves the tree: one untried, or one that is proven."""
    node = 0
    while True:
        if tree.untried[row, node] > 0:
            return node, _untried(tree, row, node, int(uniform * tree.untried[row, node]))
        action = _most_promising(tree, row, node, c)
        if tree.length[row, node, action] > 0:
            return node, action
        node = int(tree.child[row, node, action])


@rule
def _value(tree, row, node, action):
    return tree.total[row, node, action] / np.float32(tree.visits[row, node, action])


@rule
def _best_proven(tree, row, node):
    """Return the best action of a node all of whose edges are proven: of equals, a win soon, a loss late."""
    chosen, value, length = -1, np.float32(-np.inf), 0
    for action in range(tree.child.shape[2]):
        if tree.child[row, node, action] != _ILLEGAL:
            mean, away = _value(tree, row, node, action), int(tree.length[row, node, action])
            if mean > value or (mean == value and (away > length if value < 0 else away < length)):
                chosen, value, length = action, mean, away
    return chosen


@rule
def _back_up(tree, row, node, action, value, length):
    """Count a simulation that left the tree by an edge and was worth `value` to seat 0, scaled.

    `length` is that of the edge where it is proven, else 0. Returns whether the root is proven.
    """
    while True:
        sign = np.float32(1.0) if tree.seat[row, node] == 0 else np.float32(-1.0)
        tree.untried[row, node] -= tree.visits[row, node, action] == 0
        tree.through[row, node] += 1
        tree.visits[row, node, action] += 1
        if length == 0:
            tree.total[row, node, action] += sign * value
        else:
            tree.total[row, node, action] = sign * value * np.float32(tree.visits[row, node, action])
            fresh = tree.length[row, node, action] == 0
            tree.length[row, node, action] = length
            tree.unproven[row, node] -= fresh
            won = fresh and sign * value >= tree.best[tree.seat[row, node]]
            if fresh and not won and tree.unproven[row, node] == 0:
                action = _best_proven(tree, row, node)
                value, length = sign * _value(tree, row, node, action), int(tree.length[row, node, action])
                won = True
            length = length + 1 if won else 0
        if node == 0:
            return length > 0
        node, action = int(tree.parent[row, node]), int(tree.action[row, node])


@compiled(nogil=True, error_model="numpy")
def decide(tree):
    """Return the action to play in each tree `[B]` int64.

    A proven win, the soonest; else the most visited action that is not a proven loss, of equals the one of greatest
    mean, then the lowest; else one that was not tried; else the loss that takes longest.
    """
    out = np.empty(len(tree.seat), np.int64)
    for row in range(len(out)):
        if tree.unproven[row, 0] == 0:
            out[row] = _best_proven(tree, row, 0)
            continue
        seat, rank = tree.seat[row, 0], (-1, np.float32(0.0), np.float32(0.0))
        for action in range(tree.child.shape[2]):
            if tree.child[row, 0, action] == _ILLEGAL:
                continue
            visits, away = tree.visits[row, 0, action], np.float32(tree.length[row, 0, action])
            mean = _value(tree, row, 0, action) if visits else np.float32(0.0)
            own = (2, np.float32(visits), mean) if visits else (1, np.float32(0.0), mean)
            if away > 0 and mean >= tree.best[seat]:
                own = 3, -away, mean
            elif away > 0 and -mean >= tree.best[1 - seat]:
                own = 0, away, mean
            if own > rank:
                rank, out[row] = own, action
    return out


@compiled(nogil=True, error_model="numpy")
def attach(tree, rows, node, parents, actions, seats, legal):
    """Make a node in each of `rows [n]`, behind the edges (parents, actions) `[n]`; `legal [n, A]` bool."""
    for place in range(len(rows)):
        _attach(tree, rows[place], node, parents[place], actions[place], seats[place])
        for action in range(legal.shape[1]):
            if legal[place, action]:
                _allow(tree, rows[place], node, action)


@compiled(nogil=True, error_model="numpy")
def descend(tree, rows, c, uniform):
    """Return the edges (node, action) with which a simulation leaves the trees `rows [n]`, and their lengths `[n]`."""
    nodes, actions, lengths = np.empty_like(rows), np.empty_like(rows), np.empty_like(rows)
    for place in range(len(rows)):
        row = rows[place]
        nodes[place], actions[place] = _descend(tree, row, c, uniform[place])
        lengths[place] = tree.length[row, nodes[place], actions[place]]
    return nodes, actions, lengths


@compiled(nogil=True, error_model="numpy")
def back_up(tree, rows, nodes, actions, values, lengths):
    """Count a simulation in each of `rows [n]`, as `_back_up` does; returns which roots are proven `[n]` bool."""
    proven = np.empty(len(rows), np.bool_)
    for place in range(len(rows)):
        row, node, action, value = rows[place], nodes[place], actions[place], np.float32(values[place])
        if tree.length[row, node, action] > 0:
            mine = _value(tree, row, node, action)
            value = mine if tree.seat[row, node] == 0 else -mine
        proven[place] = _back_up(tree, row, node, action, value, int(lengths[place]))
    return proven


@rule
def _step(rules, words, before, seat, action, parameters):
    """Write the words after an action into `words`; return who acts next, as a bit."""
    moved = rules[0](before, np.int64(seat), np.int64(action), *parameters)
    for index in range(len(moved)):
        words[index] = moved[index]
    return np.int64(rules[1](words, *parameters))


@rule
def _expand(rules, tree, row, node, parent, action, words, seat, moves, parameters):
    """Make a node of the position in `words`."""
    masks, named = moves
    tree.words[row, node] = words
    _attach(tree, row, node, parent, action, seat)
    options = rules[3](words, np.int64(seat), *parameters)
    for part in range(len(masks)):
        left = options[part] & masks[part]
        while left != 0:
            _allow(tree, row, node, named[part, popcount((left & -left) - 1)])
            left &= left - 1


@rule
def _decisive(rules, tree, row, node, words, scale, parameters):
    """Return an action of a node that ends the game with the greatest return, or -1.

    As F. Teytaud and O. Teytaud, "On the huge benefit of decisive moves in Monte-Carlo tree search algorithms", CIG
    2010, but in the tree alone and only where few actions are legal: else looking costs more than it finds.
    """
    seat = tree.seat[row, node]
    if tree.untried[row, node] > _FEW:
        return -1
    for action in range(tree.child.shape[2]):
        if tree.child[row, node, action] == _ILLEGAL:
            continue
        over = _step(rules, words, tree.words[row, node], seat, action, parameters) == 0
        if over and np.float32(rules[2](words, *parameters)[seat] * scale) >= tree.best[seat]:
            return action
    return -1


@rule
def _play_out(rules, words, mask, key, drawn, moves, parameters):
    """Play on at random to the end; return how many numbers have been drawn."""
    masks, named = moves
    while mask != 0:
        options, count = rules[3](words, mask >> 1, *parameters), 0
        for part in range(len(masks)):
            count += popcount(options[part] & masks[part])
        place, chosen = int(draw(key, 0, drawn, 0) * count), np.int64(0)
        drawn += 1
        for part in range(len(masks)):
            left = options[part] & masks[part]
            here = popcount(left)
            if 0 <= place < here:
                chosen = named[part, select(np.uint64(left), place)]
            place -= here
        mask = _step(rules, words, words, mask >> 1, chosen, parameters)
    return drawn


@cache
def native_search(rules: Rules) -> Rule:
    """Compile the whole search over the rules of a native game."""
    advance, movers, ends, legal = map(rule, (rules.step, rules.acting, rules.returns, rules.legal))

    @compiled(nogil=True, error_model="numpy")
    def search(tree, seats, keys, simulations, c, scale, moves, parameters):
        """Search from `tree.words[:, 0]`, where `seats [B]` move, with the random numbers of `keys [B]`."""
        play = advance, movers, ends, legal
        words = np.empty(tree.words.shape[2], np.int64)
        for row in range(len(keys)):
            key, drawn = keys[row], 0
            words[:] = tree.words[row, 0]
            _expand(play, tree, row, 0, 0, 0, words, seats[row], moves, parameters)
            won = _decisive(play, tree, row, 0, words, scale, parameters)
            if won >= 0:
                _back_up(tree, row, 0, won, np.float32(ends(words, *parameters)[0] * scale), 1)
                continue
            for simulation in range(1, 1 + simulations):
                node, action = _descend(tree, row, c, draw(key, 0, drawn, 0))
                drawn += 1
                seat, length = tree.seat[row, node], int(tree.length[row, node, action])
                if length > 0:
                    mine = _value(tree, row, node, action)
                    value = mine if seat == 0 else -mine
                else:
                    mask = _step(play, words, tree.words[row, node], seat, action, parameters)
                    if mask == 0:
                        length = 1
                    else:
                        _expand(play, tree, row, simulation, node, action, words, mask >> 1, moves, parameters)
                        won = _decisive(play, tree, row, simulation, words, scale, parameters)
                        if won >= 0:
                            node, action, length = simulation, won, 1
                        else:
                            words[:] = tree.words[row, simulation]
                            drawn = _play_out(play, words, mask, key, drawn, moves, parameters)
                    value = np.float32(ends(words, *parameters)[0] * scale)
                if _back_up(tree, row, node, action, value, length):
                    break

    return search
