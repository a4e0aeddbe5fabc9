"""Training as data: a job says everything that a best response depends on, and can be run anywhere."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch

from agents.agent import Agent, Policy
from agents.learner import Network, Task, train
from agents.network import NetworkPolicy
from agents.networks.policy_value import PolicyValueNetwork
from agents.ppo import PPO, PPOConfig
from agents.profile import Mixture, Profile
from agents.registry import make as make_agent
from agents.search.learner import AlphaZero, AlphaZeroConfig
from agents.snapshot import load
from agents.stack import TabularMixture
from games import make
from games.conformance import refuse_broken
from games.extensive.builder import TreeTooLarge
from games.extensive.cache import cached_tree
from games.extensive.tree import GameTree
from games.game import Game, GameSpec
from games.names import parse

Report = Callable[[str, int, int, dict[str, float]], None]


@dataclass(frozen=True)
class Job:
    """Train a best response for `seats` of `game` against the members `opponents`, weighted by `weights [P][n]`.

    opponents are snapshots' hashes, in `folder/snapshots`, their networks played at `temperature` where that is not
    None; start is the snapshot that gives the first weights, or None.
    """

    name: str
    folder: Path
    game: str
    seats: tuple[int, ...]
    opponents: tuple[str, ...]
    weights: tuple[tuple[float, ...], ...]
    temperature: float | None
    seed: int
    learner: PPOConfig | AlphaZeroConfig
    start: str | None
    device: str
    tree_limit: int

    @property
    def checkpoint(self) -> Path:
        """Where its training stands."""
        return self.folder / "jobs" / f"{self.name}.checkpoint"

    def run(self, *, stop: Callable[[], bool], report: Report) -> None:
        """Bring the job to its end, which its checkpoint keeps."""
        respond(self, stop=stop, report=report)

    @property
    def identity(self) -> str:
        """The name and a digest of all that shapes the response, so that no other job goes on from its checkpoint."""
        shaping = {name: value for name, value in asdict(self).items() if name not in ("folder", "device")}
        return f"{self.name} ({hashlib.blake2b(json.dumps(shaping).encode(), digest_size=8).hexdigest()})"


@lru_cache(maxsize=2)
def world(game: str, device: str, tree_limit: int) -> tuple[Game, GameTree | None]:
    """Return the game on `device` and its tree, or None where it has more than `tree_limit` histories or no tree."""
    made = make(game, device=device)
    if parse(game).kind == "file":
        refuse_broken(made)
    if not made.spec.cloneable or not made.spec.discrete or tree_limit == 0:
        return made, None
    try:
        return made, cached_tree(made if made.device.type == "cpu" else make(game), limit=tree_limit)
    except TreeTooLarge:
        return made, None


def why_no_tree(spec: GameSpec, tree_limit: int) -> str:
    """Say why `world` made no tree of a game, as a clause."""
    if not spec.cloneable:
        return "its states cannot be copied"
    if not spec.discrete:
        return "its actions are not single choices"
    return f"it has more than {tree_limit:,} histories"


def respond(job: Job, *, stop: Callable[[], bool], report: Report) -> Network:
    """Run a job from wherever its checkpoint stands, and return the response."""
    game, tree = world(job.game, job.device, job.tree_limit)
    snapshots = job.folder / "snapshots"
    loaded = [load(name, snapshots, device=job.device) for name in job.opponents]
    for part in (part for snapshot in loaded for part in snapshot.parts):
        if isinstance(part, NetworkPolicy | PolicyValueNetwork) and job.temperature is not None:
            part.architecture["temperature"] = job.temperature
    members = [snapshot.agent(lambda name: make_agent(name, game)) for snapshot in loaded]
    start = None
    if job.start is not None:
        newest = load(job.start, snapshots, device=job.device)
        part = newest.parts[newest.seats[job.seats[0]]]
        start = part if isinstance(part, NetworkPolicy | PolicyValueNetwork) else None
    task = Task(job.name, game, job.seats, opponents(members, np.array(job.weights), game, tree), job.seed, start)
    learner = PPO(task, job.learner) if isinstance(job.learner, PPOConfig) else AlphaZero(task, job.learner)

    def show(done: int, values: dict[str, float]) -> None:
        report(job.name, done, learner.updates, values)

    return train(learner, job.checkpoint, task=job.identity, stop=stop, report=show)


def opponents(members: list[Agent], weights: np.ndarray, game: Game, tree: GameTree | None) -> Agent:
    """Return the mixture of members that a response trains against, as one table where the tree allows it."""
    used = weights.max(0) > 0
    kept, weights = [member for member, use in zip(members, used, strict=True) if use], weights[:, used]
    if tree is not None:
        tables = [_table(member, tree) for member in kept]
        if all(table is not None for table in tables):
            return TabularMixture(tree, [t for t in tables if t is not None], weights, device=game.device)
    return Mixture(kept, weights)


def _table(agent: Agent, tree: GameTree) -> torch.Tensor | None:
    """Return the agent's probabilities on the tree's observation rows `[R, A]`, or None when rows are not enough."""
    if isinstance(agent, Profile):
        parts = [_table(part, tree) for part in agent.agents]
        if any(part is None for part in parts):
            return None
        stacked = torch.stack([part for part in parts if part is not None])
        return stacked[tree.row_seat, torch.arange(len(tree.row_seat))]
    if not isinstance(agent, Policy):
        return None
    network = isinstance(agent, NetworkPolicy | PolicyValueNetwork)
    device = next(iter(agent.parameters())).device if network else "cpu"
    with torch.no_grad():
        columns = (tree.observations.to(device), tree.legal.to(device), tree.row_seat.to(device))
        return agent.probabilities(*columns).cpu()
