"""Damaged files and full disks: refused or survived in one sentence that says which file, and what to do."""

import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from processes import TINY, Ended, Zygote, bodies, digest, strike

import arena.folder
from agents.files import StorageError
from agents.snapshot import Snapshot, SnapshotError
from arena.ledger import Entry, Ledger
from league.runs import status_of

ARGV = ("kuhn_poker", *TINY, "--iterations", 3)


@pytest.fixture(scope="module")
def interrupted(zygote: Zygote, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that was asked to stop while it trained for its third iteration, and closed in good order."""
    run = tmp_path_factory.mktemp("interrupted") / "run"
    stop = strike("at a report", 27, signal="SIGTERM")
    assert "redqueen resume" in zygote.run("run", *ARGV, "--run-dir", run, strikes=[stop]).sentence
    assert len(bodies(run, "member")) == 3
    return run


@pytest.fixture
def run(interrupted: Path, tmp_path: Path) -> Path:
    """A copy of that run, to be damaged."""
    return Path(shutil.copytree(interrupted, tmp_path / "run"))


def contents(folder: Path, *, without: tuple[str, ...] = ()) -> dict[str, bytes]:
    files = [path for path in folder.rglob("*") if path.is_file() and path.name not in without]
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def flip(path: Path, part: float) -> None:
    """Flip a bit of a file's byte, at a part of its length."""
    content = bytearray(path.read_bytes())
    content[int(part * (len(content) - 1))] ^= 0x10
    path.write_bytes(content)


# Damage.


@pytest.mark.parametrize("part", [0.0, 0.2, 0.6, 1.0])
def test_a_damaged_snapshot_is_refused_by_name_and_nothing_is_written(zygote: Zygote, run: Path, part: float):
    snapshot = run / "snapshots" / f"{bodies(run, 'member')[1]['snapshot']}.safetensors"
    flip(snapshot, part)
    before = contents(run)
    for argv in (
        ("resume", run),
        ("resume", run, "--iterations", 5),
        ("evaluate", "kuhn_poker", f"{run}@1"),
        ("evaluate", "kuhn_poker", snapshot),
        ("evaluate", "kuhn_poker", "random", "--against", f"{run}@1"),
        ("export", f"{run}@1"),
        ("export", f"{run}@1", "--format", "snapshot", "--output", run.parent / "exported"),
    ):
        sentence = zygote.run(*argv).sentence
        assert f"{snapshot} is damaged" in sentence
        assert "restore it from a copy" in sentence
    assert contents(run) == before
    assert not (run.parent / "exported").exists()
    assert zygote.run("export", f"{run}@2").status == 0


def test_a_damaged_snapshot_of_a_finished_league_is_refused_too(
    zygote: Zygote, uninterrupted: Callable[..., Path], tmp_path: Path
):
    run = Path(shutil.copytree(uninterrupted(*ARGV), tmp_path / "run"))
    (snapshot, *_) = sorted((run / "snapshots").iterdir())
    flip(snapshot, 0.5)
    assert f"{snapshot} is damaged" in zygote.run("resume", run).sentence
    snapshot.unlink()
    assert f"{snapshot} cannot be read (No such file or directory)" in zygote.run("resume", run).sentence


def test_an_exported_snapshot_with_any_byte_flipped_is_read_or_refused(zygote: Zygote, run: Path):
    exported = run.parent / "exported.safetensors"
    assert zygote.run("export", f"{run}@1", "--format", "snapshot", "--output", exported).status == 0
    good = exported.read_bytes()
    header = 8 + int.from_bytes(good[:8], "little")
    refusals = []
    for place in range(header):
        for bit in (1, 0x10):
            bad = good[:place] + bytes([good[place] ^ bit]) + good[place + 1 :]
            try:
                Snapshot.from_bytes(bad, source="it")
            except SnapshotError as error:
                refusals.append(str(error))
    assert len(refusals) > header
    assert all(refusal.startswith("it ") for refusal in refusals)


@pytest.mark.parametrize("part", [0.0, 0.01, 0.3, 0.5, 0.9, 1.0])
def test_a_damaged_ledger_is_refused_by_name_and_nothing_is_written(zygote: Zygote, run: Path, part: float):
    flip(run / "ledger.sqlite", part)
    before = contents(run)
    for argv in (
        ("resume", run),
        ("resume", run, "--iterations", 5),
        ("status", run),
        ("evaluate", "kuhn_poker", f"{run}@nash"),
        ("export", f"{run}@nash"),
        ("export", run, "--format", "csv"),
        ("run", *ARGV, "--run-dir", run),
    ):
        assert f"{run}/ledger.sqlite is " in zygote.run(*argv).sentence
    assert contents(run) == before


@pytest.mark.parametrize("part", [0.0, 0.1, 0.4, 0.7])
def test_a_damaged_log_of_a_killed_league_is_refused_by_name(zygote: Zygote, tmp_path: Path, part: float):
    run = tmp_path / "run"
    zygote.run("run", *ARGV, "--run-dir", run, strikes=[strike("after an append", 4)])
    wal = run / "ledger.sqlite-wal"
    records = Ledger.read(run)
    assert len(records) > 8
    flip(wal, part)
    for argv in (("resume", run), ("status", run), ("evaluate", "kuhn_poker", f"{run}@nash")):
        sentence = zygote.run(*argv).sentence
        assert f"{run}/ledger.sqlite has lost records" in sentence
        assert "restore" in sentence
    flip(wal, part)
    assert list(Ledger.read(run).records()) == list(records.records())
    assert zygote.run("resume", run, "--json").result["stopped"] == "iterations"


@pytest.mark.parametrize("part", [0.0, 0.02, 0.5, 1.0])
def test_a_damaged_checkpoint_is_refused_by_name_and_training_begins_again_without_it(
    zygote: Zygote, uninterrupted: Callable[..., Path], run: Path, part: float
):
    checkpoint = run / "jobs" / "response-3-seat-0.checkpoint"
    flip(checkpoint, part)
    before = contents(run, without=("lock", "log.txt"))
    sentence = zygote.run("resume", run).sentence
    assert f"{checkpoint} is damaged: delete it to train this job again from its start" in sentence
    assert contents(run, without=("lock", "log.txt")) == before
    assert f"{checkpoint} is damaged" in (run / "log.txt").read_text().splitlines()[-1]
    checkpoint.unlink()
    assert zygote.run("resume", run, "--json").result["stopped"] == "iterations"
    assert digest(run) == digest(uninterrupted(*ARGV))


def test_a_checkpoint_of_another_league_is_not_gone_on_from(
    zygote: Zygote, uninterrupted: Callable[..., Path], interrupted: Path, tmp_path: Path
):
    run, argv = tmp_path / "run", (*ARGV, "--seed", 1)
    other = strike("inside an update", 14)
    zygote.run("run", *argv, "--run-dir", run, eager=True, strikes=[other])
    (place,) = (run / "jobs").glob("response-2-seat-0.checkpoint")
    shutil.copy(interrupted / "jobs" / "response-3-seat-0.checkpoint", place)
    sentence = zygote.run("resume", run).sentence
    assert f"{place} belongs to response-3-seat-0" in sentence
    zygote.run("run", *ARGV, "--run-dir", tmp_path / "first", eager=True, strikes=[other])
    shutil.copy(tmp_path / "first" / "jobs" / place.name, place)
    assert f"{place} belongs to response-2-seat-0" in zygote.run("resume", run).sentence
    place.unlink()
    assert zygote.run("resume", run, "--json").result["stopped"] == "iterations"
    assert digest(run) == digest(uninterrupted(*argv))


# Full disks.

WIDE = (*ARGV, "--ppo-hidden", "64", "--ppo-hidden", "64")
"""A checkpoint of its jobs is the largest of its files, and what an iteration leaves is much smaller."""


def go_on(zygote: Zygote, run: Path, argv: tuple[object, ...], *, room: int | None = None) -> Ended:
    """Run the league, or resume it where it has begun, as the sentence of the last attempt said."""
    begun = (run / "ledger.sqlite").exists() and len(Ledger.read(run)) > 0
    return zygote.run(*(("resume", run, "--json") if begun else ("run", *argv, "--run-dir", run)), room=room)


def kept(run: Path, sentence: str) -> int:
    """Check the sentence of a league that found no room, and return how many members it has."""
    assert "room" in sentence or "free space" in sentence
    members = len(bodies(run, "member")) if (run / "ledger.sqlite").exists() else 0
    if members:
        assert f"then run `redqueen resume {run}`" in sentence
        assert status_of(str(run))["state"] == "interrupted"
    return members


@pytest.mark.parametrize("argv", [ARGV, WIDE], ids=["narrow", "wide"])
def test_files_that_may_grow_no_further_stop_a_league_with_a_sentence_and_it_goes_on_from_there(
    zygote: Zygote, uninterrupted: Callable[..., Path], tmp_path: Path, argv: tuple[object, ...]
):
    run, members = tmp_path / "run", []
    for room in range(2_000, 400_000, 14_000):
        ended = go_on(zygote, run, argv, room=room)
        if ended.status == 0:
            break
        members.append(kept(run, ended.sentence))
    assert len(members) > 2
    assert members == sorted(members)
    assert go_on(zygote, run, argv).result["stopped"] == "iterations"
    assert digest(run) == digest(uninterrupted(*argv))
    assert not list(run.rglob("*partial"))


@pytest.mark.parametrize("flags", [(), ("--payoffs", "played", "--cell-games", 40)], ids=["exact", "played"])
def test_all_iterations_before_the_one_without_room_are_kept(
    zygote: Zygote, uninterrupted: Callable[..., Path], tmp_path: Path, flags: tuple[object, ...]
):
    run, argv = tmp_path / "run", ("kuhn_poker", "--oracle", "exact", "--iterations", 5, "--json", *flags)
    full = strike("before a snapshot's rename", 4, signal="no room")
    sentence = zygote.run("run", *argv, "--run-dir", run, strikes=[full]).sentence
    assert kept(run, sentence) == len(bodies(run, "meta")) == 4
    assert zygote.run("resume", run, "--json").result["stopped"] == "iterations"
    assert digest(run) == digest(uninterrupted(*argv))


def test_a_ledger_that_cannot_be_sealed_closes_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def refuse(path: Path, data: bytes) -> None:
        raise StorageError(f"there is no room to write {path}")

    with Ledger.create(tmp_path) as ledger:
        ledger.append([Entry("league", {})])
        monkeypatch.setattr(arena.folder, "write_atomically", refuse)
    assert not (tmp_path / "ledger.sha256").exists()
    assert len(Ledger.read(tmp_path)) == 1


@pytest.fixture
def disk() -> Iterator[Path]:
    """A file system of 1 MiB."""
    with tempfile.TemporaryDirectory() as place:
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", place], capture_output=True, text=True
        )
        if mounted.returncode != 0:
            pytest.skip(f"no file system can be mounted here: {mounted.stderr.strip()}")
        try:
            yield Path(place)
        finally:
            subprocess.run(["umount", place], check=True)


@pytest.mark.parametrize(("argv", "step"), [(ARGV, 8192), (WIDE, 32768)], ids=["narrow", "wide"])
def test_a_full_disk_stops_a_league_with_a_sentence_and_it_goes_on_when_there_is_space(
    zygote: Zygote, uninterrupted: Callable[..., Path], disk: Path, argv: tuple[object, ...], step: int
):
    run, other, members = disk / "run", disk / "other", []
    for room in range(0, 1024 * 1024, step):
        other.write_bytes(bytes(max(0, shutil.disk_usage(disk).free - room)))
        ended = go_on(zygote, run, argv)
        other.unlink()  # before the ledger is looked at: SQLite needs room for its index even to read
        if ended.status == 0:
            break
        members.append(kept(run, ended.sentence))
    assert len(members) > 2
    assert members == sorted(members)
    assert go_on(zygote, run, argv).result["stopped"] == "iterations"
    assert digest(run) == digest(uninterrupted(*argv))
    assert not list(run.rglob("*partial"))
