"""What every command of the command line shares: its arguments, and how it answers."""

import json
import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console

Json = Annotated[bool, typer.Option("--json", help="print one JSON object, and nothing else")]
Run = Annotated[str, typer.Argument(help="the run's folder")]


def answer(result: dict[str, Any], show: Callable[[dict[str, Any]], None], *, as_json: bool) -> None:
    """Print a result for a program or for a person."""
    if as_json:
        print(json.dumps(result, allow_nan=False))
    else:
        show(result)


def terminal() -> "Console":
    """Return the console on standard output: as wide as the terminal, and wide where there is none."""
    from rich.console import Console

    piped = not sys.stdout.isatty() and "COLUMNS" not in os.environ
    return Console(highlight=False, width=160 if piped else None)
