"""What ``study.toml`` may say: one frozen model per table, with every default in one place."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, Strict, model_validator

from bcelldepl.definitions.baselines import BaselineRule
from bcelldepl.study.plain import PlainText
from bcelldepl.units import CELLS_PER_UL, PERCENT

__all__ = [
    "AcceptanceLimits",
    "BatchSettings",
    "CompensationSettings",
    "CountingSettings",
    "EndpointSettings",
    "GatingSettings",
    "LimitSettings",
    "ReviewSettings",
    "StudyFile",
    "StudySettings",
    "SubgroupSettings",
]

Text = Annotated[str, Field(min_length=1)]
Days = Annotated[tuple[Annotated[float, Strict(), Field(gt=0)], ...], Strict(False), Field(min_length=1)]


def _iso_date(value: Any) -> Any:
    """Spell a date of TOML, or its text, as ISO text; what is neither is left for the check of its type."""
    if isinstance(value, date):
        return (value.date() if isinstance(value, datetime) else value).isoformat()
    if isinstance(value, str):
        try:
            return date.fromisoformat(value).isoformat()
        except ValueError:
            msg = f"{value!r} is not a date: write 2026-01-31"
            raise ValueError(msg) from None
    return value


IsoDate = Annotated[str, BeforeValidator(_iso_date)]


class Settings(BaseModel):
    """The manners of every table: nothing unknown, nothing converted, nothing changed later."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class StudySettings(Settings):
    """``[study]``.

    Attributes
    ----------
    id : str
        Name of the study.
    samples : str
        The sample sheet, relative to the study file.
    strategy : str
        Name of a file in ``gates/``, or the path of a strategy file.
    companions : str or None
        A table of other results by subject and visit, relative to the study file; see
        `bcelldepl.study.companions`.
    allow_outside : bool
        Whether paths may leave the folder of the study file.
    """

    id: PlainText
    samples: Text
    strategy: Text
    companions: Text | None = None
    allow_outside: bool = False


class CompensationSettings(Settings):
    """``[compensation]``: spillover matrices that replace the one in the file.

    Attributes
    ----------
    source : {"auto", "none", "controls"}
        ``auto``: the study's matrix where one is given, else the file's own. ``none``: the values in the
        files are compensated already. ``controls``: from the tubes with the role ``single:MARKER``, batch by batch.
    matrix : str or None
        A CSV file for every tube.
    by_batch : dict of str to str
        A CSV file per batch; goes before `matrix`.
    """

    source: Literal["auto", "none", "controls"] = "auto"
    matrix: Text | None = None
    by_batch: dict[str, Text] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one_answer(self) -> Self:
        if self.source != "auto" and (self.matrix or self.by_batch):
            does = "compensates nothing" if self.source == "none" else "takes the matrix from the controls"
            msg = f'source = "{self.source}" {does}, yet a matrix is given'
            raise ValueError(msg)
        return self


class BatchSettings(Settings):
    """``[batch.NAME]``: what is different in one batch, as after a change of the cytometer.

    Attributes
    ----------
    strategy : str or None
        As in ``[study]``; None: the same.
    panel : dict of str to str
        As ``[panel]``, before which it goes marker by marker.
    """

    strategy: Text | None = None
    panel: dict[str, Text] = Field(default_factory=dict)


class GatingSettings(Settings):
    """``[gating]``: what gates learn from.

    Attributes
    ----------
    model : str or None
        The ``gates/model.json`` of another results folder, relative to the study file: tubes are gated by what was
        learned there.
    kinds : dict of str to tuple of int
        Clusters that the study names itself, by kind of cell; numbers as in ``gates/clusters.csv``.
    plasmablasts : {"B", "apart"}
        Whether CD19+ cells without CD20 are counted with the B cells, or by themselves alone.
    """

    model: Text | None = None
    kinds: dict[Text, Annotated[tuple[Annotated[int, Strict(), Field(ge=1)], ...], Strict(False)]] = Field(
        default_factory=dict
    )
    plasmablasts: Literal["B", "apart"] = "B"


class CountingSettings(Settings):
    """``[counting]``.

    Attributes
    ----------
    method : {"auto", "beads", "volumetric", "dual", "percent"}
        How events become cells/uL; see `bcelldepl.counting.methods`. ``percent``: they do not, and percentages are the
        results; `auto` never chooses it.
    volume_unit : {"auto", "nl", "ul"}
        Unit of ``$VOL`` in the FCS files; ``auto`` decides by instrument.
    minimum_beads : int
        Bead events below which a tube is not evaluated by beads: 400 have a CV of 5 % themselves.
    review_beads : int
        Bead events below which a tube is evaluated, its wider interval says so, and it is marked for a look.
    """

    method: Literal["auto", "beads", "volumetric", "dual", "percent"] = "auto"
    volume_unit: Literal["auto", "nl", "ul"] = "auto"
    minimum_beads: int = Field(default=400, ge=1)
    review_beads: int = Field(default=1000, ge=1)

    @property
    def in_percent(self) -> bool:
        """Whether percentages are the results, and there are no cells/uL."""
        return self.method == "percent"


class LimitSettings(Settings):
    """``[limits]``.

    Attributes
    ----------
    lod_events, lloq_events : int
        Events from which a population is detected, and from which it is quantified.
    minimum_leukocyte_events : int
        Leukocytes below which a tube says nothing about any cell: it may hold no blood.
    """

    lod_events: int = Field(default=20, ge=1)
    lloq_events: int = Field(default=50, ge=1)
    minimum_leukocyte_events: int = Field(default=200, ge=1)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.lloq_events < self.lod_events:
            msg = f"lloq_events ({self.lloq_events}) lies below lod_events ({self.lod_events})"
            raise ValueError(msg)
        return self


class SubgroupSettings(Settings):
    """``[[endpoints.subgroups]]``: subjects told apart by a companion that says yes or no.

    Attributes
    ----------
    test : str
        As in the companions, such as ``SRI-4`` or ``anti-CAR antibodies``.
    visit : str or None
        The visit whose result counts; None: yes where any result after infusion says yes.
    """

    test: Text
    visit: Text | None = None


class EndpointSettings(Settings):
    """``[endpoints]``.

    Attributes
    ----------
    auc_days : tuple of float
        Ends of the AUC windows that begin at infusion [day].
    depletion_threshold_per_ul, reconstitution_threshold_per_ul : float
        B cells below, and again above [cells/uL].
    confirm_visits : int
        Visits in a row that confirm a recovery.
    confirm_within_days : float or None
        Longest time from the first of them to the last [day]; None: any.
    denominator : {"blood", "lymphocytes", "leukocytes"}
        What depletion is judged in: B cells per microlitre of blood, or in percent of another population.
    depletion_threshold_percent, reconstitution_threshold_percent : float
        B cells below, and again above [% of `denominator`]; not used with ``blood``.
    baseline : {"last_before_infusion", "last_before_lymphodepletion", "mean_of_both", "visit"}
        Which result before the infusion others are compared with; see `bcelldepl.definitions.baselines`.
    baseline_visit : str or None
        Name of the visit, with ``visit``.
    lymphodepletion_day : float or None
        Last day on which a draw is before lymphodepletion [day since infusion], for subjects to whom the sample sheet
        gives no date.
    time : {"actual", "nominal"}
        Days that kinetics and depletion go by: actual ones where both dates are known, or those of the plan.
    window_tolerance_days : float
        How long before the end of an AUC window its last draw may lie and still stand for it [day].
    data_cutoff : str or None
        ISO date: draws after it are not used.
    subgroups : tuple of SubgroupSettings
        By which parameters are summarised besides the dose groups.
    """

    auc_days: Days = (28.0, 90.0)
    depletion_threshold_per_ul: float = Field(default=10.0, gt=0)
    reconstitution_threshold_per_ul: float = Field(default=10.0, gt=0)
    confirm_visits: int = Field(default=2, ge=1)
    confirm_within_days: float | None = Field(default=None, gt=0)
    denominator: Literal["blood", "lymphocytes", "leukocytes"] = "blood"
    depletion_threshold_percent: float = Field(default=1.0, gt=0, le=100)
    reconstitution_threshold_percent: float = Field(default=1.0, gt=0, le=100)
    baseline: Literal["last_before_infusion", "last_before_lymphodepletion", "mean_of_both", "visit"] = (
        "last_before_infusion"
    )
    baseline_visit: Text | None = None
    lymphodepletion_day: float | None = Field(default=None, le=0)
    time: Literal["actual", "nominal"] = "actual"
    window_tolerance_days: float = Field(default=1.0, ge=0)
    data_cutoff: IsoDate | None = None
    subgroups: Annotated[tuple[SubgroupSettings, ...], Strict(False)] = ()

    @property
    def baseline_rule(self) -> BaselineRule:
        """Rule of the baseline."""
        return BaselineRule(self.baseline)

    @property
    def baseline_words(self) -> str:
        """Rule of the baseline as tables write it, with the visit where one is named."""
        words = self.baseline_rule.words
        return f"visit {self.baseline_visit}" if self.baseline_rule is BaselineRule.VISIT else words

    @property
    def denominator_population(self) -> str | None:
        """Population that depletion is judged in percent of; None where it is judged by concentration."""
        return None if self.denominator == "blood" else self.denominator

    @property
    def thresholds(self) -> tuple[float, float]:
        """Thresholds of depletion and of recovery, in `threshold_unit`."""
        if self.denominator_population is None:
            return self.depletion_threshold_per_ul, self.reconstitution_threshold_per_ul
        return self.depletion_threshold_percent, self.reconstitution_threshold_percent

    @property
    def threshold_unit(self) -> str:
        """What the thresholds are in, such as ``% of lymphocytes``."""
        population = self.denominator_population
        return CELLS_PER_UL if population is None else f"{PERCENT} of {population}"

    @property
    def threshold_words(self) -> str:
        """Threshold of depletion as tables write it, such as ``< 10 cells/uL``."""
        return f"< {self.thresholds[0]:g} {self.threshold_unit}"

    @model_validator(mode="after")
    def _one_baseline(self) -> Self:
        named = self.baseline_rule is BaselineRule.VISIT
        if named and self.baseline_visit is None:
            msg = 'baseline = "visit" needs baseline_visit'
            raise ValueError(msg)
        if self.baseline_visit is not None and not named:
            msg = f'baseline_visit is for baseline = "visit", not for "{self.baseline}"'
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        for unit in ("per_ul", "percent"):
            below = getattr(self, f"depletion_threshold_{unit}")
            above = getattr(self, f"reconstitution_threshold_{unit}")
            if above < below:
                msg = (
                    f"reconstitution_threshold_{unit} ({above:g}) lies below "
                    f"depletion_threshold_{unit} ({below:g}): "
                    "one visit could be depleted and reconstituted at once"
                )
                raise ValueError(msg)
        return self


class AcceptanceLimits(Settings):
    """``[agreement]``: limits that a comparison with manual gating is held to.

    Attributes
    ----------
    max_bias_percent : float
        Of the geometric mean ratio, either way.
    max_limits_percent : float
        Of the 95 % limits of agreement, and of the ratio of a single tube that is well counted, either way.
    min_ccc : float
        Lin's concordance correlation.
    max_cv_percent : float
        Between replicates: half of the biological variation within a subject.
    min_f1, min_f1_car : float
        Of a population's events in a tube that is well counted, and of CAR+ T cells.
    well_counted_per_ul : float
        Concentration from which these hold; below it the exact intervals of both counts must overlap [cells/uL].
    min_decision_agreement : float
        Part of the decisions that are the same.
    max_false_depleted : int
        Tubes called depleted that are not.
    """

    max_bias_percent: float = Field(default=3.0, gt=0)
    max_limits_percent: float = Field(default=12.0, gt=0)
    min_ccc: float = Field(default=0.98, ge=0, le=1)
    max_cv_percent: float = Field(default=8.15, gt=0)
    min_f1: float = Field(default=0.96, ge=0, le=1)
    min_f1_car: float = Field(default=0.94, ge=0, le=1)
    well_counted_per_ul: float = Field(default=50.0, gt=0)
    min_decision_agreement: float = Field(default=0.95, ge=0, le=1)
    max_false_depleted: int = Field(default=0, ge=0)


class ReviewSettings(Settings):
    """``[review]``: how tubes are reviewed and signed.

    Attributes
    ----------
    signatures : int
        How many a tube needs: 1, or 2 by different people.
    blinded : bool
        Whether the review page hides subject and dose group of a tube until it is signed.
    """

    signatures: int = Field(default=2, ge=1, le=2)
    blinded: bool = False


class StudyFile(Settings):
    """The whole of ``study.toml``."""

    study: StudySettings
    panel: dict[str, Text] = Field(default_factory=dict)
    batch: dict[str, BatchSettings] = Field(default_factory=dict)
    compensation: CompensationSettings = CompensationSettings()
    gating: GatingSettings = GatingSettings()
    counting: CountingSettings = CountingSettings()
    limits: LimitSettings = LimitSettings()
    endpoints: EndpointSettings = EndpointSettings()
    agreement: AcceptanceLimits = AcceptanceLimits()
    review: ReviewSettings = ReviewSettings()
