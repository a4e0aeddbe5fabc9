"""Who plays: policies, snapshots, the rollout loop, learners, search, scripted agents and users' agents."""

try:
    from games.distribution import check_distribution

    check_distribution()
except ModuleNotFoundError as error:
    import games

    raise ImportError(
        f"{games} shadows Red Queen's package 'games'; rename it or take its folder off the path"
    ) from error
