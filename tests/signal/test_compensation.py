"""The plan of a compensation, the study's matrices, and what is wrong with one in words."""

from __future__ import annotations

from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bcelldepl.errors import CompensationError
from bcelldepl.fcs.acquisition import Spillover
from bcelldepl.fcs.spillover import MAX_CONDITION
from bcelldepl.fcs.spillover_table import LARGEST_PART, UNIT_SLACK, read_matrix
from bcelldepl.signal.compensation import plan_unmixing

NAMES = ("FITC-A", "PE-A", "APC-A")
PRESENT = ("FSC-A", *NAMES, "BV421-A", "Time")
MATRIX = np.array([[1.0, 0.2, 0.0], [0.05, 1.0, 0.0], [0.0, 0.0, 1.0]])


def spillover(matrix=MATRIX, channels=NAMES):
    return Spillover(channels=channels, matrix=np.asarray(matrix, dtype=float), keyword="$SPILLOVER")


def plan(matrix, wanted, present=PRESENT):
    return plan_unmixing(matrix, wanted, present, where="tube.fcs")


def unmix(plan, seen):
    """What the plan makes of detector readings given by name."""
    return np.array([seen[name] for name in plan.detectors]) @ plan.weights


def test_without_a_matrix_the_values_stay():
    done = plan(None, ["PE-A", "APC-A"])
    assert done.detectors == ("PE-A", "APC-A")
    np.testing.assert_array_equal(done.weights, np.eye(2))


def test_an_identity_matrix_reads_only_what_is_wanted():
    done = plan(spillover(np.eye(3)), ["APC-A"])
    assert done.detectors == ("APC-A",)
    np.testing.assert_array_equal(done.weights, [[1.0]])


def test_a_dye_without_spillover_reads_only_its_own_detector():
    assert plan(spillover(), ["APC-A"]).detectors == ("APC-A",)
    assert set(plan(spillover(), ["FITC-A"]).detectors) == {"FITC-A", "PE-A"}


def test_known_dyes_come_back_whatever_is_wanted_and_in_whatever_order():
    dyes = np.array([1000.0, 50.0, 7.0])
    seen = dict(zip(NAMES, MATRIX.T @ dyes, strict=True)) | {"BV421-A": 33.0}
    for wanted in (["PE-A"], ["APC-A", "FITC-A"], ["BV421-A", "PE-A", "FITC-A", "APC-A"]):
        expected = [{**dict(zip(NAMES, dyes, strict=True)), "BV421-A": 33.0}[name] for name in wanted]
        np.testing.assert_allclose(unmix(plan(spillover(), wanted), seen), expected, rtol=1e-12)


def test_a_channel_that_the_matrix_does_not_name_is_taken_as_it_is():
    done = plan(spillover(), ["BV421-A"])
    assert done.detectors == ("BV421-A",)
    np.testing.assert_array_equal(done.weights, [[1.0]])


def test_two_markers_on_one_channel_get_the_same_signal():
    seen = dict(zip(NAMES, MATRIX.T @ [10.0, 20.0, 30.0], strict=True)) | {"BV421-A": 4.0}
    done = plan(spillover(), ["PE-A", "PE-A", "BV421-A", "BV421-A"])
    np.testing.assert_allclose(unmix(done, seen), [20.0, 20.0, 4.0, 4.0])


def test_nothing_wanted_reads_nothing():
    assert plan(spillover(), []).detectors == ()
    assert plan(None, []).weights.shape == (0, 0)


def test_a_misnamed_matrix_names_the_channels_it_means_and_those_there_are():
    with pytest.raises(CompensationError) as caught:
        plan(spillover(channels=("FITC-A", "PE-H", "APC-H")), ["FITC-A"])
    assert "PE-H, APC-H" in caught.value.what
    assert "$SPILLOVER" in caught.value.what
    assert caught.value.where == "tube.fcs"
    assert "PE-A" in caught.value.remedy


@pytest.mark.parametrize(
    ("matrix", "word"),
    [
        (np.ones((3, 3)), "singular"),
        (np.zeros((3, 3)), "singular"),
        ([[1, 1, 0], [1, 1 + 1e-6, 0], [0, 0, 1]], "singular"),
        ([[1, np.nan, 0], [0, 1, 0], [0, 0, 1]], "not numbers"),
        ([[1, np.inf, 0], [0, 1, 0], [0, 0, 1]], "not numbers"),
    ],
)
def test_a_matrix_that_cannot_be_inverted_is_an_error(matrix, word):
    with pytest.raises(CompensationError, match=word) as caught:
        plan(spillover(matrix), ["FITC-A"])
    assert "[compensation]" in caught.value.remedy


def test_a_hard_but_honest_matrix_is_accepted():
    hard = np.array([[1.0, 0.98, 0], [0.98, 1.0, 0], [0, 0, 1]])
    assert 50 < np.linalg.cond(hard) < MAX_CONDITION
    assert len(plan(spillover(hard), ["PE-A"]).detectors) == 2


def write(folder, text, encoding="utf-8"):
    path = folder / "matrix.csv"
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize(
    "text",
    [
        "FITC-A,PE-A,APC-A\n1,0.2,0\n0.05,1,0\n0,0,1\n",
        ",FITC-A,PE-A,APC-A\nFITC-A,1,0.2,0\nPE-A,0.05,1,0\nAPC-A,0,0,1\n",
        "dye,FITC-A,PE-A,APC-A\nFITC-A,1,0.2,0\nPE-A,0.05,1,0\nAPC-A,0,0,1\n",
        " FITC-A , PE-A ,APC-A\r\n1, 0.2,0\r\n\r\n5e-2,1,0\r\n0,0,1\r\n",
        "\ufeffFITC-A,PE-A,APC-A\n1,0.2,0\n0.05,1,0\n0,0,1",
        '"FITC-A","PE-A","APC-A"\n"1","0.2","0"\n0.05,1,0\n0,0,1\n,,\n',
    ],
    ids=["plain", "named rows", "titled corner", "blanks", "byte order mark", "quotes"],
)
def test_a_matrix_of_the_study_is_read(tmp_path, text):
    found = read_matrix(write(tmp_path, text))
    assert found.channels == NAMES
    np.testing.assert_array_equal(found.matrix, MATRIX)
    assert found.keyword == "matrix.csv"


def test_a_matrix_of_one_channel(tmp_path):
    found = read_matrix(write(tmp_path, "PE-A\n1\n"))
    assert found.channels == ("PE-A",)
    np.testing.assert_array_equal(found.matrix, [[1.0]])


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "empty"),
        ("\n\n", "empty"),
        ("FITC-A,PE-A\n", "empty"),
        ("FITC-A,PE-A\n1,0\n", "rows are named 1, columns PE-A"),
        ("FITC-A,PE-A\n1,0\n0,1\n0,0\n1,1\n", "not square"),
        ("FITC-A,PE-A\n1,0\n0\n", "not square"),
        ("FITC-A,PE-A\n1,0\n0,1,0\n", "not square"),
        ("FITC-A,FITC-A\n1,0\n0,1\n", "twice"),
        ("FITC-A,PE-A\n1,a little\n0,1\n", "text"),
        ("FITC-A,PE-A\n1,\n0,1\n", "text"),
        (",FITC-A,PE-A\nPE-A,1,0\nFITC-A,0,1\n", "rows are named PE-A, FITC-A"),
        ("FITC-A,PE-A\n1,0,2\n0,1\n", "not square"),
    ],
)
def test_what_is_wrong_with_a_matrix_is_said_in_words(tmp_path, text, word):
    with pytest.raises(CompensationError, match=word) as caught:
        read_matrix(write(tmp_path, text))
    assert caught.value.where == "matrix.csv"
    assert caught.value.remedy


def test_a_matrix_with_comma_decimals_is_an_error_not_another_matrix(tmp_path):
    with pytest.raises(CompensationError):
        read_matrix(write(tmp_path, "FITC-A,PE-A\n1,0,0,2\n0,05,1,0\n"))


@pytest.mark.parametrize("name", ["absent.csv", "."])
def test_a_matrix_that_cannot_be_read(tmp_path, name):
    with pytest.raises(CompensationError, match="cannot be read"):
        read_matrix(tmp_path / name)


def test_a_matrix_that_is_no_text(tmp_path):
    path = tmp_path / "matrix.csv"
    path.write_bytes(b"FITC-A,\xfc\n1,0\n")
    with pytest.raises(CompensationError, match="cannot be read"):
        read_matrix(path)


@pytest.mark.parametrize("value", ["nan", "inf", "-inf"])
def test_a_matrix_with_what_is_no_number_is_refused_before_it_is_used(tmp_path, value):
    with pytest.raises(CompensationError, match="number"):
        plan(read_matrix(write(tmp_path, f"FITC-A,PE-A\n1,{value}\n0,1\n")), ["PE-A"])


FLOWJO = """,Comp-FITC-A :: CD3,Comp-PE-A :: CAR,Comp-APC-A
Comp-FITC-A :: CD3,1,0.2,0
Comp-PE-A :: CAR,0.05,1,0
Comp-APC-A,0,0,1
"""
PERCENT = ";FITC-A;PE-A;APC-A\nFITC-A;100;20;0\nPE-A;5;100;0\nAPC-A;0;0;100\n"
DIVA = """Fluorochrome,- % Fluorochrome,Spectral Overlap
PE-A,- % FITC-A,20
FITC-A,- % PE-A,5
APC-A,- % FITC-A,0
"""
CYTEXPERT = """Channel,-FITC-A%,-PE-A%,-APC-A%
FITC-A,,5,0
PE-A,20,,0
APC-A,0,0,
"""


@pytest.mark.parametrize(
    "text",
    [
        FLOWJO,
        FLOWJO.replace(" :: ", "::"),
        FLOWJO.replace("Comp-", ""),
        FLOWJO.replace(",", ";"),
        FLOWJO.replace(",", "\t"),
        FLOWJO.replace(",", ";").replace(".", ","),
        FLOWJO.replace(",", "\t").replace(".", ","),
        FLOWJO.replace("\n", ",\n"),
        FLOWJO.replace("Comp-", "<").replace(" ::", "> ::"),
        PERCENT,
        PERCENT.replace(";20;", ";20%;").replace("100", "100%").replace(";5;", ";5%;"),
        PERCENT.replace(";5;", ";5,0;"),
        PERCENT.split("\n", 1)[0].lstrip(";") + "\n100;20;0\n5;100;0\n0;0;100\n",
        DIVA,
        DIVA.replace(",", ";").replace("20", "20,0"),
        DIVA.replace("- % FITC-A", "-%FITC-A").replace("20", "20%").replace("5", "5%"),
        CYTEXPERT,
        CYTEXPERT.replace("FITC-A,,", "FITC-A,100,")
        .replace("PE-A,20,,", "PE-A,20,100,")
        .replace("0,0,\n", "0,0,100\n"),
    ],
)
def test_matrices_as_programs_write_them(tmp_path, text):
    found = read_matrix(write(tmp_path, text))
    order = [found.channels.index(name) for name in NAMES]
    np.testing.assert_allclose(found.matrix[np.ix_(order, order)], MATRIX, rtol=1e-12)


def test_a_matrix_in_utf_16(tmp_path):
    np.testing.assert_array_equal(read_matrix(write(tmp_path, FLOWJO, "utf-16")).matrix, MATRIX)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("FITC-A,PE-A\n1,1\n1,1\n", "singular"),
        ("FITC-A,PE-A\n0.9,0\n0,0.9\n", "diagonal"),
        ("FITC-A,PE-A\n1,20\n5,1\n", "1 on its diagonal and 20 beside it"),
        ("FITC-A,PE-A\n100,20\n5,1\n", "diagonal"),
        ("a,b,% overlap\nPE,- % FITC,20\nPE,- % FITC,21\n", "names a pair twice"),
        ("a,b,% overlap\nPE,- % FITC,20\nPE,FITC,21\n", "not target, - % source"),
    ],
)
def test_matrices_that_cannot_be_right(tmp_path, text, words):
    with pytest.raises(CompensationError, match=words):
        read_matrix(write(tmp_path, text))


@pytest.mark.parametrize(("off", "accepted"), [(0.9 * UNIT_SLACK, True), (1.1 * UNIT_SLACK, False)])
@pytest.mark.parametrize("unit", [1.0, 100.0])
def test_what_rounding_leaves_of_the_diagonal(tmp_path, off, accepted, unit):
    path = write(tmp_path, f"FITC-A,PE-A\n{unit * (1 - off)!r},0\n0,{unit!r}\n")
    if accepted:
        assert read_matrix(path).matrix[1, 1] == 1.0
    else:
        with pytest.raises(CompensationError, match="diagonal"):
            read_matrix(path)


@pytest.mark.parametrize(("largest", "accepted"), [(LARGEST_PART, True), (LARGEST_PART + 0.1, False)])
def test_parts_that_are_percent(tmp_path, largest, accepted):
    path = write(tmp_path, f"FITC-A,PE-A\n1,{largest}\n0,1\n")
    if accepted:
        assert read_matrix(path).matrix[0, 1] == largest
    else:
        with pytest.raises(CompensationError, match="percent throughout"):
            read_matrix(path)


@pytest.mark.parametrize("written", ["FITC,PE,APC", "fitc-a,pe a,APC-A", "FITC-A,PE-A,APC-A"])
def test_names_of_fluorochromes_mean_the_areas_of_their_detectors(tmp_path, written):
    found = read_matrix(write(tmp_path, f"{written}\n1,0.2,0\n0.05,1,0\n0,0,1\n"))
    present = ("FSC-A", "FITC-A", "FITC-H", "PE-A", "PE-H", "APC-A")
    assert plan_unmixing(found, ["PE-A"], present).detectors == ("FITC-A", "PE-A")


def test_names_that_could_mean_two_detectors_mean_none(tmp_path):
    found = read_matrix(write(tmp_path, "PE,FITC-A\n1,0.2\n0,1\n"))
    with pytest.raises(CompensationError, match="names absent channels: PE"):
        plan_unmixing(found, ["FITC-A"], ("PE-A", "PE A", "FITC-A"))


@given(
    st.integers(1, 5),
    st.sampled_from(",;\t"),
    st.booleans(),
    st.booleans(),
    st.randoms(use_true_random=False),
)
def test_any_matrix_comes_back_as_it_was_written(tmp_path_factory, n, delimiter, named, percent, chance):
    names = [f"D{i}-A" for i in range(n)]
    matrix = np.eye(n) + [
        [0.0 if i == j else round(chance.uniform(-0.05, 0.3), 4) for j in range(n)] for i in range(n)
    ]
    if np.linalg.cond(matrix) > MAX_CONDITION:
        return
    unit = 100 if percent else 1
    comma = "," if delimiter != "," else "."
    rows = [[f"{unit * value:.6g}".replace(".", comma) for value in row] for row in matrix]
    if named:
        rows = [[name, *row] for name, row in zip(names, rows, strict=True)]
    heading = ["", *names] if named else names
    text = "\n".join(delimiter.join(row) for row in [heading, *rows])
    found = read_matrix(write(tmp_path_factory.mktemp("matrix"), text))
    assert found.channels == tuple(names)
    np.testing.assert_allclose(found.matrix, matrix, atol=1e-9)


@given(st.text(max_size=60))
def test_no_text_breaks_the_reader(tmp_path_factory, text):
    path = tmp_path_factory.mktemp("matrix") / "matrix.csv"
    for content in (text, f"FITC-A,PE-A\n1,{text}\n0,1\n", f"a,b,%\nPE,- % FITC,{text}\n"):
        path.write_bytes(content.encode("utf-8", "replace"))
        with suppress(CompensationError):
            read_matrix(path)
