"""Kernels go by names that other processes find on disk, and that no other kernel has."""

import subprocess
import sys
from pathlib import Path

import pytest

from agents.search.gumbel import gumbel
from agents.search.kernels import books
from agents.search.puct import puct
from agents.search.tree import Layout
from games.compiling import fingerprint

PROGRAM = """
from numba.core.dispatcher import Dispatcher
from searches import native, reached, search
import gc

search("tic_tac_toe", reached(native("tic_tac_toe"), 1, 0), simulations=4, rule="puct")
ran = [each for each in gc.get_objects() if isinstance(each, Dispatcher) and each.signatures and each._cache.cache_path]
told = {f"{each.py_func.__module__} {each.__qualname__}" for each in ran}
print(*sorted(told), sep=chr(10))
print(sum(sum(each.stats.cache_misses.values()) for each in ran))
"""


@pytest.mark.slow
def test_another_process_finds_what_one_compiled(tmp_path):
    """Also where it has read its modules from other bytecode, which tells anew which equal constants are one object."""
    told = []
    for bytecode in ("first", "second"):
        environment = {"NUMBA_CACHE_DIR": str(tmp_path / "cache"), "PYTHONPYCACHEPREFIX": str(tmp_path / bytecode)}
        run = [sys.executable, "-c", PROGRAM]
        here = Path(__file__).parent
        output = subprocess.run(run, cwd=here, capture_output=True, text=True, check=True, env=environment).stdout
        told.append(output.splitlines())
    (*compiled, missed), (*found, missed_again) = told
    assert compiled == found
    assert int(missed) == len(compiled)
    assert int(missed_again) == 0
    assert sum("native.<locals>" in name for name in found) == 2  # begin and advance


def test_functions_of_other_trees_have_other_names():
    """Machine code is linked by name: of two functions of one name, either may be called."""
    seen: dict[str, str] = {}
    for actions in (8, 16):
        for make in (gumbel, puct):
            layout = Layout.of(actions)
            selection = make(layout)
            for function in (*selection, *books(layout, selection)):
                if function.__closure__:
                    here = f"{function.__module__}.{function.__qualname__}"
                    assert seen.setdefault(here, fingerprint(function)) == fingerprint(function)
    of_layouts = {name.rpartition("_")[0] for name in seen}
    assert len(seen) >= 2 * len(of_layouts)
