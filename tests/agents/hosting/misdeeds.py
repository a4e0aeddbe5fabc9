"""Programs that break every rule of play, and how to see that nothing is left of them."""

import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path

PROGRAM = """#!{python} -sPB
import json, os, sys, time
{first}
def say(**values):
    sys.stdout.write(json.dumps(values) + "\\n")
    sys.stdout.flush()
moves = 0
for line in sys.stdin:
    message = json.loads(line)
    if message["type"] == "hello":
        say(id=message["id"], ready=1)
    elif message["type"] == "move":
        moves += 1
        if moves > {honest}:
            {misdeed}
        say(id=message["id"], action=message["legal_actions"][0])
        {after}
"""


@dataclass(frozen=True)
class Misdeed:
    """What a program does: before everything, at a move, after its answer; `honest` moves come first."""

    fault: str
    at: str = "pass"
    first: str = ""
    after: str = "pass"
    honest: int = 0

    def write(self, path: Path) -> Path:
        text = PROGRAM.format(
            python=sys.executable, first=self.first, misdeed=self.at, after=self.after, honest=self.honest
        )
        path.write_text(text.replace("MARK", path.parent.name))
        path.chmod(0o755)
        return path


DAEMON = "if os.fork() == 0 and (os.setsid() or True) and os.fork() == 0: os.close(0); os.close(1); time.sleep(60)"

SHARE = "[os.fork() or (hoard.append(os.urandom(1 << 20) * 100), time.sleep(60)) for _ in range(5)]; time.sleep(60)"
"""Takes 500 MB, no process more than 100."""

PROGRAMS = {
    "crashes at once": Misdeed("refused-to-start", first="raise RuntimeError('no book')"),
    "hangs at once": Misdeed("refused-to-start", first="time.sleep(100)"),
    "crashes at its third move": Misdeed("crash", "raise ValueError('lost the thread')", honest=2),
    "leaves without a word": Misdeed("crash", "os._exit(3)", honest=1),
    "hangs": Misdeed("timeout", "time.sleep(100)", honest=1),
    "computes for ever": Misdeed("timeout", "while True: pass"),
    "reads no more": Misdeed("timeout", "os.close(0); time.sleep(100)"),
    "closes its output and stays": Misdeed("crash", "os.close(1); time.sleep(100)"),
    "answers garbage": Misdeed("garbage", "print('pawn to king four', flush=True); continue", honest=1),
    "answers no text": Misdeed("garbage", "os.write(1, bytes(range(128, 255)) + b'\\n'); continue"),
    "answers deep garbage": Misdeed("garbage", "print('[' * 60000, flush=True); continue"),
    "answers a huge number": Misdeed("garbage", "print('9' * 60000, flush=True); continue"),
    "answers a word": Misdeed("garbage", "say(id=message['id'], action='e4'); continue"),
    "answers true": Misdeed("garbage", "say(id=message['id'], action=True); continue"),
    "answers a fraction": Misdeed("garbage", "say(id=message['id'], action=0.5); continue"),
    "answers nothing": Misdeed("garbage", "say(id=message['id']); continue"),
    "moves illegally": Misdeed("illegal", "say(id=message['id'], action=99); continue"),
    "moves to a negative place": Misdeed("illegal", "say(id=message['id'], action=-1); continue"),
    "writes one endless line": Misdeed("flood", "[sys.stdout.write('x' * 65536) for _ in iter(int, 1)]"),
    "writes endless lines": Misdeed("flood", after="[sys.stdout.write('{}\\n' * 9999) for _ in iter(int, 1)]"),
    "writes endless errors": Misdeed("timeout", "[sys.stderr.write('x' * 65536) for _ in iter(int, 1)]"),
    "forks without end": Misdeed("timeout", "exec('while True:\\n try: os.fork()\\n except OSError: pass')"),
    "leaves a process behind": Misdeed("crash", f"exec({DAEMON!r}); os._exit(0)"),
    "takes memory without end": Misdeed("memory", "hoard = [bytes(1 << 25) for _ in iter(int, 1)]"),
    "shares memory without end": Misdeed(
        "memory", "hoard = [mmap.mmap(-1, 1 << 26) for _ in iter(int, 1)]", first="import mmap"
    ),
    "takes memory in many processes": Misdeed("memory", f"hoard = []; exec({SHARE!r})"),
    "writes a file": Misdeed("crash", "open('MARK', 'w').write('x' * 100)"),
    "writes a file elsewhere": Misdeed("crash", "open('/tmp/MARK', 'w').write('x' * 100)"),
    "opens a socket": Misdeed("crash", "socket.socket().connect(('127.0.0.1', 9))", first="import socket"),
    "opens many files": Misdeed("crash", "held = [open('/dev/null') for _ in range(1000)]"),
    "speaks the engine's part": Misdeed(
        "garbage", "say(type='move', id=message['id'] + 1, game=1, seat=0, legal_actions=[0]); continue"
    ),
    "answers the next move early": Misdeed("garbage", after="say(id=message['id'] + 1, action=1)"),
    "answers twice": Misdeed("garbage", after="say(id=message['id'], action=1)"),
    "answers for another game": Misdeed("garbage", "say(id=message['id'] ^ 1, action=0); continue"),
    "gives up": Misdeed("crash", "say(id=message['id'], error='I resign'); continue"),
}


def wait_until(holds, what: str) -> None:
    """Wait for what happens a moment after an agent is closed: the last process of all still has to exit."""
    deadline = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < deadline, f"it never came to be that {what}"
        time.sleep(0.005)


def processes() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdecimal()]


def words_of(process: int) -> bytes:
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return b""
