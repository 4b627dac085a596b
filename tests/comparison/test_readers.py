"""Several readers: agreement among them, ours against each and their median, repeatability of replicate tubes."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from bcelldepl.comparison.acceptance import Verdict
from bcelldepl.comparison.compare_readers import read_readers
from bcelldepl.comparison.outcome import Comparison
from bcelldepl.comparison.readers import AUTOMATED, MEDIAN, reader_statistics, reader_values
from bcelldepl.comparison.tube import ComparedPopulation, TubeComparison
from bcelldepl.comparison.tube_pair import Quantity, TubePair
from bcelldepl.errors import ExchangeError
from bcelldepl.gate_exchange.manual import Manual
from bcelldepl.study import AcceptanceLimits

TUBES = [("S01", "BL", "a"), ("S01", "BL", "b"), ("S02", "BL", "c"), ("S02", "D28", "d")]
AUTO = np.array([100.0, 110.0, 200.0, 400.0])


def reader(per_ul: np.ndarray) -> Comparison:
    tubes = []
    for (subject, visit, file), auto, manual in zip(TUBES, AUTO, per_ul, strict=True):
        if math.isnan(manual):
            continue
        pair = TubePair("B", int(10 * auto), None, auto, manual, auto_volume=10.0, manual_volume=10.0)
        tubes.append(
            TubeComparison(file, subject, visit, 0.0, (ComparedPopulation(pair, "B", Verdict.AGREE, ""),))
        )
    manual_source = Manual(Path("m.csv"), "count table", ())
    return Comparison(Verdict.AGREE, tuple(tubes), (), (), {"B": "B"}, manual_source, AcceptanceLimits())


def test_readers_against_one_another_and_their_median() -> None:
    one, other = AUTO * 1.1, AUTO * np.array([0.9, 0.9, 0.9, math.nan])
    found = reader_values({"X": reader(one), "Y": reader(other)}, "B")
    assert found.quantity is Quantity.PER_UL
    assert found.values[AUTOMATED] == pytest.approx(AUTO)
    assert found.values[MEDIAN][:3] == pytest.approx(AUTO[:3])  # half-way between the two
    assert math.isnan(found.values[MEDIAN][3])  # of one reader alone there is no median
    rows = {row.statistic: row.estimate for row in reader_statistics(found, ["X", "Y"])}
    assert rows["bias_percent:automated against X"].value == pytest.approx(100 * (1 / 1.1 - 1))
    assert rows["bias_percent:automated against X"].n == 4
    assert rows["bias_percent:automated against Y"].value == pytest.approx(100 * (1 / 0.9 - 1))
    assert rows["bias_percent:automated against median of readers"].value == pytest.approx(0, abs=1e-9)
    assert rows["bias_percent:Y against X"].value == pytest.approx(100 * (0.9 / 1.1 - 1))
    assert rows["bias_percent:Y against X"].n == 3
    # Two readers of every tube that differ by log(1.1 / 0.9): a variance of half its square.
    spread = math.log(1.1 / 0.9) ** 2 / 2
    assert rows["between_readers_cv_percent"].value == pytest.approx(100 * math.sqrt(math.expm1(spread)))
    # Tubes a and b are of the same blood.
    repeated = 100 * math.sqrt(math.expm1(math.log(1.1) ** 2 / 2))
    for name in ("automated", "X", "Y", "median of readers"):
        assert rows[f"replicate_cv_percent:{name}"].value == pytest.approx(repeated)
        assert rows[f"replicate_cv_percent:{name}"].n == 1


def test_readers_by_file_and_by_column(tmp_path: Path) -> None:
    (tmp_path / "X.csv").write_text("file,population,events\na.fcs,B,10\n")
    (tmp_path / "both.csv").write_text("file,reader,population,events\na.fcs,Y,B,10\na.fcs,Z,B,12\n")
    assert list(read_readers([tmp_path / "X.csv", tmp_path / "both.csv"])) == ["X", "Y", "Z"]
    with pytest.raises(ExchangeError, match="two readers are called 'X'"):
        read_readers([tmp_path / "X.csv", tmp_path / "X.csv"])
