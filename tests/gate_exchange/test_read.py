"""Manual gates of other programs: published memberships, and files that are broken in part."""

from __future__ import annotations

import csv
import os
import re
from pathlib import Path

import numpy as np
import pytest

from bcelldepl.comparison.read_manual import read_manual
from bcelldepl.errors import ExchangeError
from bcelldepl.fcs import read_fcs
from bcelldepl.gate_exchange.evaluate import Channels, evaluate
from bcelldepl.gate_exchange.gate import path_text
from bcelldepl.gate_exchange.manual import EVERY_FILE, ManualTube
from bcelldepl.gate_exchange.xml_documents import parse_xml


def memberships(tube: ManualTube, fcs: Path) -> dict[str, np.ndarray]:
    assert tube.tree is not None
    members, lost = evaluate(tube.tree, Channels(read_fcs(fcs), tube.tree.matrices))
    assert not lost
    return {path_text(path): member for path, member in members.items()}


def test_every_membership_of_the_gating_ml_compliance_set(real_data: Path) -> None:
    folder = real_data / "gatingml"
    truths = sorted((folder / "truth").glob("Results_*.txt"))
    assert len(truths) == 51
    found: dict[str, list[np.ndarray]] = {}
    with pytest.raises(
        ExchangeError, match="<sample> are not supported"
    ):  # its gate stands where none may stand
        read_manual(folder / "gml" / "gml_range_gate_attr_testing.xml")
    documents = sorted(
        set((folder / "gml").glob("*.xml")) - {folder / "gml" / "gml_range_gate_attr_testing.xml"}
    )
    assert len(documents) == 46
    for document in documents:
        manual = read_manual(document)[""]
        assert manual.skipped == ()
        assert manual.tubes[0].names == (EVERY_FILE,)
        for path, member in memberships(manual.tubes[0], folder / "data1.fcs").items():
            found.setdefault(path.rpartition("/")[2], []).append(member)
    for truth in truths:
        wanted = np.loadtxt(truth, dtype=int) != 0
        name = truth.stem.removeprefix("Results_")
        name = {"ParQuadRect": "ParRectangle1"}.get(name, name)  # its gate has another name
        assert found[name], name
        for member in found[name]:
            assert np.array_equal(member, wanted), name


def test_gates_per_file_give_the_manual_counts(real_data: Path) -> None:
    folder = real_data / "volumetric_cd19"
    manual = read_manual(folder / "manual_gates.xml")[""]
    labels = np.load(folder / "manual_event_labels.npz")
    with (folder / "manual_counts.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert manual.skipped == ()
    tubes = {tube.name: tube for tube in manual.tubes}
    checked = 0
    for name in dict.fromkeys(row["file"] for row in rows):
        members = memberships(tubes[name], folder / name)
        for row in (row for row in rows if row["file"] == name):
            member = members[row["gate_path"].removeprefix("root/")]
            assert int(member.sum()) == int(row["events"])
            assert np.array_equal(member, labels[f"{name}|{row['population']}"])
            checked += 1
    assert checked == len(rows) == 40


def test_flowjo_populations_event_by_event(real_data: Path) -> None:
    import flowkit as fk

    folder = real_data / "flowjo_mouse"
    manual = read_manual(folder / "gating.wsp")[""]
    (tube,) = manual.tubes
    assert [name.rpartition("/")[2] for name in tube.names] == ["lymphocytes.fcs", "68983.fcs"]
    assert tube.keywords["$TOT"] == "19225"
    members = memberships(tube, folder / "68983.fcs")
    assert len(members) == 15
    sample = fk.Sample(str(folder / "68983.fcs"), sample_id="68983.fcs")
    workspace = fk.Workspace(str(folder / "gating.wsp"), fcs_samples=[sample])
    workspace.analyze_samples(use_mp=False)
    for path, member in members.items():
        *above, name = path.split("/")
        other = workspace.get_gate_membership("68983.fcs", name, ("root", *above))
        assert np.array_equal(member, other), path
        # FlowJo counted on binned values.
        stated = tube.stated[path].events
        assert stated is not None
        assert abs(stated - int(member.sum())) <= max(1, 0.001 * stated)


def edited(real_data: Path, tmp_path: Path, *changes: tuple[str, str]) -> Path:
    text = (real_data / "flowjo_mouse" / "gating.wsp").read_text()
    for old, new in changes:
        assert re.search(old, text)
        text = re.sub(old, new, text, count=1)
    path = tmp_path / "edited.wsp"
    path.write_text(text)
    return path


def test_unknown_scale_costs_only_the_polygons_drawn_on_it(real_data: Path, tmp_path: Path) -> None:
    """The scale of one stain becomes one that is not published: rectangles on it stay as they were."""
    text = (real_data / "flowjo_mouse" / "gating.wsp").read_text()
    start = text.index("<Transformations")
    block = re.compile(
        r"<transforms:biex ([^>]*)>(\s*<data-type:parameter data-type:name=\"Comp-APC-A\" />\s*)"
        r"</transforms:biex>"
    )
    changed, n = block.subn(r"<transforms:miltenyi \1>\2</transforms:miltenyi>", text[start:])
    assert n == 1
    path = tmp_path / "scale.wsp"
    path.write_text(text[:start] + changed)
    manual, before = (read_manual(one)[""] for one in (path, real_data / "flowjo_mouse" / "gating.wsp"))
    fcs = real_data / "flowjo_mouse" / "68983.fcs"
    members, whole = memberships(manual.tubes[0], fcs), memberships(before.tubes[0], fcs)
    assert before.tubes[0].tree is not None
    needing = {
        path_text(gate.path)
        for gate in before.tubes[0].tree.gates.values()
        if gate.kind == "polygon" and any(axis.scale == "Comp-APC-A" for axis in gate.axes)
    }
    assert needing
    lost = {path for path in whole if any(path == one or path.startswith(one + "/") for one in needing)}
    assert set(members) == set(whole) - lost
    assert len(manual.skipped) == len(needing)
    assert all("'miltenyi' is not published" in problem.what for problem in manual.skipped)
    for name, member in members.items():
        assert np.array_equal(member, whole[name]), name


def test_unsupported_gate_is_named_and_left_out_with_what_lies_below(real_data: Path, tmp_path: Path) -> None:
    text = (real_data / "flowjo_mouse" / "gating.wsp").read_text()
    start = text.index('<Population name="T cells"')
    start = text.index("<SampleNode") if start < text.index("<SampleNode") else start
    at = text.index('<Population name="T cells"', text.index("<SampleNode"))
    gate = text.index("<gating:RectangleGate", at)
    end = text.index("</gating:RectangleGate>", gate)
    body = text[gate:end].replace("gating:RectangleGate", "gating:CurlyQuad", 1)
    text = text[:gate] + body + "</gating:CurlyQuad>" + text[end + len("</gating:RectangleGate>") :]
    path = tmp_path / "curly.wsp"
    path.write_text(text)
    manual = read_manual(path)[""]
    (problem,) = [problem for problem in manual.skipped if "CurlyQuad" in problem.what]
    assert "T cells'" in problem.where
    assert "with 6 below it" in problem.what
    members = memberships(manual.tubes[0], real_data / "flowjo_mouse" / "68983.fcs")
    assert len(members) == 8
    assert int(members["Lymphocytes/Singlets/Singlets2/NK1_1-/B cells"].sum()) == 2460


def test_gate_that_the_reader_refuses_does_not_cost_the_rest(real_data: Path, tmp_path: Path) -> None:
    # An ellipse without its foci: known by kind, but not readable.
    text = (real_data / "flowjo_mouse" / "gating.wsp").read_text()
    at = text.index('<Population name="B cells"', text.index("<SampleNode"))
    gate = text.index("<gating:RectangleGate", at)
    end = text.index("</gating:RectangleGate>", gate)
    body = text[gate:end].replace("gating:RectangleGate", "gating:EllipsoidGate", 1)
    text = text[:gate] + body + "</gating:EllipsoidGate>" + text[end + len("</gating:RectangleGate>") :]
    path = tmp_path / "ellipse.wsp"
    path.write_text(text)
    manual = read_manual(path)[""]
    assert any("B cells'" in problem.where for problem in manual.skipped)
    assert len(memberships(manual.tubes[0], real_data / "flowjo_mouse" / "68983.fcs")) == 14


def test_sample_without_gates_or_data_set(real_data: Path, tmp_path: Path) -> None:
    path = edited(real_data, tmp_path, (r"<SampleList>", "<SampleList><Sample></Sample>"))
    manual = read_manual(path)[""]
    assert len(manual.tubes) == 1
    assert "no data set" in manual.skipped[0].what


def test_channel_that_the_file_lacks_is_named(real_data: Path) -> None:
    manual = read_manual(real_data / "flowjo_mouse" / "gating.wsp")[""]
    tree = manual.tubes[0].tree
    assert tree is not None
    other = read_fcs(real_data / "gatingml" / "data1.fcs")
    members, lost = evaluate(tree, Channels(other, tree.matrices))
    assert not members
    assert len(lost) == 15
    assert any("no channel" in reason for reason in lost.values())


BOMB = """<?xml version="1.0"?>
<!DOCTYPE lolz [<!ENTITY lol "lol"><!ENTITY lol2 "&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;">]>
<Workspace flowJoVersion="10.8">&lol2;</Workspace>"""
READER = '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]><Workspace>&x;</Workspace>'


@pytest.mark.parametrize("text", [BOMB, READER], ids=["entities", "other file"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_entities_are_refused_before_parsing(tmp_path: Path, text: str, encoding: str) -> None:
    path = tmp_path / "bomb.wsp"
    path.write_bytes(text.replace('version="1.0"?', f'version="1.0" encoding="{encoding}"?').encode(encoding))
    with pytest.raises(ExchangeError, match="entities"):
        parse_xml(path)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.wsp", "<Workspace", "not well-formed"),
        ("a.xml", "<html></html>", "neither a FlowJo workspace nor Gating-ML"),
        ("a.wsp", '<Workspace flowJoVersion="10.8"/>', "nothing to compare"),
        ("a.csv", "a,b\n1,2\n", "no column names the file"),
        ("a.csv", "", "cannot be read"),
        ("a.xlsx", "no workbook", "cannot be read"),
        ("a.wsp", "<Workspace>" + "<a>" * 5_000, "not well-formed"),
    ],
)
def test_broken_files_are_refused_in_words(tmp_path: Path, name: str, content: str, words: str) -> None:
    path = tmp_path / name
    path.write_text(content)
    with pytest.raises(ExchangeError, match=words):
        read_manual(path)


GATE = """<gating:Gating-ML xmlns:gating="http://www.isac-net.org/std/Gating-ML/v2.0/gating"
  xmlns:data-type="http://www.isac-net.org/std/Gating-ML/v2.0/datatypes">
  <gating:RectangleGate gating:id="ID7"><gating:dimension gating:min="10" {compensation}>
    <data-type:fcs-dimension data-type:name="Comp-PE-A"/></gating:dimension></gating:RectangleGate>
</gating:Gating-ML>"""


def test_a_gate_that_names_no_compensation_is_refused_with_the_remedy(tmp_path: Path) -> None:
    """As FlowJo exports gates without their workspace."""
    path = tmp_path / "gates.xml"
    path.write_text(GATE.format(compensation=""))
    with pytest.raises(
        ExchangeError, match=r"compensation-ref.*give the workspace that it was exported from"
    ):
        read_manual(path)
    path.write_text(GATE.format(compensation='gating:compensation-ref="FCS"'))
    (manual,) = read_manual(path).values()
    assert manual.tubes[0].populations == ["ID7"]


def test_formulas_of_a_count_table_are_refused(tmp_path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    book.active.append(["file", "population", "events"])
    book.active.append(["a.fcs", "B", "=50*2"])
    book.save(tmp_path / "counts.xlsx")
    with pytest.raises(ExchangeError, match="cell C2 contains a formula"):
        read_manual(tmp_path / "counts.xlsx")
    book.active["C2"] = 100
    book.save(tmp_path / "counts.xlsx")
    assert read_manual(tmp_path / "counts.xlsx")[""].tubes[0].stated["B"].events == 100


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.wsp")
    with pytest.raises(ExchangeError, match="a pipe or a device"):
        read_manual(tmp_path / "a.wsp")


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ExchangeError, match="cannot be read"):
        read_manual(tmp_path / "none.wsp")


LONG = (
    "File Name;Gate;Count;cells/uL\na.fcs;CD19+;120;12.5\na.fcs;CD3+;NA;\nb.fcs;CD19+;many;\na.fcs;CD19+;7;\n"
)


def test_long_count_table(tmp_path: Path) -> None:
    path = tmp_path / "counts.csv"
    path.write_text(LONG)
    manual = read_manual(path)[""]
    stated = {tube.name: tube.stated for tube in manual.tubes}
    assert stated["a.fcs"]["CD19+"].events is None  # 120 and 7: neither is used
    assert stated["a.fcs"]["CD3+"].events is None
    assert [("line 4" in p.where, "line 5" in p.where) for p in manual.skipped] == [
        (True, False),
        (False, True),
    ]


def test_wide_count_table_and_workbook(tmp_path: Path) -> None:
    import pandas as pd

    table = pd.DataFrame({"file": ["a.fcs", "b.fcs"], "B cells": [10, 20], "T cells": [100, None]})
    table.to_excel(tmp_path / "counts.xlsx", index=False)
    table.to_csv(tmp_path / "counts.csv", index=False)
    for name in ("counts.xlsx", "counts.csv"):
        manual = read_manual(tmp_path / name)[""]
        stated = {tube.name: {k: v.events for k, v in tube.stated.items()} for tube in manual.tubes}
        assert stated == {"a.fcs": {"B cells": 10, "T cells": 100}, "b.fcs": {"B cells": 20}}
