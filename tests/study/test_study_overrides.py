"""``overrides.toml``: read, and every mistake in it named."""

from __future__ import annotations

from pathlib import Path

import pytest

from bcelldepl.errors import StudyError
from bcelldepl.gating.density import GRID
from bcelldepl.study import load_study
from bcelldepl.study.overrides import AXIS

STUDY = '[study]\nid = "X"\nsamples = "samples.csv"\nstrategy = "cart_pd"\n'
SHEET = "file,subject,visit,day\na.fcs,1,D0,0\nb.fcs,1,D7,7\n"
SIGNED = 'who = "core lab"\nwhen = 2026-11-02\nwhy = "FMO of another lot"\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "study.toml").write_text(STUDY, encoding="utf-8")
    (tmp_path / "samples.csv").write_text(SHEET, encoding="utf-8")
    return tmp_path


def load(folder: Path, text: str):
    (folder / "overrides.toml").write_text(text, encoding="utf-8")
    return load_study(folder / "study.toml")


def test_without_the_file_nothing_is_overridden(folder: Path) -> None:
    assert load_study(folder / "study.toml").overrides == ()


def test_a_cut_and_a_polygon_are_read_with_who_when_and_why(folder: Path) -> None:
    study = load(
        folder,
        f'[[override]]\nfile = "a.fcs"\npopulation = "CAR_T"\ncut = 0.47\n{SIGNED}'
        f'[[override]]\nfile = "b.fcs"\npopulation = "B"\npolygon = [[0, 0.4], [0.3, 0.4], [0.3, 1]]\n{SIGNED}',
    )
    cut, polygon = study.overrides
    assert (cut.cut, cut.population) == (0.47, "CAR_T")
    assert polygon.polygon == ((0.0, 0.4), (0.3, 0.4), (0.3, 1.0))
    assert cut.sentence == "gate of CAR_T set by hand by core lab on 2026-11-02: FMO of another lot"
    assert study.overrides_of("b.fcs") == (polygon,)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f'[[override]]\nfile = "c.fcs"\npopulation = "B"\ncut = 0.4\n{SIGNED}', "no tube 'c.fcs'"),
        (
            '[[override]]\nfile = "a.fcs"\npopulation = "B"\ncut = 0.4\nwho = "x"\nwhen = 2026-11-02\n',
            "`why` is missing",
        ),
        (
            '[[override]]\nfile = "a.fcs"\npopulation = "B"\ncut = 0.4\nwho = " "\nwhen = 2026-11-02\nwhy = "y"\n',
            "`who` is empty",
        ),
        (f'[[override]]\nfile = "a.fcs"\npopulation = "B"\n{SIGNED}', "give one gate"),
        (
            f'[[override]]\nfile = "a.fcs"\npopulation = "B"\ncut = 0.4\npolygon = [[0,0],[1,0],[1,1]]\n{SIGNED}',
            "give one gate",
        ),
        (f'[[override]]\nfile = "a.fcs"\npopulation = "B"\ncut = nan\n{SIGNED}', "finite"),
        (f'[[override]]\nfile = "a.fcs"\npopulation = "B"\npolygon = [[0,0],[1,1]]\n{SIGNED}', "at least 3"),
        (f'[[override]]\nfile = "a.fcs"\npopulation = "B"\ncut = 0.4\nx = "CD3"\n{SIGNED}', "`x` belongs to a polygon"),
        (f'[[override]]\nfile = "a.fcs"\npopulation = "B"\ncuts = 0.4\n{SIGNED}', "unknown key `cuts`"),
        (
            2 * f'[[override]]\nfile = "a.fcs"\npopulation = "B"\ncut = 0.4\n{SIGNED}',
            "set a second time",
        ),
        ("[override]\ncut = 1\n", "write one [[override]]"),
        ("override = [", "not valid TOML"),
    ],
)  # fmt: skip
def test_a_mistake_is_named(folder: Path, text: str, words: str) -> None:
    with pytest.raises(StudyError) as error:
        load(folder, text)
    assert words in str(error.value)
    assert "overrides.toml" in str(error.value)


def gate(text: str) -> str:
    return f'[[override]]\nfile = "a.fcs"\npopulation = "B"\n{text}\n{SIGNED}'


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("cut = 1.25", ""),
        ("cut = 1.26", "`cut` is 1.26, outside of the axis, which runs from -0.25 to 1.25"),
        ("cut = -0.25", ""),
        ("cut = -0.26", "outside of the axis"),
        ("cut = 1200", "outside of the axis"),
        ("polygon = [[-1, -1], [2, -1], [2, 2], [-1, 2]]", ""),  # reaches over the whole axis
        ("polygon = [[1.25, 0], [2, 0], [2, 1]]", ""),
        ("polygon = [[1.26, 0], [2, 0], [2, 1]]", "lies outside of its first axis: at 1.26 to 2"),
        ("polygon = [[0, -9], [1, -9], [1, -0.3]]", "lies outside of its second axis"),
        ("polygon = [[0, 0], [1, 1], [0.5, 0.5]]", "`polygon` is empty"),
        ("polygon = [[0, 0], [1, 0], [0, 1], [1, 1]]", "`polygon` is empty"),  # its edges cross
        ("polygon = [[0, 0], [0.001, 0], [0.001, 0.0019]]", "`polygon` is empty"),
        ("polygon = [[0, 0], [0.001, 0], [0.001, 0.0021]]", ""),
        ('cut = 0.5\nholds = "nothing"', ""),
        ('cut = 0.5\nholds = "some"', "`holds` is 'some'"),
    ],
)
def test_positions_that_no_event_has_are_refused(folder: Path, text: str, words: str) -> None:
    if not words:
        assert len(load(folder, gate(text)).overrides) == 1
        return
    with pytest.raises(StudyError) as error:
        load(folder, gate(text))
    assert words in str(error.value)


def test_all_mistakes_of_the_file_are_named_at_once(folder: Path) -> None:
    several = (
        gate('cut = 1200\nx = "CD3"') + gate("polygon = [[0, 0], [1, 1], [0.5, 0.5]]") + gate("cuts = 1")
    )
    with pytest.raises(StudyError) as error:
        load(folder, several)
    text = str(error.value)
    for words in (
        "override 1: `x` belongs",
        "`cut` is 1200",
        "override 2: `polygon` is empty",
        "override 3: unknown key",
    ):
        assert words in text


def test_the_axis_is_that_of_the_gates() -> None:
    assert AXIS == GRID


def test_a_link_out_of_the_study_is_refused(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "overrides.toml"
    elsewhere.write_text("", encoding="utf-8")
    (folder / "overrides.toml").symlink_to(elsewhere)
    with pytest.raises(StudyError, match=r"overrides\.toml: is a link out of the study folder"):
        load_study(folder / "study.toml")
