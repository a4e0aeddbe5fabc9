"""What an agent's process cannot ask of the system, and whose modules it runs."""

import errno
import os
import platform
import re
import shutil
import socket
import struct
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


# Of Linux 6.1: arch/x86/entry/syscalls/syscall_64.tbl, and include/uapi/asm-generic/unistd.h, which aarch64 follows.
NUMBERS = {
    "x86_64": """
        29 shmget, 41 socket, 42 connect, 43 accept, 49 bind, 50 listen, 64 semget, 68 msgget, 101 ptrace, 165 mount,
        240 mq_open, 272 unshare, 288 accept4, 304 open_by_handle_at, 308 setns, 310 process_vm_readv,
        311 process_vm_writev, 425 io_uring_setup
        """,
    "aarch64": """
        40 mount, 97 unshare, 117 ptrace, 180 mq_open, 186 msgget, 190 semget, 194 shmget, 198 socket, 200 bind,
        201 listen, 202 accept, 203 connect, 242 accept4, 265 open_by_handle_at, 268 setns, 270 process_vm_readv,
        271 process_vm_writev, 425 io_uring_setup
        """,
}
ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}  # AUDIT_ARCH_... of include/uapi/linux/audit.h
CLONES = {"x86_64": 56, "aarch64": 220}
ALLOW, REFUSED, UNKNOWN = 0x7FFF0000, 0x00050000 | errno.EACCES, 0x00050000 | errno.ENOSYS


def judged(machine, number, *, argument=0, architecture=None):
    """Run a filter on a system call as the kernel would, see seccomp(2): on the fields of `struct seccomp_data`."""
    data = struct.pack("<IIQ6Q", number, architecture or ARCHITECTURES[machine], 0, argument, 0, 0, 0, 0, 0)
    place, value = 0, 0
    program = confine.refusals(machine)
    while True:
        operation, if_true, if_false, constant = program[place]
        place += 1
        match operation:
            case 0x06:  # BPF_RET | BPF_K
                return constant
            case 0x20:  # BPF_LD | BPF_W | BPF_ABS
                (value,) = struct.unpack_from("<I", data, constant)
                continue
            case 0x15 | 0x35 | 0x45:  # BPF_JMP | BPF_JEQ, BPF_JGE or BPF_JSET
                holds = {0x15: value == constant, 0x35: value >= constant, 0x45: bool(value & constant)}[operation]
                place += if_true if holds else if_false
            case _:
                raise AssertionError(hex(operation))


@pytest.mark.parametrize("machine", confine.FILTERED)
def test_the_filter_of_each_machine_refuses_what_the_kernel_calls_by_these_numbers(machine):
    named = {name: int(number) for number, name in (entry.split() for entry in NUMBERS[machine].split(","))}
    column = confine.FILTERED.index(machine)
    assert {name: numbers[column] for name, numbers in confine._REFUSED.items()} == named
    refused = {number for number in range(600) if judged(machine, number) == REFUSED}
    assert refused == set(named.values())
    assert [number for number in range(600) if judged(machine, number) == UNKNOWN] == [435]  # clone3
    assert all(judged(machine, number) == ALLOW for number in set(range(600)) - refused - {435})
    clone = CLONES[machine]
    assert [judged(machine, clone, argument=flags) for flags in (0, 17, 0x3D0F00)] == [ALLOW] * 3  # fork's and threads'
    spaces = (0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000)  # CLONE_NEW...
    assert [judged(machine, clone, argument=flag | 17) for flag in spaces] == [REFUSED] * 7
    assert judged(machine, 0x40000000 + clone) == REFUSED  # x32
    assert [judged(machine, 1, architecture=other) for other in (0x40000003, 0x40000028)] == [REFUSED] * 2  # 32 bits


HEADERS = {"x86_64": "/usr/include/x86_64-linux-gnu/asm/unistd_64.h", "aarch64": "/usr/include/asm-generic/unistd.h"}


@pytest.mark.parametrize("machine", confine.FILTERED)
def test_the_numbers_are_those_of_the_kernel_s_own_headers(machine):
    header = Path(HEADERS[machine])
    if not header.exists():
        pytest.skip("the kernel's headers are not installed")
    numbers = dict(re.findall(r"#define __NR(?:3264)?_(\w+)\s+(\d+)", header.read_text()))
    column = confine.FILTERED.index(machine)
    assert {name: str(pair[column]) for name, pair in confine._REFUSED.items()}.items() <= numbers.items()
    assert (numbers["clone"], numbers["clone3"]) == (str(CLONES[machine]), "435")


@pytest.mark.parametrize("means", MEANS)
def test_what_outlives_a_process_or_leads_out_of_its_place_is_refused_by_every_means(means, fault_of):
    if means not in available():
        pytest.skip(f"this system has no {means}")
    if platform.machine() not in confine.FILTERED:
        pytest.skip("system calls are not filtered on this machine")
    fault = fault_of(ASKS.format(clone=confine._MACHINES[platform.machine()][1]), means)
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
