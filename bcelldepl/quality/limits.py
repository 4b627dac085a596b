"""Numbers of which a tube's own limits are made, where one limit for all tubes will not do."""

from __future__ import annotations

from typing import Final

__all__ = [
    "ANY_WAIT_DAYS",
    "CHANCE_ERRORS",
    "DIFFERENT_CELLS",
    "DIFFERENT_PART",
    "DOUBLING_DAYS",
    "EARLY_DAYS",
    "FEWEST_LOOK_ALIKES",
    "FEWEST_POSITIVES",
    "LOOK_ALIKE_PART",
    "ODD_DAYS",
    "ODD_PART",
    "SPREADS",
    "SPREADS_ABOVE_USUAL",
    "STEADY_ERRORS",
    "TIMES_USUAL",
    "USUAL_WAIT_DAYS",
]

# Blood and its nominal day: as far as this, and as this part of the day.
ODD_DAYS: Final = 7.0
ODD_PART: Final = 0.25
# Days from draw to measurement, beyond what is usual in the study (a weekend); and where too few tubes tell
# (stabilised blood keeps two weeks).
USUAL_WAIT_DAYS: Final = 3.0
ANY_WAIT_DAYS: Final = 14.0
# Standard deviations between the other tubes.
SPREADS: Final = 5.0
# A gate and the model: events, the part of the larger number, and standard errors of the sample.
DIFFERENT_CELLS: Final = 20.0
DIFFERENT_PART: Final = 0.15
CHANCE_ERRORS: Final = 4.0
# Standard errors that a change of beads per cell must have.
STEADY_ERRORS: Final = 5.0
# Days after the infusion in which B cells only become fewer.
EARLY_DAYS: Final = 14.0
# Days in which B cells in blood do not double, once they are fewer: they come back within weeks.
DOUBLING_DAYS: Final = 1.0
# Positive events that a control may hold by chance: the usual limit of detection.
FEWEST_POSITIVES: Final = 20
# Events that look like B cells but for CD19: as many by chance, as this part of the B cells by a gate that loses some,
# and beside other tubes, times as many, or standard deviations more.
FEWEST_LOOK_ALIKES: Final = 10.0
LOOK_ALIKE_PART: Final = 0.3
TIMES_USUAL: Final = 2.0
SPREADS_ABOVE_USUAL: Final = 3.0
