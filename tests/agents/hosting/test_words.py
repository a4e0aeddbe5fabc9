"""Which line of what a program wrote on standard error is shown, and charged as memory."""

import shutil
import subprocess
import sys

import pytest
import torch

from agents.agent import Fault, Random
from agents.hosting import Limits, host_program
from agents.hosting.words import of_memory, statement
from agents.rollout import play
from games import make

# What the runtimes print, as their programs end; those that are tried below on this machine are left out but for the
# kinds of end that are not.
GO = """panic: runtime error: index out of range [5] with length 3

goroutine 1 [running]:
main.choose(...)
\t/home/me/bot.go:31
main.main()
\t/home/me/bot.go:12 +0x1d
exit status 2
"""
GO_MEMORY = """runtime: out of memory: cannot allocate 4194304-byte block (1073741824 in use)
fatal error: out of memory

runtime stack:
runtime.throw({0x48e2f4, 0xd})
\t/usr/local/go/src/runtime/panic.go:1047 +0x5d
"""
RUST_BEFORE_1_73 = """thread 'main' panicked at 'no book: NotFound', src/main.rs:4:10
note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace
"""
C_SHARP = """Unhandled exception. System.InvalidOperationException: Sequence contains no elements
   at System.Linq.ThrowHelper.ThrowNoElementsException()
   at Program.Main(String[] args) in /home/me/Bot.cs:line 9
"""
RUBY = """bot.rb:3:in `choose': undefined method `first' for nil:NilClass (NoMethodError)
\tfrom bot.rb:9:in `<main>'
"""
LUA = """lua: bot.lua:3: attempt to index a nil value (local 'book')
stack traceback:
\tbot.lua:3: in main chunk
\t[C]: in ?
"""
OCAML = 'Fatal error: exception Not_found\nRaised at Stdlib__List.find in file "list.ml", line 228\n'
PYTHON = """Traceback (most recent call last):
  File "bot.py", line 3, in <module>
    1 / 0
ZeroDivisionError: division by zero

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "bot.py", line 5, in <module>
    raise KeyError("e4")
KeyError: 'e4'
"""
NODE_REJECTION = """node:internal/process/promises:288
            triggerUncaughtException(err, true /* fromPromise */);
            ^

[UnhandledPromiseRejection: This error originated because of the reason "no book".] {
  code: 'ERR_UNHANDLED_REJECTION'
}

Node.js v20.20.2
"""
V8 = """
<--- Last few GCs --->

[4871:0x3f49e0a0]     1470 ms: Mark-Compact (reduce) 534.5 (541.6) -> 534.5 (540.6) MB, 44.53 / 0.00 ms

<--- JS stacktrace --->

FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory
----- Native stack trace -----

 1: 0xb78db3 node::OOMErrorHandler(char const*, v8::OOMDetails const&) [node]
18: 0x7fa427eda476 [node]
"""
JVM = """OpenJDK 64-Bit Server VM warning: INFO: os::commit_memory(0x00007f71b310a000, 1048576, 0) failed
"""
ASSERT = "depth 3 error: 0.25\nbot: bot.c:10: choose: Assertion `count > 0' failed.\n"


@pytest.mark.parametrize(
    ("text", "stated", "memory"),
    [
        ("", "", False),
        ("\n \n", "", False),
        ("  indented alone\n", "indented alone", False),
        ("note: nothing else\n", "note: nothing else", False),
        (GO, "panic: runtime error: index out of range [5] with length 3", False),
        (GO_MEMORY, "fatal error: out of memory", True),
        (RUST_BEFORE_1_73, "thread 'main' panicked at 'no book: NotFound', src/main.rs:4:10", False),
        (C_SHARP, "Unhandled exception. System.InvalidOperationException: Sequence contains no elements", False),
        (RUBY, "bot.rb:3:in `choose': undefined method `first' for nil:NilClass (NoMethodError)", False),
        (LUA, "lua: bot.lua:3: attempt to index a nil value (local 'book')", False),
        (OCAML, "Fatal error: exception Not_found", False),
        (PYTHON, "KeyError: 'e4'", False),
        (NODE_REJECTION, NODE_REJECTION.splitlines()[4], False),
        (V8, "FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory", True),
        (JVM, JVM.strip(), True),
        (ASSERT, "bot: bot.c:10: choose: Assertion `count > 0' failed.", False),
        ("Out of memory!\n", "Out of memory!", True),
        ("numpy.core._exceptions._ArrayMemoryError: Unable to allocate 8.00 GiB\n", None, True),
        ("bash: fork: Cannot allocate memory\n", None, True),
        ("the position of memory 5 was not found\n", None, False),
    ],
)
def test_the_line_that_states_the_error_is_found(text, stated, memory):
    assert statement(text) == (text.strip() if stated is None else stated)
    assert of_memory(statement(text)) == memory


JAVASCRIPT = """
require("readline").createInterface({{input: process.stdin}}).on("line", line => {{
  const message = JSON.parse(line), hoard = []
  if (message.type === "hello") console.log(JSON.stringify({{id: message.id, ready: 1}}))
  if (message.type === "move") {{ {misdeed} }}
}})
"""
CPP = """
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
int main() {{
  static char line[1 << 16];
  while (fgets(line, sizeof line, stdin)) {{
    if (strstr(line, "hello")) printf("{{\\"id\\": %ld, \\"ready\\": 1}}\\n", atol(strstr(line, "\\"id\\":") + 5));
    if (strstr(line, "\\"move\\"")) {{ {misdeed} }}
    fflush(stdout);
  }}
}}
"""
RUST = """
fn main() {{
  let mut hoard: Vec<Vec<u8>> = vec![];
  for line in std::io::stdin().lines() {{
    let line = line.unwrap();
    if line.contains("hello") {{
      let id: String = line.split("\\"id\\":").nth(1).unwrap().chars().take_while(|c| c.is_ascii_digit()).collect();
      println!("{{{{\\"id\\": {{}}, \\"ready\\": 1}}}}", id);
    }}
    if line.contains("\\"move\\"") {{ {misdeed} }}
  }}
  println!("{{}}", hoard.len());
  hoard.clear();
}}
"""
JAVA = """
import java.util.*;
class Bot {{
  public static void main(String[] arguments) throws Exception {{
    List<byte[]> hoard = new ArrayList<>();
    for (Scanner in = new Scanner(System.in); in.hasNextLine(); ) {{
      String line = in.nextLine();
      if (line.contains("hello")) {{
        System.out.println("{{\\"id\\": " + line.split("\\"id\\":")[1].split(",")[0] + ", \\"ready\\": 1}}");
        System.out.flush();
      }}
      if (line.contains("\\"move\\"")) {{ {misdeed} }}
    }}
  }}
}}
"""
LANGUAGES = {
    "node": (JAVASCRIPT, "bot.js", [], "node --max-old-space-size=64 bot.js"),
    "g++": (CPP, "bot.cc", ["-o", "bot", "bot.cc"], "./bot"),
    "rustc": (RUST, "bot.rs", ["-O", "-o", "bot", "bot.rs"], "./bot"),
    "javac": (JAVA, "Bot.java", ["Bot.java"], "java -Xmx64m -cp . Bot"),
}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("tool", "misdeed", "kind", "says"),
    [
        ("node", "null.move", "crash", "TypeError: Cannot read properties of null (reading 'move')"),
        ("node", "throw 'no book'", "crash", "no book"),
        ("node", "for (;;) hoard.push(new Array(1e5).fill(0.5))", "memory", "JavaScript heap out of memory"),
        ("node", "for (;;) hoard.push(Buffer.alloc(1 << 26, 1))", "memory", ""),
        ("g++", 'throw std::runtime_error("no book");', "crash", "'std::runtime_error' what(): no book"),
        ("g++", "for (;;) memset(new char[1 << 25], 1, 1 << 25);", "memory", "std::bad_alloc"),
        ("g++", "abort();", "crash", "SIGABRT"),
        ("rustc", 'panic!("no book");', "crash", ": no book"),
        ("rustc", "loop { hoard.push(vec![1u8; 1 << 25]); }", "memory", "memory allocation of 33554432 bytes failed"),
        ("javac", 'throw new Exception("no book");', "crash", "java.lang.Exception: no book"),
        ("javac", 'try { Integer.parseInt("e4"); } catch (Exception e) { throw new RuntimeException(e); }', "crash",
         'Caused by: java.lang.NumberFormatException: For input string: "e4"'),
        ("javac", "for (;;) hoard.add(new byte[1 << 22]);", "memory", "OutOfMemoryError: Java heap space"),
    ],
)  # fmt: skip
def test_a_program_in_another_language_is_charged_in_its_own_words(tool, misdeed, kind, says, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    if shutil.which(tool) is None or (tool == "javac" and shutil.which("java") is None):
        pytest.skip(f"there is no {tool} here")
    text, file, build, command = LANGUAGES[tool]
    (tmp_path / file).write_text(text.format(misdeed=misdeed))
    if build:
        subprocess.run([tool, *build], check=True, capture_output=True)
    fault = fault_of(command, memory=1 << 29)
    assert (fault.kind, says in str(fault)) == (kind, True), str(fault)


def fault_of(command: str, *, memory: int = 1 << 30) -> Fault:
    """Play a game in which the program moves first, and return what it is charged with."""
    game = make("tic_tac_toe")
    with host_program(command, game, limits=Limits(move=20.0, memory=memory)) as agent:
        played = play(game, [agent, Random()], seating=torch.tensor([[0, 1]]), games=torch.arange(1), seed=0)
    assert played.forfeit is not None
    return played.forfeit.fault


PROGRAM = """#!{python} -sPB
import json, sys
for line in sys.stdin:
    message = json.loads(line)
    if message["type"] == "hello":
        print(json.dumps(dict(id=message["id"], ready=1)), flush=True)
    if message["type"] == "move":
        {misdeed}
"""


@pytest.mark.parametrize(
    ("misdeed", "kind", "says"),
    [
        ("print('#', '# There is insufficient memory for the Java Runtime Environment', sep='\\n', flush=True)",
         "memory", "insufficient memory for the Java Runtime Environment"),
        ("print('#', '# A fatal error has been detected', sep='\\n', flush=True)", "garbage", "it answered '#'"),
        ("sys.stderr.write('thinking...\\n' * 20000); raise ValueError('no book')", "crash", "ValueError: no book"),
        ("sys.stderr.write('ValueError: no book\\n' + '  at bot:1\\n' * 20000); sys.exit(1)", "crash",
         "ValueError: no book"),
    ],
)  # fmt: skip
def test_words_on_either_stream_are_heard_however_many_they_are(misdeed, kind, says, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bot").write_text(PROGRAM.format(python=sys.executable, misdeed=misdeed))
    (tmp_path / "bot").chmod(0o755)
    fault = fault_of("./bot")
    assert (fault.kind, says in str(fault)) == (kind, True), str(fault)
