"""What a league says of a training while it runs."""

from league import watch
from league.live import measured
from league.watch import Watch

VALUES = {"games": 512.0, "return": 0.5, "policy_loss": 0.75, "value_loss": 0.5, "simulations_per_second": 3e5}


class Seen:
    def __init__(self) -> None:
        self.told: list[dict[str, float]] = []

    def training(self, job: str, done: int, total: int, rate: float, values: dict[str, float]) -> None:
        self.told.append(values)


def test_what_is_measured_now_and_then_stays_shown(tmp_path):
    seen = Seen()
    told = Watch(tmp_path / "log.txt", seen)  # pyright: ignore[reportArgumentType]
    told.training("job", 1, 3, VALUES | {"against random": 1.0})
    told.training("job", 2, 3, VALUES | {"return": 0.75})
    assert seen.told[1] == VALUES | {"return": 0.75, "against random": 1.0}


def test_the_log_has_a_line_of_each_minute_and_one_at_the_end(tmp_path, monkeypatch):
    log, now = tmp_path / "log.txt", 100.0
    monkeypatch.setattr(watch.time, "monotonic", lambda: now)
    told = Watch(log)
    for done, now in enumerate((100.0, 130.0, 165.0, 170.0, 200.0), 1):  # noqa: B007
        told.training("job", done, 5, VALUES)
    lines = [line.split(" ", 2)[2].partition(",")[0] for line in log.read_text().splitlines()]
    assert lines == ["job: 3 of 5 updates", "job: 5 of 5 updates"]


def test_a_training_tells_its_speed_its_losses_and_its_place_on_the_ladder():
    rungs = {"against random": 1.0, "against mcts(10)": -0.25}
    assert measured(VALUES | rungs) == (
        "300,000 simulations/s; losses: policy 0.750, value 0.500; mean returns against random +1.00, mcts(10) -0.25"
    )
    assert measured({"games": 512.0, "return": 0.5}) == ""
