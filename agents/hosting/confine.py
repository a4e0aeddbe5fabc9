"""What a process gives up before a stranger's code runs in it: system calls alone, for this runs before anything else.

Linux's own means, each by its manual page: user_namespaces(7), pid_namespaces(7), mount_setattr(2), capabilities(7),
setrlimit(2), seccomp(2).
"""

import ctypes
import os
import platform
import resource
import signal
import struct
from collections.abc import Mapping
from typing import Any

_NEW_MOUNTS, _NEW_NAMES, _NEW_IPC = 0x00020000, 0x04000000, 0x08000000
_NEW_USERS, _NEW_PROCESSES, _NEW_NETWORK = 0x10000000, 0x20000000, 0x40000000
NAMESPACES = _NEW_MOUNTS | _NEW_NAMES | _NEW_IPC | _NEW_USERS | _NEW_PROCESSES | _NEW_NETWORK
"""Arguments of unshare(2): nothing is shared with the engine but the files that can be read."""

_PRIVATE, _BIND, _NO_SUID, _NO_EXEC = 0x44000, 0x1000, 2, 8
"""Arguments of mount(2)."""
_READ_ONLY_HERE, _NO_SUID_HERE, _NO_DEVICES_HERE, _RECURSIVE, _MOUNT_SETATTR = 1, 2, 4, 0x8000, 442
"""Arguments and number of mount_setattr(2)."""
_DEVICES = ("null", "zero", "full", "random", "urandom")
_LINKS = {"fd": "/proc/self/fd", "stdin": "/proc/self/fd/0", "stdout": "/proc/self/fd/1", "stderr": "/proc/self/fd/2"}

_DEATH_SIGNAL, _DUMPABLE, _KEEP_CAPABILITIES, _SECCOMP, _SUBREAPER = 1, 4, 8, 22, 36
_NO_NEW_PRIVILEGES, _AMBIENT = 38, 47
"""Arguments of prctl(2)."""
_READ_ANY_FILE = 2
"""The number of CAP_DAC_READ_SEARCH."""
_SET_USER = 7
"""The number of CAP_SETUID."""
_STRANGERS = 0x40000000
"""Where the user numbers begin that nobody has: each program has one to itself, where that may be chosen."""
_NOBODY = 65534

_MACHINES = {"x86_64": (0xC000003E, 56), "aarch64": (0xC00000B7, 220)}
"""For each machine, the number of the architecture and that of clone(2)."""
_REFUSED = {
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "socket": (41, 198),
    "connect": (42, 203),
    "accept": (43, 202),
    "bind": (49, 200),
    "listen": (50, 201),
    "accept4": (288, 242),
    "io_uring_setup": (425, 425),
    "shmget": (29, 194),  # this and the next three: their objects outlive their maker and count as nobody's memory
    "semget": (64, 190),
    "msgget": (68, 186),
    "mq_open": (240, 180),
    "unshare": (272, 97),
    "setns": (308, 268),
    "mount": (165, 40),
    "open_by_handle_at": (304, 265),
}
"""The numbers of system calls on the machines above."""
_CLONE3 = 435
_NEW_ANYTHING = NAMESPACES | 0x02000000
"""The flags of clone(2) that ask for a namespace; the last one is for control groups."""
FILTERED = tuple(_MACHINES)
"""The machines whose system calls are known here by number."""
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _REFUSE, _UNKNOWN = 0x7FFF0000, 0x00050000 | 13, 0x00050000 | 38
"""Answers of a seccomp filter: do it, or fail with EACCES, or with ENOSYS."""


def _library() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _checked(answer: int, what: str) -> None:
    if answer != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def _prctl(option: int, *values: int) -> None:
    _checked(_library().prctl(option, *(ctypes.c_ulong(value) for value in (*values, 0, 0, 0, 0)[:4])), "prctl")


def die_with_parent() -> None:
    """Have this process killed when the one that made it ends."""
    _prctl(_DEATH_SIGNAL, signal.SIGKILL)


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent ends, so that none is lost sight of."""
    _prctl(_SUBREAPER, 1)


def stranger() -> int | None:
    """Return a user number for a program to have to itself, or None where this process may not give it one.

    A superuser is exempt from the limit on processes, and may write anywhere: a program must not run as one.
    """
    if os.geteuid() != 0 or not _held() >> _SET_USER & 1:
        return None
    wanted = _STRANGERS + os.getpid()
    ranges = _user_ranges("uid_map")
    return wanted if any(start <= wanted < start + count for start, count in ranges) else _NOBODY


def _held() -> int:
    """Return the capabilities that this process may use, as bits."""
    sets = ctypes.create_string_buffer(24)
    _checked(_library().capget(_capability_header(), sets), "capget")
    return struct.unpack("6I", sets.raw)[1]


def _capability_header() -> bytes:
    return struct.pack("Ii", 0x20080522, 0)


def _user_ranges(map_: str) -> list[tuple[int, int]]:
    """Return the (start, count) of the user or group numbers that there are here."""
    with open(f"/proc/self/{map_}") as file:
        return [(int(inside), int(count)) for inside, _, count in (line.split() for line in file)]


def leave() -> None:
    """Enter new namespaces; a short-lived helper that stays behind writes who is who.

    A superuser's map is the identity, so that a program can be given a user number of its own; any other user is
    alone in it.
    """
    identity = stranger() is not None
    inner_ready, inner_done = os.pipe()
    outer_ready, outer_done = os.pipe()
    helper = os.fork()
    if helper == 0:
        status = 1
        try:
            os.close(inner_done)
            os.close(outer_ready)
            if os.read(inner_ready, 1):
                _write_maps(os.getppid(), identity=identity)
                os.write(outer_done, b"x")
                status = 0
        finally:
            os._exit(status)
    os.close(inner_ready)
    os.close(outer_done)
    try:
        _checked(_library().unshare(NAMESPACES), "unshare")
        os.write(inner_done, b"x")
        if not os.read(outer_ready, 1):
            raise OSError(1, "user numbers could not be mapped")
    finally:
        os.close(inner_done)
        os.close(outer_ready)
        os.waitpid(helper, 0)


def _write_maps(process: int, *, identity: bool) -> None:
    for map_, own in (("uid_map", os.geteuid()), ("gid_map", os.getegid())):
        lines = [f"{start} {start} {count}" for start, count in _user_ranges(map_)] if identity else [f"{own} {own} 1"]
        if map_ == "gid_map" and not identity:
            _write(f"/proc/{process}/setgroups", "deny")
        _write(f"/proc/{process}/{map_}", "\n".join(lines))


def _write(path: str, text: str) -> None:
    file = os.open(path, os.O_WRONLY)
    try:
        os.write(file, text.encode())
    finally:
        os.close(file)


def freeze_files() -> None:
    """As the first process of new namespaces: make every file read-only, hide other processes and all real devices."""
    _mount("none", "/", None, _PRIVATE)
    devices = {name: os.open(f"/dev/{name}", os.O_PATH) for name in _DEVICES if os.path.exists(f"/dev/{name}")}
    _mount("tmpfs", "/dev", "tmpfs", _NO_SUID | _NO_EXEC, "mode=755,size=64k")
    for name, handle in devices.items():
        os.close(os.open(f"/dev/{name}", os.O_CREAT | os.O_WRONLY, 0o666))
        _mount(f"/proc/self/fd/{handle}", f"/dev/{name}", None, _BIND)
        os.close(handle)
    for name, target in _LINKS.items():
        os.symlink(target, f"/dev/{name}")
    try:
        _mount("proc", "/proc", "proc", _NO_SUID | _NO_EXEC)
    except OSError:  # where parts of it are hidden from us it cannot be had anew: then none at all
        _mount("tmpfs", "/proc", "tmpfs", _NO_SUID | _NO_EXEC, "mode=755,size=64k")
    _set_mounts("/", _RECURSIVE, on=_READ_ONLY_HERE | _NO_SUID_HERE | _NO_DEVICES_HERE)
    for name in devices:
        _set_mounts(f"/dev/{name}", 0, off=_NO_DEVICES_HERE)


def _mount(source: str, target: str, kind: str | None, flags: int, options: str = "") -> None:
    encoded = [None if text is None else text.encode() for text in (source, target, kind)]
    _checked(_library().mount(*encoded, ctypes.c_ulong(flags), options.encode()), f"mount {target}")


def _set_mounts(path: str, flags: int, *, on: int = 0, off: int = 0) -> None:
    attributes = struct.pack("QQQQ", on, off, 0, 0)
    answer = _library().syscall(_MOUNT_SETATTR, -100, path.encode(), flags, attributes, ctypes.c_size_t(32))
    _checked(answer, f"mount_setattr {path}")


def limit(limits: Mapping[str, Any], user: int | None) -> None:
    """Hold this process to `limits`, for good, as `user` where one is given.

    limits: `memory` in bytes, on top of what is mapped already, and how many times that may be reserved without being
    used (`reserve`); `cpu` seconds; open `files`; `processes`, threads included, of this user.
    """
    kinds, memory, mapped = resource, limits["memory"], _mapped()
    caps = {
        kinds.RLIMIT_CORE: 0,
        kinds.RLIMIT_FSIZE: 0,
        kinds.RLIMIT_CPU: limits["cpu"],
        kinds.RLIMIT_DATA: memory + mapped,
        kinds.RLIMIT_AS: memory * limits["reserve"] + mapped,
        kinds.RLIMIT_NOFILE: limits["files"],
        kinds.RLIMIT_NPROC: limits["processes"],
    }
    _try_to_write("/proc/self/oom_score_adj", "1000")  # should memory run out, this goes before the engine
    for kind, cap in caps.items():
        hard = resource.getrlimit(kind)[1]
        cap = cap if hard == resource.RLIM_INFINITY else min(cap, hard)
        resource.setrlimit(kind, (cap, cap))
    _give_up_privileges(user)
    _refuse_calls()


def running() -> int:
    """Return how many threads this user's processes have."""
    count = 0
    for process in filter(str.isdecimal, os.listdir("/proc")):
        try:
            if os.stat(f"/proc/{process}").st_uid == os.geteuid():
                count += len(os.listdir(f"/proc/{process}/task"))
        except OSError:  # it has just ended
            continue
    return count


def _try_to_write(path: str, text: str) -> None:
    """Write to a file of the system's, or leave it where that is not allowed."""
    try:
        _write(path, text)
    except OSError:
        return


def _mapped() -> int:
    with open("/proc/self/statm") as file:
        return int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")


def _give_up_privileges(user: int | None) -> None:
    """Become `user`, who may read what the superuser could and nothing else; without one, keep no privilege at all."""
    kept = 0
    if user is not None:
        kept = _held() & 1 << _READ_ANY_FILE
        _prctl(_KEEP_CAPABILITIES, 1)
        os.setgroups([])
        os.setresgid(_NOBODY, _NOBODY, _NOBODY)
        os.setresuid(user, user, user)
        if user != _NOBODY:  # whom several programs may be: they are not to look into each other
            _prctl(_DUMPABLE, 1)  # lost with the old user; without it the supervisor cannot see which memory is shared
    sets = struct.pack("6I", kept, kept, kept, 0, 0, 0)
    _checked(_library().capset(_capability_header(), sets), "capset")
    if kept:
        _prctl(_AMBIENT, 2, _READ_ANY_FILE)
    _prctl(_NO_NEW_PRIVILEGES, 1)


def _refuse_calls() -> None:
    """Refuse sockets, memory that outlives its process, namespaces, and looking into other processes, from now on."""
    machine = platform.machine()
    if machine not in FILTERED:
        return
    program = refusals(machine)
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *line) for line in program))
    filter_ = struct.pack("HxxxxxxP", len(program), ctypes.addressof(code))
    _checked(_library().prctl(_SECCOMP, ctypes.c_ulong(2), filter_, ctypes.c_ulong(0), ctypes.c_ulong(0)), "seccomp")


def refusals(machine: str) -> list[tuple[int, int, int, int]]:
    """Return the filter of a machine: lines of classic BPF, each an operation, two jumps and a number.

    clone3 hides its flags from a filter: it is said not to exist, upon which the C library takes clone.
    """
    architecture, clone = _MACHINES[machine]
    calls = [numbers[FILTERED.index(machine)] for numbers in _REFUSED.values()]
    count = len(calls)  # jumps are relative: to go on is 0
    program = [(_LOAD, 0, 0, 4), (_EQUAL, 0, count + 7, architecture), (_LOAD, 0, 0, 0)]
    program.append((_AT_LEAST, count + 5, 0, 0x40000000))  # the calls of another convention
    program += [(_EQUAL, count + 4 - index, 0, call) for index, call in enumerate(calls)]
    program += [(_EQUAL, 5, 0, _CLONE3), (_EQUAL, 0, 2, clone), (_LOAD, 0, 0, 16), (_ANY_BIT, 1, 0, _NEW_ANYTHING)]
    program += [(_RETURN, 0, 0, answer) for answer in (_ALLOW, _REFUSE, _UNKNOWN)]
    return program
