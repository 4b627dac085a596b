"""Markers are found under every spelling that laboratories use, or the error lists what there is."""

from __future__ import annotations

import pytest

from bcelldepl.errors import PanelError
from bcelldepl.fcs.acquisition import Channel
from bcelldepl.signal import resolve_panel
from bcelldepl.signal.panel import MOST_LISTED


def channels(*pairs):
    """Channels from names, or pairs of name and label."""
    parts = [(pair, "") if isinstance(pair, str) else pair for pair in pairs]
    return [Channel(name=name, label=label, range=262_144.0) for name, label in parts]


USUAL = ("FSC-A", "FSC-H", "SSC-A", ("FITC-A", "CD3 FITC"), ("V450-A", "CD45 V450"), "Time")


def resolve(*pairs, required=(), optional=(), overrides=None):
    return resolve_panel(channels(*pairs), required, optional, overrides, where="tube.fcs")


@pytest.mark.parametrize(
    "label",
    [
        "CD19",
        "cd19",
        "CD19 PE-Cy7",
        "CD19-PE-Cy7",
        "CD19_PECy7",
        "cd19-VioBlue",
        "APC-A :: CD19",
        "CD19::APC",
        "CD19 (HIB19) APC",
        "anti-CD19 APC",
        "Hu CD19 BV421",
        " CD19 ",
    ],
)
def test_every_spelling_of_cd19_in_a_label(label):
    assert resolve(*USUAL, ("PMT 7", label), required=["CD19"]) == {"CD19": "PMT 7"}


@pytest.mark.parametrize("name", ["CD19", "CD19-A", "APC-A :: CD19", "CD19 PE-Cy7-A", "CD19 APC"])
def test_every_spelling_of_cd19_in_a_detector_name(name):
    assert resolve(*USUAL, name, required=["CD19"]) == {"CD19": name}


@pytest.mark.parametrize(
    "label",
    ["CAR", "CAR PE", "anti-FMC63 PE", "FMC63-AF647", "Anti FMC63", "CD19 CAR PE", "CD19-CAR", "anti-idiotype PE",
     "anti-CAR APC", "MC-1-50 PE"],
)  # fmt: skip
def test_every_spelling_of_the_car(label):
    panel = resolve(*USUAL, ("PE-A", label), ("APC-A", "CD19 APC"), required=["CAR", "CD19"])
    assert panel == {"CAR": "PE-A", "CD19": "APC-A"}


@pytest.mark.parametrize(
    "label", ["CD56", "CD56 PE", "CD16+56", "CD16+CD56 PE", "CD16/56", "CD16&CD56", "CD56+CD16 PE", "NCAM"]
)
def test_every_spelling_of_the_nk_stain(label):
    assert resolve(*USUAL, ("PE-A", label), required=["CD56"]) == {"CD56": "PE-A"}


def test_the_mixture_of_cd16_and_cd56_is_not_cd16():
    with pytest.raises(PanelError, match="CD16: no channel"):
        resolve(*USUAL, ("PE-A", "CD16+56 PE"), required=["CD16"])


@pytest.mark.parametrize(
    "label",
    [
        "Viability",
        "Live/Dead Aqua",
        "LIVE-DEAD",
        "L/D",
        "7-AAD",
        "7AAD",
        "DAPI",
        "Zombie NIR",
        "FVS780",
        "PI",
    ],
)
def test_every_spelling_of_the_viability_dye(label):
    assert resolve(*USUAL, ("BV510-A", label), required=["Viability"]) == {"Viability": "BV510-A"}


@pytest.mark.parametrize(
    ("marker", "label"),
    [("CD4", "CD45 PerCP"), ("CD45", "CD45RA FITC"), ("CD3", "CD38 APC"), ("CD19", "CD194 PE"), ("CD20", "CD200"),
     ("CD5", "CD56")],
)  # fmt: skip
def test_a_marker_is_not_found_within_a_longer_word(marker, label):
    with pytest.raises(PanelError, match=f"{marker}: no channel found"):
        resolve("FSC-A", ("X-A", label), required=[marker])


SCATTER_BY_MAKER = {
    "BD": ("FSC-A", "FSC-H", "FSC-W", "SSC-A", "SSC-H", "SSC-W"),
    "Beckman Coulter Gallios": ("FS-A", "FS-H", "FS-W", "SS-A", "SS-H", "SS-W"),
    "Beckman Coulter Navios": (
        "FS INT LIN", "FS PEAK LIN", "FS TOF LIN", "SS INT LIN", "SS PEAK LIN", "SS TOF LIN",
    ),
    "MoFlo": ("FSC-Area", "FSC-Height", "FSC-Width", "SSC-Area", "SSC-Height", "SSC-Width"),
    "spelled out": (
        "Forward Area", "Forward Height", "Forward Width", "Side Area", "Side Height", "Side Width",
    ),
    "lower case": ("fsc-a", "fsc-h", "fsc-w", "ssc-a", "ssc-h", "ssc-w"),
    "underscores": ("FSC_A", "FSC_H", "FSC_W", "SSC_A", "SSC_H", "SSC_W"),
    "Stratedigm": ("FSC LinA", "FSC LinH", "FSC LinW", "SSC LinA", "SSC LinH", "SSC LinW"),
}  # fmt: skip
SIGNALS = ("FSC-A", "FSC-H", "FSC-W", "SSC-A", "SSC-H", "SSC-W")


@pytest.mark.parametrize("maker", SCATTER_BY_MAKER)
def test_scatter_by_the_names_of_many_makers(maker):
    names = SCATTER_BY_MAKER[maker]
    panel = resolve(*names, ("FL1-A", "CD19"), "Time", required=[*SIGNALS, "CD19"])
    assert panel == {**dict(zip(SIGNALS, names, strict=True)), "CD19": "FL1-A"}


def test_area_is_told_from_height_whatever_their_order():
    assert resolve("SSC-H", "FSC-H", "SSC-A", "FSC-A", required=["FSC-A", "SSC-A"]) == {
        "FSC-A": "FSC-A",
        "SSC-A": "SSC-A",
    }


@pytest.mark.parametrize(("forward", "side"), [("FSC", "SSC"), ("FS", "SS")])
def test_scatter_without_a_suffix_stands_for_the_area_only(forward, side):
    assert resolve(forward, side, required=["FSC-A", "SSC-A"], optional=["FSC-H", "SSC-W"]) == {
        "FSC-A": forward,
        "SSC-A": side,
    }


def test_a_file_of_heights_alone_has_no_area():
    with pytest.raises(PanelError, match="FSC-A: no channel"):
        resolve("FSC-H", "SSC-H", required=["FSC-A"])


def test_the_logarithm_of_a_scatter_signal_is_not_its_area():
    panel = resolve("FSC LogA", "FSC LinA", "FSC LogH", "FSC LinH", required=["FSC-A", "FSC-H"])
    assert panel == {"FSC-A": "FSC LinA", "FSC-H": "FSC LinH"}


@pytest.mark.parametrize("name", ["Time", "TIME", "time", "HDR-T"])
def test_time_by_its_names(name):
    assert resolve("FSC-A", name, required=["Time"]) == {"Time": name}


def test_of_two_time_words_the_one_called_time_is_taken():
    assert resolve(("TIME", "Time LSW"), ("TIME2", "Time MSW"), required=["Time"]) == {"Time": "TIME"}


@pytest.mark.parametrize(
    "names",
    [
        ("APC-A", "APC-H"),
        ("APC-H", "APC-A", "APC-W"),
        ("FL4-Height", "FL4-Area"),
        ("FL4 PEAK LOG", "FL4 INT LOG"),
    ],
)
def test_area_is_preferred_where_area_and_height_carry_one_label(names):
    area = next(name for name in names if name.endswith("-A") or "Area" in name or "INT" in name)
    assert resolve(*((name, "CD19 APC") for name in names), required=["CD19"]) == {"CD19": area}


def test_a_label_that_is_the_marker_wins_over_a_longer_one():
    assert resolve(("PE-A", "CD19 test clone"), ("APC-A", "CD19"), required=["CD19"]) == {"CD19": "APC-A"}


def test_no_candidate_is_an_error_that_lists_the_channels_it_could_be():
    with pytest.raises(PanelError) as caught:
        resolve(*USUAL, required=["CD19", "CD3"])
    text = str(caught.value)
    assert text.startswith("tube.fcs: CD19: no channel found")
    assert "V450-A (CD45 V450)" in text
    assert all(name not in text for name in ("FITC-A", "Time", "FSC-H"))
    assert "[panel]" in caught.value.remedy


def test_two_candidates_are_an_error_that_names_both():
    with pytest.raises(PanelError) as caught:
        resolve(*USUAL, ("APC-A", "CD19 APC"), ("PE-A", "CD19 PE"), required=["CD19"])
    assert "CD19: 2 channels match (APC-A (CD19 APC), PE-A (CD19 PE))" in caught.value.what
    assert "FITC-A (CD3 FITC)" in caught.value.what


def test_a_channel_of_two_markers_stands_for_neither_unless_the_study_says_so():
    lineage = (*USUAL[:3], ("PE-A", "Lin CD3/CD19/CD14"))
    with pytest.raises(PanelError, match=r"CD3 and CD19: one channel matches all of them \(PE-A\)"):
        resolve(*lineage, required=["CD3"], optional=["CD19"])
    assert resolve(*lineage, required=["CD3", "CD19"], overrides={"CD3": "PE-A"}) == {
        "CD3": "PE-A",
        "CD19": "PE-A",
    }


def test_every_marker_that_is_wrong_is_named_at_once():
    with pytest.raises(PanelError) as caught:
        resolve(*USUAL, ("A-A", "CD20 A"), ("B-A", "CD20 B"), required=["CD19", "CD20", "CAR"])
    assert [f"{marker}:" in caught.value.what for marker in ("CD19", "CD20", "CAR", "CD3")] == [1, 1, 1, 0]


def test_an_optional_marker_may_be_absent_but_not_doubtful():
    assert resolve(*USUAL, required=["CD3"], optional=["CD56"]) == {"CD3": "FITC-A"}
    with pytest.raises(PanelError, match="CD56: 2 channels"):
        resolve(*USUAL, ("A-A", "CD56 A"), ("B-A", "CD56 B"), required=["CD3"], optional=["CD56"])


@pytest.mark.parametrize("named", ["V2-A", "v2-a", "spare stain"])
def test_the_study_names_a_detector_or_a_label(named):
    panel = resolve(*USUAL, ("V2-A", "spare stain"), required=["CD19"], overrides={"CD19": named})
    assert panel == {"CD19": "V2-A"}


def test_the_study_decides_between_two_candidates():
    two = (("APC-A", "CD19 APC"), ("PE-A", "CD19 PE"))
    assert resolve(*two, required=["CD19"], overrides={"CD19": "PE-A"}) == {"CD19": "PE-A"}


def test_a_detector_name_goes_before_a_label():
    two = (("PE-A", "APC-A"), ("APC-A", "CD45"))
    assert resolve(*two, required=["CD19"], overrides={"CD19": "APC-A"}) == {"CD19": "APC-A"}


@pytest.mark.parametrize("kind", ["required", "optional"])
def test_an_override_that_the_file_lacks_is_an_error_even_for_optional_markers(kind):
    with pytest.raises(PanelError, match=r"CD19: the study's \[panel\] names 'V9-A'.*FITC-A"):
        resolve(*USUAL, ("APC-A", "CD19"), **{kind: ["CD19"]}, overrides={"CD19": "V9-A"})


def test_a_file_without_channels():
    with pytest.raises(PanelError, match="CD19"):
        resolve(required=["CD19"])
    assert resolve(optional=["CD19"]) == {}


def test_the_panel_of_the_real_tbnk_tube(real_data):
    from bcelldepl.fcs import read_fcs

    tube = read_fcs(real_data / "tbnk" / "tbnk_facscanto.fcs")
    markers = ["FSC-A", "SSC-A", "CD3", "CD56", "CD45", "CD4", "CD19", "CD8", "Time"]
    expected = ["FSC-A", "SSC-A", "FITC-A", "PE-A", "PerCP-Cy5-5-A", "PE-Cy7-A", "APC-A", "APC-Cy7-A", "Time"]
    assert resolve_panel(tube.channels, markers, ["CD20", "FSC-H"]) == dict(
        zip(markers, expected, strict=True)
    )


@pytest.mark.parametrize(
    ("file", "forward", "side"),
    [
        ("bits10_in16_two_datasets_FC500.lmd", "FS", "SS"),
        ("two_datasets_fcs2_fcs3_Gallios.lmd", "FS-A", "SS-A"),
        ("navios_dfc_constant528.lmd", "FS INT LIN", "SS INT LIN"),
        ("mixed_16_32_bit_int_with_gain.fcs", "FSC LinA", "SSC LinA"),
        ("downsampled_VOL_no_longer_valid.fcs", "FSC-A", "SSC-A"),
        ("partec_leading_spaces_in_text.fcs", "FSC", "SSC"),
    ],
)
def test_scatter_of_real_files_of_many_makers(real_data, file, forward, side):
    from bcelldepl.fcs import read_fcs

    tube = read_fcs(real_data / "vendors" / file)
    assert resolve_panel(tube.channels, ["FSC-A", "SSC-A"]) == {"FSC-A": forward, "SSC-A": side}


def test_what_is_done_to_a_panel_stays_with_it():
    first = resolve(*USUAL, required=("CD3", "CD45"))
    first["CD3"] = "elsewhere"
    assert resolve(*USUAL, required=("CD3", "CD45")) == {"CD3": "FITC-A", "CD45": "V450-A"}


def test_the_error_names_the_file_at_hand_each_time():
    for where in ("one.fcs", "other.fcs"):
        with pytest.raises(PanelError) as caught:
            resolve_panel(channels(*USUAL), ("CD19",), where=where)
        assert caught.value.where == where


def test_many_channels_are_not_all_listed():
    """A spectral cytometer has more than sixty: the message is repeated for each tube."""
    detectors = [
        Channel(f"{laser}{n}-{signal}", "", 1e5) for laser in "UVBR" for n in range(16) for signal in "AH"
    ]
    with pytest.raises(PanelError) as caught:
        resolve_panel(detectors, ["CD19", "CD45"])
    assert "U0-A, U1-A" in caught.value.what
    assert f"and {64 - MOST_LISTED} more, which `bcelldepl inspect` lists" in caught.value.what
    assert len(caught.value.what) < 300
    assert '[panel] CD19 = "DETECTOR", CD45 = "DETECTOR"' in caught.value.remedy
    assert caught.value.markers == ("CD19", "CD45")


def test_as_many_channels_as_fit_are_listed():
    detectors = [Channel(f"V{n}-A", "", 1e5) for n in range(MOST_LISTED)]
    with pytest.raises(PanelError) as caught:
        resolve_panel(detectors, ["CD19"])
    assert "more" not in caught.value.what


GREEK = (("V1-A", "TCRαβ"), ("V2-A", "TCRγδ"), ("V3-A", "CD3ε"), ("V4-A", "ＣＤ４"), ("V5-A", "CD19抗体"))  # noqa: RUF001


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("TCRαβ", "V1-A"),  # noqa: RUF001
        ("TCRγδ", "V2-A"),  # noqa: RUF001
        ("tcrγδ", "V2-A"),  # noqa: RUF001
        ("CD4", "V4-A"),
        ("V2-A", "V2-A"),
        ("Ｖ2-A", "V2-A"),  # noqa: RUF001
        ("v2 a", "V2-A"),
    ],
)
def test_the_panel_names_a_label_by_its_very_text(written, found):
    assert resolve(*GREEK, required=["X"], overrides={"X": written}) == {"X": found}


def test_an_exact_label_wins_over_one_that_is_compatible():
    pair = (("V1-A", "CD1９"), ("V2-A", "CD19"))  # noqa: RUF001
    assert resolve(*pair, required=["B"], overrides={"B": "CD19"}) == {"B": "V2-A"}
    assert resolve(*pair, required=["B"], overrides={"B": "CD1９"}) == {"B": "V1-A"}  # noqa: RUF001


@pytest.mark.parametrize(("marker", "found"), [("CD3", "V3-A"), ("CD4", "V4-A"), ("CD19", "V5-A")])
def test_letters_of_other_scripts_part_words(marker, found):
    assert resolve(*GREEK, required=[marker]) == {marker: found}
