"""What the benchmarks compute and show; the measuring itself is no test."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.bench import report
from tests.bench.child import DidNotWork
from tests.bench.figure import Beside, Figure, Grid, Result, percentile
from tests.bench.intervals import Interval, Step, steps
from tests.bench.registry import BENCHMARKS, OPT_IN


def test_a_target_is_met_by_the_median_alone() -> None:
    assert Figure("a", "s", (1.0, 2.0, 90.0), below=3.0).met
    assert Figure("a", "s", (3.0,), below=3.0).met is False
    assert Figure("a", "s", (3.0,)).met is None


def test_the_ratio_is_of_medians() -> None:
    figure = Figure("a", "s", (4.0, 6.0, 100.0), beside=Beside("b", (1.0, 2.0, 50.0)))
    assert figure.ratio == 3.0
    assert Figure("a", "s", (1.0,)).ratio is None


@pytest.mark.parametrize(("share", "wanted"), [(0.5, 50), (0.99, 99), (1.0, 100), (0.0, 1)])
def test_percentiles_are_by_nearest_rank(share: float, wanted: float) -> None:
    assert percentile([float(number) for number in range(100, 0, -1)], share) == wanted


def test_a_step_goes_from_an_answer_to_the_next_request_without_its_tools() -> None:
    tapped = [{"came": 0.0, "ended": 1.0}, {"came": 1.5, "ended": 2.0}, {"came": 2.25, "ended": 3.0}]
    used = [Interval(0.5, 9.0), Interval(1.125, 0.25), Interval(1.4, 0.0625), Interval(2.1, 0.125), Interval(3.0, 9.0)]
    assert steps(tapped, used) == [Step(0.5, 0.3125), Step(0.25, 0.125)]
    assert [step.beside_s for step in steps(tapped, used)] == [0.1875, 0.125]


def test_every_benchmark_is_registered() -> None:
    measuring = {path.stem for path in Path(__file__).parent.glob("*.py") if "\ndef measure(" in path.read_text()}
    assert measuring == set(BENCHMARKS)
    assert {path.parent.name for path in Path(__file__).parent.glob("*/measure.py")} == set(OPT_IN)


def test_neither_a_missed_target_nor_a_failure_ends_it() -> None:
    def slow(_runs: int = 1, /) -> list[Result]:
        return [Figure("slow", "s", (9.0,), below=1.0)]

    def broken(_runs: int = 1, /) -> list[Result]:
        raise DidNotWork("it did not start")

    written = json.loads(report.as_text({"cores": 2}, report.measured({"broken": broken, "slow": slow}, None)))
    assert written["machine"] == {"cores": 2}
    assert written["figures"]["slow"][0]["met"] is False
    assert written["figures"]["broken"] == [{"name": "broken", "failed": "it did not start"}]


def test_the_number_of_runs_is_passed_on() -> None:
    def counted(runs: int = 7, /) -> list[Result]:
        return [Figure("runs", "", (float(runs),))]

    for asked, wanted in ((None, 7.0), (2, 2.0)):
        (found,) = report.measured({"counted": counted}, asked)["counted"]
        assert isinstance(found, Figure)
        assert found.median == wanted


def test_a_grid_says_each_cell_by_its_column() -> None:
    grid = Grid("clients", ("client", "ms", "MB"), (("one", 1200.0, None), ("two", 0.5, 3.0)))
    written = json.loads(report.as_text({}, {"peers": [grid]}))
    assert written["figures"]["peers"][0]["rows"][0] == {"client": "one", "ms": 1200.0, "MB": None}
