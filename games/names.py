"""The strings that name games and agents, and the loading of a user's own file.

tic_tac_toe                          one of ours
colonel_blotto(coins=10, fields=3)   with arguments: keywords, and Python literals as values
open_spiel:leduc_poker(players=2)    from a library
mygame.py:MyGame(size=3)             a class in a user's file
mybot.py:function                    a function there; mybot.py alone, where it holds one agent
cmd:./mybot --fast                   a program; the rest of the text is its command line
runs/kuhn@7                          a member of a run
alphazero(runs/ttt, c_init=2)        what works on a run: the first argument, without a key, is `run`
"""

import ast
import hashlib
import importlib.util
import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

from games.errors import UserError, nearest

_PRIVATE = "_redqueen_file_"
"""How the names of modules begin that were loaded from users' files."""

Kind = Literal["own", "library", "file", "command", "run"]

_FORMS: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    ("command", re.compile(r"(?P<source>cmd):\s*(?P<target>.*)", re.DOTALL)),
    ("run", re.compile(r"(?P<source>.+)@(?P<target>\w+)")),
    ("file", re.compile(r"(?!\w+\(\w+\s*=)(?P<source>.+?\.py)(?::(?P<target>\w+)\s*(?P<call>\(.*\))?)?", re.DOTALL)),
    ("library", re.compile(r"(?P<source>\w+):(?P<target>[^\s():]+)\s*(?P<call>\(.*\))?", re.DOTALL)),
    ("own", re.compile(r"(?P<target>[^\s():@]+)\s*(?P<call>\(.*\))?", re.DOTALL)),
)

_BARE = re.compile(r"""\(\s*(?P<run>[A-Za-z_./~][^=,()'"\[\]]*?)\s*(?P<end>[,)])""")
"""A first argument that is neither quoted nor has a key."""


@dataclass(frozen=True)
class Name:
    """A parsed name; `str` writes it back in canonical form, arguments in alphabetical order.

    target: what is named: `tic_tac_toe`, `leduc_poker`, `MyGame`, `./mybot --fast`, `7`; "" for a file alone.
    source: where it comes from: "" for our own, the library, the path of the file, `cmd`, or the run's folder.
    arguments: keyword arguments, all of them Python literals.
    kind: which of the forms it has.
    """

    target: str
    source: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    kind: Kind = "own"

    def __str__(self) -> str:
        between = "@" if self.kind == "run" else ":" if self.source and self.target else ""
        inside = ", ".join(f"{key}={value!r}" for key, value in sorted(self.arguments.items()))
        return f"{self.source}{between}{self.target}" + (f"({inside})" if inside else "")


def parse(text: str, *, error: type[UserError] = UserError) -> Name:
    """Read a name; raises `error` when `text` has none of the forms above."""
    for kind, pattern in _FORMS:
        if match := pattern.fullmatch(text.strip()):
            parts = match.groupdict()
            arguments = _arguments(parts["call"], text, error) if parts.get("call") else {}
            return Name(parts["target"] or "", parts.get("source") or "", arguments, kind)
    raise error(
        f"expected a name such as tic_tac_toe, name(key=value), library:name or file.py:Class but got "
        f"{shorten(repr(text))}; write it in one of these forms"
    )


def _arguments(call: str, text: str, error: type[UserError]) -> dict[str, Any]:
    """Read `(key=literal, ...)` without evaluating anything."""
    try:
        if bare := _BARE.match(call):
            call = f"(run={bare['run']!r}{bare['end']}{call[bare.end() :]}"
        tree = ast.parse(f"_{call}", mode="eval").body
        if not isinstance(tree, ast.Call) or not isinstance(tree.func, ast.Name) or tree.args:
            raise ValueError
        arguments = {keyword.arg: ast.literal_eval(keyword.value) for keyword in tree.keywords}
        if len(arguments) < len(tree.keywords) or None in arguments:
            raise ValueError
    except (SyntaxError, ValueError, TypeError, MemoryError, RecursionError):
        raise error(
            f"expected arguments (key=value, ...), each key once and each value a number, string, list, True, False or "
            f"None, but got {shorten(repr(text))}; correct what stands between the parentheses"
        ) from None
    return {str(key): value for key, value in arguments.items()}


def load_module(path: str, *, error: type[UserError] = UserError) -> ModuleType:
    """Run a user's Python file as a module of its own and return it; raises `error` when it cannot be.

    The module's private name is made from its path and content, so two files of one name never meet, an edited file is
    loaded anew, and an unchanged one is loaded once. Its folder is not put on `sys.path`.
    """
    try:
        place = Path(path).expanduser()
        source = place.read_bytes()
    except (OSError, RuntimeError) as cause:  # the latter for a ~user who is not known
        why = getattr(cause, "strerror", cause)
        raise error(
            f"expected a Python file at {shorten(repr(path))} but reading it failed ({why}); "
            "check the path, which starts at the current folder"
        ) from None
    digest = hashlib.blake2b(os.fsencode(place.resolve()) + b"\0" + source, digest_size=8).hexdigest()
    name = f"{_PRIVATE}{digest}"
    if name in sys.modules:
        return sys.modules[name]
    loader = importlib.util.spec_from_file_location(name, place)
    if loader is None:
        raise error(f"expected a Python file but got {shorten(repr(path))}; give a path that ends in .py")
    module = sys.modules[name] = importlib.util.module_from_spec(loader)
    try:
        exec(compile(source, str(place), "exec"), module.__dict__)
    except (Exception, SystemExit) as cause:
        del sys.modules[name]
        raise error(f"importing {shorten(repr(path))} raised {describe(cause)}; correct the file") from cause
    return module


def load_from_file(path: str, attribute: str, *, error: type[UserError] = UserError) -> Any:
    """Return `attribute` of a user's Python file; raises `error` when the file or the attribute cannot be had."""
    module = load_module(path, error=error)
    if not hasattr(module, attribute):
        classes = [key for key, value in vars(module).items() if getattr(value, "__module__", "") == module.__name__]
        raise error(
            f"expected {shorten(repr(attribute))} in {shorten(repr(path))} but the file defines "
            f"{shorten(', '.join(classes)) or 'nothing'}{nearest(attribute, classes)}"
        )
    return getattr(module, attribute)


def at_fault(error: BaseException) -> str | None:
    """Return the innermost place in a user's file that `error` came through, or None where it came through none."""
    trace, found = error.__traceback__, None
    while trace is not None:
        frame = trace.tb_frame
        if str(frame.f_globals.get("__name__", "")).startswith(_PRIVATE):
            found = f"{shorten(repr(frame.f_code.co_filename))}, line {trace.tb_lineno} in {frame.f_code.co_name}"
        trace = trace.tb_next
    return found


def blamed(error: BaseException) -> UserError | None:
    """Return the sentence for an `error` that the code in a user's file raised, or None where it is not to blame."""
    place = at_fault(error)
    if place is None:
        return None
    if isinstance(error, UserError):
        return UserError(f"{error} (raised through {place})")
    return UserError(f"the code in {place} raised {describe(error)}; correct the file")


def describe(error: BaseException) -> str:
    """Return an exception's type and message on one short line."""
    message = shorten(" ".join(str(error).split()), limit=100)
    return f"{type(error).__name__}: {message}" if message else type(error).__name__


def shorten(text: str, *, limit: int = 60) -> str:
    """Return `text`, its middle replaced by `...` where it is longer than `limit` characters."""
    half = (limit - 3) // 2
    return text if len(text) <= limit else f"{text[:half]}...{text[-half:]}"
