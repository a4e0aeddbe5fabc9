"""From a name to a live PettingZoo environment, with every failure as one sentence.

A source says how an environment is made. Those that a name gives are data, so that another process can make it too.
"""

import importlib
import pkgutil
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from games.errors import GameError, nearest
from games.names import Name, describe, load_from_file, shorten

APIS = ("parallel", "aec")
"""PettingZoo's two ways to step: all agents at once, and one after another (agent environment cycle)."""

LIBRARY = "pettingzoo"

_VERSION = re.compile(r"[_-]v(?=\d+$)")
_INSTALL = "pip install 'redqueen[pettingzoo]'"


class Source(Protocol):
    """How an environment is made; `name` is what the game is called."""

    @property
    def name(self) -> str:
        """What the game is called."""
        ...

    def make(self) -> Any:
        """Return a new `AECEnv` or `ParallelEnv`, or raise `GameError`."""
        ...


@dataclass(frozen=True)
class Registered:
    """An environment of PettingZoo's registry, or of mpe2: `id` such as `classic/rps-v2`."""

    name: str
    id: str
    api: str
    arguments: Mapping[str, Any]

    def make(self) -> Any:
        """Make the environment through its registry."""
        from pettingzoo.env_registry.exceptions import FailedToImport

        return _checked(self.name, self._make, missing=(ImportError, FailedToImport))

    def _make(self) -> Any:
        import pettingzoo

        family, _, name = self.id.partition("/")
        if family != "mpe2":
            return pettingzoo.make(self.api, self.id, **self.arguments)  # type: ignore[arg-type]
        module = importlib.import_module(f"mpe2.{_VERSION.sub('_v', name)}")
        return (module.parallel_env if self.api == "parallel" else module.env)(**self.arguments)


@dataclass(frozen=True)
class FromFile:
    """What a function or class of a user's Python file makes."""

    name: str
    path: str
    attribute: str
    arguments: Mapping[str, Any]

    def make(self) -> Any:
        """Call the function."""
        factory = load_from_file(self.path, self.attribute, error=GameError)
        if not callable(factory):
            raise GameError(
                f"expected {shorten(self.attribute)} of {shorten(self.path)} to be a function or class that makes an "
                f"environment but it is a {type(factory).__name__}; name one that does"
            )
        return _checked(self.name, lambda: factory(**self.arguments))


@dataclass(frozen=True)
class Given:
    """An environment, or what makes one, that was given as a Python object."""

    name: str
    factory: Callable[[], Any]

    def make(self) -> Any:
        """Call the factory."""
        return _checked(self.name, self.factory)


def find(parsed: Name, *, reserved: Collection[str] = ()) -> Source:
    """Return what the name of a PettingZoo game means; raises `GameError` where there is no such environment.

    parsed: `pettingzoo:FAMILY/NAME-vN(...)` or `pettingzoo:file.py:make(...)`. Its argument `api` chooses between an
    environment's two, and those that are `reserved` are not the environment's. Without a version, the newest is meant.
    """
    api, arguments = parsed.arguments.get("api"), {**parsed.arguments}
    for key in ("api", *reserved):
        arguments.pop(key, None)
    need(str(parsed))
    if parsed.kind == "file":
        return _in_file(parsed, api, arguments)
    apis, family = _apis(_canonical(parsed.target), parsed.target)
    if api is not None and api not in APIS:
        raise GameError(f"expected api to be 'parallel' or 'aec' but got {shorten(repr(api))}; name one of them")
    if api is not None and api not in apis[family]:
        raise GameError(
            f"{LIBRARY}:{family} has no {api} environment, only {' and '.join(apis[family])}: leave api={api!r} out"
        )
    said = {key: value for key, value in parsed.arguments.items() if (key, value) != ("api", apis[family][0])}
    name = str(Name(family, LIBRARY, said, "library"))
    return Registered(name, family, api or apis[family][0], arguments)


def known_environments() -> dict[str, tuple[str, ...]]:
    """Return the APIs of each environment that PettingZoo's registry and mpe2 list, the one that is played first."""
    import pettingzoo

    listed: dict[str, tuple[str, ...]] = dict.fromkeys(pettingzoo.aec_registry, ("aec",))
    listed |= dict.fromkeys(pettingzoo.parallel_registry, APIS)
    try:
        import mpe2
    except ImportError:
        return listed
    modules = [module.name for module in pkgutil.iter_modules(mpe2.__path__) if _VERSION.search(module.name)]
    return listed | {f"mpe2/{_VERSION.sub('-v', name)}": APIS for name in modules}


def is_environment(thing: Any) -> bool:
    """Whether `thing` is an environment of PettingZoo's."""
    import pettingzoo

    return isinstance(thing, pettingzoo.AECEnv | pettingzoo.ParallelEnv)


def is_parallel(environment: Any) -> bool:
    """Whether all agents of an environment move at once."""
    import pettingzoo

    return isinstance(environment, pettingzoo.ParallelEnv)


def innermost(environment: Any) -> Any:
    """Return what is below an AEC environment's wrappers, as far as these only pass on what is asked of its agents."""
    from pettingzoo.utils import wrappers

    plain = (
        wrappers.AssertOutOfBoundsWrapper,
        wrappers.BaseWrapper,
        wrappers.ClipOutOfBoundsWrapper,
        wrappers.OrderEnforcingWrapper,
        wrappers.TerminateIllegalWrapper,
    )
    while type(environment) in plain:
        environment = environment.env
    return environment


def need(what: str) -> None:
    """Raise `GameError` where PettingZoo, which `what` needs, is not installed."""
    try:
        import pettingzoo

        pettingzoo.parallel_registry  # noqa: B018, which came with version 1.27
    except (ImportError, AttributeError) as missing:
        raise GameError(
            f"{shorten(what)} needs PettingZoo 1.27 or newer, which is not installed; install it with `{_INSTALL}`"
        ) from missing


def _in_file(parsed: Name, api: Any, arguments: Mapping[str, Any]) -> FromFile:
    path = parsed.source.removeprefix(f"{LIBRARY}:")
    if not parsed.target:
        raise GameError(
            f"expected what makes the environment after {shorten(repr(path))}; write it as {LIBRARY}:file.py:make"
        )
    if api is not None:
        raise GameError(f"an environment of a file steps in its own way: leave api={shorten(repr(api))} out")
    absolute = str(Path(path).expanduser().resolve())
    return FromFile(str(parsed), absolute, parsed.target, arguments)


def _canonical(target: str) -> str:
    """Return `classic/rps-v2` for `classic/rps_v2` too, and `mpe2/...` for `mpe/...`, as mpe2 itself names them."""
    return re.sub(r"^mpe/", "mpe2/", _VERSION.sub("-v", target))


def _apis(target: str, given: str) -> tuple[dict[str, tuple[str, ...]], str]:
    """Return the listed environments and the one that is meant."""
    known = known_environments()
    if target in known:
        return known, target
    base = re.sub(r"-v\d+$", "", target)
    versions = sorted((int(id.rpartition("-v")[2]), id) for id in known if id.rpartition("-v")[0] == base)
    if versions and target == base:
        return known, versions[-1][1]
    if target.startswith("object/"):
        raise GameError(
            f"{LIBRARY}:{shorten(given)} was made of a Python object, which its name cannot make again: put the code "
            f"in a file and write {LIBRARY}:file.py:make"
        )
    if versions:
        hint = f"; it has {', '.join(id for _, id in versions)}"
    elif target.startswith("mpe2/") and not any(id.startswith("mpe2/") for id in known):
        hint = f", for mpe2 is not installed: install it with `{_INSTALL}`"
    else:
        hint = nearest(target, known) or "; write it as FAMILY/NAME-vN, such as classic/rps-v2"
    raise GameError(f"PettingZoo has no environment {shorten(repr(given))}{hint}")


def _checked(name: str, make: Callable[[], Any], *, missing: tuple[type[Exception], ...] = ()) -> Any:
    """Return the environment that `make` makes."""
    try:
        environment = make()
    except GameError:
        raise
    except missing as cause:
        lacking = cause.__cause__ or cause
        install = "pip install 'pettingzoo[atari]'" if ":atari/" in name else _INSTALL
        raise GameError(f"{shorten(name)} cannot be imported ({describe(lacking)}); try `{install}`") from cause
    except Exception as cause:
        raise GameError(f"making {shorten(name)} raised {describe(cause)}; correct its arguments") from cause
    if not is_environment(environment):
        raise GameError(
            f"expected {shorten(name)} to make a PettingZoo AECEnv or ParallelEnv but it made a "
            f"{type(environment).__name__}; correct it"
        )
    return environment
