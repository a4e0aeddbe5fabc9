"""Files that are whole or absent: what a power cut or a full disk leaves behind is the old file or the new one."""

import errno
import os
import secrets
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from games.errors import UserError
from games.names import shorten

AGAIN = "run the same command again"
"""What a `StorageError` advises; who knows a better command for going on puts it in its place."""

_PARTIAL = ".redqueen-partial"
_AT_A_TIME = 8
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class StorageError(UserError):
    """A file cannot be written or read where it was asked to lie."""


def refusal(path: Path, error: OSError) -> str:
    """Return the sentence for an operating system's `error` about `path`."""
    reason, place = error.strerror or str(error), shorten(str(path))  # so that a deep folder hides no advice
    if error.errno in _NO_ROOM:
        return f"there is no room to write {place} ({reason}): free some or allow more, then {AGAIN}"
    return f"{place} cannot be used ({reason}): check that its folder exists and that you may write there, then {AGAIN}"


def write_atomically(path: Path, data: bytes, *, durable: bool = True) -> None:
    """Write `data` to `path`, replacing what was there, and return when it is durable, or at once where it need not be.

    A reader, a kill or a power cut sees the old file or the whole new one. An interrupted call can leave a file that
    ends in `.redqueen-partial` beside it, which nothing reads and `sweep` removes.

    Raises `StorageError` when the disk, its quota or the file size limit refuses; the old file is then untouched.
    """
    partial = path.with_name(f"{path.name}.{secrets.token_hex(8)}{_PARTIAL}")
    try:
        try:
            with open(partial, "xb") as file:
                file.write(data)
                file.flush()
                if durable:
                    os.fsync(file.fileno())
            os.replace(partial, path)
        except BaseException:
            with suppress(OSError):
                partial.unlink()
            raise
        if durable:
            sync_folder(path.parent)
    except OSError as error:
        raise StorageError(refusal(path, error)) from error


def make_durable(paths: Sequence[Path]) -> None:
    """Return when the files `paths`, all of one folder, are on disk under their names; raises `StorageError`.

    Files and folder at once: a journal takes all that ask together in one commit.
    """
    if paths:
        with ThreadPoolExecutor(_AT_A_TIME) as threads:
            for _ in threads.map(_sync, [*paths, paths[0].parent]):
                pass


def _sync(path: Path) -> None:
    try:
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as error:
        raise StorageError(refusal(path, error)) from error


def sync_folder(folder: Path) -> None:
    """Make the names in `folder` durable: files created, renamed or removed there stay so after a power cut."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sweep(folder: Path) -> None:
    """Remove what interrupted calls of `write_atomically` left in `folder`; call it where nobody else writes."""
    for partial in folder.glob(f"*{_PARTIAL}"):
        partial.unlink(missing_ok=True)
