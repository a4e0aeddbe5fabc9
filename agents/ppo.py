"""Proximal policy optimisation (Schulman et al., 2017) against a fixed company of opponents.

Every update plays whole games in lockstep, the learner in its seats and the opponents in the others, and learns from
the learner's decisions with generalised advantage estimation (Schulman et al., 2016). Games are finished, never cut,
so nothing is bootstrapped.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from agents.adam import Adam
from agents.heads import Choice, Head, kind_of
from agents.learner import Learner, Task, seeded
from agents.network import NetworkPolicy
from agents.rollout import play
from games.draws import Draws, key
from games.turn import Turn


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
    """The m decisions of one step.

    observation `[m, *obs]`, legal `[m, A]`, action `[m, *action_shape]`; paid, pair and active `[m]`.
    """

    observation: Tensor
    legal: Tensor
    action: Tensor
    paid: Tensor
    pair: Tensor
    active: Tensor | None


class _Recorder:
    """The policy at play, keeping every decision it makes."""

    def __init__(self, policy: NetworkPolicy) -> None:
        self.policy, self.decisions = policy, []

    def start(self, seats: Tensor, draws: Draws) -> None:
        self.decisions: list[_Decisions] = []

    def act(self, turn: Turn) -> Tensor:
        action = self.policy.act(turn)
        self.decisions.append(_Decisions(turn.observation, turn.legal, action, turn.paid, turn.memory, turn.active))
        return action


class PPO(Learner):
    """Trains a `NetworkPolicy` for the task's seats; game g of an update is played in seat `seats[g % len(seats)]`."""

    def __init__(self, task: Task, config: PPOConfig) -> None:
        self.task, self.config, self.updates = task, config, config.updates
        spec, device = task.game.spec, task.game.device
        inputs = math.prod(spec.observation_shape)
        architecture = {"inputs": inputs, **kind_of(spec), "hidden": list(config.hidden)}
        self.policy = NetworkPolicy(architecture, seed=task.seed, device=device)
        if isinstance(task.start, NetworkPolicy):
            self.policy.load(task.start.tensors())
        self._parameters = self.policy.parameters()
        self._adam = Adam(self.policy.flatten())
        # what rewards are divided by: the greatest return there can be, or where that is not known, there was at first
        self._scale = torch.tensor(max(map(abs, spec.utility)) or 1.0, dtype=torch.float64, device=device)

    def update(self) -> dict[str, float]:
        """Play `config.games` games and take `epochs` passes over their decisions."""
        left = 1.0 - self.done / self.updates
        batch, mean_return = self._collect()
        end = self.config.learning_rate_end
        rate = self.config.learning_rate * (end + (1 - end) * left)
        entropy_weight = self.config.entropy_end + (self.config.entropy - self.config.entropy_end) * left
        device, count = self.task.game.device, len(batch[0]) if batch else 0
        generator = seeded(key(self.task.seed, f"minibatches/{self.done}"), device)
        size = max(2, count // self.config.minibatches)  # one decision alone has no deviation
        losses = [torch.zeros(3, device=device)] if count < 2 else []
        for _ in range(self.config.epochs):
            order = torch.randperm(count, generator=generator, device=device)
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
        game, count = self.task.game, self.config.games
        numbers = torch.arange(count, device=game.device)
        played = [self._play(part) for part in numbers.split(game.spec.batch)]
        returns = torch.cat([part for _, part in played])
        if self._scale.isinf():
            self._scale = returns.abs().max().clamp(min=1e-6)
        decisions = [
            replace(step, pair=step.pair + part * game.spec.batch)
            for part, (steps, _) in enumerate(played)
            for step in steps
        ]
        return self._advantages(decisions, returns) if decisions else [], float(returns.mean())

    def _play(self, numbers: Tensor) -> tuple[list[_Decisions], Tensor]:
        """Play the games `numbers [m]` of this update; return the learner's decisions and what each game paid it."""
        game, seats = self.task.game, self.task.seats
        own = torch.tensor(seats, device=game.device)[numbers % len(seats)]
        row = torch.arange(len(numbers), device=game.device)
        seating = torch.ones(len(numbers), game.spec.players, dtype=torch.int64, device=game.device)
        seating[row, own] = 0
        recorder = _Recorder(self.policy)
        games = numbers + self.done * self.config.games
        result = play(game, [recorder, self.task.opponents], seating=seating, games=games, seed=self.task.seed)
        return recorder.decisions, result.returns[row, own]

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
            log_probability, _ = self.policy.head.evaluate(self.policy.outputs(observation, legal), action)
            values = self.policy.values(observation).split([len(step.pair) for step in decisions])
        advantages = []
        for step, value in zip(reversed(decisions), reversed(values), strict=True):
            reward = ((paid_after[step.pair] - step.paid) / self._scale).float()
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
        outputs, values = self.policy.outputs(observation, legal), self.policy.values(observation)
        deviation, mean = torch.std_mean(advantage)
        policy_loss, entropy, by_outputs = surrogate(
            self.policy.head,
            outputs.detach(),
            action=action,
            old=old,
            advantage=(advantage - mean) / (deviation + 1e-8),
            clip=config.clip,
            entropy_weight=entropy_weight,
        )
        error = (values - target).detach()
        by_values = error * (2 * config.value_weight / len(error))
        parts = torch.autograd.grad([outputs, values], self._parameters, [by_outputs, by_values])
        gradient = torch.cat([part.flatten() for part in parts])
        gradient *= (config.gradient_norm / (gradient.norm() + 1e-6)).clamp(max=1.0)
        self._adam.step(gradient, rate)
        return torch.stack([policy_loss, error.square().mean(), entropy])

    def tensors(self) -> dict[str, Tensor]:
        """Return the weights, the optimiser's moments and what rewards are divided by."""
        return {**self._adam.tensors(), "scale": self._scale}

    def load(self, tensors: dict[str, Tensor]) -> None:
        """Take back what `tensors` returned."""
        self._scale = tensors["scale"].to(self._scale)
        self._adam.load(tensors)

    def response(self) -> NetworkPolicy:
        """Return a copy of the policy."""
        frozen = NetworkPolicy(self.policy.architecture, device=self.task.game.device)
        frozen.load(self.policy.tensors())
        return frozen


def surrogate(
    head: Head,
    outputs: Tensor,
    *,
    action: Tensor,
    old: Tensor,
    advantage: Tensor,
    clip: float,
    entropy_weight: float,
) -> tuple[Tensor, Tensor, Tensor]:
    """Return PPO's policy loss, the mean entropy, and the gradient of loss - entropy_weight * entropy by `outputs`.

    The loss is the mean of -min(r a, clamp(r) a), with a the `advantage [m]` and r = p / exp(`old [m]`) the ratio of
    the probabilities of `action [m, ...]` (Schulman et al., 2017, equation 7).
    """
    if isinstance(head, Choice):
        with torch.no_grad():
            return _surrogate_of_choice(outputs, action, old, advantage, clip, entropy_weight)
    outputs = outputs.requires_grad_()
    log_probability, entropies = head.evaluate(outputs, action)
    ratio = (log_probability - old).exp()
    loss = -torch.minimum(ratio * advantage, ratio.clamp(1 - clip, 1 + clip) * advantage).mean()
    entropy = entropies.mean()
    (gradient,) = torch.autograd.grad(loss - entropy_weight * entropy, outputs)
    return loss.detach(), entropy.detach(), gradient


def _surrogate_of_choice(
    logits: Tensor, action: Tensor, old: Tensor, advantage: Tensor, clip: float, entropy_weight: float
) -> tuple[Tensor, Tensor, Tensor]:
    """Do the same for `logits [A, m]` with the gradient written out.

    A graph of such small operations costs more than they do: d log p(i) / d logit(j) = [i = j] - p(j), and for the
    entropy H, d H / d logit(j) = -p(j) (log p(j) + H).
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
