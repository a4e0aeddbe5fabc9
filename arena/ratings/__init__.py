"""Ratings: one strength per player from wins, draws and losses, on the Elo scale, with intervals.

- `bradley_terry`: the ratings, by `newton` on the counts of `results`, with the models of `draws`
- `bootstrap`, `goodness`, `cycles`, `upsets`, `multidimensional`: how far to trust them, and what they leave out
- `elo`: two players; `sequential`, `glicko`, `placements`: ratings that follow the games one by one
- `reading`, `csv_rows`, `pgn`, `rows`: files of anyone's results
"""

from arena.ratings.bootstrap import bootstrap
from arena.ratings.bradley_terry import Estimate, Ratings, fit, rate
from arena.ratings.elo import EloEstimate, pentanomial_elo, trinomial_elo
from arena.ratings.goodness import FitTest, goodness_of_fit
from arena.ratings.results import Results
from arena.ratings.scale import ELO, Floats, expected_score

__all__ = [
    "ELO",
    "EloEstimate",
    "Estimate",
    "FitTest",
    "Floats",
    "Ratings",
    "Results",
    "bootstrap",
    "expected_score",
    "fit",
    "goodness_of_fit",
    "pentanomial_elo",
    "rate",
    "trinomial_elo",
]
