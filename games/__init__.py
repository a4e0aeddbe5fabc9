"""What is played: rules, adapters, game trees and equilibrium solvers.

The public names stand in `__init__.pyi`; each is imported when it is first asked for.
"""

import lazy_loader

from games.distribution import check_distribution

check_distribution()
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
