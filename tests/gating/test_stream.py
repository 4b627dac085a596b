"""Streamed from the file or gated in memory, every event is in the same populations."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from clouds import positive_model, rule, strategy
from hypothesis import given, settings
from hypothesis import strategies as st

import bcelldepl
from bcelldepl.errors import CompensationError, FcsError, StrategyError
from bcelldepl.fcs import read_fcs
from bcelldepl.fcs.write import spillover_keyword, write_fcs
from bcelldepl.gating.evidence import Evidence
from bcelldepl.gating.landmarks import Landmark
from bcelldepl.gating.plan import plan_gates
from bcelldepl.gating.rules import Fit
from bcelldepl.gating.rules.ellipse import EllipseShape
from bcelldepl.gating.rules.marker_cut import CutShape
from bcelldepl.gating.rules.singlets import SingletShape
from bcelldepl.gating.stream import count_file, count_files, stream_gates
from bcelldepl.gating.tube import apply_gates
from bcelldepl.signal import make_signal, resolve_panel
from bcelldepl.signal.recipe import plan_markers

NAMES = ["FSC-A", "FSC-H", "SSC-A", "FITC-A", "PE-A", "APC-A", "Time"]
LABELS = ["", "", "", "CD3", "CD19", "CD45", ""]
DYES = NAMES[3:6]
MATRIX = np.array([[1.0, 0.2, 0.01], [0.05, 1.0, 0.0], [0.0, 0.03, 1.0]])
KNOWN = Evidence.SUBJECT

TREE = strategy(
    rule("polygon", "cells", x="FSC-A", y="SSC-A", vertices=[(0.1, 0.02), (0.7, 0.05), (0.9, 0.9), (0.3, 0.8)]),
    rule("singlets", "singlets", "cells"),
    rule("cut", "leukocytes", "singlets", marker="CD45", report=True),
    rule("cut", "low_side_scatter", "leukocytes", marker="SSC-A", side="below"),
    rule("ellipse", "bright", x="CD3", y="CD19", near=(0.8, 0.8)),
    rule("boolean", "others", "leukocytes", none_of=("bright",)),
    rule("polygon", "T", "others", x="CD3", y="CD19", vertices=[(0.5, -0.5), (1.2, -0.5), (1.2, 0.5), (0.5, 0.5)]),
    rule("polygon", "B", "others", x="CD3", y="CD19", vertices=[(-0.5, 0.5), (0.5, 0.5), (0.4, 1.2), (-0.5, 1.2)]),
    rule("boolean", "either", "low_side_scatter", any_of=("T", "B"), none_of=("bright",)),
    rule("boolean", "both", "leukocytes", all_of=("low_side_scatter", "others")),
    rule("cut", "NK", "others", marker="CD56", optional=True),
)  # fmt: skip
CUT = CutShape(0.45, 0.40, 0.52, Landmark(0.3, 0.04, 100))
FITS = {
    "cells": Fit(TREE.populations[0].drawn, Evidence.FIXED, "", 0),
    "singlets": Fit(SingletShape(-0.02, -0.1, 0.03), KNOWN, "carried", 0),
    "leukocytes": Fit(CUT, KNOWN, "", 0),
    "low_side_scatter": Fit(CutShape(0.5, 0.48, 0.55), KNOWN, "", 0),
    "bright": Fit(EllipseShape((0.75, 0.7), ((0.01, 0.004), (0.004, 0.02)), 5.0), KNOWN, "", 0),
    "T": Fit(TREE.populations[6].drawn, Evidence.FIXED, "", 0),
    "B": Fit(TREE.populations[7].drawn, Evidence.FIXED, "", 0),
    **{name: Fit((), Evidence.DATA, "", 0) for name in ("others", "either", "both")},
}


def events(n, seed=0):
    """Stored values of a tube, odd ones among them."""
    rng = np.random.default_rng(seed)
    area = rng.uniform(1e4, 2.4e5, n)
    dyes = rng.lognormal(7, 2, (3, n)).clip(0, 2e5) - 100
    columns = np.vstack(
        [area, area * rng.normal(0.9, 0.08, n), rng.uniform(0, 2.6e5, n), MATRIX.T @ dyes, np.arange(n)]
    ).astype(np.float32)
    odd = np.float32([0.0, -1e5, 1e30, np.nan, np.inf, -np.inf, 262143.0])
    if n > 100:
        for channel in range(6):
            columns[channel, rng.choice(n, len(odd), replace=False)] = odd
    return columns


def tube(folder, columns, name="tube"):
    path = folder / f"{name}.fcs"
    keywords = {"$SPILLOVER": spillover_keyword(DYES, MATRIX), "$TIMESTEP": "0.01"}
    write_fcs(path, columns, NAMES, LABELS, keywords=keywords)
    return path


def in_memory(path, tree=TREE, fits=FITS, keep=None):
    acquisition = read_fcs(path)
    panel = resolve_panel(acquisition.channels, tree.required_markers, tree.optional_markers)
    made = make_signal(acquisition, panel, tree.all_transforms, acquisition.spillover)
    kept = np.ones(acquisition.n_events, dtype=np.bool_) if keep is None else keep
    made = replace(made, quality=replace(made.quality, keep=kept))
    return apply_gates(made, tree, fits, keep_membership=True)


def same(streamed, gated):
    assert streamed.members == gated.members
    assert set(streamed.membership) == set(gated.membership)
    for name, inside in gated.membership.items():
        np.testing.assert_array_equal(streamed.membership[name], inside, err_msg=name)


def test_siblings_that_are_gated_in_turn_on_one_marker_keep_their_own_signals(tmp_path):
    # What is at hand of CD3 is Q's, once Q1 was gated; P2 must not be judged by it.
    columns = np.nan_to_num(events(5_000, 5), nan=0, posinf=9, neginf=-9)
    path = tube(tmp_path, columns)
    tree = strategy(
        rule("cut", "P", "all", marker="SSC-A"),
        rule("cut", "Q", "all", marker="SSC-A", side="below"),
        rule("cut", "P1", "P", marker="CD3"),
        rule("cut", "Q1", "Q", marker="CD3"),
        rule("cut", "P2", "P", marker="CD3", side="below"),
        rule("cut", "Q2", "Q1", marker="CD19"),
        rule("cut", "P3", "P2", marker="CD19"),
        rule("cut", "Q3", "Q", marker="CD19", side="below"),
    )
    fits = {one.name: Fit(CutShape(0.45, 0.40, 0.52), KNOWN, "", 0) for one in tree.populations}
    same(count_file(path, tree, fits, keep_membership=True), in_memory(path, tree, fits))


@pytest.fixture
def finite(monkeypatch):
    """Tubes with odd values are refused where a stain is infinite; here only the gates are looked at."""
    for module in ("bcelldepl.signal.positions", "bcelldepl.gating.plan"):
        monkeypatch.setattr(f"{module}.SCATTER", tuple(LABELS) + tuple(NAMES))


@pytest.mark.usefixtures("finite")
@pytest.mark.parametrize("n_events", [0, 1, 150, 1_024, 5_000, 90_001])
@pytest.mark.parametrize("threads", [1, 3])
def test_membership_is_that_of_gating_in_memory(tmp_path, n_events, threads):
    path = tube(tmp_path, events(n_events))
    streamed = count_file(path, TREE, FITS, keep_membership=True, threads=threads)
    same(streamed, in_memory(path))
    if n_events > 1_000:
        assert all(0 < one.events < n_events for one in streamed.members.values())


def random_region(rng, name, parent):
    x, y = rng.choice(["FSC-A", "SSC-A", "CD3", "CD19", "CD45"], 2, replace=False).tolist()
    kind = rng.integers(3)
    if kind == 0:
        side = str(rng.choice(["above", "below"]))
        ends = np.sort(rng.uniform(0.2, 0.8, 3))
        return rule("cut", name, parent, marker=x, side=side), CutShape(ends[1], ends[0], ends[2])
    if kind == 1:
        root = rng.normal(size=(2, 2)) * 0.3
        covariance = root @ root.T + np.eye(2) * 0.01
        made = rule("ellipse", name, parent, x=x, y=y, near=(0.5, 0.5))
        return made, EllipseShape(tuple(rng.uniform(0.3, 0.7, 2)), tuple(map(tuple, covariance)), 3.0)
    if rng.random() < 0.5:
        (left, right), (lower, upper) = np.sort(rng.uniform(0, 1, (2, 2)), axis=1)
        corners = [(left, lower), (right, lower), (right, upper), (left, upper)]
    else:
        corners = rng.uniform(-0.1, 1.1, (rng.integers(3, 9), 2)).tolist()
    made = rule("polygon", name, parent, x=x, y=y, vertices=corners)
    return made, made.drawn


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 2**32 - 1))
def test_any_tree_of_gates_is_the_same_either_way(tmp_path_factory, seed):
    rng = np.random.default_rng(seed)
    folder = tmp_path_factory.getbasetemp()
    path = folder / "any.fcs"
    if not path.exists():
        tube(folder, np.nan_to_num(events(20_000, 5), nan=0, posinf=9, neginf=-9), "any")
    names, rules, fits = ["all"], [], {}
    for k in range(int(rng.integers(1, 9))):
        name, parent = f"p{k}", str(rng.choice(names))
        if len(names) > 2 and rng.random() < 0.25:
            uses = rng.choice(names[1:], 2).tolist()
            key = str(rng.choice(["all_of", "any_of", "none_of"]))
            made, shape = rule("boolean", name, parent, **{key: uses}), ()
        else:
            made, shape = random_region(rng, name, parent)
        rules.append(made)
        fits[name] = Fit(shape, KNOWN, "", 0)
        if rng.random() < 0.1 and made.rule != "boolean":
            fits[name] = Fit(None, Evidence.FAILED, "none", 0)
        names.append(name)
    tree = strategy(*rules)
    same(count_file(path, tree, fits, keep_membership=True), in_memory(path, tree, fits))


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("kind", ["F", "D", "I"])
def test_every_way_of_storing_events_streams(tmp_path, order, kind):
    columns = np.nan_to_num(events(3_000), nan=0, posinf=1, neginf=1).clip(0, 65_535)
    if kind == "I":
        columns = np.floor(columns)
    letter = {"F": "f4", "D": "f8", "I": "u2"}[kind]
    stored = np.ascontiguousarray(columns.T).astype(f"{order}{letter}").tobytes()
    bits = {"F": 32, "D": 64, "I": 16}[kind]
    pairs = {"$PAR": 7, "$TOT": 3000, "$MODE": "L", "$DATATYPE": kind, "$NEXTDATA": 0,
             "$BYTEORD": "1,2,3,4" if order == "<" else "4,3,2,1",
             "$SPILLOVER": spillover_keyword(DYES, MATRIX),
             "$BEGINDATA": 4096, "$ENDDATA": 4095 + len(stored)}  # fmt: skip
    for n, (name, label) in enumerate(zip(NAMES, LABELS, strict=True), start=1):
        gain = "2.0" if name == "SSC-A" else "1.0"
        pairs |= {f"$P{n}N": name, f"$P{n}B": bits, f"$P{n}R": 65536, f"$P{n}E": "0,0", f"$P{n}G": gain}
        pairs |= {f"$P{n}S": label} if label else {}
    text = "|" + "|".join(f"{key}|{value}" for key, value in pairs.items()) + "|"
    header = "FCS3.1    " + "".join(f"{at:>8}" for at in (58, 57 + len(text), 4096, 4095 + len(stored), 0, 0))
    path = tmp_path / "stored.fcs"
    path.write_bytes((header + text).encode().ljust(4096) + stored)
    streamed = count_file(path, TREE, FITS, keep_membership=True)
    same(streamed, in_memory(path))
    assert streamed.members["leukocytes"].events > 100


def test_only_kept_events_are_gated(tmp_path):
    path = tube(tmp_path, np.nan_to_num(events(9_000), nan=0, posinf=1, neginf=1))
    acquisition = read_fcs(path)
    keep = np.random.default_rng(0).random(9_000) < 0.7
    panel = resolve_panel(acquisition.channels, TREE.required_markers)
    recipe = plan_markers(acquisition, panel, TREE.all_transforms, acquisition.spillover)
    shapes = {name: fit.shape for name, fit in FITS.items()}
    plan = plan_gates(TREE.rules_for(panel), shapes, recipe)
    counts, _ = stream_gates(acquisition, recipe.channels, plan, keep=keep, threads=2)
    gated = in_memory(path, keep=keep)
    assert counts[0] == keep.sum()
    for number, name in enumerate(plan.populations[1:], start=1):
        assert counts[number] == gated.members[name].events
    for name, places in plan.ends.items():
        one = gated.members[name]
        assert sorted(counts[list(places)]) == sorted([one.events_low, one.events_high])


def test_a_strategy_of_drawn_gates_needs_no_fits(tmp_path):
    drawn = strategy(TREE.populations[0], replace_parent(TREE.populations[6], "cells"))
    paths = [
        tube(tmp_path, np.nan_to_num(events(700, k), nan=0, posinf=1, neginf=1), f"t{k}") for k in range(4)
    ]
    counted = count_files(paths, drawn, threads=2)
    for path, one in zip(paths, counted, strict=True):
        assert one.members == count_file(path, drawn).members
        assert one.members["cells"].evidence is Evidence.FIXED
        assert one.membership == {}


def replace_parent(made, parent):
    return type(made).model_validate({**made.model_dump(), "parent": parent})


def test_a_panel_without_any_marker_of_the_strategy_counts_nothing(tmp_path):
    path = tube(tmp_path, np.nan_to_num(events(200), nan=0, posinf=1, neginf=1))
    tree = strategy(
        rule("polygon", "NK", x="CD56", y="CD16", vertices=[(0, 0), (1, 0), (1, 1)], optional=True)
    )
    assert count_file(path, tree).members == {}


def test_gates_that_need_the_whole_tube_are_named(tmp_path):
    path = tube(tmp_path, np.nan_to_num(events(200), nan=0, posinf=1, neginf=1))
    with pytest.raises(StrategyError, match="singlets, leukocytes"):
        count_file(path, TREE)
    tree = strategy(rule("positives", "T", marker="CD3"))
    with pytest.raises(StrategyError, match="T need"):
        count_file(path, tree, {"T": Fit(positive_model("CD3"), KNOWN, "", 0)})


@pytest.mark.parametrize("odd", [np.nan, np.inf])
def test_a_stain_that_is_no_number_is_an_error(tmp_path, odd):
    columns = np.nan_to_num(events(3_000), nan=0, posinf=1, neginf=1)
    columns[:3, 5], columns[3, 5] = [1e5, 9e4, 5e4], odd
    drawn = strategy(TREE.populations[0], replace_parent(TREE.populations[6], "cells"))
    with pytest.raises(CompensationError, match="no numbers"):
        count_file(tube(tmp_path, columns), drawn)


def test_a_file_that_becomes_shorter_is_an_error(tmp_path):
    path = tube(tmp_path, np.nan_to_num(events(30_000), nan=0, posinf=1, neginf=1))
    acquisition = read_fcs(path)
    path.write_bytes(path.read_bytes()[:-4_000])
    with pytest.raises(FcsError, match="shorter"):
        count_file(acquisition, TREE, FITS, threads=2)


def test_membership_is_that_of_flowkit(tmp_path):
    """The same drawn gates by flowkit: float64 throughout, every event of every gate."""
    flowkit = pytest.importorskip("flowkit")
    path = tube(tmp_path, np.nan_to_num(events(60_000), nan=0, posinf=1, neginf=1))
    tree = strategy(
        TREE.populations[0],
        rule("polygon", "CD45", "cells", x="CD45", y="SSC-A",
             vertices=[(0.3, 0.0), (0.9, 0.1), (0.8, 0.7), (0.4, 0.6)]),
        rule("polygon", "T", "CD45", x="CD3", y="CD19", vertices=[(0.4, -0.5), (1.2, -0.5), (1.2, 0.5), (0.4, 0.5)]),
    )  # fmt: skip
    channels = dict(zip(LABELS, NAMES, strict=True))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        gates = flowkit.GatingStrategy()
        gates.add_comp_matrix("own", flowkit.Matrix(MATRIX, DYES))
        gates.add_transform("logicle", flowkit.transforms.LogicleTransform(262144, 0.5, 4.5, 0))
        gates.add_transform("linear", flowkit.transforms.LinearTransform(262144, 0))
        above = ["root"]
        for one in tree.populations:
            dims = []
            for marker in (one.x, one.y):
                stain = marker in channels
                transform = "logicle" if stain else "linear"
                comp = "own" if stain else "uncompensated"
                dims.append(flowkit.Dimension(channels.get(marker, marker), comp, transform))
            gate = flowkit.gates.PolygonGate(one.name, dims, list(one.vertices))
            gates.add_gate(gate, tuple(above))
            above.append(one.name)
        result = gates.gate_sample(flowkit.Sample(path))
        expected = {one.name: result.get_gate_membership(one.name) for one in tree.populations}
    streamed = count_file(path, tree, keep_membership=True)
    for name, inside in expected.items():
        np.testing.assert_array_equal(streamed.membership[name], inside, err_msg=name)
        assert inside.any()


def test_it_is_there_by_its_public_name():
    assert bcelldepl.count_file is count_file
    assert bcelldepl.count_files is count_files


COMPILED = """
import sys
from numba.core import event
heard = event.RecordingListener()
event.register("numba:compile", heard)
import bcelldepl
bcelldepl.count_file(sys.argv[1], sys.argv[2])
print(len(heard.buffer))
"""


@pytest.fixture
def drawn(tmp_path):
    """A file, and a strategy that draws all its gates."""
    path = tube(tmp_path, np.nan_to_num(events(500), nan=0, posinf=1, neginf=1))
    own = tmp_path / "drawn.toml"
    own.write_text(
        "[[population]]\nname = 'cells'\nparent = 'all'\nrule = 'polygon'\nx = 'CD3'\ny = 'CD45'\n"
        "vertices = [[0.1, 0.1], [0.9, 0.2], [0.5, 0.8]]\n"
    )
    return path, own


def in_a_process_of_its_own(code, *arguments):
    environment = {**os.environ, "PYTHONPATH": str(Path(bcelldepl.__file__).parents[1])}
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout


def test_a_second_start_compiles_nothing(drawn):
    _, second = (in_a_process_of_its_own(COMPILED, *drawn) for _ in range(2))
    assert int(second) == 0


IMPORTED = """
import sys
import bcelldepl
bcelldepl.count_file(sys.argv[1], sys.argv[2])
print(*sys.modules)
"""
HEAVY = [
    "sklearn",
    "scipy.stats",
    "scipy.special",
    "scipy.optimize",
    "matplotlib",
    "pandas",
    "pyarrow",
    "flowkit",
]
HEAVY += ["flowutils", "joblib", "jinja2", "openpyxl", "rich", "typer", "PIL"]
OTHER_RULES = ["singlets", "cut", "positives", "ellipse"]


def test_drawn_gates_import_only_what_they_need(drawn):
    imported = set(in_a_process_of_its_own(IMPORTED, *drawn).split())
    assert "bcelldepl.gating.rules.polygon" in imported
    assert [name for name in HEAVY if name in imported] == []
    assert "bcelldepl.gating.model.learn" not in imported
    assert [name for name in OTHER_RULES if f"bcelldepl.gating.rules.{name}" in imported] == []
