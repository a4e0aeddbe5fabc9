from .config import Config, ConfigError, load_config
from .plan import League, meta_strategy, replay
from .running import resume_league, run_league
from .runs import load_agent, read_league, status_of

__all__ = [
    "Config",
    "ConfigError",
    "League",
    "load_agent",
    "load_config",
    "meta_strategy",
    "read_league",
    "replay",
    "resume_league",
    "run_league",
    "status_of",
]
