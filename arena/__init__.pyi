from .best_response import LowerBound, exact_gains, lower_bound, train_responses
from .cells import Cell, Table
from .evaluate import Exploitability, exploitability, versus
from .ledger import Ledger, LedgerError, Record
from .local_best_response import LocalBestResponse
from .match import play_match
from .ratings import Ratings, rate
from .sprt import Sprt, llr

__all__ = [
    "Cell",
    "Exploitability",
    "Ledger",
    "LedgerError",
    "LocalBestResponse",
    "LowerBound",
    "Ratings",
    "Record",
    "Sprt",
    "Table",
    "exact_gains",
    "exploitability",
    "llr",
    "lower_bound",
    "play_match",
    "rate",
    "train_responses",
    "versus",
]
