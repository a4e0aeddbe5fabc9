"""Kernels go by names that other processes find on disk, and that no other kernel has."""

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest
from numba.core.serialize import dumps
from searches import native

from agents.search.gumbel import gumbel
from agents.search.kernels import books
from agents.search.native import native as kernels
from agents.search.puct import puct
from agents.search.tree import Layout

RULES = {"gumbel": gumbel, "puct": puct}


def digest(function) -> str:
    """Return what numba knows a function that closes over others by, on disk."""
    enclosed = [cell.cell_contents for cell in function.__closure__ or ()]
    return f"{function.__qualname__} {hashlib.blake2b(dumps(tuple(enclosed))).hexdigest()}"


def names(name: str, rule: str) -> list[str]:
    game = native(name)
    layout = Layout.of(game.spec.actions)
    compiled = kernels(layout, RULES[rule](layout), game.rules)
    return [digest(function.py_func) for function in compiled]  # pyright: ignore[reportFunctionMemberAccess]


@pytest.mark.slow
def test_another_process_finds_what_one_compiled(tmp_path):
    """One tells before it compiles, one after it did: numba looks a function up before, and keeps it after."""
    before = "from test_search_compiling import names; print(*names('tic_tac_toe', 'puct'), sep='\\n')"
    first = "from searches import native, reached, search"
    compiles = "search('tic_tac_toe', reached(native('tic_tac_toe'), 1, 0), simulations=4, rule='puct')"
    told = []
    for program in (f"{first}; {compiles}; {before}", before):
        run = [sys.executable, "-c", program]
        environment = {"NUMBA_CACHE_DIR": str(tmp_path)}
        here = Path(__file__).parent
        told.append(subprocess.run(run, cwd=here, capture_output=True, text=True, check=True, env=environment).stdout)
    assert told[0] == told[1]
    assert told[0].count("native.<locals>") == 3


def test_functions_of_other_trees_have_other_names():
    """Machine code is linked by name: of two functions of one name, either may be called."""
    seen: dict[str, str] = {}
    for actions in (8, 16):
        for make in RULES.values():
            layout = Layout.of(actions)
            selection = make(layout)
            for function in (*selection, *books(layout, selection)):
                if function.__closure__:
                    here = f"{function.__module__}.{function.__qualname__}"
                    assert seen.setdefault(here, digest(function)) == digest(function)
    of_layouts = {name.rpartition("_")[0] for name in seen}
    assert len(seen) >= 2 * len(of_layouts)
