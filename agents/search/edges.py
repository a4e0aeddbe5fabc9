"""Which edges of a node can be chosen."""

import numpy as np

from agents.search.tree import ILLEGAL
from agents.search.vectors import ints, load_ints
from games.bits import rule


@rule
def choosable(records, at):
    """Return which of eight edges, whose children stand from `at` on, are legal and not set aside as lost."""
    return load_ints(records, at) > ints(np.int32(ILLEGAL))
