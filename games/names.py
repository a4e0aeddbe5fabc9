"""The strings that name games and agents, and the loading of a user's own file.

    tic_tac_toe                          one of ours
    colonel_blotto(coins=10, fields=3)   with arguments, keyword literals only
    open_spiel:leduc_poker(players=2)    from a library
    mygame.py:MyGame(size=3)             a class in a user's file
    cmd:./mybot --fast                   a program; the rest of the text is its command line
    runs/kuhn@7                          a member of a run
"""

import ast
import hashlib
import importlib.util
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from games.errors import UserError, nearest

_COMMAND = "cmd"
_FILE = re.compile(r"(?P<source>.+?\.py)(?::(?P<target>[^:(]*)(?P<arguments>\(.*)?)?", re.DOTALL)
_RUN = re.compile(r"(?P<source>[^(@]+)@(?P<target>\w+)")
_CALL = re.compile(r"(?:(?P<source>[^:(]+):)?(?P<target>[^:(]*)(?P<arguments>\(.*)?", re.DOTALL)


@dataclass(frozen=True)
class Name:
    """A parsed name; `str` writes it back in canonical form, arguments in alphabetical order.

    target: what is named: `tic_tac_toe`, `leduc_poker`, `MyGame` or "", `./mybot --fast`, `7`.
    source: where it comes from: "", a library's prefix, a path that ends in `.py`, `cmd`, or a run's folder.
    arguments: keyword arguments, Python literals.
    run: the name is a member of a run, written with `@`.
    """

    target: str
    source: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    run: bool = False

    @property
    def is_file(self) -> bool:
        """The source is a user's Python file."""
        return self.source.endswith(".py")

    @property
    def is_command(self) -> bool:
        """The target is the command line of a program."""
        return self.source == _COMMAND

    def __str__(self) -> str:
        text = (":@"[self.run].join((self.source, self.target)) if self.target else self.source) if self.source else self.target
        inside = ", ".join(f"{key}={value!r}" for key, value in sorted(self.arguments.items()))
        return f"{text}({inside})" if inside else text


def parse(text: str, *, error: type[UserError] = UserError) -> Name:
    """Read a name; raises `error` with one sentence when `text` has none of the forms above."""
    text = text.strip()
    if text.startswith(f"{_COMMAND}:") and text[len(_COMMAND) + 1 :].strip():
        return Name(text[len(_COMMAND) + 1 :].strip(), _COMMAND)
    if match := _RUN.fullmatch(text):
        return Name(match["target"], match["source"], run=True)
    match = _FILE.fullmatch(text) or _CALL.fullmatch(text)
    if not match or not (match["target"] or match["source"] and match["source"].endswith(".py") and ":" not in text):
        raise error(
            f"expected a name such as name(argument=1), library:name or file.py:Class but got {shorten(text)}; "
            "write it in one of these forms"
        )
    return Name(match["target"].strip() if match["target"] else "", match["source"] or "", _arguments(match["arguments"] or "()", text, error))


def _arguments(call: str, text: str, error: type[UserError]) -> dict[str, Any]:
    """Read `(key=literal, ...)` without evaluating anything."""
    try:
        tree = ast.parse(f"_{call}", mode="eval").body
        if not isinstance(tree, ast.Call) or not isinstance(tree.func, ast.Name) or tree.args:
            raise ValueError
        return {keyword.arg or "": ast.literal_eval(keyword.value) for keyword in tree.keywords}
    except (SyntaxError, ValueError, TypeError, MemoryError, RecursionError):
        raise error(
            f"expected arguments as (key=value, ...) with numbers, strings, lists or True and False as values "
            f"but got {shorten(text)}; correct what stands between the parentheses"
        ) from None


def shorten(value: object, *, limit: int = 60) -> str:
    """Return `repr(value)` on one line, its middle left out beyond `limit` characters."""
    text = value if isinstance(value, _Sentence) else repr(value)
    return text


class _Sentence(str): ...
