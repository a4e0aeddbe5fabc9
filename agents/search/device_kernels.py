"""The search step on a GPU, in Triton: down the trees, out of them by a new node, and back up with an answer.

The records are those of `agents.search.tree`, and the operations those of `agents.search.kernels` in the same order, so
that a GPU counts as the CPU does, to the last bit: divisions and roots are rounded to nearest, and nothing may be fused
(`EXACT` says so to the compiler). A program works on `T` trees, whose edges it reads eight at a time.

Threads of a program see what others of it wrote only after a barrier: what a level of a tree reads it reads before it
writes, and levels are records of their own.
"""

import triton
import triton.language as tl

from agents.search import arithmetic, kernels, tree

TREES = 16
"""How many a program works on."""

EXACT = {"enable_fp_fusion": False, "num_warps": 4}

_ILLEGAL, _LOST, _NONE = tl.constexpr(tree.ILLEGAL), tl.constexpr(tree.LOST), tl.constexpr(tree.NONE)
_COUNT, _LEND, _REPAY = tl.constexpr(kernels.COUNT), tl.constexpr(kernels.LEND), tl.constexpr(kernels.REPAY)
_WAITING, _LEAST = tl.constexpr(kernels.WAITING), tl.constexpr(float(kernels.LEAST_PRIOR))
_NEVER, _NOTHING = tl.constexpr(-1e30), tl.constexpr(float("-inf"))

_PRIOR, _MEAN, _VISITS, _CHILD, _LENGTH = (tl.constexpr(field) for field in range(5))
"""Where a field of a word an edge begins, in widths; the words of the node itself come after these five."""
_RAW, _WEIGHTED, _SEEN, _MIXED, _THROUGH, _HEAVIEST, _SEAT, _EDGE = (tl.constexpr(field) for field in range(8))

_LOG2_E = tl.constexpr(float(arithmetic.LOG2_E))
_LEAST_POWER = tl.constexpr(float(arithmetic.LEAST))
_T6, _T5, _T4, _T3, _T2, _T1, _T0 = (tl.constexpr(float(term)) for term in arithmetic.TERMS)


@triton.jit
def _exp(x):
    """`agents.search.arithmetic.exp`."""
    power = x * _LOG2_E
    whole = tl.floor(power + 0.5)
    part = power - whole
    value = _T6 * part + _T5
    value = value * part + _T4
    value = value * part + _T3
    value = value * part + _T2
    value = value * part + _T1
    value = value * part + _T0
    within = power > _LEAST_POWER
    exponent = tl.where(within, whole, 0.0).to(tl.int32) + 127
    return tl.where(within, value * (exponent << 23).to(tl.float32, bitcast=True), 0.0)


@triton.jit
def _total(x, T: tl.constexpr):
    """Add up `x [T, 8]`: halves first, then halves of these."""
    x = tl.sum(tl.reshape(x, (T, 2, 4)), 1)
    x = tl.sum(tl.reshape(x, (T, 2, 2)), 1)
    return tl.sum(x, 1)


@triton.jit
def _edges(memory, at, field, place, mask, W: tl.constexpr):
    """Return eight edges' words of a field `[T, 8]`, from edge `place` on."""
    where = at + field * W + place
    return tl.load(memory + where[:, None] + tl.arange(0, 8)[None, :], mask=mask[:, None], other=0)


@triton.jit
def _own(memory, at, field, mask, W: tl.constexpr):
    """Return a node's own word `[T]`."""
    return tl.load(memory + at + 5 * W + field, mask=mask, other=0)


@triton.jit
def _edge(memory, at, field, action, mask, W: tl.constexpr):
    """Return a word of one edge `[T]`."""
    return tl.load(memory + at + field * W + action, mask=mask, other=0)


@triton.jit
def _open(records, at, place, mask, W: tl.constexpr):
    """Return which of eight edges can be chosen `[T, 8]`."""
    return mask[:, None] & (_edges(records, at, _CHILD, place, mask, W) > _ILLEGAL)


@triton.jit
def _completed(records, values, at, place, mixed, mask, W: tl.constexpr):
    """Return eight edges' visits and means, those without a visit taken to be worth `mixed`, and which are open."""
    count = _edges(records, at, _VISITS, place, mask, W)
    q = tl.where(count > 0, _edges(values, at, _MEAN, place, mask, W), mixed[:, None])
    return count, q, _open(records, at, place, mask, W)


@triton.jit
def _better(own, place, chosen, score):
    """Return the first edge of the greatest number, of those before and of eight more, and that number."""
    here = tl.max(own, 1)
    edge = place + tl.argmax(own, 1)
    return tl.where(here > score, edge, chosen), tl.where(here > score, here, score)


@triton.jit
def _gumbel_root(records, values, at, scale, drawn, row, considered, mask, T: tl.constexpr, W: tl.constexpr):
    chosen, score = tl.full((T,), -1, tl.int32), tl.full((T,), _NOTHING, tl.float32)
    substitute, most = chosen, score
    mixed = _own(values, at, _MIXED, mask, W)
    for place in tl.static_range(0, W, 8):
        count, q, legal = _completed(records, values, at, place, mixed, mask, W)
        noise = tl.load(drawn + (row * W + place)[:, None] + tl.arange(0, 8)[None, :], mask=mask[:, None], other=0)
        own = tl.where(legal, noise + scale[:, None] * q, _NOTHING)
        substitute, most = _better(own, place, substitute, most)
        own = tl.where(count == considered[:, None], own, _NOTHING)
        chosen, score = _better(own, place, chosen, score)
    return tl.where(chosen >= 0, chosen, substitute)


@triton.jit
def _gumbel_below(records, values, at, scale, mask, T: tl.constexpr, W: tl.constexpr):
    most, whole = tl.full((T,), _NEVER, tl.float32), tl.zeros((T,), tl.float32)
    mixed = _own(values, at, _MIXED, mask, W)
    times = (1 + _own(records, at, _THROUGH, mask, W)).to(tl.float32)
    for place in tl.static_range(0, W, 8):
        _, q, legal = _completed(records, values, at, place, mixed, mask, W)
        most = tl.maximum(most, tl.max(tl.where(legal, q, _NEVER), 1))
    for place in tl.static_range(0, W, 8):
        _, q, legal = _completed(records, values, at, place, mixed, mask, W)
        share = _edges(values, at, _PRIOR, place, mask, W)
        share = share * _exp(scale[:, None] * tl.minimum(q - most[:, None], 0.0))
        whole += _total(tl.where(legal, share, 0.0), T)
    chosen, score = tl.zeros((T,), tl.int32), tl.full((T,), _NOTHING, tl.float32)
    for place in tl.static_range(0, W, 8):
        count, q, legal = _completed(records, values, at, place, mixed, mask, W)
        share = _edges(values, at, _PRIOR, place, mask, W)
        share = share * _exp(scale[:, None] * tl.minimum(q - most[:, None], 0.0))
        short = share * times[:, None] - count.to(tl.float32) * whole[:, None]
        chosen, score = _better(tl.where(legal, short, _NEVER), place, chosen, score)
    return chosen


@triton.jit
def _puct(records, values, at, bonus, mask, T: tl.constexpr, W: tl.constexpr):
    chosen, score = tl.zeros((T,), tl.int32), tl.full((T,), _NOTHING, tl.float32)
    mixed = _own(values, at, _MIXED, mask, W)
    for place in tl.static_range(0, W, 8):
        count, q, legal = _completed(records, values, at, place, mixed, mask, W)
        own = _edges(values, at, _PRIOR, place, mask, W) * bonus[:, None]
        own = q + tl.div_rn(own, (count + 1).to(tl.float32))
        chosen, score = _better(tl.where(legal, own, _NOTHING), place, chosen, score)
    return chosen


@triton.jit
def descend(
    records, values, going, node, way, done, kind, schedule, settings, drawn, trees, nodes, most,
    GUMBEL: tl.constexpr, W: tl.constexpr, SIZE: tl.constexpr, T: tl.constexpr,
):  # fmt: skip
    """Go down the trees that are `going [B]`, each to an edge whose end is not searched.

    Written: the `node [B]` that a tree is left from, and the action by which it is, -1 where an answer is awaited.
    """
    tree = tl.program_id(0).to(tl.int64) * T + tl.arange(0, T)
    moving = (tree < trees) & (tl.load(going + tree, mask=tree < trees, other=0) > 0)
    asked, root = moving, tree * nodes * SIZE
    at, action = root, tl.full((T,), -1, tl.int32)
    first, second = tl.load(settings), tl.load(settings + 1)
    at_root = moving
    while tl.max(moving.to(tl.int32), 0) > 0:
        through = _own(records, at, _THROUGH, moving, W)
        action = tl.where(moving & (through == _WAITING), -1, action)
        moving = moving & (through != _WAITING)
        if GUMBEL:
            scale = (first + _own(records, at, _HEAVIEST, moving, W).to(tl.float32)) * second
            chosen = _gumbel_below(records, values, at, scale, moving, T, W)
            here = moving & at_root
            if tl.max(here.to(tl.int32), 0) > 0:
                row = tl.load(kind + tree, mask=here, other=0) * most + tl.load(done + tree, mask=here, other=0)
                considered = tl.load(schedule + row, mask=here, other=0)
                above = _gumbel_root(records, values, at, scale, drawn, tree, considered, here, T, W)
                chosen = tl.where(here, above, chosen)
        else:
            bonus = tl.load(settings + 1 + through, mask=moving, other=0)
            chosen = _puct(records, values, at, bonus, moving, T, W)
        action = tl.where(moving, chosen, action)
        following = _edge(records, at, _CHILD, chosen, moving, W)
        on = moving & (following > 0) & (_edge(records, at, _LENGTH, chosen, moving, W) == 0)
        at = tl.where(on, root + following.to(tl.int64) * SIZE, at)
        moving, at_root = on, at_root & (at == root)
    tl.store(node + tree, ((at - root) // SIZE).to(tl.int32), mask=asked)
    tl.store(way + tree, action, mask=asked)


@triton.jit
def _proven(records, values, at, action, away, own, best, mask, T: tl.constexpr, W: tl.constexpr):
    """Return how many moves away a node's end is, and its value, once its edge `action` is proven; 0 where it is not.

    That edge's new length, mean and child are not in memory yet.
    """
    value, opened = tl.full((T,), _NOTHING, tl.float32), tl.zeros((T,), tl.int32)
    for place in tl.static_range(0, W, 8):
        this = place + tl.arange(0, 8)[None, :] == action[:, None]
        legal = mask[:, None] & ((_edges(records, at, _CHILD, place, mask, W) != _ILLEGAL) | this)
        length = tl.where(this, away[:, None], _edges(records, at, _LENGTH, place, mask, W))
        mean = tl.where(this, own[:, None], _edges(values, at, _MEAN, place, mask, W))
        value = tl.maximum(value, tl.max(tl.where(legal & (length > 0), mean, _NOTHING), 1))
        opened = tl.maximum(opened, tl.max((legal & (length == 0)).to(tl.int32), 1))
    soon, late = tl.full((T,), 2**31 - 1, tl.int32), tl.zeros((T,), tl.int32)
    for place in tl.static_range(0, W, 8):
        this = place + tl.arange(0, 8)[None, :] == action[:, None]
        legal = mask[:, None] & ((_edges(records, at, _CHILD, place, mask, W) != _ILLEGAL) | this)
        length = tl.where(this, away[:, None], _edges(records, at, _LENGTH, place, mask, W))
        mean = tl.where(this, own[:, None], _edges(values, at, _MEAN, place, mask, W))
        equal = legal & (length > 0) & (mean == value[:, None])
        soon = tl.minimum(soon, tl.min(tl.where(equal, length, 2**31 - 1), 1))
        late = tl.maximum(late, tl.max(tl.where(equal, length, 0), 1))
    settled = (value >= best) | (opened == 0)
    return tl.where(mask & settled, tl.where(value < 0, late, soon), 0), value


@triton.jit
def _others(records, at, action, mask, T: tl.constexpr, W: tl.constexpr):
    """Return whether an edge other than `action` can still be chosen."""
    found = tl.zeros((T,), tl.int32)
    for place in tl.static_range(0, W, 8):
        other = place + tl.arange(0, 8)[None, :] != action[:, None]
        found = tl.maximum(found, tl.max((other & _open(records, at, place, mask, W)).to(tl.int32), 1))
    return found > 0


@triton.jit
def _count(
    records, values, root, at, action, value, away, kind, setting, best_0, best_1, on,
    GUMBEL: tl.constexpr, W: tl.constexpr, SIZE: tl.constexpr, T: tl.constexpr,
):  # fmt: skip
    """Count simulations that left trees by edges: `value [T]` to seat 0, `away [T]` if proven, each of a `kind [T]`."""
    while tl.max(on.to(tl.int32), 0) > 0:
        mover = _own(records, at, _SEAT, on, W)
        own = tl.where(mover == 1, -value, value)
        p, old = _edge(values, at, _PRIOR, action, on, W), _edge(values, at, _MEAN, action, on, W)
        known, before = _edge(records, at, _LENGTH, action, on, W), _edge(records, at, _VISITS, action, on, W)
        adds = (kind != _REPAY).to(tl.int32)
        n = before + adds
        first, times = (n == 1) & (adds == 1), tl.maximum(n, 1).to(tl.float32)
        change = tl.where(kind == _COUNT, own - old, tl.where(kind == _LEND, -1.0 - old, own + 1.0))
        q = tl.where(away > 0, own, tl.where(known > 0, old, old + tl.div_rn(change, times)))
        if GUMBEL:
            was, now = p * old, p * q
        else:
            was, now = before.to(tl.float32) * old, n.to(tl.float32) * q
        seen = _own(values, at, _SEEN, on, W)
        seen = tl.where(first, seen + p, seen)
        weighted = _own(values, at, _WEIGHTED, on, W) + (now - tl.where(first, 0.0, was))
        through = _own(records, at, _THROUGH, on, W) + adds
        raw, count = _own(values, at, _RAW, on, W), through.to(tl.float32)
        if GUMBEL:
            mixed = raw + count * tl.div_rn(weighted, tl.where(on, seen, 1.0))
            mixed = tl.div_rn(mixed, tl.where(on, through + 1, 1).to(tl.float32))
        else:
            mixed = tl.div_rn(raw + weighted, tl.where(on, through + 1, 1).to(tl.float32))
            mixed = mixed - setting * tl.sqrt_rn(seen)
        heaviest = tl.maximum(_own(records, at, _HEAVIEST, on, W), n)
        proves = on & (away > 0) & (known == 0)
        further, sure = tl.zeros((T,), tl.int32), own
        leading = _own(records, at, _EDGE, on, W)
        if tl.max(proves.to(tl.int32), 0) > 0:
            best, worst = tl.where(mover == 1, best_1, best_0), tl.where(mover == 1, -best_0, -best_1)
            further, sure = _proven(records, values, at, action, away, own, best, proves, T, W)
            closes = proves & (own <= worst)
            closes = closes & _others(records, at, action, closes, T, W)
            tl.store(records + at + _CHILD * W + action, tl.full((T,), _LOST, tl.int32), mask=closes)
        tl.store(records + at + _VISITS * W + action, n, mask=on)
        tl.store(values + at + _MEAN * W + action, q, mask=on)
        tl.store(records + at + _LENGTH * W + action, away, mask=on & (away > 0))
        tl.store(values + at + 5 * W + _WEIGHTED, weighted, mask=on)
        tl.store(values + at + 5 * W + _SEEN, seen, mask=on)
        tl.store(values + at + 5 * W + _MIXED, mixed, mask=on)
        tl.store(records + at + 5 * W + _THROUGH, through, mask=on)
        tl.store(records + at + 5 * W + _HEAVIEST, heaviest, mask=on)
        value = tl.where(further > 0, tl.where(mover == 1, -sure, sure), value)
        away = tl.where(further > 0, further + 1, 0)
        on = on & (at != root)
        at = tl.where(on, root + (leading // W).to(tl.int64) * SIZE, at)
        action = tl.where(on, leading % W, action)


@triton.jit
def leave(
    records, values, words, going, node, way, done, budget, used, found, asked, after, mover, over, paid, legal,
    settings, best, trees, nodes, parts, actions, leaves,
    GUMBEL: tl.constexpr, W: tl.constexpr, SIZE: tl.constexpr, T: tl.constexpr,
):  # fmt: skip
    """Leave the trees by the edges that `descend` found: make a node, or count what needs no answer.

    after `[B, parts]` int64, mover `[B]` int64, over `[B]` bool, paid `[B]` float32 and legal `[B, A]` bool tell of the
    positions behind the edges: words, who moves, whether the game is over, what seat 0 has of it, what may be played.
    """
    tree = tl.program_id(0).to(tl.int64) * T + tl.arange(0, T)
    inside = tree < trees
    asks = inside & (tl.load(going + tree, mask=inside, other=0) > 0)
    action = tl.load(way + tree, mask=asks, other=-1)
    on = asks & (action >= 0)
    action = tl.where(on, action, 0)
    source = tl.load(node + tree, mask=on, other=0)
    root = tree * nodes * SIZE
    at = root + source.to(tl.int64) * SIZE
    spent = tl.load(done + tree, mask=asks, other=0) + on.to(tl.int32)
    number = tl.load(found + tree, mask=asks, other=0)
    away, worth = _edge(records, at, _LENGTH, action, on, W), _edge(values, at, _MEAN, action, on, W)
    worth = tl.where(_own(records, at, _SEAT, on, W) == 1, -worth, worth)
    ended = on & (away == 0) & (tl.load(over + tree, mask=on, other=0) != 0)
    worth = tl.where(ended, tl.load(paid + tree, mask=ended, other=0.0), worth)
    new = on & (away == 0) & ~ended
    away = tl.where(ended, 1, away)
    fresh = tl.load(used + tree, mask=new, other=0)
    to = root + fresh.to(tl.int64) * SIZE
    tl.store(used + tree, fresh + 1, mask=new)
    tl.store(asked + tree * leaves + number, fresh, mask=new)
    tl.store(records + at + _CHILD * W + action, fresh, mask=new)
    for word in range(parts):
        position = tl.load(after + tree * parts + word, mask=new, other=0)
        tl.store(words + (tree * nodes + fresh) * parts + word, position, mask=new)
    lane = tl.arange(0, 8)[None, :]
    for place in tl.static_range(0, W, 8):
        edge = to[:, None] + place + lane
        there, filled = place + lane < actions, new[:, None] & (lane >= 0)
        can = tl.load(legal + tree[:, None] * actions + place + lane, mask=filled & there, other=0) != 0
        tl.store(values + edge + _MEAN * W, tl.zeros((T, 8), tl.float32), mask=filled)
        tl.store(records + edge + _VISITS * W, tl.zeros((T, 8), tl.int32), mask=filled)
        tl.store(records + edge + _CHILD * W, tl.where(can, _NONE, _ILLEGAL), mask=filled)
        tl.store(records + edge + _LENGTH * W, tl.zeros((T, 8), tl.int32), mask=filled)
    none = tl.zeros((T,), tl.int32)
    tl.store(values + to + 5 * W + _WEIGHTED, none.to(tl.float32), mask=new)
    tl.store(values + to + 5 * W + _SEEN, none.to(tl.float32), mask=new)
    tl.store(records + to + 5 * W + _THROUGH, none + _WAITING, mask=new)
    tl.store(records + to + 5 * W + _HEAVIEST, none, mask=new)
    tl.store(records + to + 5 * W + _SEAT, tl.load(mover + tree, mask=new, other=0).to(tl.int32), mask=new)
    tl.store(records + to + 5 * W + _EDGE, source * W + action, mask=new)
    number += new.to(tl.int32)
    counts = on
    if leaves == 1:
        counts = on & ~new
    worth, kind = tl.where(new, 0.0, worth), tl.where(new, _LEND, _COUNT)
    best_0, best_1 = tl.load(best), tl.load(best + 1)
    _count(
        records, values, root, at, action, worth, away, kind, tl.load(settings), best_0, best_1, counts,
        GUMBEL, W, SIZE, T,
    )  # fmt: skip
    on = on & (number < leaves) & (spent < tl.load(budget + tree, mask=on, other=0))
    tl.store(done + tree, spent, mask=asks)
    tl.store(found + tree, number, mask=asks)
    tl.store(going + tree, on.to(tl.int32), mask=asks)


@triton.jit
def take(
    records, values, going, done, budget, found, asked, logits, value, spoilt, settings, best, trees, nodes, actions,
    leaves, kind,
    GUMBEL: tl.constexpr, W: tl.constexpr, SIZE: tl.constexpr, T: tl.constexpr,
):  # fmt: skip
    """Put answers into the trees, and count the simulations that waited for them.

    logits `[B * leaves, A]`, value `[B * leaves]` float32: of a tree's questions, of which it `found [B]` some.
    `spoilt` is set where an answer is no number.
    """
    tree = tl.program_id(0).to(tl.int64) * T + tl.arange(0, T)
    inside = tree < trees
    questions = tl.load(found + tree, mask=inside, other=0)
    root, lane = tree * nodes * SIZE, tl.arange(0, 8)[None, :]
    best_0, best_1, setting = tl.load(best), tl.load(best + 1), tl.load(settings)
    for slot in range(leaves):
        on = inside & (slot < questions)
        row = tree * leaves + slot
        at = root + tl.load(asked + row, mask=on, other=0).to(tl.int64) * SIZE
        most, whole = tl.full((T,), _NEVER, tl.float32), tl.zeros((T,), tl.float32)
        for place in tl.static_range(0, W, 8):
            legal = _open(records, at, place, on, W)
            said = tl.load(logits + row[:, None] * actions + place + lane, mask=legal, other=_NEVER)
            most = tl.maximum(most, tl.max(said, 1))
        for place in tl.static_range(0, W, 8):
            legal = _open(records, at, place, on, W)
            said = tl.load(logits + row[:, None] * actions + place + lane, mask=legal, other=_NEVER)
            whole += _total(_exp(tl.where(legal, said - most[:, None], _NEVER)), T)
        for place in tl.static_range(0, W, 8):
            legal = _open(records, at, place, on, W)
            said = tl.load(logits + row[:, None] * actions + place + lane, mask=legal, other=_NEVER)
            own = tl.div_rn(_exp(tl.where(legal, said - most[:, None], _NEVER)), tl.where(on, whole, 1.0)[:, None])
            own = tl.where(legal, tl.where(own > _LEAST, own, _LEAST), 0.0)
            tl.store(values + at[:, None] + _PRIOR * W + place + lane, own, mask=on[:, None] & (lane >= 0))
        worth = tl.load(value + row, mask=on, other=0.0)
        fine = (whole >= 1.0) & (tl.abs(worth) <= 2.0)
        tl.store(spoilt + tree, tl.full((T,), 1, tl.int32), mask=on & ~fine)
        mover, leading = _own(records, at, _SEAT, on, W), _own(records, at, _EDGE, on, W)
        tl.store(values + at + 5 * W + _RAW, worth, mask=on)
        tl.store(values + at + 5 * W + _MIXED, worth, mask=on)
        tl.store(records + at + 5 * W + _THROUGH, tl.zeros((T,), tl.int32), mask=on)
        counts = on & (leading >= 0) & fine
        above = root + tl.where(counts, leading // W, 0).to(tl.int64) * SIZE
        worth = tl.where(mover == 1, -worth, worth)
        none = tl.zeros((T,), tl.int32)
        _count(
            records, values, root, above, tl.where(counts, leading % W, 0), worth, none, none + kind, setting,
            best_0, best_1, counts, GUMBEL, W, SIZE, T,
        )  # fmt: skip
        tl.debug_barrier()
    spent = tl.load(done + tree, mask=inside, other=0)
    tl.store(found + tree, tl.zeros((T,), tl.int32), mask=inside)
    tl.store(going + tree, (spent < tl.load(budget + tree, mask=inside, other=0)).to(tl.int32), mask=inside)
