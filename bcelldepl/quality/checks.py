"""Every check of a tube: its name, what its failure asks for, its limits and its sentence, one row each."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from bcelldepl.definitions.instruments import SAMPLE_FLOW_UL_PER_MIN

__all__ = ["CHECKS", "Check", "Level", "Outcome"]

Limits = tuple[float | None, float | None]


class Level(StrEnum):
    """What a failed check asks for."""

    NOTE = "note"  # it is said in `quality_flags` of ``tubes.csv``
    REVIEW = "review"  # a person has to look at the tube


@dataclass(frozen=True)
class Check:
    """One thing that is checked.

    Attributes
    ----------
    name : str
        Short and stable, such as ``lymphosum``.
    limits : tuple of float or None
        Lowest and highest value that passes; None where there is none, or where each tube has its own.
    sentence : str
        What was found and what was expected, with the places ``{value}``, ``{limits}`` and others that the check names.
    level : Level
    review_limits : tuple of float or None, optional
        Where a value beyond `limits` but within these is no more than a note.
    """

    name: str
    limits: Limits
    sentence: str
    level: Level = Level.REVIEW
    review_limits: Limits | None = None

    def judge(
        self, value: float, *, limits: Limits | None = None, passed: bool | None = None, **words: Any
    ) -> Outcome:
        """Hold a value against the limits.

        Parameters
        ----------
        value : float
            What was found.
        limits : tuple of float or None, optional
            Those of this tube, where they differ from tube to tube.
        passed : bool, optional
            The answer, where a value alone does not give it.
        **words
            Further words of the sentence.
        """
        limits = limits or self.limits
        passed = _within(value, limits) if passed is None else passed
        level = self.level
        if self.review_limits is not None and _within(value, self.review_limits):
            level = Level.NOTE
        sentence = self.sentence.format(value=_number(value), limits=_expected(limits), **words)
        return Outcome(self, passed, value, limits, level, sentence)


@dataclass(frozen=True)
class Outcome:
    """What a check found in one tube.

    Attributes
    ----------
    check : Check
    passed : bool
    value : float
    limits : tuple of float or None
        Those that the value was held against.
    level : Level
        What it asks for where it did not pass.
    sentence : str
        For people.
    """

    check: Check
    passed: bool
    value: float
    limits: Limits
    level: Level
    sentence: str

    @property
    def needs_review(self) -> bool:
        """Whether a person has to look."""
        return not self.passed and self.level is Level.REVIEW


_ROWS: Final = (
    # The acquisition
    Check("margin", (None, 0.05), "{percent:.0f} % of events lie off the forward scatter's scale"),
    Check("kept_time", (0.7, None), "only {percent:.0f} % of the acquisition time is undisturbed"),
    Check(
        "sample_flow",
        SAMPLE_FLOW_UL_PER_MIN,
        "acquired volume over acquisition time is {value} uL/min; expected {limits}",
    ),
    # Clocks of other time zones may differ by a day.
    Check(
        "measured_before_draw",
        (None, 1.0),
        "measured on {measured} by $DATE, but the blood was drawn on {drawn}: is it another tube's file?",
    ),
    # The populations. Null cells and basophils are some percent of what looks like a lymphocyte, more where few are.
    Check(
        "lymphosum",
        (95.0, 105.0),
        "{parts} make {value} % of {whole}; expected {limits}",
        review_limits=(75.0, 110.0),
    ),
    Check("t_sum", (90.0, 110.0), "{parts} make {value} % of {whole}; expected {limits}"),
    # The beads: as many as the study wants, and as many per cell from one half of the acquisition to the other.
    Check("bead_minimum", (None, None), "the tube holds {value} bead events; expected {limits}"),
    Check(
        "steady_beads",
        (0.85, 1 / 0.85),
        "beads per cell of the first half of the acquisition are {change:.3g} times those of the second; "
        "expected {low:g} to {high:g}",
    ),
    # The results. Fifty events hold four times the LLOQ, or a cut whose place is hardly known.
    Check(
        "undecided",
        (None, 4.0),
        "{population}: {events} events, yet by its gate's interval there may be {most:.3g} cells/uL, "
        "far above the LLOQ of {lloq:.3g}",
    ),
    # The tube and the study's model. In sound tubes hardly an event is unlike every kind.
    Check(
        "unexplained",
        (None, 0.02),
        "{percent:.1f} % of events are unlike every kind of cell that the study shows",
    ),
    Check(
        "other_cells",
        (None, None),
        "{others:,} events of the {population} gate look like other cells",
    ),
    Check(
        "missed_cells",
        (None, None),
        "the {population} gate holds {events:,} events, yet some {expected:,} such cells were acquired",
    ),
    Check(
        "cd19_negative_b_cells",
        (None, None),
        "{events:,} B cells without CD19: it is masked by an antibody, lost by the cells, or was not stained",
    ),
    # In standard deviations between tubes, and in natural logarithms.
    Check(
        "stain_background",
        (-2.8, 4.0),
        "cells without {marker} are {fold:.2g} times as bright in it as in the study's other tubes: was the reagent "
        "left out, exchanged or of another lot?",
    ),
    Check(
        "stain_brightness",
        (-1.0, 1.0),
        "{kind} cells are {fold:.2g} times as bright in {marker} as in the study's other tubes",
    ),
    # The row of the sheet, and rows beside each other. Replicates are of one subject, visit and day, and of one draw.
    Check(
        "draw_day",
        (None, None),
        "the sheet says day {nominal:g}, but the blood was collected {collected:g} days after infusion",
    ),
    Check(
        "visit_on_two_days",
        (None, None),
        "visit {visit} of {subject} is day {day:g} here and day {other_day:g} in {other}",
    ),
    Check(
        "visit_on_two_dates",
        (None, None),
        "visit {visit} of {subject} was collected on {date} here and on {other_date} in {other}",
    ),
    Check(
        "day_of_two_visits",
        (None, None),
        "day {day:g} of {subject} is visit {visit} here and visit {other_visit} in {other}",
    ),
    Check(
        "side_of_infusion",
        (None, None),
        "the sheet says day {nominal:g}, but the blood was collected on day {actual:g}, on the other side of the "
        "infusion",
    ),
    Check(
        "visit_order",
        (None, None),
        "visit {visit} and visit {other} were collected in the other order than their days say",
    ),
    # What was pipetted. A lot of beads has one count, a protocol one volume.
    Check(
        "bead_count_unusual",
        (2_000, 500_000),
        "{value} beads in a tube are unusual; expected {limits}: is it beads per uL or per mL?",
    ),
    Check(
        "odd_entry",
        (1 / 1.25, 1.25),
        "{column} is {own:,.10g} here, {fold:.3g} times the {other:,.10g} of other tubes",
    ),
    # Controls. No dye of a sound control is off by more than a few percent of its own signal.
    Check("control_marker", (None, None), "the role fmo:{marker} is used by no gate: {why}"),
    Check(
        "lone_control", (None, None), "a control without its sample: subject {subject} and {batch} have none"
    ),
    Check(
        "positive_control",
        (None, 0.005),
        "{events:,} of {parent} ({percent:.2g} %) are {population} in a tube without {marker}: is it another tube's "
        "file, or was the stain not left out?",
    ),
    Check(
        "control_spillover",
        (None, 0.05),
        "{detector} gives {by_control:.1f} % to {other} by this control, {in_file:.1f} % by the matrix in the file",
    ),
    # The file beside the sheet
    Check(
        "measured_late",
        (None, None),
        "measured on {measured} by $DATE, {value} days after the blood was drawn on {drawn}; expected {limits} days: "
        "is it another tube's file?",
    ),
    Check(
        "named_otherwise",
        (None, None),
        "by {source} ({text}) the file is of {column} {named}, by the sheet of {own}: is it another tube's file?",
    ),
    Check(
        "named_as_control",
        (None, None),
        "by {source} ({text}) the file is {what}, by the sheet it is {role}: is it another tube's file?",
    ),
    # Tubes beside each other
    Check("copied_file", (None, None), "the same bytes as {twin}: one of the two is a copy"),
    Check(
        "exchanged_label",
        (None, None),
        "{marker} is read from {detector}, which is {usual} in all other tubes of the subject: a label may be wrong",
    ),
    # Counts beside each other. A leukaemoid reaction reaches 50,000 leukocytes/uL, chemotherapy leaves some hundred.
    Check(
        "leukocyte_count",
        (50, 50_000),
        "{value} leukocytes/uL; expected {limits}: is a bead count, a volume or a dilution in another unit?",
    ),
    Check(
        "course",
        (1 / 2, 2),
        "leukocytes, T and NK cells are all {fold:.2g} times as many as the subject's other visits and other subjects' "
        "courses let expect: look at bead count, volume, dilution, and whose tube it is",
    ),
    # The flow settings of one cytometer span a factor of six.
    Check(
        "sample_rate",
        (1 / 2, 2),
        "{volume:.3g} uL of blood in {seconds:.0f} s: {fold:.2g} times as much in a time as in other tubes; look at "
        "bead count, volume and dilution",
        review_limits=(1 / 8, 8),
    ),
)
CHECKS: Final = {check.name: check for check in _ROWS}


def _within(value: float, limits: Limits) -> bool:
    low, high = limits
    return (low is None or low <= value) and (high is None or value <= high)


def _number(value: float) -> str:
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.4g}"


def _expected(limits: Limits) -> str:
    low, high = limits
    if low is None or high is None:
        return (
            f"{low:,.10g} or more" if low is not None else f"at most {high:,.10g}" if high is not None else ""
        )
    return f"{low:,.10g} to {high:,.10g}"
