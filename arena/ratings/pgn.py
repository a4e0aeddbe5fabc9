"""Results from PGN: who had which colour, and how it ended."""

import re
from collections.abc import Iterator

from arena.ratings.rows import Collector, Rows, refuse

_RESULTS = {b"1-0": (1, 0, 0), b"1/2-1/2": (0, 1, 0), b"0-1": (0, 0, 1)}
_UNFINISHED = b"*"
_PLAYERS = (b"White", b"Black")

_TAG = re.compile(rb'\[\s*(\w+)\s+"((?:[^"\\\n]|\\.)*)"\s*\]\s*')
_COMMENT = re.compile(rb"\{[^}]*\}?|;[^\n]*")
_OPENS = re.compile(rb"[{;]")


def read_pgn(data: bytes, source: str) -> Rows:
    """Return the games of a PGN file in their order: White is first, and the tag Result says how it ended.

    Moves, comments and variations are skipped. Unfinished games, `*`, are left out with a note. Text that is not in
    UTF-8 is read as Latin-1, PGN's own. Raises `UserError` naming `source` and the line of what is wrong.
    """
    collector, games, unfinished = Collector(), 0, 0
    for tags, line in _games(data.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n"), source):
        games, where = games + 1, f"{source}, line {line}"
        for key in (*_PLAYERS, b"Result"):
            if not tags.get(key, b"").strip():
                came = f"one without {key.decode()}"
                raise refuse(where, "a game with the tags White, Black and Result", came, "add it")
        result = tags[b"Result"].strip()
        if result in _RESULTS:
            first, second = (_text(tags[key]).strip() for key in _PLAYERS)
            collector.add(first, second, _RESULTS[result])
        elif result == _UNFINISHED:
            unfinished += 1
        else:
            raise refuse(where, "a Result of 1-0, 0-1, 1/2-1/2 or *", repr(_text(result)), "correct it")
    if not games:
        raise refuse(source, "games in PGN, each with the tags White, Black and Result", "a file of none", "check it")
    plural = "" if unfinished == 1 else "s"
    return collector.rows([f"{unfinished:,} unfinished game{plural} (*) left out"] if unfinished else [])


def _games(data: bytes, source: str) -> Iterator[tuple[dict[bytes, bytes], int]]:
    """Yield every game's tags and the line at which they begin.

    A game's tags end at its first move, or where one of them comes again.
    """
    at, tags, begin = 0, {}, 0
    lines, counted = 1, 0  # the line of the byte `counted`
    while at < len(data):
        if data[at] != ord("["):
            tag = _next_tag(data, at)
            # Only a comment between tags does not end them.
            if tags and _COMMENT.sub(b"", data[at:tag]).strip():
                lines, counted = lines + data.count(b"\n", counted, begin), begin
                yield tags, lines
                tags = {}
            at = tag
            continue
        found = _TAG.match(data, at)
        if found is None:
            end = data.find(b"\n", at)
            came = repr(_text(data[at : end if end >= 0 else len(data)]))
            line = lines + data.count(b"\n", counted, at)
            raise refuse(f"{source}, line {line}", 'a tag such as [White "name"]', came, "correct it")
        key, value = found.groups()
        if key in tags:
            lines, counted = lines + data.count(b"\n", counted, begin), begin
            yield tags, lines
            tags = {}
        if not tags:
            begin = at
        tags[key] = re.sub(rb"\\(.)", rb"\1", value) if b"\\" in value else value
        at = found.end()
    if tags:
        yield tags, lines + data.count(b"\n", counted, begin)


def _next_tag(data: bytes, at: int) -> int:
    """Return where the next line that begins with a bracket, outside comments, begins; or the end."""
    start = at
    while True:
        tag = data.find(b"\n[", at)
        if tag < 0:
            return len(data)
        brace = data.rfind(b"{", start, tag)
        if brace < 0 or data.find(b"}", brace, tag) >= 0:
            return tag + 1
        # The last brace is open: either the bracket is in its comment, or the brace itself is in a comment of a line.
        opens = _OPENS.search(data, start, tag)
        while opens is not None:
            close = data.find(b"}" if opens[0] == b"{" else b"\n", opens.start())
            start = close + (opens[0] == b"{") if close >= 0 else len(data)
            if start > tag:
                break
            opens = _OPENS.search(data, start, tag)
        else:
            return tag + 1
        at = start


def _text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")
