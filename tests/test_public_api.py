"""The public names: what a type checker sees of them, that all are there, and that importing them stays light."""

from __future__ import annotations

import html
import inspect
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import bcelldepl
from bcelldepl import plots
from bcelldepl.errors import ArgumentError, BcelldeplError, CountingError, ExchangeError, FcsError, StudyError

PROGRAM = """
import bcelldepl as bd

study = bd.load_study("study.toml")
results = bd.run(study, out="results", workers=2)
reveal_type(study)
reveal_type(results)
reveal_type(bd.open_results("results"))
reveal_type(bd.read_fcs("tube.fcs"))
reveal_type(bd.verify("results"))
reveal_type(bd.selftest())
reveal_type(bd.run("study.toml"))
reveal_type(bd.compare(results, "manual.wsp", out="compared"))
reveal_type(bd.export("results", to="xpt", out="xpt"))
reveal_type(bd.endpoints(results.counts, study))
reveal_type(bd.simulate("study", scenario="trial"))
reveal_type(bd.plots.Average.MEDIAN)
bd.run(5)
bd.export("results", to=3, out="xpt")
bd.compare("results", 4)
"""
SEEN = [
    "bcelldepl.study.study.Study",
    "bcelldepl.results.folder.Results",
    "bcelldepl.results.folder.Results",
    "bcelldepl.fcs.acquisition.Acquisition",
    "bcelldepl.verification.findings.Verification",
    "bcelldepl.qualification.check.Qualification",
    "bcelldepl.results.folder.Results",
    "bcelldepl.comparison.outcome.Comparison | bcelldepl.comparison.compare_readers.ReadersComparison",
    "bcelldepl.exports.export.Exported",
    "bcelldepl.kinetics.analysis.StudyKinetics",
    "pathlib.Path",
    "Literal[bcelldepl.report.group_curves.Average.MEDIAN]?",
]
REFUSED = ["run", "export", "compare"]  # lines with arguments of the wrong type


def test_a_type_checker_sees_the_types(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    command = [sys.executable, "-m", "mypy", "--cache-dir", str(tmp_path / "cache"), "--follow-imports=silent",
               "--config-file=", str(program)]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert re.findall(r'Revealed type is "([^"]*)"', done.stdout) == SEEN, done.stdout + done.stderr
    assert re.findall(r'error: Argument .* to "(\w+)" has', done.stdout) == REFUSED, done.stdout


@pytest.mark.parametrize("name", [name for name in bcelldepl.__all__ if name not in ("__version__", "plots")])
def test_every_public_name_is_there_and_says_what_it_takes(name: str) -> None:
    member = getattr(bcelldepl, name)
    text = inspect.getdoc(member) or ""
    takes = () if inspect.isclass(member) or not inspect.signature(member).parameters else ("Parameters",)
    for section in (*takes, "Attributes" if inspect.isclass(member) else "Returns"):
        assert f"\n{section}\n---" in text, section


def test_what_is_not_public_is_refused() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'gating_of_dreams'"):
        bcelldepl.gating_of_dreams  # noqa: B018


@pytest.mark.parametrize("name", [name for name in plots.__all__ if name.startswith("draw_")])
def test_every_figure_takes_axes_and_gives_them_back(name: str) -> None:
    taken = inspect.signature(getattr(plots, name))
    assert taken.parameters["axes"].annotation == taken.return_annotation == "Axes"
    assert f"`{name}`" in (plots.__doc__ or "") or name == "draw_companions"


def test_functions_are_not_hidden_by_rooms_of_their_name() -> None:
    """A room that is imported becomes an attribute of the package."""
    rooms = {path.name for path in Path(bcelldepl.__file__).parent.iterdir() if path.is_dir()}
    assert rooms & set(bcelldepl.__all__) == set()


WRONG: list[tuple[str, tuple, dict, type[BcelldeplError], str]] = [
    ("run", (5,), {}, ArgumentError, r"5 \(int\) is not a path"),
    ("run", (None,), {}, ArgumentError, r"None \(NoneType\) is not a path"),
    ("run", ("{nowhere}",), {}, StudyError, "no such study file"),
    ("run", ("{study}",), {"workers": -1}, ArgumentError, "-1 .* .give a number from 1 on"),
    ("run", ("{study}",), {"workers": 0}, ArgumentError, "workers: 0"),
    ("run", ("{study}",), {"workers": True}, ArgumentError, "workers: True"),
    ("run", ("{study}",), {"workers": 1.5}, ArgumentError, "workers: 1.5"),
    ("run", ("{study}",), {"workers": "two"}, ArgumentError, "an address such as tcp"),
    ("run", ("{study}",), {"out": 3}, ArgumentError, "out: 3"),
    ("run", ("{study}",), {"figures": ["gif"]}, ArgumentError, "'gif' is not a figure format"),
    ("load_study", (b"study.toml",), {}, ArgumentError, r"\(bytes\) is not a path"),
    ("open_results", ("",), {}, ArgumentError, "folder: ''"),
    ("open_results", ("{nowhere}",), {}, ExchangeError, "there is no such folder"),
    ("open_results", ("{folder}",), {}, ExchangeError, "there is no run.json"),
    ("compare", ("{nowhere}", "m.csv"), {}, ExchangeError, "there is no such folder"),
    ("compare", ("{results}", 7), {}, ArgumentError, "manual: 7 is neither a path nor a list of paths"),
    ("compare", ("{results}", []), {}, ArgumentError, "neither a path nor"),
    ("compare", ("{results}", ["a.csv", 7]), {}, ArgumentError, "manual: 7"),
    ("compare", ("{results}", "{nowhere}.csv"), {}, ExchangeError, "cannot be read"),
    ("compare", ("{results}", "m.csv"), {"mapping": 1}, ArgumentError, "mapping: 1"),
    ("export", ("{results}", "spss", "out"), {}, ExchangeError, "known: csv"),
    ("export", ("{results}", None, "out"), {}, ExchangeError, "None is not a format"),
    ("endpoints", (5,), {}, ArgumentError, "table: 5"),
    ("endpoints", ("{nowhere}",), {}, CountingError, "there is no such file"),
    ("endpoints", ("{nowhere}", 5), {}, ArgumentError, "settings: 5"),
    ("simulate", (None,), {}, ArgumentError, "out: None"),
    ("simulate", ("{nowhere}",), {"scenario": "huge"}, StudyError, "one of trial"),
    ("simulate", ("{nowhere}",), {"seed": -1}, StudyError, "seed: -1"),
    ("simulate", ("{nowhere}",), {"subjects": "3"}, StudyError, "subjects: 3"),
    ("verify", (3,), {}, ArgumentError, "results: 3"),
    ("verify", ("{results}",), {"workers": 0}, ArgumentError, "workers: 0"),
    ("read_fcs", (3,), {}, ArgumentError, "path: 3"),
    ("read_fcs", ("{nowhere}",), {}, FcsError, "No such file"),
    ("read_fcs", ("{nowhere}",), {"volume_unit": "ml"}, ArgumentError, "volume_unit: 'ml'"),
    ("read_fcs", ("{nowhere}",), {"offsets": "both"}, ArgumentError, "offsets: 'both'"),
    ("count_file", (3, "cart_pd"), {}, ArgumentError, "path: 3"),
]


@pytest.mark.parametrize(("name", "given", "named", "kind", "words"), WRONG)
def test_wrong_arguments_are_refused_in_words(
    simulated: Path, results, tmp_path: Path, name: str, given, named, kind, words: str
) -> None:
    places = {
        "study": simulated / "study.toml",
        "results": results.folder,
        "folder": tmp_path,
        "nowhere": tmp_path / "no",
    }
    filled = [one.format(**places) if isinstance(one, str) else one for one in given]
    with pytest.raises(kind, match=words):
        getattr(bcelldepl, name)(*filled, **named)
    assert list(tmp_path.iterdir()) == []


def test_objects_show_briefly_and_as_tables(simulated: Path, results) -> None:
    study = bcelldepl.load_study(simulated / "study.toml")
    assert repr(study) == str(study) == "Study(SIM-SMALL: 10 tubes of 2 subjects, strategy cart_pd)"
    assert repr(results) == f"Results(SIM-SMALL: 10 tubes of 2 subjects, {results.folder})"
    assert repr(bcelldepl.Results(Path("nowhere"))) == "Results(nowhere)"
    tube = study.tubes[0]
    acquisition = bcelldepl.read_fcs(tube.path)
    assert repr(acquisition).startswith(f"Acquisition({tube.path.name}: {acquisition.n_events:,} events, ")
    kinetics = bcelldepl.endpoints(results.counts, study)
    for shown, cell in (
        (study, tube.file),
        (results, "QUANTIFIED"),
        (acquisition, acquisition.channels[-1].name),
        (kinetics, "CMAX"),
    ):
        assert len(repr(shown)) < 160 + len(str(results.folder))
        page = shown._repr_html_()
        assert page.startswith(f"<p><b>{html.escape(repr(shown), quote=False)}</b></p>")
        assert f"<td>{cell}</td>" in page


def test_what_notebooks_show_is_escaped(simulated: Path) -> None:
    study = bcelldepl.load_study(simulated / "study.toml").model_copy(update={"id": "<script>"})
    assert "<script>" not in study._repr_html_()


def test_a_study_gives_the_endpoints_of_a_run_again(simulated: Path, results) -> None:
    study = bcelldepl.load_study(simulated / "study.toml")
    again = bcelldepl.endpoints(results.counts, study).endpoints
    assert again["value"].dropna().tolist() == results.endpoints["value"].dropna().tolist()


def test_tables_by_name(results) -> None:
    rates = results.table("depletion_rates")
    assert len(rates) == len((results.folder / "depletion_rates.csv").read_text().splitlines()) - 1
    with pytest.raises(ExchangeError, match=r"there are .*depletion_rates"):
        results.table("companions")


def test_gates_of_a_tube(results) -> None:
    from matplotlib.figure import Figure

    axes = Figure().subplots()
    assert plots.draw_gates(results.folder, "fcs/S01_BL.fcs", axes) is axes
    (image,) = axes.images
    assert image.get_array().shape[0] > 200
    with pytest.raises(ExchangeError, match="there is no tube"):
        plots.draw_gates(results, "none.fcs", axes)


def test_comparing_from_python_is_entered_in_the_record(results, tmp_path: Path) -> None:
    own = shutil.copytree(results.folder, tmp_path / "results")
    counts = results.counts[results.counts["population"] == "B"]
    counts[["file", "population", "events"]].to_csv(tmp_path / "manual.csv", index=False)
    silent = bcelldepl.compare(own, tmp_path / "manual.csv")
    before = (own / "audit.jsonl").read_text()
    assert silent.files == ()
    done = bcelldepl.compare(
        bcelldepl.open_results(own), tmp_path / "manual.csv", tmp_path / "out", why="yearly"
    )
    assert done.unrecorded == ""
    (entry,) = (own / "audit.jsonl").read_text().removeprefix(before).splitlines()
    assert "yearly" in entry
    assert all(path.is_file() for path in done.files)
    two = bcelldepl.compare(
        own, [tmp_path / "manual.csv", shutil.copy(tmp_path / "manual.csv", tmp_path / "b.csv")]
    )
    assert repr(two).endswith("readers manual, b)")
    assert "<table" in two._repr_html_()
    assert repr(done) == f"Comparison({done.verdict}: 8 of 8 samples, B)"


def test_importing_the_package_imports_no_library() -> None:
    code = "import sys, bcelldepl; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"numpy", "numba", "pandas", "pydantic"} & set(done.stdout.split())
