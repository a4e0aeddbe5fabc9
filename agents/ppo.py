"""Proximal policy optimisation (Schulman et al., 2017) against a fixed company of opponents.

Every update plays whole games in lockstep, the learner in its seats and the opponents in the others, and learns from
the learner's decisions with generalised advantage estimation (Schulman et al., 2016). Games are finished, never cut,
so nothing is bootstrapped.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from agents.agent import Policy, Turn
from agents.learner import Learner, Task, seeded
from agents.network import NetworkPolicy
from agents.rollout import play
from games.draws import Draws, key


@dataclass(frozen=True)
class PPOConfig:
    """What shapes the training.

    updates: how many; games: played in each; hidden: the widths of the two networks; learning_rate falls to
    `learning_rate_end` times itself and the entropy bonus from `entropy` to `entropy_end`, both linearly;
    clip: of the probability ratio; discount and trace: gamma and lambda.
    """

    updates: int = 100
    games: int = 1024
    epochs: int = 4
    minibatches: int = 4
    hidden: tuple[int, ...] = (64, 64)
    learning_rate: float = 2e-3
    learning_rate_end: float = 0.1
    entropy: float = 0.05
    entropy_end: float = 0.0
    clip: float = 0.2
    discount: float = 1.0
    trace: float = 0.95
    value_weight: float = 0.5
    gradient_norm: float = 0.5


@dataclass(frozen=True)
class _Decisions:
    """The m decisions of one step: observation `[m, *obs]`, legal `[m, A]`, action, paid, pair and active `[m]`."""

    observation: Tensor
    legal: Tensor
    action: Tensor
    paid: Tensor
    pair: Tensor
    active: Tensor | None


class _Recorder(Policy):
    """The policy at play, keeping every decision it makes."""

    def __init__(self, policy: NetworkPolicy) -> None:
        self.policy, self.decisions = policy, []

    def probabilities(self, observation: Tensor, legal: Tensor, seats: Tensor) -> Tensor:
        return self.policy.probabilities(observation, legal, seats)

    def start(self, seats: Tensor, draws: Draws) -> None:
        self.decisions: list[_Decisions] = []

    def act(self, turn: Turn) -> Tensor:
        action = super().act(turn)
        self.decisions.append(
            _Decisions(turn.observation, turn.legal, action, turn.paid, turn.memory, turn.active)
        )
        return action


class PPO(Learner):
    """Trains a `NetworkPolicy` for the task's seats; game g of an update is played in seat `seats[g mod len(seats)]`."""

    def __init__(self, task: Task, config: PPOConfig) -> None:
        self.task, self.config, self.updates = task, config, config.updates
        spec, device = task.game.spec, task.game.device
        inputs = 1
        for size in spec.observation_shape:
            inputs *= size
        architecture = {"inputs": inputs, "actions": spec.actions, "hidden": list(config.hidden)}
        self.policy = NetworkPolicy(architecture, seed=task.seed, device=device)
        if task.start is not None:
            self.policy.load(task.start.tensors())
        self._parameters = self.policy.parameters()
        self._weights = nn.Parameter(self.policy.flatten())  # one tensor to step, where there would be a dozen
        self.optimiser = torch.optim.Adam([self._weights], lr=config.learning_rate, eps=1e-5, fused=True)
        self.scale = max(abs(bound) for bound in spec.utility)

    def update(self) -> dict[str, float]:
        """Play `config.games` games and take `epochs` passes over their decisions."""
        left = 1.0 - self.done / self.updates
        batch, mean_return = self._collect()
        end = self.config.learning_rate_end
        self.optimiser.param_groups[0]["lr"] = self.config.learning_rate * (end + (1 - end) * left)
        entropy_weight = self.config.entropy_end + (self.config.entropy - self.config.entropy_end) * left
        generator = seeded(key(self.task.seed, f"minibatches/{self.done}"), batch[0].device)
        size = max(1, len(batch[0]) // self.config.minibatches)
        losses = []
        for _ in range(self.config.epochs):
            order = torch.randperm(len(batch[0]), generator=generator, device=generator.device)
            for minibatch in zip(*(column[order].split(size) for column in batch), strict=True):
                if len(minibatch[0]) > 1:
                    losses.append(self._learn(minibatch, entropy_weight))
        policy_loss, value_loss, entropy = torch.stack(losses).mean(0).tolist()
        return {"return": mean_return, "policy_loss": policy_loss, "value_loss": value_loss, "entropy": entropy}

    def _collect(self) -> tuple[list[Tensor], float]:
        """Play one update's games; return its decisions (observation, legal, action, log p, advantage, target)."""
        game, count, seats = self.task.game, self.config.games, self.task.seats
        number = torch.arange(count, device=game.device)
        own = torch.tensor(seats, device=game.device)[number % len(seats)]
        seating = torch.ones(count, game.spec.players, dtype=torch.int64, device=game.device)
        seating[number, own] = 0
        recorder = _Recorder(self.policy)
        games = number + self.done * count
        result = play(game, [recorder, self.task.opponents], seating=seating, games=games, seed=self.task.seed)
        returns = result.returns[number, own]
        return self._advantages(recorder.decisions, returns), float(returns.mean())

    def _advantages(self, decisions: list[_Decisions], returns: Tensor) -> list[Tensor]:
        """Walk back from the ends of the games, pair by pair: `returns [m]` is what each came to in the end."""
        config = self.config
        paid_after = returns.clone()
        value_after = torch.zeros(len(returns), device=returns.device)
        advantage_after = torch.zeros_like(value_after)
        observation = torch.cat([step.observation for step in decisions])
        legal = torch.cat([step.legal for step in decisions])
        action = torch.cat([step.action for step in decisions])
        with torch.no_grad():
            log_probability = self.policy.log_probabilities(observation, legal).gather(1, action[:, None])[:, 0]
            values = self.policy.values(observation).split([len(step.pair) for step in decisions])
        advantages = []
        for step, value in zip(reversed(decisions), reversed(values), strict=True):
            reward = (paid_after[step.pair] - step.paid).float() / self.scale
            surprise = reward + config.discount * value_after[step.pair] - value
            advantage = surprise + config.discount * config.trace * advantage_after[step.pair]
            advantages.append(advantage)
            for memory, new in ((paid_after, step.paid), (value_after, value), (advantage_after, advantage)):
                memory[step.pair] = new if step.active is None else torch.where(step.active, new, memory[step.pair])
        advantage = torch.cat(advantages[::-1])
        columns = [observation, legal, action, log_probability, advantage, advantage + torch.cat(values)]
        if decisions and decisions[0].active is not None:
            active = torch.cat([step.active for step in decisions if step.active is not None])
            columns = [column[active] for column in columns]
        return columns

    def _learn(self, batch: Sequence[Tensor], entropy_weight: float) -> Tensor:
        """Take one gradient step; return (policy loss, value loss, entropy) `[3]`."""
        observation, legal, action, old, advantage, target = batch
        config = self.config
        deviation, mean = torch.std_mean(advantage)
        advantage = (advantage - mean) / (deviation + 1e-8)
        log_probabilities = self.policy.log_probabilities(observation, legal)
        ratio = (log_probabilities.gather(1, action[:, None])[:, 0] - old).exp()
        clipped = ratio.clamp(1 - config.clip, 1 + config.clip)
        policy_loss = -torch.minimum(ratio * advantage, clipped * advantage).mean()
        entropy = -(log_probabilities.exp() * log_probabilities).sum(-1).mean()
        value_loss = nn.functional.mse_loss(self.policy.values(observation), target)
        loss = policy_loss - entropy_weight * entropy + config.value_weight * value_loss
        gradient = torch.cat([part.flatten() for part in torch.autograd.grad(loss, self._parameters)])
        self._weights.grad = gradient * (config.gradient_norm / (gradient.norm() + 1e-6)).clamp(max=1.0)
        self.optimiser.step()
        return torch.stack([policy_loss, value_loss, entropy]).detach()

    def tensors(self) -> dict[str, Tensor]:
        """Return the weights and the optimiser's moments."""
        moments = self.optimiser.state[self._weights]
        return {"weights": self._weights.detach(), **{f"optimiser.{name}": tensor for name, tensor in moments.items()}}

    def load(self, tensors: dict[str, Tensor]) -> None:
        """Take back the weights and the optimiser's moments."""
        self._weights.data.copy_(tensors["weights"])
        self.optimiser.state[self._weights] = {
            name: tensors[f"optimiser.{name}"].to(self._weights.device) for name in ("step", "exp_avg", "exp_avg_sq")
        }

    def response(self) -> NetworkPolicy:
        """Return a copy of the policy."""
        frozen = NetworkPolicy(self.policy.architecture, device=self.task.game.device)
        frozen.load(self.policy.tensors())
        return frozen
