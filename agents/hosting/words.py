"""What a program's last words on standard error say: which line states the error, and whether memory ran out."""

import re

_FRAME = re.compile(r"\s|\d+: 0x|[\])}]+;?$")
"""A line that goes on with another one: indented, a native frame, or a closing bracket."""

_ASIDE = re.compile(
    r"note: |node\.js v\d|\(use `node |exit status \d+$|skipping backtrace|stack ?(trace|backtrace)|call ?stack"
    r"|raised (at|by) |called from |goroutine \d+|-{3,} |<-{2,} |\.\.\. \d+ more$|==\d+==aborting$",
    re.IGNORECASE,
)
"""What Rust, Node, Go, Lua, Haskell, OCaml, V8, Java and sanitizers write around an error."""

_STATES = re.compile(
    r"(Error|Exception)\b(\s*[:(\[)]|$)|panicked at |^panic: |^caused by: |^fatal error: |^fatal error in |^uncaught ",
    re.IGNORECASE,
)
"""How Python, JavaScript, Java, C#, Ruby, Rust, Go, OCaml and V8 say what went wrong."""

_WHAT = re.compile(r"\s*what\(\):")

_MEMORY = re.compile(
    r"out ?of ?memory|memoryerror|bad_alloc|(cannot|can't|unable to|could not) allocate|insufficient memory"
    r"|allocation (of \d+ bytes )?failed|memory exhausted|::commit_memory\(",
    re.IGNORECASE,
)


def statement(text: str) -> str:
    """Return the line that states an error, its spaces made single: the last line, or one that a stack trace follows.

    A line that ends where its message begins, as Rust's and C++'s do, is joined with the next. "" where there is none.
    """
    lines = [line for line in text.splitlines() if line.strip()]
    plain = [not (_FRAME.match(line) or _ASIDE.match(line)) for line in lines]
    chosen = len(lines) - 1
    if lines and not plain[-1] and not _WHAT.match(lines[-1]):
        stating = [place for place, line in enumerate(lines) if plain[place] and _STATES.search(line)]
        chosen = max(stating or [place for place, fits in enumerate(plain) if fits], default=chosen)
    elif chosen > 0 and _WHAT.match(lines[-1]):
        chosen -= 1
    goes_on = chosen + 1 < len(lines) and (lines[chosen].rstrip().endswith(":") or _WHAT.match(lines[chosen + 1]))
    return " ".join(" ".join(lines[chosen : chosen + 2 if goes_on else chosen + 1]).split())


def of_memory(text: str) -> bool:
    """Return whether a program says there that it did not get the memory it asked for."""
    return _MEMORY.search(text) is not None
