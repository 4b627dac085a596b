"""Why a result cannot be given, or a person has to look: one sentence each, with places for what was found.

What a check of a tube says stands with the check, in `bcelldepl.quality.checks`; why a gate is in doubt, the gate says.
"""

from __future__ import annotations

from enum import StrEnum

__all__ = ["Reason"]


class Reason(StrEnum):
    """A sentence; `format` fills in its places."""

    # The tube could not be done.
    FILE_CHANGED = "the file changed while the study was run"
    PROGRAM_ERROR = "an error in the program, please report it: {error}"
    NO_MODEL = "no sample of the study that could be read has the panel and cytometer of this tube"
    MARKER_MISSING = "the panel of this tube lacks a marker of this population"
    # Events cannot be turned into cells/uL.
    NO_METHOD = "no bead count, acquired volume or haematology count is known"
    NO_BEAD_COUNT = "the sample sheet gives no bead_count for this tube"
    NO_BLOOD_VOLUME = "the sample sheet gives a bead_count but no blood_volume_ul for this tube"
    NO_POPULATION = "the strategy has no population `{population}`"
    BEADS_NOT_FOUND = "the beads were not found"
    FEW_BEADS = "{events:,} bead events are fewer than the {least:,} that a count needs"
    MANY_BEADS = (
        "{events:,} bead events are more than the {bead_count:,g} beads that the sample sheet puts in the tube: "
        "check bead_count"
    )
    NO_VOLUME = "the acquired volume is not known"
    NO_TIME_KEPT = "no acquisition time was kept, so no volume was analysed"
    NO_HAEMATOLOGY = "the sample sheet gives neither wbc_per_ul nor lymphocytes_per_ul"
    HAEMATOLOGY_CELLS_NOT_FOUND = "the {population} of the haematology count were not found"
    HAEMATOLOGY_CELLS_ABSENT = "no {population} were acquired to which the haematology count could be applied"
    HAEMATOLOGY_ZERO = "the haematology count of {population} is 0"
    BEADS_NOT_USED = "this tube is not counted by beads"
    PERCENTAGES_ONLY = "the results are percentages ([counting] method = percent): cells/uL are not known"
    # A population cannot be evaluated.
    NOT_SHOWN = "no cells of the study could be identified as {population}: see the questions in the report"
    NOT_IN_STUDY = "the study shows no {population}"
    NO_CONTROL = (
        "no control tube of the study shows the {marker}-negative cells: see the questions in the report"
    )
    NOT_IN_MODEL = "the tube lacks {markers}, which the study's cells are distinguished by"
    NEGATIVE_FAR_OFF = (
        "the {marker}-negative cells lie far {where} those of the controls: compare with an FMO of this batch"
    )
    FEW_NEGATIVES = (
        "only {part:.1%} of the {parent} cells are {marker}-negative, too few to show where the positive ones begin: "
        "compare with an FMO of this batch"
    )
    POSITIVES_OVERLAP = (
        "{part:.0%} of the {events:,.0f} {marker}-positive {parent} cells lie where the negative ones do, so that "
        "their number depends on what shapes are expected of both: is the reagent bright enough?"
    )
    POSITIVES_NOT_SEEN = (
        "{events:,.0f} {parent} cells are {marker}-positive, and the study's cells were learned from tubes that hardly "
        "show such cells apart from others: once more of them do, learn again with run --learn-again"
    )
    POSITIVES_OR_UNSPECIFIC = (
        "{events:,.0f} {parent} cells with {marker} are taken for cells that bind every stain, and controls let expect "
        "{usual:,.0f} of these: they may be {marker}-positive, which the study's cells hardly show"
    )
    NO_GATE = "no gate for {population} could be placed in this tube"
    FEW_LEUKOCYTES = (
        "{events:,} leukocytes are fewer than the {least:,} that a statement about {population} needs"
    )
    NO_PARENT_EVENTS = "no {parent} events were acquired in which {population} could be found"
    WHOLE_NOT_FOUND = "the {whole} that {population} are given in percent of were not found"
    NOTHING_COUNTED = "no {population} were counted"
    NO_CONCENTRATION = "a concentration is missing"
    # Said of a gate that stands.
    DRAWN_TIGHT = (
        "the usual gate holds {events:,} events, of which about {others:,} look like other cells: "
        "it is drawn tighter in this tube, in {x} and {y}"
    )
    # A number that is given may mislead.
    GATE_UNSURE = (
        "the position of the gate is uncertain: {low:,} to {high:,} events within its own 95 % interval"
    )
    NOT_EXCLUDED = (
        "the position of the gate is uncertain: up to {high:,} events, more than the {least:,} of the LOD, are not "
        "excluded by its own 95 % interval"
    )
