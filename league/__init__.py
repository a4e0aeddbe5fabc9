"""The manager: population, meta-strategy, plan, jobs, executors, config, command and dashboard."""

try:
    from games.distribution import check_distribution

    check_distribution()
except ModuleNotFoundError as error:
    import games

    raise ImportError(
        f"{games} shadows Red Queen's package 'games'; rename it or take its folder off the path"
    ) from error
