"""Gates of FlowJo workspaces as people have them, against membership worked out from the workspace's own numbers."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import workspaces as ws
from scipy.optimize import brentq

from bcelldepl.errors import ExchangeError
from bcelldepl.fcs import read_fcs
from bcelldepl.fcs.write import spillover_keyword, write_fcs
from bcelldepl.gate_exchange.evaluate import Channels, evaluate
from bcelldepl.gate_exchange.gate import Axis, Gate, GateTree, Matrix, path_text
from bcelldepl.gate_exchange.manual import Manual
from bcelldepl.gate_exchange.read import read_gates
from bcelldepl.gate_exchange.write_flowjo import WorkspaceSample, workspace

NAMES = ["FSC-A", "SSC-A", "B530/30-A", "R660-A", "Time"]
STAIN, OTHER = "B530_30-A", "R660-A"  # FlowJo writes a slash as an underscore
SPILL = np.array([[1.0, 0.2], [0.05, 1.0]])
TICK_S = 0.01


@pytest.fixture(scope="module")
def events() -> np.ndarray:
    rng = np.random.default_rng(7)
    n = 4000
    stain = np.where(rng.random(n) < 0.3, rng.lognormal(9, 0.5, n), rng.normal(0, 300, n))
    other = np.where(rng.random(n) < 0.3, rng.lognormal(9, 0.6, n), rng.normal(0, 300, n))
    measured = SPILL.T @ np.array([stain, other])
    scatter = rng.uniform(20_000, 200_000, (2, n))
    return np.vstack([scatter, measured, np.arange(n)[None]]).astype(np.float32)


@pytest.fixture(scope="module")
def fcs(events: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("fcs") / "a.fcs"
    keywords = {"$SPILLOVER": spillover_keyword([NAMES[2], NAMES[3]], SPILL), "$TIMESTEP": str(TICK_S)}
    write_fcs(path, events, NAMES, [""] * 5, keywords=keywords)
    return path


def read(tmp_path: Path, text: str) -> Manual:
    path = tmp_path / "a.wsp"
    path.write_text(text, encoding="utf-8")
    return read_gates(path)


def members(manual: Manual, fcs: Path) -> dict[str, np.ndarray]:
    tree = manual.tubes[0].tree
    assert tree is not None
    found, lost = evaluate(tree, Channels(read_fcs(fcs), tree.matrices))
    assert not lost
    return {path_text(path): member for path, member in found.items()}


def compensated(events: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    stain, other = np.linalg.inv(SPILL).T @ events[2:4].astype(np.float64)
    return stain, other


def ends(centre: np.ndarray, a: float, b: float, tilt: float = 0.0) -> list[np.ndarray]:
    """Ends of the longer and of the shorter axis of an ellipse."""
    along, across = np.array([math.cos(tilt), math.sin(tilt)]), np.array([-math.sin(tilt), math.cos(tilt)])
    return [centre + a * along, centre - a * along, centre + b * across, centre - b * across]


def foci(centre: np.ndarray, c: float, tilt: float = 0.0) -> list[np.ndarray]:
    return ends(centre, c, 0, tilt)[:2]


LINEAR = ws.linear("FSC-A") + ws.linear("SSC-A")
BOTH = ws.matrix([STAIN, OTHER], SPILL.tolist())


def test_the_scale_is_that_of_the_parameter_that_the_gate_names(
    tmp_path: Path, fcs: Path, events: np.ndarray
) -> None:
    """``Comp-X`` on arcsinh, ``X`` on linear: an ellipse drawn on the first is not one on the second."""
    stain, _ = compensated(events)
    t, m = 262144.0, 4.0

    def bins(signal: np.ndarray) -> np.ndarray:
        return np.asarray(256 * np.arcsinh(signal * math.sinh(m * math.log(10)) / t) / (m * math.log(10)))

    scales = ws.scale("fasinh", f"Comp-{STAIN}", length=256, maxRange=t, T=t, A=0, M=m, W=0) + ws.linear(
        STAIN
    )
    centre, a, b = np.array([170.0, 100.0]), 60.0, 40.0
    c = math.sqrt(a * a - b * b)
    gate = ws.ellipse(
        f"Comp-{STAIN}",
        "SSC-A",
        foci(centre, c),
        ends(centre, a, b),
    )
    manual = read(
        tmp_path, ws.workspace(ws.sample("a.fcs", LINEAR + scales, ws.population("E", gate), matrices=BOTH))
    )
    x, y = bins(stain), 256 * events[1].astype(np.float64) / 262144
    truth = ((x - centre[0]) / a) ** 2 + ((y - centre[1]) / b) ** 2 <= 1
    assert 200 < truth.sum() < 2000
    assert np.array_equal(members(manual, fcs)["E"], truth)


@pytest.mark.parametrize("tilt", [0.0, 0.5, math.pi / 2])
def test_an_ellipse_of_any_tilt(tmp_path: Path, fcs: Path, events: np.ndarray, tilt: float) -> None:
    centre, a, b = np.array([110.0, 110.0]), 70.0, 30.0
    edge = ends(centre, a, b, tilt)
    along, across = (edge[0] - centre) / a, (edge[2] - centre) / b
    for points in (edge, [*edge[2:], *edge[:2]]):  # whichever axis comes first
        gate = ws.ellipse("FSC-A", "SSC-A", foci(centre, math.sqrt(a * a - b * b), tilt), points)
        manual = read(tmp_path, ws.workspace(ws.sample("a.fcs", LINEAR, ws.population("E", gate))))
        away = (events[:2].astype(np.float64).T / 1024 - centre) @ np.array([along, across]).T
        truth = (away[:, 0] / a) ** 2 + (away[:, 1] / b) ** 2 <= 1
        assert np.array_equal(members(manual, fcs)["E"], truth)


def test_a_circle_and_an_ellipse_that_is_none(tmp_path: Path, fcs: Path, events: np.ndarray) -> None:
    centre = np.array([110.0, 110.0])
    edge = ends(centre, 50, 50)
    circle = ws.ellipse("FSC-A", "SSC-A", [centre, centre], edge)
    broken = ws.ellipse("FSC-A", "SSC-A", foci(centre, 80), edge)
    manual = read(
        tmp_path,
        ws.workspace(ws.sample("a.fcs", LINEAR, ws.population("C", circle) + ws.population("D", broken))),
    )
    away = events[:2].astype(np.float64).T / 1024 - centre
    assert np.array_equal(members(manual, fcs)["C"], (away**2).sum(axis=1) <= 2500)
    (problem,) = manual.skipped
    assert "'D'" in problem.where
    assert "its foci lie outside it" in problem.what


def test_a_gate_on_the_uncompensated_parameter_is_evaluated_as_measured(
    tmp_path: Path, fcs: Path, events: np.ndarray
) -> None:
    scales = LINEAR + ws.biex(STAIN) + ws.biex(f"Comp-{STAIN}")
    both = ws.population("raw", ws.rectangle((STAIN, 2000))) + ws.population(
        "clean", ws.rectangle((f"Comp-{STAIN}", 2000))
    )
    manual = read(tmp_path, ws.workspace(ws.sample("a.fcs", scales, both, matrices=BOTH)))
    found = members(manual, fcs)
    assert np.array_equal(found["raw"], events[2] >= 2000)
    assert np.array_equal(found["clean"], compensated(events)[0] >= 2000)
    assert not np.array_equal(found["raw"], found["clean"])


@pytest.mark.parametrize(
    ("prefix", "suffix", "name"), [("", "::c", f"{STAIN}::c"), ("<", ">", f"<{STAIN}>"), ("Comp-", "", "")]
)
def test_compensated_parameters_go_by_the_words_of_their_matrix(
    tmp_path: Path, fcs: Path, events: np.ndarray, prefix: str, suffix: str, name: str
) -> None:
    """Without a matrix in the workspace, ``Comp-`` means that of the file."""
    matrices = ws.matrix([STAIN, OTHER], SPILL.tolist(), prefix.replace("<", "&lt;"), suffix) if name else ""
    gate = ws.population("clean", ws.rectangle((name or f"Comp-{STAIN}", 2000)))
    manual = read(tmp_path, ws.workspace(ws.sample("a.fcs", LINEAR, gate, matrices=matrices)))
    assert np.array_equal(members(manual, fcs)["clean"], compensated(events)[0] >= 2000)


def test_a_singular_matrix_is_named(tmp_path: Path, fcs: Path) -> None:
    gates = ws.population("clean", ws.rectangle((f"Comp-{STAIN}", 2000))) + ws.population(
        "FSC", ws.rectangle(("FSC-A", 100))
    )
    one = ws.sample("a.fcs", LINEAR, gates, matrices=ws.matrix([STAIN, OTHER], [[1, 1], [1, 1]]))
    tree = read(tmp_path, ws.workspace(one)).tubes[0].tree
    assert tree is not None
    found, lost = evaluate(tree, Channels(read_fcs(fcs), tree.matrices))
    assert set(found) == {("FSC",)}
    assert "cannot be inverted" in lost[("clean",)]


def test_siblings_of_one_name_are_kept_and_told_apart(tmp_path: Path, fcs: Path, events: np.ndarray) -> None:
    twins = [
        ws.population(
            "B", ws.rectangle(("FSC-A", 100_000)), ws.population("in", ws.rectangle(("SSC-A", 50_000)))
        ),
        ws.population("B", ws.rectangle(("FSC-A", None, 100_000)), count=5),
        ws.population("B #1", ws.rectangle(("SSC-A", 150_000))),
        ws.combined("Not", "not B", "B"),
        ws.combined("Not", "not the second", "B #3"),
    ]
    manual = read(tmp_path, ws.workspace(ws.sample("a.fcs", LINEAR, "".join(twins))))
    found = members(manual, fcs)
    fsc, ssc = events[0], events[1]
    assert set(found) == {"B #2", "B #2/in", "B #3", "B #1", "not the second"}
    assert np.array_equal(found["B #2"], fsc >= 100_000)
    assert np.array_equal(found["B #2/in"], (fsc >= 100_000) & (ssc >= 50_000))
    assert np.array_equal(found["B #3"], fsc < 100_000)
    assert np.array_equal(found["B #1"], ssc >= 150_000)
    assert np.array_equal(found["not the second"], fsc >= 100_000)
    assert manual.tubes[0].stated["B #3"].events == 5
    (problem,) = manual.skipped
    assert "several populations have this name" in problem.what


@pytest.mark.parametrize(
    ("odd", "words"),
    [
        (ws.biex(f"Comp-{STAIN}", width=0), "a biex scale of width 0 has no table"),
        (ws.biex(f"Comp-{STAIN}", width=5), "a biex scale of width 5 has no table"),
        (ws.biex(f"Comp-{STAIN}", length=4096), "a biex scale of 4096 bins"),
        (ws.scale("miltenyi", f"Comp-{STAIN}", maxRange=262144), "'miltenyi' is not published"),
        (ws.scale("vlog", f"Comp-{STAIN}", maxRange=262144), "'vlog' is not published"),
        (ws.scale("logicle", f"Comp-{STAIN}", T=262144, W=3, M=4.5, A=0), "no logicle scale has"),
        (ws.scale("hyperlog", f"Comp-{STAIN}", T=10_000, W=0.5, M=4, A=2000), "no hyperlog scale has"),
        (ws.scale("log", f"Comp-{STAIN}", offset=0, decades=5), "an offset and decades above zero"),
        (ws.scale("fasinh", f"Comp-{STAIN}", T="x", M=4, A=0), "which is not a number"),
        ("", "no scale is stated"),
    ],
    ids=["width 0", "width 5", "length", "miltenyi", "unknown", "logicle", "hyperlog", "log", "text", "none"],
)
def test_a_scale_that_cannot_be_built_costs_only_the_gates_that_need_it(
    tmp_path: Path, fcs: Path, events: np.ndarray, odd: str, words: str
) -> None:
    """Not rectangles and ranges: their ends are signals, whatever the scale."""
    corners = [(1000, 0), (100_000, 0), (100_000, 200_000), (1000, 200_000)]
    gates = [
        ws.population("range", ws.rectangle((f"Comp-{STAIN}", 1000, 50_000))),
        ws.population("box", ws.rectangle((f"Comp-{STAIN}", 1000), ("SSC-A", None, 100_000))),
        ws.population(
            "polygon",
            ws.polygon(f"Comp-{STAIN}", "SSC-A", corners),
            ws.population("under", ws.rectangle(("FSC-A", 1))),
        ),
        ws.population(
            "scatter", ws.polygon("FSC-A", "SSC-A", [(0, 0), (90_000, 0), (90_000, 90_000), (0, 90_000)])
        ),
    ]
    manual = read(tmp_path, ws.workspace(ws.sample("a.fcs", LINEAR + odd, "".join(gates), matrices=BOTH)))
    found, stain = members(manual, fcs), compensated(events)[0]
    assert set(found) == {"range", "box", "scatter"}
    assert np.array_equal(found["range"], (stain >= 1000) & (stain < 50_000))
    assert np.array_equal(found["box"], (stain >= 1000) & (events[1] < 100_000))
    (problem,) = manual.skipped
    assert "'polygon'" in problem.where
    assert words in problem.what
    assert "with 1 below it" in problem.what


def test_a_linear_scale_without_ends_costs_only_ellipses(
    tmp_path: Path, fcs: Path, events: np.ndarray
) -> None:
    corners = [(0, 0), (90_000, 0), (0, 90_000)]
    centre = np.array([110.0, 110.0])
    edge = ends(centre, 50, 30)
    gates = ws.population("P", ws.polygon("FSC-A", "SSC-A", corners)) + ws.population(
        "E", ws.ellipse("FSC-A", "SSC-A", foci(centre, 40), edge)
    )
    scales = ws.scale("linear", "FSC-A") + ws.linear("SSC-A")
    manual = read(tmp_path, ws.workspace(ws.sample("a.fcs", scales, gates)))
    assert np.array_equal(members(manual, fcs)["P"], events[0].astype(np.float64) + events[1] < 90_000)
    assert ["does not state where it ends" in problem.what for problem in manual.skipped] == [True]


def test_hyperlog_as_gating_ml_defines_it(tmp_path: Path, fcs: Path, events: np.ndarray) -> None:
    """A triangle on a hyperlog scale, its positions by root finding on the published inverse."""
    t, w, m, a = 262144.0, 1.0, 4.5, 0.0
    b, w_part = (m + a) * math.log(10), w / (m + a)
    x2 = a / (m + a)
    x1, x0 = x2 + w_part, x2 + 2 * w_part
    e0 = math.exp(b * x0)
    c_a, f_a = e0 / w_part, math.exp(b * x1) + e0 / w_part * x1
    top = t / (math.exp(b) + c_a - f_a)

    def signal(y: float) -> float:
        return float(top * (math.exp(b * y) + c_a * y - f_a))

    stain = compensated(events)[0]
    x = np.array([brentq(lambda y, s=s: signal(y) - s, -2.0, 2.0, xtol=1e-14) for s in stain])
    y = events[1].astype(np.float64) / 262144
    scales = LINEAR + ws.scale("hyperlog", f"Comp-{STAIN}", length=256, maxRange=t, T=t, A=a, M=m, W=w)
    corners = [(signal(0.3), 0.0), (signal(0.9), 0.0), (signal(0.9), 0.7 * 262144)]
    gate = ws.population("P", ws.polygon(f"Comp-{STAIN}", "SSC-A", corners))
    manual = read(tmp_path, ws.workspace(ws.sample("a.fcs", scales, gate, matrices=BOTH)))
    truth = (x < 0.9) & (y > 0) & (y < 0.7 * (x - 0.3) / 0.6)
    assert 100 < truth.sum() < 2000
    assert np.array_equal(members(manual, fcs)["P"], truth)


def test_combinations_named_by_path_by_sibling_and_by_the_folder_above(
    tmp_path: Path, fcs: Path, events: np.ndarray
) -> None:
    inner = [
        ws.population("F", ws.rectangle(("FSC-A", 100_000))),
        ws.population("CD4/CD8", ws.rectangle(("SSC-A", 100_000))),
        ws.combined("And", "both", "all/F", "CD4/CD8"),
        ws.combined("Or", "either", "F", "../top"),
        ws.combined("Not", "lost", "nowhere/F"),
        ws.combined("And", "circle 1", "circle 2", "F"),
        ws.combined("And", "circle 2", "circle 1", "F"),
        ws.combined("Or", "nothing"),
    ]
    gates = ws.population("all", ws.rectangle(("FSC-A", 0)), *inner) + ws.population(
        "top", ws.rectangle(("SSC-A", 150_000))
    )
    manual = read(tmp_path, ws.workspace(ws.sample("a.fcs", LINEAR, gates)))
    found, (fsc, ssc) = members(manual, fcs), events[:2]
    assert np.array_equal(found["all/both"], (fsc >= 100_000) & (ssc >= 100_000))
    assert np.array_equal(found["all/either"], (fsc >= 100_000) | (ssc >= 150_000))
    reasons = {problem.where.rpartition("'all/")[2].rstrip("'"): problem.what for problem in manual.skipped}
    assert "'nowhere/F', which is missing" in reasons["lost"]
    assert "in a circle" in reasons["circle 1"]
    assert "from nothing" in reasons["nothing"]
    assert set(found) == {"all", "all/F", "all/CD4/CD8", "all/both", "all/either", "top"}


def test_time_is_in_seconds_and_the_outside_of_a_gate_is_its_outside(
    tmp_path: Path, fcs: Path, events: np.ndarray
) -> None:
    gates = ws.population("late", ws.rectangle(("Time", 10, 20))) + ws.population(
        "not late", ws.rectangle(("Time", 10, 20), inside=0)
    )
    manual = read(tmp_path, ws.workspace(ws.sample("a.fcs", LINEAR, gates)))
    found, seconds = members(manual, fcs), events[4].astype(np.float64) * TICK_S
    late = (seconds >= 10) & (seconds < 20)
    assert 900 < late.sum() < 1100
    assert np.array_equal(found["late"], late)
    assert np.array_equal(found["not late"], ~late)


def test_names_folders_keywords_and_counts(tmp_path: Path) -> None:
    keywords = {"$TOT": " 4000 ", "tube name": "T1"}
    gates = ws.population("B", ws.rectangle(("FSC-A", 0)), count=12)
    text = ws.workspace(ws.sample("file:/D:/study/S01%20D28/a%20b.fcs", LINEAR, gates, keywords=keywords))
    (tube,) = read(tmp_path, text).tubes
    assert tube.names == ("/D:/study/S01 D28/a b.fcs", "a%20b.fcs")
    assert tube.keywords == {"$TOT": "4000", "TUBE NAME": "T1"}
    assert tube.stated["B"].events == 12


def test_populations_of_plug_ins_are_named(tmp_path: Path, fcs: Path) -> None:
    other = '<ExternalPopNode name="UMAP cluster" count="7"/><Statistic name="Mean" value="3"/>'
    manual = read(
        tmp_path,
        ws.workspace(ws.sample("a.fcs", LINEAR, ws.population("F", ws.rectangle(("FSC-A", 0))) + other)),
    )
    assert set(members(manual, fcs)) == {"F"}
    assert ["made by a plug-in" in problem.what for problem in manual.skipped] == [True]
    assert manual.tubes[0].stated["UMAP cluster"].events == 7


def test_what_is_written_spells_channels_as_flowjo_does_and_comes_back(
    tmp_path: Path, fcs: Path, events: np.ndarray
) -> None:
    matrix = Matrix((NAMES[2], NAMES[3]), (NAMES[2], NAMES[3]), SPILL)
    gates = {
        ("clean",): Gate(("clean",), "rectangle", (Axis(NAMES[2], "m", low=2000.0),)),
        ("clean", "raw"): Gate(("clean", "raw"), "rectangle", (Axis(NAMES[2], low=3000.0),)),
    }
    sample = WorkspaceSample("a.fcs", read_fcs(fcs), GateTree(gates, {}, {"m": matrix}), {("clean",): 7})
    text = workspace([sample], "group").decode()
    assert f'name="Comp-{STAIN}"' in text
    assert f'parameter="{NAMES[2]}"' not in text
    manual = read(tmp_path, text)
    found, clean = members(manual, fcs), compensated(events)[0] >= 2000
    assert np.array_equal(found["clean"], clean)
    assert np.array_equal(found["clean/raw"], clean & (events[2] >= 3000))
    assert manual.tubes[0].stated["clean"].events == 7


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (ws.workspace(version="9.2"), "a workspace of FlowJo 9.2"),
        ("<bdfacs version='Version 6'><experiment/></bdfacs>", "an experiment of FACSDiva"),
        ("<Workspace/>", "without a list of samples"),
    ],
)
def test_what_is_no_workspace_of_flowjo_10_is_refused_in_words(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(ExchangeError, match=words):
        read(tmp_path, text)
