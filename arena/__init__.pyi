from .cells import Cell, Table
from .evaluate import Exploitability, exploitability, versus
from .ledger import Ledger, LedgerError, Record
from .match import play_match
from .ratings import Ratings, rate

__all__ = [
    "Cell",
    "Exploitability",
    "Ledger",
    "LedgerError",
    "Ratings",
    "Record",
    "Table",
    "exploitability",
    "play_match",
    "rate",
    "versus",
]
