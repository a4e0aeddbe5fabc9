"""From a game to an environment of PettingZoo or Gymnasium."""

from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal, overload

from games.errors import GameError
from games.game import Game
from games.registry import make

if TYPE_CHECKING:
    import gymnasium
    import pettingzoo

    from games.export.opponents import Agent


@overload
def to_pettingzoo(
    game: Game | str, *, parallel: Literal[False] = False, render_mode: str | None = None
) -> "pettingzoo.AECEnv[str, Any, Any]": ...
@overload
def to_pettingzoo(
    game: Game | str, *, parallel: Literal[True], render_mode: str | None = None
) -> "pettingzoo.ParallelEnv[str, Any, Any]": ...
def to_pettingzoo(game: Game | str, *, parallel: bool = False, render_mode: str | None = None) -> Any:
    """Return `game`, or the game of that name, as a PettingZoo environment of the agents player_0, player_1, ...

    An observation is a dict of "observation" `[*observation_shape]` float32 and "action_mask" `[A]` int8, of several
    parts a tuple of masks; with continuous actions it is the observation alone. Action spaces are Discrete,
    MultiDiscrete or Box.

    In an AEC environment the agents of a simultaneous move choose one after the other with the earlier choices hidden,
    and are paid once all have chosen; who has nothing to choose has a mask of zeros. Turn-based games have the parallel
    form too: the actions of agents who do not move are ignored, their masks hold action 0 alone, and `info["moves"]`
    tells who does.

    Chance moves inside, drawn as `agents.play` does from a seed and the number of the game: `reset(seed=7)` begins game
    0 of seed 7, each reset without a seed goes on to the next game, and `reset(options={"game": 4711})` begins game
    4711, whatever was played before. `info["game"]` tells the number.

    As with PettingZoo's TerminateIllegalWrapper, a masked action ends the game at once: whoever takes one ends with the
    least return of `spec.utility`, and the others are paid nothing more. What is not in the action space at all raises
    GameError; continuous actions are clipped to their bounds.

    `render_mode`: "human" prints every position, "ansi" returns it as text, "svg" as a picture.

    >>> import games
    >>> env = games.to_pettingzoo("tic_tac_toe", render_mode="ansi")
    >>> env.reset(seed=7)
    >>> for agent in env.agent_iter():
    ...     observation, reward, terminated, truncated, info = env.last()
    ...     over = terminated or truncated
    ...     if over:
    ...         print(agent, reward)
    ...     env.step(None if over else observation["action_mask"].argmax())
    player_0 1.0
    player_1 -1.0
    >>> print(env.render())
    xox
    oxo
    x..
    """
    _require("pettingzoo", "to_pettingzoo needs PettingZoo")
    made = make(game) if isinstance(game, str) else game
    if parallel:
        from games.export.parallel import ParallelGame

        return ParallelGame(made, render_mode)
    from pettingzoo.utils import OrderEnforcingWrapper

    from games.export.aec import AECGame

    return OrderEnforcingWrapper(AECGame(made, render_mode))


@overload
def to_gymnasium(
    game: Game | str,
    *,
    seat: int = 0,
    opponents: "Agent | Sequence[Agent] | None" = None,
    num_envs: None = None,
    render_mode: str | None = None,
) -> "gymnasium.Env[Any, Any]": ...
@overload
def to_gymnasium(
    game: Game | str,
    *,
    seat: int = 0,
    opponents: "Agent | Sequence[Agent] | None" = None,
    num_envs: int,
    render_mode: str | None = None,
) -> "gymnasium.vector.VectorEnv[Any, Any, Any]": ...
def to_gymnasium(
    game: Game | str,
    *,
    seat: int = 0,
    opponents: "Agent | Sequence[Agent] | None" = None,
    num_envs: int | None = None,
    render_mode: str | None = None,
) -> Any:
    """Return one seat of `game`, or of the game of that name, as a Gymnasium environment.

    `opponents` take the other seats: one agent, which `agents.make` makes, for all of them, or a sequence of agents,
    one for each other seat in order; None for uniformly random ones. They and chance move inside `reset` and `step`.

    An observation is `[*observation_shape]` float32, and `info["action_mask"]` says what is legal: `[A]` int8, of
    several parts a tuple of masks, of continuous actions none. A masked action is a lost game: it is terminated and the
    return is the least of `spec.utility`. What is not in the action space at all raises GameError; continuous actions
    are clipped to their bounds. Once a game is over the mask holds action 0 alone. Where a game ends before the seat
    has moved, any first action ends it and brings its reward.

    The games are those of `agents.play` with the same agents: `reset(seed=7)` begins game 0 of seed 7, each reset
    without a seed goes on to the next game, and `reset(options={"game": 4711})` begins game 4711; `info["game"]` tells
    the number.

    With `num_envs` N the environment is a `gymnasium.vector.VectorEnv` which steps N games as one batch. Row i plays
    the games i, i + N, i + 2N, ...; the step after a game's end begins the next one (`AutoresetMode.NEXT_STEP`).

    >>> import games
    >>> env = games.to_gymnasium("tic_tac_toe", seat=1)
    >>> observation, info = env.reset(seed=7)
    >>> observation.shape, int(info["action_mask"].sum())
    ((2, 3, 3), 8)
    >>> envs = games.to_gymnasium("leduc_poker", num_envs=1000)
    >>> observations, info = envs.reset(seed=7)
    >>> step = envs.step(info["action_mask"].argmax(axis=1))
    """
    _require("gymnasium", "to_gymnasium needs Gymnasium, which comes with PettingZoo")
    made = make(game) if isinstance(game, str) else game
    if num_envs is None:
        from games.export.single import SeatEnv

        return SeatEnv(made, seat=seat, opponents=opponents, render_mode=render_mode)
    from games.export.vector import SeatVectorEnv

    return SeatVectorEnv(made, num_envs, seat=seat, opponents=opponents, render_mode=render_mode)


def _require(library: str, why: str) -> None:
    try:
        import_module(library)
    except ImportError as missing:
        raise GameError(
            f"{why}, but it is not installed; install it with `pip install 'redqueen[pettingzoo]'`"
        ) from missing
