"""How well a stranger's code can be kept apart on this system: tried once, and said.

Namespaces of our own come first: they hold everything that bubblewrap does, start faster, and keep count of processes
even where the engine runs as the superuser, whom no limit binds. bubblewrap serves where the system lets it alone make
namespaces (as Ubuntu's AppArmor does), resource limits where there are none at all (as in most containers).
"""

import os
import platform
import shutil
import sys
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

from agents.hosting import confine

Means = Literal["namespaces", "bubblewrap", "limits"]
MEANS: tuple[Means, ...] = ("namespaces", "bubblewrap", "limits")

HOME = Path(__file__).resolve().parent.parent.parent
"""Where Red Queen's packages lie."""


@dataclass(frozen=True)
class Isolation:
    """The means that users' agents are kept apart by."""

    means: Means

    def describe(self) -> str:
        """Say what an agent can and cannot do, in one sentence."""
        calls = platform.machine() in confine.FILTERED
        network = "no sockets" if calls else "no limit on sockets"
        counted = "counted processes" if _counted(self.means) else "processes not counted, since the engine is root"
        if self.means == "limits":
            alone = confine.stranger() is not None
            files = "as you, so it could delete your files"
            if alone:
                files = (
                    "as a user of its own, who may change only what everyone may (in /tmp it could leave empty files, "
                    "folders and links)"
                )
            return f"resource limits alone (no namespaces here): {files}; {network}, no file content, {counted}"
        how = "bubblewrap" if self.means == "bubblewrap" else "user namespaces"
        return f"{how}: files read-only, no network, {network}, other processes hidden, {counted}"


def _counted(means: Means) -> bool:
    return os.geteuid() != 0 or (means != "bubblewrap" and confine.stranger() is not None)


def bubblewrap() -> list[str]:
    """Return the command that runs another one behind bubblewrap, or nothing where there is none."""
    program = shutil.which("bwrap")
    if program is None:
        return []
    where = ["--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--remount-ro", "/dev"]
    return [program, "--unshare-all", "--die-with-parent", *where, "--cap-drop", "ALL", "--"]


def stage() -> list[str]:
    """Return the command that confines itself and becomes a program, behind bubblewrap."""
    return python("stage.py")


def python(file: str, *arguments: str) -> list[str]:
    """Return the command that runs a file of this folder: it is told where the engine's packages lie."""
    packages = [path for path in sys.path if Path(path).name in ("site-packages", "dist-packages")]
    where = os.pathsep.join([str(HOME), *packages])
    return [sys.executable, "-s", "-P", "-B", str(HOME / "agents/hosting" / file), where, *arguments]


@lru_cache(maxsize=1)
def available() -> tuple[Means, ...]:
    """Return the means that work here, best first, each tried by running a program that does nothing."""
    from agents.hosting.child import works

    return tuple(means for means in MEANS if works(means))


def isolation() -> Isolation:
    """Return the best isolation that this system has."""
    return Isolation(available()[0])
