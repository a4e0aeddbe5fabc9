"""The search in plain torch, to be read and to hold the kernels to: the same operations in the same order.

Every field of a tree is a tensor of its own, all trees take each simulation together, and the game is stepped by its
own face, whatever game and device that is. Asked the same network answers, visits, means and all else are those of the
kernels to the last bit: floats are float32, sums run in the kernels' order, see `total`.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from agents.search.arithmetic import exp_in_torch
from agents.search.found import Found
from agents.search.gumbel import considered_visits
from agents.search.kernels import COUNT, LEAST_PRIOR, LEND, REPAY, WAITING
from agents.search.noise import dirichlet, gumbel_noise
from agents.search.search import Evaluate, SearchConfig
from agents.search.tree import LANES
from agents.zoo.lookahead import Positions, finite_scale
from games.draws import Draws
from games.game import Game, State, concatenate

_NEVER = -1e30


def total(x: Tensor) -> Tensor:
    """Add up `x [n, A]`: eight at a time, of these the upper half to the lower until one is left, then one by one."""
    eights = torch.nn.functional.pad(x, (0, -x.shape[1] % LANES)).view(len(x), -1, LANES)
    halves = eights[..., :4] + eights[..., 4:]
    quarters = halves[..., :2] + halves[..., 2:]
    whole = torch.zeros_like(x[:, 0])
    for sums in (quarters[..., 0] + quarters[..., 1]).unbind(1):
        whole = whole + sums
    return whole


@dataclass(frozen=True)
class Forest:
    """B trees with room for N nodes; the fields are those of `agents.search.tree.Layout`, by the same names.

    prior, mean float32, visits, child, length int64, legal, lost bool: `[B, N, A]`; child is 0 where there is none, and
    lost are the edges that are chosen no more.
    raw, weighted, seen, mixed float32, through, heaviest, seat, parent, action int64: `[B, N]`; the edge that leads to
    a node is its parent's, by an action, and -1 at the root. row int64 `[B, N]`: where the node's position is kept.
    used `[B]` int64: how many nodes a tree has.
    """

    prior: Tensor
    mean: Tensor
    visits: Tensor
    child: Tensor
    length: Tensor
    legal: Tensor
    lost: Tensor
    raw: Tensor
    weighted: Tensor
    seen: Tensor
    mixed: Tensor
    through: Tensor
    heaviest: Tensor
    seat: Tensor
    parent: Tensor
    action: Tensor
    row: Tensor
    used: Tensor

    @classmethod
    def allocate(cls, trees: int, nodes: int, actions: int, device: torch.device) -> "Forest":
        """Return trees without a node."""

        def floats(*more: int) -> Tensor:
            return torch.zeros(trees, nodes, *more, device=device)

        def ints(*more: int) -> Tensor:
            return torch.zeros(trees, nodes, *more, dtype=torch.int64, device=device)

        a = actions
        return cls(
            *(floats(a), floats(a), ints(a), ints(a), ints(a), floats(a).bool(), floats(a).bool()),
            *(floats(), floats(), floats(), floats()),
            *(ints(), ints(), ints(), ints(), ints(), ints()),
            torch.zeros(trees, dtype=torch.int64, device=device),
        )


class Reference:
    """One search from m positions, of which nothing is known before; `forest` holds the trees afterwards.

    evaluate, draws and budget are those of `agents.search.search.Search.search`; the answers are asked for on the
    positions' device.
    """

    def __init__(
        self,
        game: Game,
        evaluate: Evaluate,
        config: SearchConfig,
        positions: Positions,
        draws: Draws | None,
        *,
        budget: Tensor | None = None,
    ) -> None:
        self.game, self.evaluate, self.config, self.device = game, evaluate, config, positions.state.device
        count, actions, self.scale = len(positions.seats), game.spec.actions, finite_scale(game)
        low, high = game.spec.utility
        self.best = torch.tensor([high / self.scale, -low / self.scale], device=self.device)
        self.budget = torch.full((count,), config.simulations) if budget is None else budget.long()
        self.budget = self.budget.to(self.device)
        self.most = int(self.budget.max()) if count else 0
        self.done = torch.zeros_like(self.budget)
        self.settings = torch.from_numpy(config.settings(self.most)).to(self.device)
        self.forest = Forest.allocate(count, self.most + 1, actions, self.device)
        self.states: State = positions.state
        self.paid = torch.zeros(count, dtype=torch.float64, device=self.device)  # to seat 0, from the root on
        trees = torch.arange(count, device=self.device)
        self._attach(trees, trees, -torch.ones_like(trees), -torch.ones_like(trees))
        self._take(trees, torch.zeros_like(trees), REPAY)
        self.drawn, self.schedule = self._perturb(positions, draws), self._schedule()

    def search(self) -> Found:
        """Run all simulations: of each tree up to `config.leaves` questions, then their answers, and again."""
        trees = torch.arange(len(self.budget), device=self.device)
        while len(going := trees[self.done < self.budget]):
            asked: list[tuple[Tensor, Tensor]] = []
            while len(going := going[self.done[going] < self.budget[going]]):
                node, action, waits = self._descend(going)
                going, node, action = going[~waits], node[~waits], action[~waits]
                new, made = self._visit(going, node, action)
                asked.append((going[new], made))
                questions = torch.cat([tree for tree, _ in asked])
                found = (questions[None, :] == going[:, None]).sum(1)
                going = going[found < self.config.leaves]
            for tree, node in asked:
                self._take(tree, node, COUNT if self.config.leaves == 1 else REPAY)
        return self._found()

    # Down: a simulation follows the rule to an edge whose end is not searched.

    def _descend(self, tree: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return the edge by which each of `tree [n]` is left, as node and action, and whether its node waits."""
        f, rows = self.forest, torch.arange(len(tree), device=self.device)
        node, action = torch.zeros_like(tree), torch.zeros_like(tree)
        moving = f.through[tree, node] != WAITING
        waits = ~moving
        while len(going := rows[moving]):
            t, n = tree[going], node[going]
            chosen = self._gumbel(t, n) if self.config.rule == "gumbel" else self._puct(t, n)
            action[going] = chosen
            following = f.child[t, n, chosen]
            on = (following > 0) & (f.length[t, n, chosen] == 0)
            node[going] = torch.where(on, following, n)
            blocked = on & (f.through[t, following] == WAITING)
            moving[going], waits[going] = on & ~blocked, blocked
        return node, action, waits

    def _completed(self, tree: Tensor, node: Tensor) -> Tensor:
        """Return the means of the edges `[n, A]`, those without a visit taken to be worth the mixed value."""
        f = self.forest
        return torch.where(f.visits[tree, node] > 0, f.mean[tree, node], f.mixed[tree, node][:, None])

    def _gumbel(self, tree: Tensor, node: Tensor) -> Tensor:
        """Choose as `agents.search.gumbel` does: `[n]`."""
        f = self.forest
        q, visits, legal = self._completed(tree, node), f.visits[tree, node], self._open(tree, node)
        scale = ((self.settings[0] + f.heaviest[tree, node].float()) * self.settings[1])[:, None]
        most = torch.where(legal, q, _NEVER).amax(1, keepdim=True)
        share = torch.where(legal, f.prior[tree, node] * exp_in_torch(scale * (q - most).clamp(max=0)), 0.0)
        times, whole = (1 + f.through[tree, node]).float()[:, None], total(share)[:, None]
        below = torch.where(legal, share * times - visits.float() * whole, _NEVER)
        considered = self.schedule[tree, self.done[tree].clamp(max=self.schedule.shape[1] - 1)]
        fresh = legal & (visits == considered[:, None])
        fresh = torch.where(fresh.any(1, keepdim=True), fresh, legal)
        at_root = torch.where(fresh, self.drawn[tree] + scale * q, -torch.inf)
        return _first_greatest(torch.where((node == 0)[:, None], at_root, below))

    def _puct(self, tree: Tensor, node: Tensor) -> Tensor:
        """Choose as `agents.search.puct` does: `[n]`."""
        f = self.forest
        bonus = self.settings[1 + f.through[tree, node]][:, None]
        bonus = f.prior[tree, node] * bonus / (f.visits[tree, node] + 1).float()
        return _first_greatest(torch.where(self._open(tree, node), self._completed(tree, node) + bonus, -torch.inf))

    def _open(self, tree: Tensor, node: Tensor) -> Tensor:
        """Return which edges can be chosen `[n, A]`."""
        return self.forest.legal[tree, node] & ~self.forest.lost[tree, node]

    # At the bottom: a step of the game, a new node, what the network says of it.

    def _visit(self, tree: Tensor, node: Tensor, action: Tensor) -> tuple[Tensor, Tensor]:
        """Go along edges, and count what is known at once: which made a node that waits `[n]`, and these nodes."""
        f = self.forest
        self.done[tree] += 1
        length, worth = f.length[tree, node, action], f.mean[tree, node, action]
        worth = torch.where(f.seat[tree, node] == 1, -worth, worth)
        new, away = length == 0, length.clone()
        if new.any():
            rows = f.row[tree, node][new]
            before = self.states[rows]
            moves = action[new][:, None].expand(-1, before.acting.shape[1]).contiguous()
            after = self.game.step(before, moves)
            paid = self.paid[rows] + after.rewards[:, 0]
            worth[new] = (paid * (1 / self.scale)).float()
            away[new] = after.done.long()
            new[new.clone()] = ~after.done
            first = len(self.states)
            self.states, self.paid = concatenate([self.states, after]), torch.cat([self.paid, paid])
            kept = first + (~after.done).nonzero()[:, 0]
            self._attach(tree[new], kept, node[new], action[new])
        counted = ~new
        self._count(tree[counted], node[counted], action[counted], worth[counted], away[counted], COUNT)
        if self.config.leaves > 1:
            none = torch.zeros_like(tree[new])
            self._count(tree[new], node[new], action[new], none.float(), none, LEND)
        return new, f.child[tree, node, action][new]

    def _attach(self, tree: Tensor, row: Tensor, parent: Tensor, action: Tensor) -> None:
        """Begin a node of each of `tree [n]` for the positions `row [n]`, behind an edge; its answer is awaited."""
        f = self.forest
        node, seats = f.used[tree], self.states.acting[row].int().argmax(1)
        f.seat[tree, node], f.row[tree, node] = seats, row
        f.parent[tree, node], f.action[tree, node] = parent, action
        f.legal[tree, node] = self.game.legal(self.states, row, seats)
        f.through[tree, node] = WAITING
        inner = parent >= 0
        f.child[tree[inner], parent[inner], action[inner]] = node[inner]
        f.used[tree] += 1

    def _take(self, tree: Tensor, node: Tensor, kind: int) -> None:
        """Ask the network about nodes, one of each of `tree [n]`, and count the simulations that waited for them."""
        if not len(tree):
            return
        f, actions, seat = self.forest, self.game.spec.actions, self.forest.seat[tree, node]
        logits, value = self.evaluate(self.game.observe(self.states, f.row[tree, node], seat))
        logits, legal, least = logits[:, :actions], f.legal[tree, node], float(LEAST_PRIOR)
        most = torch.where(legal, logits, _NEVER).amax(1, keepdim=True)
        prior = exp_in_torch(torch.where(legal, logits - most, _NEVER))
        prior = prior / total(prior)[:, None]
        f.prior[tree, node] = torch.where(legal, torch.where(prior > least, prior, least), 0.0)
        f.raw[tree, node] = f.mixed[tree, node] = value
        f.through[tree, node] = 0
        parent, inner = f.parent[tree, node], f.parent[tree, node] >= 0
        worth = torch.where(seat == 1, -value, value)[inner]
        self._count(tree[inner], parent[inner], f.action[tree, node][inner], worth, 0 * parent[inner], kind)

    # Up: what a simulation was worth, counted on all edges of its way.

    def _count(self, tree: Tensor, node: Tensor, action: Tensor, value: Tensor, away: Tensor, kind: int) -> None:
        """Count simulations that left their trees by edges: worth `value` to seat 0, and proven where `away` is not 0.

        `tree`, `node`, `action`, `away` int64 and `value` float32 are `[n]`, and no tree stands there twice.
        """
        f, gumbel = self.forest, self.config.rule == "gumbel"
        while len(tree):
            edge, own = (tree, node, action), torch.where(f.seat[tree, node] == 1, -value, value)
            p, old, known, before = f.prior[edge], f.mean[edge], f.length[edge], f.visits[edge]
            n = before + (kind != REPAY)
            first, times = (n == 1) & (kind != REPAY), n.float()
            change = {COUNT: own - old, LEND: -1.0 - old, REPAY: own + 1.0}[kind]
            q = torch.where(away > 0, own, torch.where(known > 0, old, old + change / times))
            was, now = (p * old, p * q) if gumbel else (before.float() * old, times * q)
            f.visits[edge], f.mean[edge] = n, q
            f.seen[tree, node] += torch.where(first, p, 0.0)
            f.weighted[tree, node] += now - torch.where(first, 0.0, was)
            f.through[tree, node] += kind != REPAY
            f.heaviest[tree, node] = torch.maximum(f.heaviest[tree, node], n)
            f.mixed[tree, node] = self._mix(tree, node)
            f.length[edge] = torch.where(away > 0, away, known)
            loses = (away > 0) & (known == 0) & (own <= -self.best[1 - f.seat[tree, node]])
            f.lost[edge] |= loses & (self._open(tree, node).sum(1) > 1)
            further, sure = self._proven(tree, node)
            proves = (away > 0) & (known == 0) & (further > 0)
            value = torch.where(proves, torch.where(f.seat[tree, node] == 1, -sure, sure), value)
            away = torch.where(proves, further + 1, 0)
            on = node > 0
            leading = f.parent[tree, node], f.action[tree, node]
            tree, node, action, value, away = (x[on] for x in (tree, *leading, value, away))

    def _mix(self, tree: Tensor, node: Tensor) -> Tensor:
        """Return what edges without a visit are taken to be worth `[n]`."""
        f, times = self.forest, self.forest.through[tree, node].float()
        raw, weighted, seen = f.raw[tree, node], f.weighted[tree, node], f.seen[tree, node]
        if self.config.rule == "gumbel":
            return (raw + times * (weighted / seen)) / (times + 1)
        return (raw + weighted) / (times + 1) - self.settings[0] * seen.sqrt()

    def _proven(self, tree: Tensor, node: Tensor) -> tuple[Tensor, Tensor]:
        """Return how many moves away a node's end is `[n]`, 0 where it is not proven, and its value for the mover."""
        f = self.forest
        legal, length = f.legal[tree, node], f.length[tree, node]
        known = legal & (length > 0)
        mean = torch.where(known, f.mean[tree, node], -torch.inf)
        value = mean.amax(1)
        equal = known & (mean == value[:, None])
        soon = torch.where(equal, length, 2**31).amin(1)
        late = torch.where(equal, length, 0).amax(1)
        settled = known.any(1) & ((value >= self.best[f.seat[tree, node]]) | (known | ~legal).all(1))
        return torch.where(settled, torch.where(value < 0, late, soon), 0), value

    # Around a search: the root's noise and schedule, and what was found.

    def _perturb(self, positions: Positions, draws: Draws | None) -> Tensor:
        """Return what Gumbel's root adds to sigma(q) `[B, A]`, or change the priors of PUCT's.

        Computed on the host, whose logarithms are not those of other devices.
        """
        f, config = self.forest, self.config
        priors, legal = f.prior[:, 0].cpu().numpy(), f.legal[:, 0].cpu()
        drawn = np.where(legal.numpy(), np.log(np.maximum(priors, LEAST_PRIOR)), np.float32(0))
        if draws is not None and config.rule == "gumbel":
            drawn += np.float32(self.config.gumbel_scale) * gumbel_noise(draws, positions.seats, drawn.shape[1]).numpy()
        elif draws is not None and config.noise > 0:
            share = np.float32(config.noise)
            noise = dirichlet(draws, positions.seats, legal, concentration=config.dirichlet).numpy()
            mixed = np.maximum((np.float32(1) - share) * priors + share * noise, LEAST_PRIOR)
            f.prior[:, 0] = torch.from_numpy(np.where(legal.numpy(), mixed, np.float32(0))).to(self.device)
        return torch.from_numpy(drawn).to(self.device)

    def _schedule(self) -> Tensor:
        """Return the visits of the edges among which each simulation of Gumbel's root chooses `[B, S]`."""
        schedule = torch.zeros(len(self.budget), max(1, self.most), dtype=torch.int64)
        options = self.forest.legal[:, 0].sum(1).clamp(max=self.config.considered)
        for row, simulations, actions in zip(schedule, self.budget.tolist(), options.tolist(), strict=True):
            row[:simulations] = torch.from_numpy(considered_visits(simulations, actions)).long()
        return schedule.to(self.device)

    def _found(self) -> Found:
        """Read the roots, as `agents.search.found.find` says."""
        f, gumbel = self.forest, self.config.rule == "gumbel"
        legal, visits, means, lengths, priors = (x[:, 0] for x in (f.legal, f.visits, f.mean, f.length, f.prior))
        seat, known = f.seat[:, 0], lengths > 0
        lost = known & (means <= -self.best[1 - seat][:, None])
        away, sure = self._proven(torch.arange(len(seat), device=self.device), torch.zeros_like(seat))
        sigma = ((self.settings[0] + f.heaviest[:, 0].float()) * self.settings[1])[:, None]
        sigma = sigma * torch.where(visits > 0, means, f.mixed[:, :1])
        allowed = legal & ~lost
        if gumbel:
            policy = torch.where(allowed, priors.clamp(min=float(LEAST_PRIOR)).log() + sigma, -torch.inf).softmax(1)
            second = self.drawn + sigma
        else:
            policy = torch.where(allowed, visits, 0) / torch.where(allowed, visits, 0).sum(1, keepdim=True)
            second = torch.where(visits > 0, means, priors - 3)
        tried = torch.where(allowed, visits, -1)
        chosen = _first_greatest(torch.where(tried == tried.amax(1, keepdim=True), second, -torch.inf))
        exact = known & (means == sure[:, None]) & (lengths == away[:, None])
        actions = torch.where(away > 0, _first_greatest(exact.float()), chosen)
        alone = torch.nn.functional.one_hot(actions, legal.shape[1]).float()
        policy = torch.where(((away > 0) | policy.isnan().any(1))[:, None], alone, policy)
        value = (f.raw[:, 0] + (visits * means).sum(1)) / (1 + visits.sum(1))
        value = torch.where(away > 0, sure, value)
        means = torch.where(visits > 0, means, torch.nan)
        return Found(visits.int(), means, lengths.int(), priors, value, policy, actions)


def _first_greatest(x: Tensor) -> Tensor:
    """Return where `x [n, A]` is greatest, of equals the lowest: `[n]`."""
    greatest = x == x.amax(1, keepdim=True)
    return greatest.int().cumsum(1).eq(0).sum(1)
