"""Every check of a tube: its name, what its failure asks for, its limits and its sentence, one row each."""

from __future__ import annotations

from typing import Final

from bcelldepl.definitions.instruments import SAMPLE_FLOW_UL_PER_MIN
from bcelldepl.quality.check import Check, Level, Outcome
from bcelldepl.quality.limits import (
    ANY_WAIT_DAYS,
    CHANCE_ERRORS,
    DIFFERENT_CELLS,
    DIFFERENT_PART,
    EARLY_DAYS,
    FEWEST_LOOK_ALIKES,
    FEWEST_POSITIVES,
    LOOK_ALIKE_PART,
    ODD_DAYS,
    ODD_PART,
    SPREADS,
    SPREADS_ABOVE_USUAL,
    STEADY_ERRORS,
    TIMES_USUAL,
    USUAL_WAIT_DAYS,
)

__all__ = ["CHECKS", "Check", "Level", "Outcome"]

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
    Check(
        "bead_minimum",
        (None, None),
        "the tube has {value} bead events; expected {limits}",
        own_limits="`[counting] review_beads` or more",
    ),
    Check(
        "steady_beads",
        (0.85, 1 / 0.85),
        "beads per cell of the first half of the acquisition are {change:.3g} times those of the second; "
        "expected {low:g} to {high:g}",
        own_limits=f"or a change within {STEADY_ERRORS:g} standard errors",
    ),
    # The results. Fifty events hold four times the LLOQ, or a cut whose place is hardly known.
    Check(
        "undecided",
        (None, 4.0),
        "{population}: {events} events, but the interval of its gate allows {most:.3g} {unit}, "
        "far above the LLOQ of {lloq:.3g}",
    ),
    # The tube and the study's model. In sound tubes hardly an event is unlike every kind.
    Check(
        "unexplained",
        (None, 0.02),
        "{percent:.1f} % of events are unlike any kind of cell found in the study",
    ),
    Check(
        "other_cells",
        (None, None),
        "{others:,} events of the {population} gate look like other cells",
        own_limits=f"others by at most {DIFFERENT_CELLS:g} events and {100 * DIFFERENT_PART:g} % of the gate's",
    ),
    Check(
        "missed_cells",
        (None, None),
        "the {population} gate holds {events:,} events, but about {expected:,} such cells were acquired",
        own_limits=f"missed by at most {DIFFERENT_CELLS:g} events, {100 * DIFFERENT_PART:g} % of those expected and "
        f"{CHANCE_ERRORS:g} standard errors",
    ),
    Check(
        "cd19_negative_b_cells",
        (None, None),
        "{events:,} B cells without CD19: masked by an antibody, lost by the cells, or not stained",
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
        "{kind} are {fold:.2g} times as bright in {marker} as in the tubes of the study most like it",
    ),
    # The row of the sheet, and rows beside each other. Replicates are of one subject, visit and day, and of one draw.
    Check("guessed_row", (None, None), "guessed by `bcelldepl init` and not confirmed: {guess}"),
    Check(
        "draw_day",
        (None, None),
        "the sheet gives day {nominal:g}, but the blood was collected {collected:g} days after infusion",
        own_limits=f"within {ODD_DAYS:g} days, or {100 * ODD_PART:g} % of the nominal day",
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
        "the sheet gives day {nominal:g}, but the blood was collected on day {actual:g}, on the other side of the "
        "infusion",
    ),
    Check(
        "visit_order",
        (None, None),
        "visit {visit} and visit {other} were collected in the reverse order of their days",
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
        "lone_control", (None, None), "a control without a sample: subject {subject} and {batch} have none"
    ),
    Check(
        "positive_control",
        (None, 0.005),
        "{events:,} of {parent} ({percent:.2g} %) are {population} in a tube without {marker}: is it another tube's "
        "file, or was the stain not left out?",
        own_limits=f"or fewer than {FEWEST_POSITIVES} events",
    ),
    Check(
        "positive_before_infusion",
        (None, 0.005),
        "{events:,} of {parent} ({percent:.2g} %) are {population} before the infusion: is it another tube's file?",
        own_limits=f"or fewer than {FEWEST_POSITIVES} events",
    ),
    Check(
        "control_spillover",
        (None, 0.05),
        "spillover of {detector} into {other} is {by_control:.1f} % by this control, {in_file:.1f} % by the matrix in "
        "the file",
    ),
    # The file beside the sheet
    Check(
        "measured_late",
        (None, None),
        "measured on {measured} by $DATE, {value} days after the blood was drawn on {drawn}; expected {limits} days: "
        "is it another tube's file?",
        own_limits=f"{USUAL_WAIT_DAYS:g} days or {SPREADS:g} standard deviations longer than the other tubes; "
        f"{ANY_WAIT_DAYS:g} days where these are few",
    ),
    Check(
        "other_visit_by_date",
        (None, None),
        "measured on {measured} by $DATE, when blood of visit {other} was drawn, and not that of visit {visit}: is it "
        "that visit's file?",
        own_limits=f"drawn at most {USUAL_WAIT_DAYS:g} days before, if any visit was",
    ),
    Check(
        "named_otherwise",
        (None, None),
        "according to {source} ({text}) the file is of {column} {named}, according to the sheet of "
        "{own}: is it another tube's file?",
    ),
    Check(
        "named_as_control",
        (None, None),
        "according to {source} ({text}) the file is {what}, according to the sheet it is {role}: is it another "
        "tube's file?",
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
        "leukocytes, T and NK cells are all {fold:.2g} times as high as expected from the subject's other visits and "
        "other subjects' courses: check bead count, volume, dilution, and whose tube it is",
        own_limits=f"wider where tubes scatter: {SPREADS:g} standard deviations",
    ),
    # Once CAR-T cells are in, B cells become fewer, and then more.
    Check(
        "lost_b_cells",
        (1 / 5, None),
        "at most {most:.3g} {unit} B cells, but {there:.3g} at visit {other}: was CD19 masked or not stained, or is it "
        "another tube's file?",
        own_limits=f"before the infusion beside the {EARLY_DAYS:g} days after it, after a return beside that, "
        "and beside later visits with twice as many for each day between",
    ),
    Check(
        "none_before_infusion",
        (None, None),
        "no B cells were detected before the infusion: was CD19 masked or not stained, did earlier treatment deplete "
        "them, or is it another tube's file?",
        own_limits="some are detected, or the blood was drawn after lymphodepletion",
    ),
    # CAR-T cells expand once, and contract once.
    Check(
        "lost_car_cells",
        (1 / 5, None),
        "at most {most:.3g} {unit} CAR+ T cells, but {before:.3g} at visit {earlier} and {after:.3g} at visit {later}: "
        "was the reagent left out, or is it another tube's file?",
        own_limits="beside the smaller of an earlier and of a later visit",
    ),
    # Without CD19, a B cell is still one by its scatter and by what it has of all other stains.
    Check(
        "hidden_b_cells",
        (None, None),
        "about {events:,} lymphocytes look like B cells in all but CD19, beside {b_cells:,} B cells: was CD19 masked "
        "or not stained, or lost by the cells?",
        own_limits=f"at most {FEWEST_LOOK_ALIKES:g} ({FEWEST_POSITIVES} where fewer than four tubes tell), or "
        f"{100 * LOOK_ALIKE_PART:g} % as many as B cells, or as many as {TIMES_USUAL:g} times as much blood of other "
        f"tubes holds, or this blood and {SPREADS_ABOVE_USUAL:g} standard deviations",
    ),
    # The flow settings of one cytometer span a factor of six.
    Check(
        "sample_rate",
        (1 / 2, 2),
        "{volume:.3g} uL of blood in {seconds:.0f} s: {fold:.2g} times the rate of other tubes; check "
        "bead count, volume and dilution",
        review_limits=(1 / 8, 8),
        own_limits=f"wider where tubes scatter: {SPREADS:g} standard deviations; needs review, too, where the "
        "cell counts deviate the other way",
    ),
)
CHECKS: Final = {check.name: check for check in _ROWS}
