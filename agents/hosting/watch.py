"""How much memory a program's processes hold together, which no limit of Linux's for one process binds.

Looked at from outside, through /proc: see proc(5). Control groups would do it too, but are seldom a user's to make.
"""

import os
import time
from contextlib import suppress

INTERVAL = 0.25
"""Seconds between two looks, at least."""

_REST = 20
"""How many times as long as a look took there is none."""

_PROPORTIONAL = (b"Pss_Anon:", b"Pss_Shmem:", b"SwapPss:")
_PLAIN = (b"RssAnon:", b"RssShmem:")


class Watch:
    """Looks after a process and all its descendants, which may hold `memory` bytes beside what this process has mapped.

    To be made before namespaces are entered, while /proc still shows the processes by the numbers they have here.
    """

    def __init__(self, memory: int) -> None:
        self._proc = os.open("/proc", os.O_RDONLY | os.O_DIRECTORY)
        self.most = memory + self._sum("self/status", (b"VmSize:",))
        self.pause = INTERVAL
        """Seconds until the next look."""

    def exceeded(self, first: int) -> bool:
        """Return whether `first` and its descendants hold more than they may.

        What processes share since a fork is counted once where the system tells (of a page that n of them have, each is
        charged an n-th): that takes longer, and is asked only where the plain sum is too much.
        """
        began = time.monotonic()
        family = self._family(first)
        over = sum(map(self._plain, family)) > self.most and sum(map(self._proportional, family)) > self.most
        self.pause = max(INTERVAL, _REST * (time.monotonic() - began))
        return over

    def _family(self, first: int) -> list[int]:
        found = [first]
        for process in found:  # which grows meanwhile
            with suppress(OSError):  # it has just ended
                for thread in self._threads(process):
                    found += map(int, self._read(f"{process}/task/{thread}/children").split())
        return found

    def _plain(self, process: int) -> int:
        """Return the bytes that a process has in memory, files left out."""
        return self._sum(f"{process}/status", _PLAIN)

    def _proportional(self, process: int) -> int:
        """Return its share of the bytes that it holds; all of them where that is not shown to us."""
        return self._sum(f"{process}/smaps_rollup", _PROPORTIONAL) or self._plain(process)

    def _sum(self, path: str, names: tuple[bytes, ...]) -> int:
        """Add up rows such as `RssAnon:   120 kB`; 0 where the file cannot be read."""
        with suppress(OSError):
            rows = (line.split(maxsplit=2) for line in self._read(path).splitlines())
            return sum(int(row[1]) * 1024 for row in rows if row and row[0] in names)
        return 0

    def _read(self, path: str) -> bytes:
        handle = os.open(path, os.O_RDONLY, dir_fd=self._proc)
        with open(handle, "rb") as file:
            return file.read()

    def _threads(self, process: int) -> list[str]:
        handle = os.open(f"{process}/task", os.O_RDONLY | os.O_DIRECTORY, dir_fd=self._proc)
        try:
            return os.listdir(handle)
        finally:
            os.close(handle)
