"""What is played: rules, adapters, game trees and equilibrium solvers."""

from games.distribution import check_distribution
from games.draws import Draws, sample
from games.errors import GameError, UserError, nearest
from games.game import Game, GameSpec, State, concatenate
from games.kuhn_poker import KuhnPoker
from games.leduc_poker import LeducPoker
from games.matrix import MatrixGame, rock_paper_scissors
from games.registry import known, make
from games.tic_tac_toe import TicTacToe

__all__ = [
    "Draws",
    "Game",
    "GameError",
    "GameSpec",
    "KuhnPoker",
    "LeducPoker",
    "MatrixGame",
    "State",
    "TicTacToe",
    "UserError",
    "concatenate",
    "known",
    "make",
    "nearest",
    "rock_paper_scissors",
    "sample",
]

check_distribution()
