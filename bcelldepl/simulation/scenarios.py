"""The scenarios: what a simulated study holds and how hard it is, as data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, Literal

__all__ = ["SCENARIOS", "Difficulty", "Mishap", "PlannedVisit", "Scenario", "TubeOrder", "tube_orders"]


@dataclass(frozen=True)
class PlannedVisit:
    """A planned visit: its name, nominal study day, and the events acquired per tube.

    Attributes
    ----------
    name : str
    day : float
        Nominal study day, 0 = infusion.
    events : int
        Events after which the operator stops, about.
    fmo_events : int
        Same for a tube without the anti-CAR reagent; 0 where none is run.
    """

    name: str
    day: float
    events: int
    fmo_events: int = 0


@dataclass(frozen=True)
class Mishap:
    """Something that goes wrong with one tube.

    Attributes
    ----------
    subject : int
        0 for the first subject.
    visit : str
        Name of the visit.
    kind : str
        ``short``: acquisition stopped early; ``few_beads``: the bead pellet did not dissolve; ``debris``:
        poor lysis; ``clog``: the flow cell clogs; ``labels``: another site's spelling of the channel
        labels; ``no_fmo``: the tube without anti-CAR was forgotten.
    """

    subject: int
    visit: str
    kind: Literal["short", "few_beads", "debris", "clog", "labels", "no_fmo"]


@dataclass(frozen=True)
class Difficulty:
    """How far the tubes are from ideal.

    Attributes
    ----------
    drift : float
        Sd of log10 of gain and staining between batches, per channel.
    spillover_error : float
        Relative sd of the true spillover coefficients around those in the file.
    doublets, bead_doublets : float
        Coincident events per cell (and bead), aggregates per bead.
    dead, sticky, shrunken, margin : float
        Dead cells per live leukocyte; events that bind every reagent; live cells with reduced scatter; events
        beyond the scale.
    clog_probability : float
        Chance that a tube clogs once.
    cd19_loss : float
        Log10 by which CD19 of B cells is dimmer after the infusion in subjects who lose it.
    cd19_loss_probability : float
        Share of such subjects.
    trogocytosis : float
        Share of CAR+ T cells that carry CD19 in the first two weeks.
    cd20_masked_probability : float
        Share of subjects whose CD20 is masked by an earlier anti-CD20 antibody.
    """

    drift: float = 0.06
    spillover_error: float = 0.02
    doublets: float = 0.015
    bead_doublets: float = 0.02
    dead: float = 0.03
    sticky: float = 0.001
    shrunken: float = 0.08
    margin: float = 0.002
    clog_probability: float = 0.04
    cd19_loss: float = 0.25
    cd19_loss_probability: float = 0.25
    trogocytosis: float = 0.01
    cd20_masked_probability: float = 0.0


@dataclass(frozen=True)
class Scenario:
    """One study to simulate.

    Attributes
    ----------
    name, study_id : str
    stream : int
        Keeps the random streams of scenarios apart, so that no two share a subject.
    subjects : int
        Default number of subjects; dose groups take turns.
    visits : tuple of PlannedVisit
    difficulty : Difficulty
    mishaps : tuple of Mishap
    replicate_visits : tuple of str
        Visits at which every sample is stained twice.
    bead_count : int
        Beads in a tube, about; lots differ.
    blood_volume_ul, max_volume_ul : float
        Blood pipetted into the tube, and the most of it that is acquired.
    white_cells, debris : float
        Levels relative to the average adult and the average lysis.
    """

    name: str
    study_id: str
    stream: int
    subjects: int
    visits: tuple[PlannedVisit, ...]
    difficulty: Difficulty = field(default_factory=Difficulty)
    mishaps: tuple[Mishap, ...] = ()
    replicate_visits: tuple[str, ...] = ()
    bead_count: int = 50_000
    blood_volume_ul: float = 50.0
    max_volume_ul: float = 30.0
    white_cells: float = 1.0
    debris: float = 1.0


_TRIAL_VISITS: Final = (
    PlannedVisit("BL", -5, 60_000, fmo_events=30_000),
    PlannedVisit("D0", 0, 60_000),
    PlannedVisit("D3", 3, 60_000),
    PlannedVisit("D7", 7, 60_000),
    PlannedVisit("D10", 10, 60_000),
    PlannedVisit("D14", 14, 60_000, fmo_events=30_000),
    PlannedVisit("D21", 21, 60_000),
    PlannedVisit("D28", 28, 60_000),
    PlannedVisit("D60", 60, 60_000),
    PlannedVisit("D90", 90, 60_000),
    PlannedVisit("D120", 120, 60_000),
    PlannedVisit("D180", 180, 60_000),
)

SCENARIOS: Final = {
    scenario.name: scenario
    for scenario in (
        Scenario("trial", "SIM-TRIAL", 0, subjects=12, visits=_TRIAL_VISITS),
        Scenario(
            "small",
            "SIM-SMALL",
            1,
            subjects=3,
            # Few leukocytes, debris and beads, so that few events still hold five microlitres of blood.
            visits=(
                PlannedVisit("BL", -5, 11_000, fmo_events=5_000),
                PlannedVisit("D10", 10, 18_000),
                PlannedVisit("D28", 28, 22_000),
                PlannedVisit("D90", 90, 24_000),
            ),
            mishaps=(Mishap(1, "D28", "clog"),),
            bead_count=36_000,
            white_cells=0.6,
            debris=0.7,
        ),
        Scenario(
            "hard",
            "SIM-HARD",
            2,
            subjects=8,
            visits=_TRIAL_VISITS,
            difficulty=Difficulty(
                drift=0.15,
                spillover_error=0.06,
                doublets=0.03,
                bead_doublets=0.05,
                dead=0.08,
                sticky=0.01,
                shrunken=0.15,
                margin=0.004,
                clog_probability=0.20,
                cd19_loss=0.5,
                cd19_loss_probability=1.0,
                trogocytosis=0.04,
                cd20_masked_probability=0.25,
            ),
            mishaps=(
                Mishap(0, "D28", "short"),
                Mishap(1, "D10", "few_beads"),
                Mishap(2, "D60", "debris"),
                Mishap(3, "D90", "labels"),
                Mishap(4, "BL", "no_fmo"),
                Mishap(4, "D14", "no_fmo"),
                Mishap(5, "D7", "clog"),
            ),
            replicate_visits=("D28", "D90"),
        ),
    )
}


@dataclass(frozen=True)
class TubeOrder:
    """One tube to be made.

    Attributes
    ----------
    stem : str
        File name without its ending.
    subject_index, visit_index, tube_index : int
        Its place in the study; the third is 0 for the sample, 1 for its replicate, 2 for the tube without
        anti-CAR.
    visit : PlannedVisit
    events : int
        Events to acquire, about.
    car : bool
        Whether the anti-CAR reagent is in it.
    mishaps : frozenset of str
        What goes wrong with it.
    """

    stem: str
    subject_index: int
    visit_index: int
    tube_index: int
    visit: PlannedVisit
    events: int
    car: bool
    mishaps: frozenset[str]


def tube_orders(scenario: Scenario, subject_index: int, subject: str) -> Iterator[TubeOrder]:
    """Tubes of one subject in the order of visits; mishaps befall the sample, not its companions.

    Parameters
    ----------
    scenario : Scenario
    subject_index : int
        0 for the first subject.
    subject : str
        Identifier, the beginning of every file name.

    Yields
    ------
    TubeOrder
    """
    for visit_index, visit in enumerate(scenario.visits):
        mishaps = frozenset(
            mishap.kind
            for mishap in scenario.mishaps
            if mishap.subject == subject_index and mishap.visit == visit.name
        )
        stem = f"{subject}_{visit.name}"
        place = (subject_index, visit_index)
        nothing: frozenset[str] = frozenset()
        yield TubeOrder(stem, *place, 0, visit, visit.events, True, mishaps)
        if visit.name in scenario.replicate_visits:
            yield TubeOrder(f"{stem}_2", *place, 1, visit, visit.events, True, nothing)
        if visit.fmo_events and "no_fmo" not in mishaps:
            yield TubeOrder(f"{stem}_FMO-CAR", *place, 2, visit, visit.fmo_events, False, nothing)
