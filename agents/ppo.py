"""Proximal policy optimisation (Schulman et al., 2017) against a fixed company of opponents.

Every update plays whole games in lockstep, the learner in its seats and the opponents in the others, and learns from
the learner's decisions with generalised advantage estimation (Schulman et al., 2016). Games are finished, never cut,
so nothing is bootstrapped.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from agents.adam import Adam
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
        self.decisions.append(_Decisions(turn.observation, turn.legal, action, turn.paid, turn.memory, turn.active))
        return action


class PPO(Learner):
    """Trains a `NetworkPolicy` for the task's seats; game g of an update is played in seat `seats[g % len(seats)]`."""

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
        self._adam = Adam(self.policy.flatten())
        self.scale = max(abs(bound) for bound in spec.utility)

    def update(self) -> dict[str, float]:
        """Play `config.games` games and take `epochs` passes over their decisions."""
        left = 1.0 - self.done / self.updates
        batch, mean_return = self._collect()
        end = self.config.learning_rate_end
        rate = self.config.learning_rate * (end + (1 - end) * left)
        entropy_weight = self.config.entropy_end + (self.config.entropy - self.config.entropy_end) * left
        generator = seeded(key(self.task.seed, f"minibatches/{self.done}"), batch[0].device)
        size = max(1, len(batch[0]) // self.config.minibatches)
        losses = []
        for _ in range(self.config.epochs):
            order = torch.randperm(len(batch[0]), generator=generator, device=generator.device)
            for minibatch in zip(*(column[order].split(size) for column in batch), strict=True):
                if len(minibatch[0]) > 1:
                    losses.append(self._learn(minibatch, rate, entropy_weight))
        policy_loss, value_loss, entropy = torch.stack(losses).mean(0).tolist()
        return {
            "games": self.config.games,
            "return": mean_return,
            "policy_loss": policy_loss,
            "value_loss": value_loss,
            "entropy": entropy,
        }

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

    def _learn(self, batch: Sequence[Tensor], rate: float, entropy_weight: float) -> Tensor:
        """Take one gradient step; return (policy loss, value loss, entropy) `[3]`."""
        observation, legal, action, old, advantage, target = batch
        config = self.config
        logits, values = self.policy.logits(observation, legal), self.policy.values(observation)
        with torch.no_grad():
            deviation, mean = torch.std_mean(advantage)
            policy_loss, entropy, by_logits = surrogate(
                logits,
                action=action,
                old=old,
                advantage=(advantage - mean) / (deviation + 1e-8),
                clip=config.clip,
                entropy_weight=entropy_weight,
            )
            error = values - target
            by_values = error * (2 * config.value_weight / len(error))
        parts = torch.autograd.grad([logits, values], self._parameters, [by_logits, by_values])
        gradient = torch.cat([part.flatten() for part in parts])
        gradient *= (config.gradient_norm / (gradient.norm() + 1e-6)).clamp(max=1.0)
        self._adam.step(gradient, rate)
        return torch.stack([policy_loss, error.square().mean(), entropy])

    def tensors(self) -> dict[str, Tensor]:
        """Return the weights and the optimiser's moments."""
        return self._adam.tensors()

    def load(self, tensors: dict[str, Tensor]) -> None:
        """Take back the weights and the optimiser's moments."""
        self._adam.load(tensors)

    def response(self) -> NetworkPolicy:
        """Return a copy of the policy."""
        frozen = NetworkPolicy(self.policy.architecture, device=self.task.game.device)
        frozen.load(self.policy.tensors())
        return frozen


def surrogate(
    logits: Tensor, *, action: Tensor, old: Tensor, advantage: Tensor, clip: float, entropy_weight: float
) -> tuple[Tensor, Tensor, Tensor]:
    """Return PPO's policy loss, the mean entropy, and the gradient of loss - entropy_weight * entropy by `logits`.

    The loss, of `logits [A, m]`, is the mean of -min(r a, clamp(r) a), with a the `advantage [m]` and
    r = p / exp(`old [m]`) the ratio of the probabilities of `action [m]` (Schulman et al., 2017, equation 7). The
    gradient is written out, because a graph of such small operations costs more than they do:
    d log p(i) / d logit(j) = [i = j] - p(j), and for the entropy H, d H / d logit(j) = -p(j) (log p(j) + H).
    """
    log_probability = logits.log_softmax(0)
    probability = log_probability.exp()
    ratio = (log_probability.gather(0, action[None])[0] - old).exp()
    gain, clipped = ratio * advantage, ratio.clamp(1 - clip, 1 + clip) * advantage
    push = torch.where(gain <= clipped, gain, 0.0)
    surprise = probability * log_probability
    entropy = -surprise.sum(0)
    gradient = (surprise + probability * entropy) * entropy_weight + probability * push
    gradient.scatter_add_(0, action[None], -push[None])
    return -torch.minimum(gain, clipped).mean(), entropy.mean(), gradient / len(action)
