"""A tic-tac-toe bot: wins if it can, blocks if it must, else takes the best free square."""

LINES = [(0, 1, 2), (3, 4, 5), (6, 7, 8), (0, 3, 6), (1, 4, 7), (2, 5, 8), (0, 4, 8), (2, 4, 6)]
BEST_FIRST = [4, 0, 2, 6, 8, 1, 3, 5, 7]


class MyAgent:
    """One of these is made for each game and seat."""

    def act(self, observation, legal_actions):
        """Return one of `legal_actions`; `observation [2, 3, 3]` has my marks, then the opponent's."""
        mine, theirs = observation.reshape(2, 9)
        for marks in (mine, theirs):
            for line in LINES:
                free = [square for square in line if square in legal_actions]
                if len(free) == 1 and sum(marks[square] for square in line) == 2:
                    return free[0]
        return next(square for square in BEST_FIRST if square in legal_actions)
