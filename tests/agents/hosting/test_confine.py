"""What an agent's process cannot ask of the system, and whose modules it runs."""

import os
import platform
import shutil
import socket
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

import pytest
import torch

from agents.agent import Random
from agents.hosting import Isolation, available, confine, host_file
from agents.hosting.isolation import HOME, MEANS
from agents.rollout import play
from games import make
from games.names import parse


@pytest.fixture
def fault_of(tmp_path, monkeypatch):
    """Return a function that says what a file's agent is charged with when it moves first, or None."""
    monkeypatch.chdir(tmp_path)

    def play_one(text, means):
        (tmp_path / "bot.py").write_text(text)
        game = make("tic_tac_toe")
        with host_file(parse("bot.py"), game, apart=Isolation(means)) as agent:
            played = play(game, [agent, Random()], seating=torch.tensor([[0, 1]]), games=torch.arange(1), seed=0)
        return None if played.forfeit is None else played.forfeit.fault

    return play_one


ASKS = """
import ctypes, os, threading
libc = ctypes.CDLL(None, use_errno=True)
CLONE, FILES, USERS = {clone}, 0x20000, 0x10000000
mounting = (b"none", b"/", b"tmpfs", 0, None)
ASKED = {{
    "shmget": lambda: libc.shmget(0, 1 << 20, 0o1600),
    "semget": lambda: libc.semget(0, 1, 0o1600),
    "msgget": lambda: libc.msgget(0, 0o1600),
    "mq_open": lambda: libc.mq_open(b"/MARK", os.O_CREAT | os.O_RDWR, 0o600, None),
    "unshare": lambda: libc.unshare(USERS | FILES),
    "setns": lambda: libc.setns(os.open("/dev/null", 0), 0),
    "mount": lambda: libc.mount(*mounting),
    "open_by_handle_at": lambda: libc.open_by_handle_at(-100, bytes(16), 0),
    "clone": lambda: libc.syscall(CLONE, ctypes.c_ulong(USERS | 17), 0, 0, 0, 0),
    "socket": lambda: libc.socket(2, 1, 0),
}}
def act(observation, legal_actions):
    threads = [threading.Thread(target=print) for _ in range(3)]
    [thread.start() or thread.join() for thread in threads]
    if os.fork() == 0:
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.wait()[1]) == 0
    answers = {{}}
    for name, ask in ASKED.items():
        ctypes.set_errno(0)
        answers[name] = 0 if ask() >= 0 else ctypes.get_errno()
    assert libc.syscall(435, bytes(88), 88) == -1 and ctypes.get_errno() == 38, "clone3"
    allowed = {{name: number for name, number in answers.items() if number != 13}}
    assert not allowed, allowed
    return legal_actions[0]
"""


@pytest.mark.parametrize("means", MEANS)
def test_what_outlives_a_process_or_leads_out_of_its_place_is_refused_by_every_means(means, fault_of):
    if means not in available():
        pytest.skip(f"this system has no {means}")
    if platform.machine() not in confine.FILTERED:
        pytest.skip("system calls are not filtered on this machine")
    fault = fault_of(ASKS.format(clone=confine._CALLS[platform.machine()][1]), means)
    assert fault is None, str(fault)


def test_a_program_that_takes_shared_memory_crashes(fault_of):
    if platform.machine() not in confine.FILTERED:
        pytest.skip("system calls are not filtered on this machine")
    fault = fault_of(
        """
import ctypes, os
def act(observation, legal_actions):
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.shmget(0, 1 << 20, 0o1600) < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return legal_actions[0]
""",
        available()[0],
    )
    assert fault is not None
    assert (fault.kind, "PermissionError: [Errno 13]" in str(fault)) == ("crash", True), str(fault)


def test_with_limits_alone_a_user_of_its_own_changes_what_everyone_may_and_nothing_else(fault_of, tmp_path):
    said = Isolation("limits").describe()
    if confine.stranger() is None or "limits" not in available():
        assert "of its own" not in said
        pytest.skip("agents have no user of their own here")
    assert "change only what everyone may" in said
    assert "empty files, folders and links" in said
    shared = Path(tempfile.mkdtemp())
    try:
        shared.chmod(0o1777)
        (tmp_path / "kept").write_text("mine")
        fault = fault_of(
            f"""
import os
from pathlib import Path
def act(observation, legal_actions):
    shared = Path({str(shared)!r})
    (shared / "file").touch()
    (shared / "folder").mkdir(exist_ok=True)
    if not (shared / "link").is_symlink():
        (shared / "link").symlink_to("/")
    for change in (Path("own").touch, Path("own").mkdir, Path("kept").unlink, lambda: os.truncate("kept", 0)):
        try:
            change()
        except PermissionError:
            continue
        raise AssertionError(change)
    try:
        (shared / "file").write_text("x")
    except OSError:
        return legal_actions[0]
""",
            "limits",
        )
        assert fault is None, str(fault)
        assert sorted(os.listdir(shared)) == ["file", "folder", "link"]
        assert (shared / "file").stat().st_size == 0
    finally:
        shutil.rmtree(shared)
    assert (tmp_path / "kept").read_text() == "mine"
    assert sorted(os.listdir(tmp_path)) == ["bot.py", "kept"]


@pytest.mark.parametrize("file", ["spawner.py", "stage.py"])
def test_another_installed_copy_does_not_come_before_the_engine_s_own_modules(file, tmp_path):
    venv.create(tmp_path / "env", symlinks=True)
    python = tmp_path / "env/bin/python"
    packages = tmp_path / f"env/lib/python{sys.version_info.major}.{sys.version_info.minor}/site-packages"
    (packages / "editable.pth").write_text(f"{tmp_path}\n")
    (tmp_path / "agents").mkdir()
    (tmp_path / "agents/__init__.py").write_text("raise SystemExit(77)")
    (tmp_path / "beside.py").touch()
    own = [path for path in sys.path if path.endswith("-packages")]
    assert subprocess.run([python, "-c", "import beside, agents"], cwd="/").returncode == 77
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.close()  # which ends a spawner; a stage ends for it has no plan
    arguments = [str(theirs.fileno()), "light"] if file == "spawner.py" else []
    with theirs:
        run = subprocess.run(
            [python, "-s", "-P", "-B", HOME / "agents/hosting" / file, os.pathsep.join([str(HOME), *own]), *arguments],
            cwd="/",
            env={},
            pass_fds=[theirs.fileno()],
            capture_output=True,
            text=True,
        )
    assert (run.returncode, "Bad file descriptor" in run.stderr) == ((0, False) if arguments else (127, True)), run
