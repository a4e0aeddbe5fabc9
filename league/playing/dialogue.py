"""Lines written to a person and read from one, in a terminal or through a pipe."""

import shutil
import textwrap
from contextlib import suppress
from io import TextIOWrapper
from typing import TextIO

BOUND = "\u00a0"
"""A blank at which a paragraph is not broken."""

_WIDTH = 88
"""The width of a paragraph where there is no narrower terminal."""


class Dialogue:
    """Plain text without colour or movement of the cursor, so that it can be read aloud, piped and kept."""

    def __init__(self, reading: TextIO, writing: TextIO) -> None:
        self._reading, self._writing = reading, writing
        self.typed = reading.isatty()
        terminal = writing.isatty()
        columns = shutil.get_terminal_size().columns if terminal else _WIDTH
        self.width = max(20, min(columns, _WIDTH))
        if isinstance(reading, TextIOWrapper):
            reading.reconfigure(errors="replace")
        if self.typed and terminal:
            with suppress(ImportError):
                import readline  # noqa: F401  # lends `input` the arrow keys
        self._edited = self.typed and terminal and _is_standard(reading, writing)

    def say(self, text: str = "") -> None:
        """Write lines as they are; what a terminal could take for a command is written as `?`."""
        self._write(text + "\n")

    def tell(self, text: str) -> None:
        """Write a paragraph, wrapped."""
        for paragraph in text.split("\n"):
            filled = textwrap.fill(paragraph, self.width, break_long_words=False, break_on_hyphens=False)
            self.say(filled.replace(BOUND, " "))

    def ask(self, prompt: str) -> str | None:
        """Return the line that answers a prompt, without the blanks around it; None where there are no more lines."""
        if self._edited:
            try:
                return input(prompt).strip()
            except EOFError:
                self.say()
                return None
        self._write(prompt)
        self._writing.flush()
        line = self._reading.readline()
        if not line:
            self.say()
            return None
        if not self.typed:
            self.say(line.strip())  # a terminal shows what is typed, a pipe does not
        return line.strip()

    def _write(self, text: str) -> None:
        shown = "".join(c if c.isprintable() or c == "\n" else "?" for c in text)
        encoding = getattr(self._writing, "encoding", None) or "utf-8"
        self._writing.write(shown.encode(encoding, "replace").decode(encoding))


def _is_standard(reading: TextIO, writing: TextIO) -> bool:
    """Return whether these are the process's own streams, of which alone `input` reads."""
    import sys

    return reading is sys.stdin and writing is sys.stdout
