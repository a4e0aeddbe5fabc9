from .agent import Agent, AgentError, Evaluable, Policy, Random, Turn
from .conformance import check_agent
from .learner import Learner, Task, train
from .network import NetworkPolicy
from .ppo import PPO, PPOConfig
from .profile import Mixture, Profile
from .registry import known, make
from .rollout import Played, play
from .snapshot import Snapshot
from .tabular import HistoryPolicy, TabularPolicy, tabular

__all__ = [
    "PPO",
    "Agent",
    "AgentError",
    "Evaluable",
    "HistoryPolicy",
    "Learner",
    "Mixture",
    "NetworkPolicy",
    "PPOConfig",
    "Played",
    "Policy",
    "Profile",
    "Random",
    "Snapshot",
    "TabularPolicy",
    "Task",
    "Turn",
    "check_agent",
    "known",
    "make",
    "play",
    "tabular",
    "train",
]
