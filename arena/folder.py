"""A run's folder: where its files lie, who may write there, and the two witnesses of what its ledger holds."""

import fcntl
import hashlib
import os
import time
from contextlib import suppress
from pathlib import Path

from agents.files import StorageError, sweep, sync_folder, write_atomically
from games.errors import UserError


class LedgerError(UserError):
    """A run's folder or its ledger cannot be used as asked: absent, foreign, held by another writer or damaged."""


class LedgerStorageError(LedgerError, StorageError):
    """The ledger cannot be written or read where it lies; what was committed before is still there."""


class RunFolder:
    """The paths of a run under `root`.

    `database` (`ledger.sqlite`) is the run's state, and `wal` SQLite's log of what has not reached it yet. `snapshots`
    holds the frozen agents, `jobs` a folder per job with its checkpoints, `log` is for people, `lock` names the writer.
    Two witnesses lie beside them, neither of which is needed to go on:

    - `seal` (`ledger.sha256`): written when a writer closes, removed durably before the next one first writes. So
      wherever it exists, the database must match it byte for byte.
    - `head` (`ledger.head`): the last record's number and digest, written after its commit and never synced, so it is
      never ahead of the ledger. A ledger that is behind it has lost records: a killed run's write-ahead log, say.
    """

    def __init__(self, root: Path | str) -> None:
        self.root = Path(root)
        self.database = self.root / "ledger.sqlite"
        self.wal = self.root / "ledger.sqlite-wal"
        self.seal = self.root / "ledger.sha256"
        self.head = self.root / "ledger.head"
        self.lock = self.root / "lock"
        self.log = self.root / "log.txt"
        self.snapshots = self.root / "snapshots"
        self.jobs = self.root / "jobs"

    def make(self) -> None:
        """Make the folder and those inside it, durably."""
        for folder in (self.root, self.snapshots, self.jobs):
            if not folder.is_dir():
                folder.mkdir(parents=True)
                sync_folder(folder.parent)

    def sweep(self) -> None:
        """Remove half-written files that a kill left behind; for the writer only."""
        for folder in (self.root, self.snapshots, self.jobs, *self.jobs.rglob("*/")):
            sweep(folder)

    def is_started(self) -> bool:
        """Whether there is a database; it is put in place whole, so an empty file is none."""
        return self.database.exists() and self.database.stat().st_size > 0

    def wal_is_empty(self) -> bool:
        """Whether everything committed is in `ledger.sqlite` itself."""
        return not self.wal.exists() or self.wal.stat().st_size == 0

    def read_seal(self) -> str | None:
        """Return the SHA-256 that `ledger.sqlite` must have, in hex, or None where it is not sealed."""
        try:
            return self.seal.read_text(errors="replace").partition(" ")[0]
        except FileNotFoundError:
            return None

    def write_seal(self, fingerprint: str) -> None:
        """Seal the closed ledger; `sha256sum -c ledger.sha256` checks it too."""
        write_atomically(self.seal, f"{fingerprint}  {self.database.name}\n".encode())

    def remove_seal(self) -> None:
        """Break the seal; once this returns, no power cut brings it back."""
        self.seal.unlink(missing_ok=True)
        sync_folder(self.root)

    def read_head(self) -> tuple[int, str] | None:
        """Return the number and digest of a record known to be committed, or None where the head tells nothing."""
        try:
            text, _, check = self.head.read_text(errors="replace").strip().rpartition(" ")
        except FileNotFoundError:
            return None
        if not text or check != _check(text):
            return None
        seq, _, digest = text.partition(" ")
        return int(seq), digest


class WriterLock:
    """The right to write to a run. The kernel takes it back when the process ends, however it ends.

    A process forked while it is held shares it; processes started afresh do not.
    """

    def __init__(self, folder: RunFolder) -> None:
        self._handle = os.open(folder.lock, os.O_RDWR | os.O_CREAT, 0o666)
        if not self._taken():
            holder = os.pread(self._handle, 32, 0).decode(errors="replace").strip()
            os.close(self._handle)
            who = f"process {holder}" if holder.isdecimal() else "another process"
            raise LedgerError(
                f"{folder.root} is being written by {who}: wait for it or stop it, then run the same command again"
            )

    def _taken(self, patience: float = 0.1) -> bool:
        """Take the lock. Who only looks whether a run is being written holds it for a moment, which is waited out."""
        give_up = time.monotonic() + patience
        while True:
            try:
                fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return True
            except BlockingIOError:
                if time.monotonic() > give_up:
                    return False
                time.sleep(0.005)

    def sign(self) -> None:
        """Write down who holds the lock, for the one who is refused."""
        os.ftruncate(self._handle, 0)
        os.pwrite(self._handle, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        """Give the right back."""
        os.close(self._handle)


class Head:
    """The writer's hand on `ledger.head`."""

    def __init__(self, folder: RunFolder) -> None:
        self._handle = os.open(folder.head, os.O_RDWR | os.O_CREAT, 0o666)

    def write(self, seq: int, digest: str) -> None:
        """Note the last committed record. A head that cannot be written is behind, and that refuses nothing."""
        text = f"{seq:016d} {digest}"
        with suppress(OSError):
            os.pwrite(self._handle, f"{text} {_check(text)}\n".encode(), 0)

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._handle)


def _check(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
