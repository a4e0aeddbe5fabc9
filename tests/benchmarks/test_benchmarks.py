"""Every benchmark does its work; how fast is for `redqueen bench` to say."""

import json
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


TRIVIAL = """
from league.benching import Benchmark

def trivial(tiny):
    work = lambda: 5
    return Benchmark(unit="steps", ours=work, peer=work, peer_name="itself", check=work, least_ratio=0.0)

def timed(tiny):
    return Benchmark(unit="runs", ours=lambda: 1, check=lambda: None, most_seconds=9.0)

def lacking(tiny):
    import no_such_peer

def _helper(tiny):
    raise AssertionError("not a benchmark")
"""


def test_results_say_where_they_come_from_and_are_shown(tmp_path, monkeypatch, capsys):
    import league.benching
    from league.showing import show_benchmarks

    (tmp_path / "trivial.py").write_text(TRIVIAL)
    (tmp_path / "test_other.py").write_text("raise AssertionError('not a benchmark')")
    monkeypatch.setattr(league.benching, "_folder", lambda: tmp_path)
    result = run_benchmarks(None)
    assert [row["name"] for row in result["benchmarks"]] == ["trivial", "timed"]
    assert result["skipped"] == {"lacking": "needs no_such_peer, which is not here"}
    assert result["command"] == "redqueen bench --json"
    assert {"machine", "commit", "date", "load"} < result.keys()
    json.dumps(result, allow_nan=False)
    show_benchmarks(result)
    shown = capsys.readouterr().out
    for text in ("trivial", "beside itself", "at least 0x", "at most 9 s", "needs no_such_peer, which is not here"):
        assert text in shown
    assert run_benchmarks("timed")["command"] == "redqueen bench timed --json"
