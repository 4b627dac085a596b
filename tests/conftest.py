"""What every room's tests share: the program that they start, real data, studies with results, a gated tube."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import bcelldepl

if TYPE_CHECKING:
    from collections.abc import Callable

    from bcelldepl.batch import Results
    from bcelldepl.gating.populations import Populations

ROOT = Path(__file__).resolve().parent.parent

# A program that a test starts is of the package that is tested, not of the folder that it is started in.
own = [str(Path(bcelldepl.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
os.environ |= {"PYTHONSAFEPATH": "1", "PYTHONPATH": os.pathsep.join(filter(None, own))}


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of real FCS files with truth; the test is skipped, visibly, where there is none."""
    folder = Path(os.environ.get("BCELLDEPL_REAL_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no real data at {folder}: set BCELLDEPL_REAL_DATA")
    return folder


@pytest.fixture(scope="session")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a simulated study of two subjects, ten tubes."""
    from bcelldepl.simulation import simulate

    folder = tmp_path_factory.mktemp("simulated")
    simulate(folder, scenario="small", subjects=2, seed=3)
    return folder


@pytest.fixture(scope="session")
def results(simulated: Path, tmp_path_factory: pytest.TempPathFactory) -> Results:
    """Results of that study, made in one process; to look at only."""
    from bcelldepl.batch import run
    from bcelldepl.study import load_study

    return run(load_study(simulated / "study.toml"), tmp_path_factory.mktemp("results"), workers=1)


@pytest.fixture(scope="session")
def exchange_results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Results folder of a simulated study of one subject, for gates that go out and come in."""
    from bcelldepl.batch import run
    from bcelldepl.simulation import simulate
    from bcelldepl.study import load_study

    folder = tmp_path_factory.mktemp("exchange")
    study = simulate(folder / "study", scenario="small", subjects=1, seed=0)
    run(load_study(study), folder / "results", workers=1)
    return folder / "results"


_PARENTS = {"beads": "all", "leukocytes": "all", "lymphocytes": "leukocytes", "CAR_T": "T"}
_USUAL = {"beads": 10_000, "leukocytes": 20_000, "lymphocytes": 6_000, "T": 4_000, "B": 700, "NK": 1_200}


@pytest.fixture
def gated() -> Callable[..., Populations]:
    """A gated tube in one call."""
    from bcelldepl.gating.evidence import Evidence
    from bcelldepl.gating.populations import Population, Populations

    def build(
        interval: dict[str, tuple[int, int]] | None = None,
        failed: tuple[str, ...] = (),
        reasons: dict[str, str] | None = None,
        **events: int | None,
    ) -> Populations:
        counts = {name: count for name, count in {**_USUAL, **events}.items() if count is not None}
        members = {}
        for name, count in counts.items():
            parent = _PARENTS.get(name, "lymphocytes")
            low, high = (interval or {}).get(name, (count, count))
            members[name] = Population(
                name=name,
                parent=parent,
                events=count,
                parent_events=counts.get(parent, 50_000),
                events_low=low,
                events_high=high,
                evidence=Evidence.FAILED if name in failed else Evidence.DATA,
                reason=(reasons or {}).get(name, ""),
                reported=True,
            )
        return Populations(members)

    return build
