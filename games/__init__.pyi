from .boards.tic_tac_toe import TicTacToe
from .cards.kuhn_poker import KuhnPoker
from .cards.leduc_poker import LeducPoker
from .conformance import check_game
from .draws import Draws, sample
from .errors import GameError, UserError, nearest
from .game import Game, GameSpec, State, concatenate
from .matrices.matrix import MatrixGame, rock_paper_scissors
from .registry import known, make
from .solvers import SOLVERS, Equilibrium
from .tree import GameTree
from .tree_builder import build_tree
from .turn import Turn

__all__ = [
    "SOLVERS",
    "Draws",
    "Equilibrium",
    "Game",
    "GameError",
    "GameSpec",
    "GameTree",
    "KuhnPoker",
    "LeducPoker",
    "MatrixGame",
    "State",
    "TicTacToe",
    "Turn",
    "UserError",
    "build_tree",
    "check_game",
    "concatenate",
    "known",
    "make",
    "nearest",
    "rock_paper_scissors",
    "sample",
]
