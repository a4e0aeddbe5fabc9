"""What a league is told: one flat description, validated, from a file, from flags, or ready-made by name."""

import re
import tomllib
from collections.abc import Container
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from games.errors import UserError, nearest
from games.names import shorten

if TYPE_CHECKING:
    from agents.ppo import PPOConfig
    from agents.search.learner import AlphaZeroConfig


class ConfigError(UserError):
    """A key, a value or a file of the configuration cannot be used."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @field_validator("*", mode="before")
    @classmethod
    def _refuse_truth(cls, value: Any, about: ValidationInfo) -> Any:
        """Refuse true and false where a number is expected, which pydantic takes for 1 and 0."""
        if isinstance(value, bool) and cls.model_fields[str(about.field_name)].annotation is not bool:
            raise PydanticCustomError("truth", "input should not be true or false")
        return value

    @field_validator("solver", "eval_solver", check_fields=False)
    @classmethod
    def _know_solver(cls, value: str | None) -> str | None:
        """Write a solver's name in its one way; there must be such a solver, with such arguments."""
        if value is None:
            return None
        from games.solvers import EXTENSIVE, NORMAL_FORM, SolverError, find

        try:
            return str(find(value, NORMAL_FORM)[0])
        except SolverError as error:
            if value.partition("(")[0] in EXTENSIVE:
                why = f"{value} solves trees, and a league's payoffs are in normal form: use nash or prd"
                raise PydanticCustomError("solver", "{why}", {"why": why}) from None
            raise PydanticCustomError("solver", "{why}", {"why": str(error)}) from None


class PPOSection(_Section):
    """How the `ppo` oracle trains a best response."""

    updates: int = Field(default=60, ge=1, le=1_000_000, description="updates of one best response")
    games: int = Field(default=1024, ge=2, le=1_000_000, description="games played in each update")
    epochs: int = Field(default=4, ge=1, le=100, description="passes over an update's decisions")
    minibatches: int = Field(default=4, ge=1, le=1024, description="gradient steps in each pass")
    hidden: tuple[Annotated[int, Field(ge=1, le=65_536)], ...] = Field(
        default=(64, 64), max_length=32, description="widths of the networks' hidden layers"
    )
    learning_rate: float = Field(default=2e-3, gt=0, le=1, description="Adam's step size at the start")
    learning_rate_end: float = Field(default=0.1, ge=0, le=1, description="what part of it is left at the end")
    entropy: float = Field(default=0.05, ge=0, le=10, description="weight of the entropy bonus at the start")
    entropy_end: float = Field(default=0.0, ge=0, le=10, description="its weight at the end")
    clip: float = Field(default=0.2, gt=0, lt=1, description="how far a probability ratio may move")
    discount: float = Field(default=1.0, gt=0, le=1, description="gamma")
    trace: float = Field(default=0.95, ge=0, le=1, description="lambda of the advantage estimate")
    value_weight: float = Field(default=0.5, ge=0, le=10, description="weight of the value's loss")
    gradient_norm: float = Field(default=0.5, gt=0, le=100, description="greatest norm of a gradient")
    warm_start: bool = Field(default=False, description="begin from the newest member's weights")
    temperature: float = Field(
        default=0.0, ge=0, le=10, description="of the frozen response; 0 keeps only its likeliest actions"
    )
    opponent_temperature: float | None = Field(
        default=None,
        ge=0,
        le=10,
        description="of the networks that a response trains against, if not as they are frozen",
    )
    floor: float = Field(default=0.1, ge=0, le=1, description="share of the opponents spread over the whole population")

    def learner(self) -> "PPOConfig":
        """Return what the learner itself is told."""
        from agents.ppo import PPOConfig

        return PPOConfig(**self.model_dump(exclude=_OF_THE_LEAGUE))


class AlphaZeroSection(_Section):
    """How the `alphazero` oracle trains a best response: one network for all seats."""

    updates: int = Field(default=40, ge=1, le=1_000_000, description="updates of one best response")
    games: int = Field(default=512, ge=1, le=1_000_000, description="games played in each update")
    against: float = Field(
        default=0.25, ge=0, le=1, description="share of the games against the population; the rest are self-play"
    )
    parts: int = Field(default=2, ge=1, le=256, description="parts of games and batches, a thread each")
    simulations: int = Field(default=64, ge=1, le=100_000, description="simulations of a search that teaches a policy")
    fast: int = Field(default=16, ge=1, le=100_000, description="simulations of the other searches")
    full: float = Field(default=0.25, gt=0, le=1, description="share of the searches that teach a policy")
    opening: float = Field(default=0.25, ge=0, le=1, description="share of the games that begin with random moves")
    opening_moves: int = Field(default=4, ge=1, le=10_000, description="most random moves at the beginning of a game")
    sampled: int = Field(default=4, ge=0, le=10_000, description="first moves drawn from the policy of the search")
    resign: float = Field(
        default=-1.0, ge=-1, le=0, description="expected return at which a game is given up; -1 never"
    )
    audited: float = Field(default=0.1, ge=0, le=1, description="share of the games that are never given up")
    rule: Literal["gumbel", "puct"] = Field(default="gumbel", description="how the search chooses")
    considered: int = Field(default=16, ge=1, le=65_536, description="most actions at Gumbel's root")
    c_visit: float = Field(default=50.0, ge=0, le=1e6, description="of Gumbel's sigma")
    c_scale: float = Field(default=0.1, ge=0, le=1e6, description="of Gumbel's sigma")
    c_init: float = Field(default=1.25, ge=0, le=1e6, description="of PUCT's bonus")
    c_base: float = Field(default=19652.0, ge=1, le=1e12, description="of PUCT's bonus")
    reduction: float = Field(default=0.2, ge=0, le=2, description="of PUCT's first-play urgency")
    noise: float = Field(default=0.25, ge=0, le=1, description="share of Dirichlet noise at PUCT's root")
    dirichlet: float = Field(default=10.0, gt=0, le=1e6, description="its concentration, all actions together")
    network: Literal["dense", "residual"] = Field(default="dense", description="the network's kind")
    layers: int = Field(default=2, ge=1, le=64, description="hidden layers of a dense network")
    width: int = Field(default=128, ge=1, le=65_536, description="their width")
    blocks: int = Field(default=5, ge=0, le=256, description="blocks of a residual network")
    channels: int = Field(default=64, ge=1, le=65_536, description="its channels")
    passes: float = Field(default=4.0, gt=0, le=1000, description="times that a position is learned from, on average")
    batch: int = Field(default=1024, ge=2, le=1_000_000, description="positions in one gradient step")
    window: int = Field(default=50_000, ge=1, le=100_000_000, description="newest positions that are kept at first")
    learning_rate: float = Field(default=2e-3, gt=0, le=1, description="Adam's step size at the start")
    learning_rate_end: float = Field(default=0.05, ge=0, le=1, description="what part of it is left at the end")
    decay: float = Field(default=1e-4, ge=0, le=1, description="decay of the weights")
    value_weight: float = Field(default=1.0, ge=0, le=100, description="weight of the outcome's loss")
    value_mix: float = Field(
        default=0.25, ge=0, le=1, description="share of the search's expectation in the outcome that is learned"
    )
    half: bool = Field(default=True, description="judge large batches in bfloat16")
    ladder: int = Field(default=10, ge=0, le=1_000_000, description="updates between measurements on a fixed ladder")
    warm_start: bool = Field(default=True, description="begin from the newest member's weights")
    gate: bool = Field(
        default=False, description="begin from the best trained member by the payoff table, not from the newest"
    )
    temperature: float = Field(
        default=0.0, ge=0, le=10, description="of the frozen network where it plays without search"
    )
    opponent_temperature: float | None = Field(
        default=None, ge=0, le=10, description="of the networks it trains against, if not as they are frozen"
    )
    floor: float = Field(default=0.1, ge=0, le=1, description="share of the opponents spread over the whole population")

    def learner(self) -> "AlphaZeroConfig":
        """Return what the learner itself is told."""
        from agents.search.learner import AlphaZeroConfig

        return AlphaZeroConfig(**self.model_dump(exclude=_OF_THE_LEAGUE))


_OF_THE_LEAGUE = {"warm_start", "gate", "temperature", "opponent_temperature", "floor"}
"""Keys of a learner's section that the league needs, not the learner."""

SECTIONS: dict[str, type[_Section]] = {"ppo": PPOSection, "alphazero": AlphaZeroSection}
"""The sections of a configuration, which bear the names of the oracles that they are about."""


class Config(_Section):
    """Everything that shapes a league. What is None is decided by the game."""

    game: str = Field(description="the game's name, such as kuhn_poker")
    oracle: Literal["exact", "ppo", "alphazero"] = Field(default="ppo", description="what answers with a best response")
    solver: str | None = Field(
        default=None, description="meta-strategy that best responses are trained against, such as nash or prd"
    )
    eval_solver: str | None = Field(default=None, description="meta-strategy that is reported, as @nash")
    start: Literal["pure", "uniform"] = Field(
        default="pure", description="member 0: a pure policy of the seed's, or random play"
    )
    payoffs: Literal["exact", "played"] | None = Field(
        default=None, description="payoffs from the game tree, or from matches"
    )
    cell_games: int = Field(default=2000, ge=2, le=100_000_000, description="games of one match, all seatings together")
    include: tuple[str, ...] = Field(default=(), description="agents that join the population after the start")
    iterations: int | None = Field(
        default=None, ge=0, le=100_000, description="expansions of the population; 10 without any other limit"
    )
    hours: float | None = Field(default=None, gt=0, le=100_000, description="stop after this long")
    target_exploitability: float | None = Field(default=None, ge=0, description="stop at this exploitability")
    seed: int = Field(default=0, ge=0, lt=2**63, description="all randomness comes from it")
    device: Literal["auto", "cpu", "cuda"] = Field(default="auto", description="where networks and batches live")
    workers: int = Field(
        default=0, ge=0, le=256, description="processes that train, 0 for one a seat as far as cores go"
    )
    tree_limit: int = Field(
        default=1_000_000, ge=0, le=100_000_000, description="histories up to which the game tree is built"
    )
    ppo: PPOSection = PPOSection()
    alphazero: AlphaZeroSection = AlphaZeroSection()

    @property
    def training(self) -> PPOSection | AlphaZeroSection:
        """The section of the oracle, where it learns."""
        return self.alphazero if self.oracle == "alphazero" else self.ppo


def limits_of(config: Config) -> dict[str, float | None]:
    """Return when a league stops: after 10 iterations, where nothing else is said."""
    said = {key: getattr(config, key) for key in ("iterations", "hours", "target_exploitability")}
    return said if any(limit is not None for limit in said.values()) else {**said, "iterations": 10}


# What may differ between runs of the same league, so that it is not part of what happened.
VOLATILE = ("hours", "target_exploitability", "iterations", "workers", "device")


def ready_made() -> dict[str, str]:
    """Return the configurations that ship with the package: name to text."""
    folder = resources.files("league") / "configs"
    return {
        entry.name.removesuffix(".toml"): entry.read_text()
        for entry in sorted(folder.iterdir(), key=lambda entry: entry.name)
        if entry.name.endswith(".toml")
    }


def load_config(name: str, flags: dict[str, Any]) -> Config:
    """Return the configuration of `name`, overridden by `flags` (dotted keys such as `ppo.updates`).

    A flag that limits the league by time or exploitability lifts the file's limit of iterations. `name` is a TOML file,
    a ready-made configuration, or a game. A ready-made one bears its game's name.

    Raises:
        ConfigError: for a file that cannot be read, an unknown key or a value out of range; it names the key.
    """
    shipped = ready_made()
    values: dict[str, Any]
    if name.endswith(".toml"):
        values = _parse(_text(name), source=name)
        if "game" not in values:
            raise ConfigError(f'{shorten(repr(name))} names no game: add a line such as game = "kuhn_poker"')
    elif name in shipped:
        values = _parse(shipped[name], source=name)
    else:
        values = {"game": name}
    if flags.keys() & {"hours", "target_exploitability"}:
        values.pop("iterations", None)
    for dotted, value in flags.items():
        section = values
        *path, last = dotted.split(".")
        for part in path:
            section = section.setdefault(part, {})
            if not isinstance(section, dict):
                raise ConfigError(f"{part} = {shorten(repr(section))} in {shorten(name)} is no section: write [{part}]")
        section[last] = value
    return validated(values, source=name, flags=flags)


def validated(values: dict[str, Any], *, source: str, flags: Container[str] = ()) -> Config:
    """Check every key and value; errors say that those in `flags` came from flags and the others from `source`."""
    try:
        return Config.model_validate(values)
    except ValidationError as error:
        raise ConfigError(_sentence(error, source, flags)) from None


def _text(path: str) -> str:
    try:
        return Path(path).expanduser().read_text(encoding="utf-8")
    except (OSError, RuntimeError) as error:  # the latter for a ~user who is not known
        why = getattr(error, "strerror", error)
        raise ConfigError(f"the configuration {shorten(repr(path))} cannot be read ({why}): name a TOML file") from None
    except UnicodeDecodeError:
        raise ConfigError(f"the configuration {shorten(repr(path))} is not UTF-8 text: write it as TOML") from None


def _parse(text: str, *, source: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # a TOMLDecodeError, or a number or a nesting beyond Python's limits
        why = shorten(str(error), limit=120)
        raise ConfigError(f"{shorten(repr(source))} is not valid TOML: {why}; correct it") from None


def _sentence(error: ValidationError, source: str, flags: Container[str]) -> str:
    first = error.errors()[0]
    place = list(first["loc"])
    where, source, came = shorten(".".join(map(str, place))), shorten(source), shorten(repr(first["input"]))
    if first["type"] == "extra_forbidden":
        section = SECTIONS.get(str(place[0]), Config) if len(place) > 1 else Config
        return f"unknown key '{where}' in {source}{nearest(str(place[-1]), section.model_fields)}"
    key = ".".join(part for part in place if isinstance(part, str))
    given = f"--{re.sub('[._]', '-', key)} {came}" if key in flags else f"{where} = {came} in {source}"
    return f"{given} is not allowed: {first['msg'][0].lower()}{first['msg'][1:]}"
