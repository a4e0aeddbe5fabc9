"""What runs in a worker process: a crew of one, told what to do through a socket and sharing the table's memory."""

import ctypes
import pickle
import signal
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any

from games.errors import GameError
from games.names import describe
from games.pettingzoo.crew import Local
from games.pettingzoo.table import Table


def main(socket: int) -> None:
    """Answer commands until the other end of the socket is gone.

    The first message says what is played, and is answered under ticket 0 when an environment could be made. Each
    further one is (ticket, capacity, command, calls), where calls holds the arguments of each call of that method. An
    answer is (ticket, results, None), or (ticket, None, sentence) where one failed.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to every process; the one that plays answers
    connection = Connection(socket)
    with suppress(EOFError, OSError):
        terms, descriptor, capacity, index, tied = pickle.loads(connection.recv_bytes())
        if tied:
            with suppress(OSError, AttributeError):
                ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG: not even a hanging one outlives the game
        table = Table(terms.spaces, capacity, descriptor=descriptor)
        try:
            crew = Local(terms, table, made=terms.source.make(), pulse=table.pulses[index])
        except GameError as error:
            connection.send((0, None, str(error)))
            return
        try:
            _serve(connection, crew, table)
        finally:
            crew.close()


def _serve(connection: Connection, crew: Local, table: Table) -> None:
    connection.send((0, [], None))
    while True:
        ticket, capacity, command, calls = connection.recv()
        if capacity != table.capacity:
            table.grow(capacity)
        connection.send((ticket, *_answer(crew, command, calls)))


def _answer(crew: Local, command: str, calls: list[tuple[Any, ...]]) -> tuple[list[Any] | None, str | None]:
    try:
        return [getattr(crew, command)(*arguments) for arguments in calls], None
    except GameError as error:
        return None, str(error)
    except Exception as error:
        return None, f"a worker of PettingZoo's environments raised {describe(error)}; please report it"
