"""Who plays: policies, snapshots, the rollout loop and learners.

The public names stand in `__init__.pyi`; each is imported when it is first asked for.
"""

import lazy_loader

try:
    from games.distribution import check_distribution
except ModuleNotFoundError as error:
    import games

    raise ImportError(
        f"{games} shadows Red Queen's package 'games'; rename it or take its folder off the path"
    ) from error

check_distribution()
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
