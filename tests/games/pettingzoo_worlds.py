"""Environments of our own, each with one thing that an adapter may get wrong; made by name from this file too."""

import os
import signal
import time
from pathlib import Path
from typing import Any

import numpy as np
from gymnasium import spaces
from pettingzoo import AECEnv, ParallelEnv
from pettingzoo.utils import AgentSelector, wrappers

FILE = str(Path(__file__))


class Ladder(AECEnv):
    """Three agents move in turn and each step pays every agent; b dies at its second move and c is cut at its third.

    A step with action k pays the mover k, the next possible agent 10 and, when it is dead and leaves, nothing. With
    `paid_when_dead`, an agent is paid 100 while it leaves, against PettingZoo's custom but within its interface.
    """

    metadata = {"name": "ladder", "render_modes": ["ansi", "rgb_array"]}  # noqa: RUF012

    def __init__(self, *, paid_when_dead=False, cut=True, render_mode=None):
        self.possible_agents = ["a", "b", "c"]
        self.observation_spaces = {agent: spaces.Box(0.0, 100.0, (4,), np.float32) for agent in self.possible_agents}
        self.action_spaces = {agent: spaces.Discrete(3) for agent in self.possible_agents}
        self.render_mode = render_mode
        self._paid_when_dead, self._cut = paid_when_dead, cut

    def observation_space(self, agent):
        return self.observation_spaces[agent]

    def action_space(self, agent):
        return self.action_spaces[agent]

    def reset(self, seed=None, options=None):
        self.agents = list(self.possible_agents)
        self.rewards = dict.fromkeys(self.agents, 0)
        self._cumulative_rewards = dict.fromkeys(self.agents, 0)
        self.terminations = dict.fromkeys(self.agents, False)
        self.truncations = dict.fromkeys(self.agents, False)
        self.infos = {agent: {} for agent in self.agents}
        self.taken = dict.fromkeys(self.agents, 0)
        self._selector = AgentSelector(self.agents)
        self.agent_selection = self._selector.next()
        self.first = int(np.random.default_rng(seed).integers(100))

    def observe(self, agent):
        seat = self.possible_agents.index(agent)
        return np.array([seat, self.first, *[self.taken.get(each, 0) for each in ("a", "b")]], dtype=np.float32)

    def step(self, action):
        mover = self.agent_selection
        if self.terminations[mover] or self.truncations[mover]:
            self._was_dead_step(action)
            if self._paid_when_dead and self.agents:
                self.rewards[self.agents[0]] = 100
            return
        self._cumulative_rewards[mover] = 0
        seat = self.possible_agents.index(mover)
        self.rewards = dict.fromkeys(self.agents, 0)
        self.rewards[mover] += action
        following = self.possible_agents[(seat + 1) % 3]
        if following in self.rewards:
            self.rewards[following] += 10
        self._accumulate_rewards()
        self.taken[mover] += 1
        self.agent_selection = self._selector.next()
        if mover == "b" and self.taken["b"] == 2:
            self.terminations["b"] = True
            self._selector.reinit(["c", "a"])
            self.agent_selection = self._selector.next()
        if self.taken["c"] == 3:
            ended = self.truncations if self._cut else self.terminations
            ended |= dict.fromkeys(self.agents, True)
        self._deads_step_first()

    def render(self):
        if self.render_mode == "rgb_array":
            return np.full((2, 3, 3), 7, dtype=np.uint8)
        return f"taken {self.taken}"

    def close(self):
        pass


def wrapped_ladder():
    """Return a ladder below PettingZoo's wrappers and one of the user's that doubles every reward."""

    class Doubled(wrappers.BaseWrapper):
        @property
        def rewards(self):  # type: ignore[override]
            return {agent: 2 * reward for agent, reward in self.env.rewards.items()}

    return wrappers.OrderEnforcingWrapper(Doubled(wrappers.AssertOutOfBoundsWrapper(Ladder())))


class Together(ParallelEnv):
    """Agents move at once, `length` times; what they did is kept, and `score` says what it pays.

    Subclasses say how an agent acts and sees. An observation is a sample of its space, drawn from the reset's seed.
    """

    metadata = {"name": "together", "render_modes": []}  # noqa: RUF012

    def __init__(self, *, length=3):
        self.possible_agents = ["x", "y"]
        self.length, self.done, self._spaces = length, [], {}

    def action_space(self, agent):
        return self._spaces.setdefault(("acts", agent), self.acts(agent))

    def observation_space(self, agent):
        return self._spaces.setdefault(("sees", agent), self.sees(agent))

    def acts(self, agent) -> Any:
        raise NotImplementedError

    def reset(self, seed=None, options=None):
        self.agents, self.done, self.moves = list(self.possible_agents), [], 0
        self.random = np.random.default_rng(seed)
        return self.seen(), {agent: self.info(agent) for agent in self.agents}

    def step(self, actions) -> Any:
        assert list(actions) == self.agents
        for agent, action in actions.items():
            assert self.action_space(agent).contains(action), (agent, action)
        self.done.append(actions)
        self.moves += 1
        rewards = {agent: self.score(agent, action) for agent, action in actions.items()}
        over = self.moves == self.length
        leaving, live = list(self.agents), [] if over else self.agents
        seen, infos = self.seen(), {agent: self.info(agent) for agent in leaving}
        self.agents = live
        return seen, rewards, dict.fromkeys(leaving, over), dict.fromkeys(leaving, False), infos

    def seen(self):
        return {agent: self.observation(agent) for agent in self.agents}

    def observation(self, agent) -> Any:
        return self.random.uniform(-1, 1, 2).astype(np.float32)

    def sees(self, agent) -> Any:
        return spaces.Box(-1.0, 1.0, (2,), np.float32)

    def info(self, agent):
        return {}

    def score(self, agent, action):
        return 0.0

    def close(self):
        pass


class Buttons(Together):
    """x has two parts of 3 and 2 choices, counted from 5 and 0; y has one part of 4, half of it forbidden by its info.

    Each agent is paid 1 where it presses its last choice that is allowed in every part.
    """

    def acts(self, agent) -> Any:
        if agent == "x":
            return spaces.MultiDiscrete([3, 2], start=[5, 0])
        return spaces.MultiDiscrete([4])

    def info(self, agent):
        return {"action_mask": (np.array([1, 0, 1, 0], dtype=np.int8),)} if agent == "y" and self.moves < 2 else {}

    def score(self, agent, action):
        return float(action.tolist() == ([7, 1] if agent == "x" else [2]))


class Dials(Together):
    """Continuous actions: x turns two dials in [-2, 2] and [0, 1], y one of float64 in [0, 0.1]; paid by nearness.

    With `alike`, y has the first of x's bounds.
    """

    def __init__(self, *, length=3, alike=False):
        super().__init__(length=length)
        self.alike = alike

    def acts(self, agent) -> Any:
        if agent == "x":
            return spaces.Box(np.array([-2, 0], dtype=np.float32), np.array([2, 1], dtype=np.float32))
        return spaces.Box(-2.0, 2.0, (1, 1)) if self.alike else spaces.Box(0.0, 0.1, (1, 1), np.float64)

    def score(self, agent, action):
        target = np.array([1.0, 0.25]) if agent == "x" else np.array([[0.08]])
        return -float(np.abs(action - target).sum())


class Nested(Together):
    """Observations are dictionaries with a mask, and those of y larger than those of x."""

    def acts(self, agent) -> Any:
        return spaces.Discrete(3 if agent == "x" else 2, start=10)

    def sees(self, agent) -> Any:
        inside = {"where": spaces.Box(-1.0, 1.0, (2,), np.float64), "what": spaces.Discrete(3 if agent == "x" else 5)}
        return spaces.Dict({**inside, "action_mask": spaces.MultiBinary(3 if agent == "x" else 2)})

    def observation(self, agent) -> Any:
        mask = [self.moves % 2, 1, 0] if agent == "x" else [1, 1]
        return {"where": np.array([0.5, -0.5]), "what": 1, "action_mask": np.array(mask, dtype=np.int8)}


class Pictures(Together):
    """Images of bytes, of one shape or of two."""

    def __init__(self, *, length=3, alike=True):
        super().__init__(length=length)
        self.alike = alike

    def acts(self, agent) -> Any:
        return spaces.Discrete(2)

    def sees(self, agent) -> Any:
        return spaces.Box(0, 255, (2, 3, 3) if self.alike or agent == "x" else (1, 2, 3), np.uint8)

    def observation(self, agent) -> Any:
        return self.random.integers(0, 256, self.observation_space(agent).shape, dtype=np.uint8)


class Mixed(Pictures):
    """x sees bytes and y floats of the same shape."""

    def sees(self, agent) -> Any:
        return spaces.Box(0, 255, (2, 3, 3), np.uint8) if agent == "x" else spaces.Box(0.0, 255.0, (2, 3, 3))

    def observation(self, agent) -> Any:
        return np.full((2, 3, 3), 51, dtype=np.uint8 if agent == "x" else np.float32)


class Leaving(Together):
    """Agents x, y and z leave one a step, y by truncation; each is paid its number of moves."""

    def __init__(self, *, length=3):
        super().__init__(length=length)
        self.possible_agents = ["x", "y", "z"]

    def acts(self, agent) -> Any:
        return spaces.Discrete(2)

    def step(self, actions) -> Any:
        seen, _, _, _, infos = super().step(actions)
        leaver = next(iter(actions))
        self.agents = [agent for agent in actions if agent != leaver]
        rewards = dict.fromkeys(actions, float(self.moves))
        ended = {agent: agent == leaver and agent != "y" for agent in actions}
        cut = {agent: agent == leaver == "y" for agent in actions}
        return seen, rewards, ended, cut, infos


class Troubled(Together):
    """Agents guess, and the rule breaks at move `at` of the games whose first number is below `share`.

    how: "raise", "die" (by SIGKILL), "vanish", "exit", "hang", "infinite" (a reward) or "idle" (an empty mask).
    once: the path of a file; where it is there already, nothing breaks, and else it is made.
    secret: observations are drawn from the system's randomness, and not from the seed.
    """

    def __init__(self, *, how="", at=3, once="", share=1.0, length=6, secret=False):
        super().__init__(length=length)
        self.how, self.at, self.once, self.share, self.secret = how, at, once, share, secret

    def reset(self, seed=None, options=None):
        self.fate = np.random.default_rng(seed).uniform()
        if self.at == 0:
            self._break()
        return super().reset(seed=seed)

    def acts(self, agent) -> Any:
        return spaces.Discrete(4)

    def observation(self, agent) -> Any:
        random = np.random.default_rng() if self.secret else self.random
        return random.uniform(-1, 1, 2).astype(np.float32)

    def info(self, agent):
        idle = self.how == "idle" and self.moves == self.at
        return {"action_mask": np.zeros(4) if idle else np.ones(4)}

    def score(self, agent, action):
        if self.how == "infinite" and self.moves == self.at:
            return float("inf")
        return float(action) + (self.random.uniform() if agent == "x" else 0.0)

    def step(self, actions) -> Any:
        if self.moves + 1 == self.at and self.fate < self.share:
            self._break()
        return super().step(actions)

    def _break(self):
        if self.once:
            try:
                Path(self.once).touch(exist_ok=False)
            except FileExistsError:
                return
        match self.how:
            case "raise":
                raise ZeroDivisionError("the rule is broken")
            case "die":
                os.kill(os.getpid(), signal.SIGKILL)
            case "vanish":
                os._exit(3)
            case "exit":
                raise SystemExit(3)
            case "hang":
                while True:
                    time.sleep(0.01)


class Unbounded(Together):
    """Continuous actions without bounds."""

    def acts(self, agent) -> Any:
        return spaces.Box(-np.inf, np.inf, (2,))


class Motley(Together):
    """Agents whose actions are of two kinds."""

    def acts(self, agent) -> Any:
        return spaces.Discrete(2) if agent == "x" else spaces.Box(0.0, 1.0, (1,))


class Wordy(Together):
    """Observations of no fixed size."""

    def acts(self, agent) -> Any:
        return spaces.Discrete(2)

    def sees(self, agent) -> Any:
        return spaces.Sequence(spaces.Discrete(3))


class Nameless(Together):
    """Agents are not listed beforehand."""

    def __init__(self):
        super().__init__()
        self.possible_agents = []


class Immortal(Ladder):
    """Dead agents never leave."""

    def step(self, action):
        if action is not None:
            super().step(action)


class Stranger(Leaving):
    """Pays an agent that it does not list."""

    def step(self, actions) -> Any:
        seen, rewards, *rest = super().step(actions)
        return seen, {**rewards, "stranger": 1.0}, *rest


def something_else():
    """Return what is no environment."""
    return {"an": "environment"}


def raises(size=3):
    """Fail."""
    raise ValueError(f"size {size} is too much")


number = 3


class Slow(Troubled):
    """Takes its time for a step."""

    def __init__(self, *, seconds):
        super().__init__(length=1)
        self.seconds = seconds

    def step(self, actions) -> Any:
        time.sleep(self.seconds)
        return super().step(actions)


class Talkative(Troubled):
    """Prints on standard output."""

    def step(self, actions) -> Any:
        print("hello from an environment", flush=True)
        return super().step(actions)
