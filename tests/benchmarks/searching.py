"""Gumbel search with a network of two layers of 128 units, on one core, from the start of connect four, beside mctx."""

import torch

from agents.networks.policy_value import PolicyValueNetwork
from agents.search.device_search import DeviceSearch
from agents.search.native_search import NativeSearch
from agents.search.search import SearchConfig
from agents.zoo.lookahead import Positions, first_state
from games import make
from games.draws import Draws
from games.native import NativeGame
from league.benching import Benchmark, Peer

_MCTX = "mctx==0.0.6 pgx==2.6.0"
_GAMES = 512


def search_64(tiny: bool) -> Benchmark:
    """Simulations, 64 in each of 512 games at once, in float32; mctx's network and ours are of one size."""
    return _searching(64, torch.float32, tiny, least_ratio=2.5)


def search_64_bfloat16(tiny: bool) -> Benchmark:
    """The same, our network in bfloat16."""
    return _searching(64, torch.bfloat16, tiny, least_ratio=4.0)


def search_600_bfloat16(tiny: bool) -> Benchmark:
    """The same with 600 simulations a game."""
    return _searching(600, torch.bfloat16, tiny, least_ratio=90.0)


def search_gpu(tiny: bool) -> Benchmark:
    """Simulations on a GPU, 64 in each of 65,536 games at once, in bfloat16, beside the bare network's evaluations."""
    return _on_a_gpu({"kind": "dense", "layers": 2, "width": 128}, tiny, games=2**16, least_per_second=50e6)


def search_gpu_residual(tiny: bool) -> Benchmark:
    """The same with a residual network of 5 blocks of 128 channels, in 8,192 games at once."""
    return _on_a_gpu({"kind": "residual", "blocks": 5, "channels": 128}, tiny, games=2**13, least_ratio=0.8)


def search_network(tiny: bool) -> Benchmark:
    """The bare network at 512 positions, in bfloat16 beside float32: what no search can be faster than."""
    network, seen = _network(), torch.randint(0, 2, (_GAMES, 2, 6, 7), generator=torch.Generator().manual_seed(0))
    observation, repeats = seen.float(), 1 if tiny else 200

    def infer(dtype: torch.dtype) -> float:
        for _ in range(repeats):
            network.infer(observation, dtype=dtype)
        return float(repeats * _GAMES)

    def check() -> None:
        exact, coarse = (network.infer(observation, dtype=dtype)[0] for dtype in (torch.float32, torch.bfloat16))
        assert torch.allclose(exact, coarse, atol=0.02)

    return Benchmark(
        unit="evaluations",
        ours=lambda: infer(torch.bfloat16),
        peer=lambda: infer(torch.float32),
        peer_name="the same network in float32",
        check=check,
    )


def _on_a_gpu(
    trunk: dict[str, object],
    tiny: bool,
    *,
    games: int,
    least_per_second: float | None = None,
    least_ratio: float | None = None,
) -> Benchmark:
    """Search, and beside it as many evaluations of the bare network; without a GPU a tiny one is interpreted."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    if device == "cpu" and not tiny:
        raise ModuleNotFoundError(name="a GPU")
    game, (games, simulations) = make("connect_four"), (4, 4) if tiny else (games, 64)
    assert isinstance(game, NativeGame)
    network = PolicyValueNetwork({**trunk, "observation": [2, 6, 7], "actions": 7}, device=device)

    def infer(seen: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return network.infer(seen, dtype=torch.bfloat16)

    search = DeviceSearch(game, infer, SearchConfig(simulations=simulations), device=device)
    start = first_state(game)[torch.zeros(games, dtype=torch.int64)]
    positions = Positions(start, torch.zeros(games, dtype=torch.int64), torch.arange(games))
    seen = torch.randint(0, 2, (games, 2, 6, 7)).float().to(device)

    def ours() -> float:
        return float(search.search(positions, Draws.of(0, "search", positions.keys)).visits.sum())

    def bare() -> float:
        for _ in range(simulations):
            infer(seen)
        if device == "cuda":
            torch.cuda.synchronize()
        return float(games * simulations)

    def check() -> None:
        assert ours() == games * simulations

    return Benchmark(
        unit="simulations",
        ours=ours,
        peer=bare,
        peer_name="the bare network's evaluations",
        check=check,
        least_ratio=least_ratio,
        most_seconds=None if least_per_second is None else games * simulations / least_per_second,
        repeats=5,
    )


def _network() -> PolicyValueNetwork:
    return PolicyValueNetwork({"kind": "dense", "layers": 2, "width": 128, "observation": [2, 6, 7], "actions": 7})


def _searching(simulations: int, dtype: torch.dtype, tiny: bool, *, least_ratio: float) -> Benchmark:
    game, network = make("connect_four"), _network()
    assert isinstance(game, NativeGame)
    games, simulations = (4, 8) if tiny else (_GAMES, simulations)
    search = NativeSearch(game, lambda seen: network.infer(seen, dtype=dtype), SearchConfig(simulations=simulations))
    start = first_state(game)[torch.zeros(games, dtype=torch.int64)]
    positions = Positions(start, torch.zeros(games, dtype=torch.int64), torch.arange(games))
    draws = Draws.of(0, "search", positions.keys)
    peer = None if tiny else Peer(_MCTX, "mctx_search.py", games, simulations)

    def ours() -> float:
        return float(search.search(positions, draws).visits.sum())

    def check() -> None:
        assert ours() == games * simulations
        assert peer is None or peer.play() == games * simulations

    return Benchmark(
        unit="simulations",
        ours=ours,
        peer=None if peer is None else peer.play,
        peer_name="mctx, its network in float32",
        check=check,
        least_ratio=least_ratio,
        repeats=5,
        close=lambda: None if peer is None else peer.close(),
    )
