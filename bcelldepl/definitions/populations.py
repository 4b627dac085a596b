"""The populations that are counted: what they are called here, in reports, by others and by CDISC; one row each."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from bcelldepl.units import CELLS_PER_UL

__all__ = [
    "BEADS",
    "B_WITHOUT_CD19",
    "CAR_T",
    "CD4_T",
    "CD8_T",
    "LEUKOCYTES",
    "LYMPHOCYTES",
    "NK",
    "PLASMABLASTS",
    "POPULATIONS",
    "SINGLETS",
    "B",
    "CdiscTest",
    "Kinetics",
    "PopulationDefinition",
    "T",
    "analytes",
    "cdisc_test",
    "holds_car",
    "is_result",
    "label_of",
]

B: Final = "B"
T: Final = "T"
CAR_T: Final = "CAR_T"
CD4_T: Final = "CD4_T"
CD8_T: Final = "CD8_T"
PLASMABLASTS: Final = "plasmablasts"
B_WITHOUT_CD19: Final = "B_without_CD19"
NK: Final = "NK"
LYMPHOCYTES: Final = "lymphocytes"
LEUKOCYTES: Final = "leukocytes"
BEADS: Final = "beads"
SINGLETS: Final = "singlets"


class Kinetics(StrEnum):
    """What is asked of a population over time, in the order of ``endpoints.csv``."""

    EXPANSION = "expansion"
    DEPLETION = "depletion"


@dataclass(frozen=True)
class CdiscTest:
    """How CDISC spells a population.

    Attributes
    ----------
    code, name : str
        CPTESTCD and CPTEST of the count.
    fraction_code, fraction_name : str
        Of the fraction; empty where there is none.
    of : str
        Population that the fraction is of.
    sublineage : str
        CPSBMRKS, with the name ending in ``Sub``.
    own_fraction : bool
        Whether CDISC's terminology has no term for the fraction.
    concentration_code, concentration_name : str
        PCTESTCD and PCTEST, of an analyte of cellular kinetics; empty for others.
    """

    code: str
    name: str
    fraction_code: str = ""
    fraction_name: str = ""
    of: str = ""
    sublineage: str = ""
    own_fraction: bool = False
    concentration_code: str = ""
    concentration_name: str = ""

    @property
    def events_code(self) -> str:
        """CPTESTCD of the number of events: a test of its own, for it has another unit."""
        return f"{self.code}EV"

    @property
    def events_name(self) -> str:
        """CPTEST of the number of events."""
        return f"{self.name} Events"


@dataclass(frozen=True)
class PopulationDefinition:
    """One population.

    Attributes
    ----------
    name : str
        As in ``counts.csv``.
    label : str
        As reports write it.
    markers : str
        What its cells carry.
    other_names : tuple of str
        By which people call it, without case, blanks and marks; the first are the surest.
    unit : str
        Of its results; empty where its concentration is no result.
    kinetics : Kinetics or None
        What is asked of it over time.
    cdisc : CdiscTest or None
    overview : bool
        Whether its gate is among the few that the contact sheet shows of every tube.
    """

    name: str
    label: str
    markers: str
    other_names: tuple[str, ...]
    unit: str = CELLS_PER_UL
    kinetics: Kinetics | None = None
    cdisc: CdiscTest | None = None
    overview: bool = False


# Codes of CDISC where the implementation guide shows one; NK and CAR+ T are the sponsor's, as the lists extend.
_ROWS: Final = (
    PopulationDefinition(
        B,
        "B cells",
        "CD19+, and CD3- where the panel has CD3",
        (
            "b",
            "bcells",
            "bcell",
            "blymphocytes",
            "cd19+",
            "cd19+bcells",
            "cd19",
            "cd19pos",
            "cd3-cd19+",
            "cd19+cd3-",
        ),
        kinetics=Kinetics.DEPLETION,
        cdisc=CdiscTest("BLYCE", "B-Lymphocytes", "BLYCELY", "B-Lymphocytes/Lymphocytes", LYMPHOCYTES),
        overview=True,
    ),
    PopulationDefinition(
        CAR_T,
        "CAR+ T cells",
        "CAR+ CD3+",
        ("cart", "car+", "cartcells", "cart+", "car+tcells", "car+t", "cd3+car+", "car"),
        kinetics=Kinetics.EXPANSION,
        cdisc=CdiscTest(
            "TLS",
            "TLym Sub",
            "TLSTLY",
            "TLym Sub/TLym",
            T,
            "CAR+",
            concentration_code="CARTCELL",
            concentration_name="CAR+ T-Lymphocytes",
        ),
        overview=True,
    ),
    PopulationDefinition(
        T,
        "T cells",
        "CD3+, CAR+ included",
        (
            "t",
            "tcells",
            "tcell",
            "tlymphocytes",
            "cd3+",
            "cd3+tcells",
            "cd3",
            "cd3pos",
            "cd3+cd19-",
            "cd19-cd3+",
        ),
        cdisc=CdiscTest("TLYCE", "T-Lymphocytes", "TLYLY", "TLym/Lym", LYMPHOCYTES),
        overview=True,
    ),
    PopulationDefinition(
        NK,
        "NK cells",
        "CD3- CD56+, or CD16+ or CD56+",
        ("nk", "nkcells", "nkcell", "cd56+", "cd16+56+", "cd16+cd56+", "cd3-cd56+", "cd3-cd16+56+"),
        cdisc=CdiscTest("NKCE", "Natural Killer Cells", "NKLY", "NK Cells/Lym", LYMPHOCYTES),
    ),
    PopulationDefinition(
        CD4_T,
        "CD4+ T cells",
        "CD3+ CD4+",
        ("cd4t", "cd4+", "cd4", "cd4+tcells", "cd4tcells", "helpertcells", "cd3+cd4+", "tcd4", "th"),
        cdisc=CdiscTest("TLYH", "TLym Help", "TLYHTLY", "TLym Help/TLym", T),
    ),
    PopulationDefinition(
        CD8_T,
        "CD8+ T cells",
        "CD3+ CD8+",
        ("cd8t", "cd8+", "cd8", "cd8+tcells", "cd8tcells", "cytotoxictcells", "cd3+cd8+", "tcd8"),
        cdisc=CdiscTest("TLC", "TLym Cytx", "TLYCTLY", "TLym Cytx/TLym", T),
    ),
    PopulationDefinition(
        PLASMABLASTS,
        "plasmablasts",
        "CD19+ CD20-, and CD3- where the panel has CD3",
        ("plasmablasts", "plasmablast", "plasmacells", "cd19+cd20-"),
        cdisc=CdiscTest("PB", "Plasmablasts", "PBLY", "Plasmablasts/Lym", LYMPHOCYTES, own_fraction=True),
    ),
    PopulationDefinition(
        B_WITHOUT_CD19,
        "B cells without CD19",
        "CD19-, and CD20+, CD22+ or CD79a+",
        ("bwithoutcd19", "cd19-cd20+", "cd19negbcells", "cd20+cd19-"),
        cdisc=CdiscTest("BLYS", "BLym Sub", "BLSLY", "BLym Sub/Lym", LYMPHOCYTES, "CD19-"),
    ),
    PopulationDefinition(
        LYMPHOCYTES,
        "lymphocytes",
        "CD45 high, side scatter low",
        ("lymphocytes", "lymphs", "lymph", "lymphocyte"),
        cdisc=CdiscTest("LYM", "Lymphocytes", "LYMLE", "Lymphocytes/Leukocytes", LEUKOCYTES),
    ),
    PopulationDefinition(
        LEUKOCYTES,
        "leukocytes",
        "CD45+",
        ("leukocytes", "wbc", "cd45+", "cd45+cells", "livecd45+", "viablecd45+", "cd45"),
        cdisc=CdiscTest("WBC", "Leukocytes"),
    ),
    PopulationDefinition(
        BEADS,
        "beads",
        "counting beads: bright in every channel",
        ("beads", "bead", "countingbeads", "countbright", "trucount", "absolutecountbeads"),
        unit="",
    ),
    PopulationDefinition(
        SINGLETS,
        "single cells",
        "height of the forward scatter in proportion to its area",
        ("singlets", "singlets1", "singletsfsc", "singlecells", "singlet"),
    ),
    PopulationDefinition(
        "cells", "cells", "beyond debris in forward and side scatter", ("cells", "nodebris", "nondebris")
    ),
)
# By name, in the order in which reports show them.
POPULATIONS: Final = {row.name: row for row in _ROWS}


def analytes(kinetics: Kinetics) -> tuple[str, ...]:
    """Names of the populations of which this is asked over time.

    Parameters
    ----------
    kinetics : Kinetics

    Returns
    -------
    tuple of str
    """
    return tuple(row.name for row in _ROWS if row.kinetics is kinetics)


def cdisc_test(population: str) -> CdiscTest | None:
    """How CDISC spells a population; None where it has no such test.

    Parameters
    ----------
    population : str
        Name of the population.

    Returns
    -------
    CdiscTest or None
    """
    return POPULATIONS[population].cdisc if population in POPULATIONS else None


def label_of(population: str) -> str:
    """Label of a population; its name where a strategy has one of its own.

    Parameters
    ----------
    population : str
        Name of the population.

    Returns
    -------
    str
    """
    return POPULATIONS[population].label if population in POPULATIONS else population


def is_result(population: str) -> bool:
    """Whether the concentration of a population is a result; that of beads is an input.

    Parameters
    ----------
    population : str
        Name of the population.

    Returns
    -------
    bool
    """
    return population not in POPULATIONS or bool(POPULATIONS[population].unit)


def holds_car(population: str) -> bool:
    """Whether a population is of CAR+ cells, which are rare and dim: narrower limits would ask too much.

    Parameters
    ----------
    population : str
        Name of the population.

    Returns
    -------
    bool
    """
    return population.startswith("CAR")
