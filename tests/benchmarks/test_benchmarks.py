"""Every benchmark does its work; how fast is for `redqueen bench` to say."""

from pathlib import Path

import pytest

from games.errors import UserError
from league.benching import find_benchmarks, measure, run_benchmarks

FOLDER = Path(__file__).parent
KNOWN = find_benchmarks(FOLDER)


@pytest.mark.parametrize("name", KNOWN)
def test_a_benchmark_does_its_work_and_so_does_its_peer(name):
    benchmark = KNOWN[name](True)
    try:
        benchmark.check()
        assert benchmark.ours() > 0
        if benchmark.peer is not None:
            assert benchmark.peer() > 0
    finally:
        benchmark.close()


def test_a_measurement_has_medians_ranges_and_a_ratio_of_speeds():
    from league.benching import Benchmark

    calls = []

    def work(name, units):
        def run():
            calls.append(name)
            return units

        return run

    result = measure(
        Benchmark(
            unit="steps",
            ours=work("ours", 10),
            peer=work("peer", 1),
            check=work("check", 0),
            least_ratio=0.0,
            repeats=3,
        )
    )
    assert calls == ["check", *["ours", "peer"] * 4]
    for figures in (result["ours"]["seconds"], result["peer"]["per_second"], result["ratio"]):
        assert figures["low"] <= figures["median"] <= figures["high"]
    assert result["met"] is True
    alone = measure(Benchmark(unit="runs", ours=work("ours", 1), check=work("check", 0), most_seconds=-1.0, repeats=1))
    assert (alone["peer"], alone["ratio"], alone["met"]) == (None, None, False)


def test_a_filter_that_fits_no_benchmark_is_answered_with_their_names():
    with pytest.raises(UserError, match=r"nonsense.*leduc_psro"):
        run_benchmarks("nonsense")


def test_a_package_without_its_checkout_says_what_it_needs(tmp_path, monkeypatch):
    import league.benching

    monkeypatch.setattr(league.benching, "__file__", str(tmp_path / "league" / "benching.py"))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match="checkout"):
        run_benchmarks(None)
