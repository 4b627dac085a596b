"""One row of the sample sheet, understood: a tube, whose it is and what was pipetted."""

from __future__ import annotations

from datetime import datetime, time
from enum import StrEnum
from pathlib import Path

from pydantic import BaseModel, ConfigDict

__all__ = ["Role", "Tube", "iso_text"]

SECONDS_PER_DAY = 86_400
SOME_TIME = 0.5  # day; of blood drawn on the date of infusion, and by its nominal day after it


class Role(StrEnum):
    """What a tube is for."""

    SAMPLE = "sample"
    FMO = "fmo"
    UNSTAINED = "unstained"
    SINGLE = "single"
    BLANK = "blank"


class Tube(BaseModel):
    """One FCS file of the study.

    Attributes
    ----------
    file : str
        As in the sheet; the name under which results speak of it.
    path : Path
        Where it is. It may be missing: that fails this tube, not the study.
    subject, visit : str
        Whose blood, and the name of the visit.
    day : float
        Nominal study day, 0 is the infusion.
    role : Role
        What the tube is for.
    role_marker : str or None
        The marker left out (``fmo``) or alone (``single``).
    dose_group : str
        Empty where the sheet gives neither a group nor a dose.
    dose_cells_per_kg : float or None
    collected, infused : datetime or None
        Midnight where the sheet gives only the date; see `collected_has_time`, `infused_has_time`.
    batch : str or None
        None: the date of acquisition.
    bead_count : float or None
        Beads in the tube.
    blood_volume_ul : float or None
        Blood pipetted into it [uL].
    acquired_volume_ul : float or None
        Volume acquired [uL]; None: ``$VOL`` of the file.
    dilution : float
        Factor from blood to the acquired suspension; used by volume alone.
    wbc_per_ul, lymphocytes_per_ul : float or None
        Haematology count of the same blood [cells/uL].
    comment : str
    lymphodepletion : datetime or None
        When lymphodepletion began; midnight where the sheet gives only the date.
    course : int
        1 for the first infusion of the subject.
    usubjid, site : str
        For exports; empty where the sheet gives none.
    visit_number : float or None
        For exports.
    plate, well : str
        Where the tube was stained or measured; empty where the sheet does not say.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    file: str
    path: Path
    subject: str
    visit: str
    day: float
    role: Role = Role.SAMPLE
    role_marker: str | None = None
    dose_group: str = ""
    dose_cells_per_kg: float | None = None
    collected: datetime | None = None
    collected_has_time: bool = False
    infused: datetime | None = None
    infused_has_time: bool = False
    batch: str | None = None
    bead_count: float | None = None
    blood_volume_ul: float | None = None
    acquired_volume_ul: float | None = None
    dilution: float = 1.0
    wbc_per_ul: float | None = None
    lymphocytes_per_ul: float | None = None
    comment: str = ""
    lymphodepletion: datetime | None = None
    lymphodepletion_has_time: bool = False
    course: int = 1
    usubjid: str = ""
    site: str = ""
    visit_number: float | None = None
    plate: str = ""
    well: str = ""

    @property
    def actual_day(self) -> float | None:
        """Days from infusion to collection; None where dates are not known.

        Without both times of day it counts dates, and a date is a day long: where the nominal day lies within that
        day, it is taken. So two visits of one date stay apart, and those of the day of infusion on their sides of it.
        """
        if self.collected is None or self.infused is None:
            return None
        if self.collected_has_time and self.infused_has_time:
            return (self.collected - self.infused).total_seconds() / SECONDS_PER_DAY
        day = float((self.collected.date() - self.infused.date()).days)
        if day <= self.day < day + 1:
            return self.day
        return SOME_TIME if day == 0 and self.day > 0 else day

    @property
    def draw_day(self) -> float:
        """Day of the draw: actual where it is known, else nominal."""
        actual = self.actual_day
        return self.day if actual is None else actual

    @property
    def lymphodepletion_day(self) -> float | None:
        """Last day [day since infusion] on which a draw is before lymphodepletion; None where it is not known.

        A date without a time of day counts whole: blood of that date was drawn before the first dose.
        """
        if self.lymphodepletion is None or self.infused is None:
            return None
        if not self.infused_has_time:
            return float((self.lymphodepletion.date() - self.infused.date()).days)
        begin = self.lymphodepletion
        if not self.lymphodepletion_has_time:
            begin = datetime.combine(begin.date(), time.max, self.infused.tzinfo)
        return (begin - self.infused).total_seconds() / SECONDS_PER_DAY

    @property
    def course_key(self) -> tuple[str, int]:
        """Subject and course: visits and days are told apart within them."""
        return self.subject, self.course

    @property
    def before_infusion(self) -> bool:
        """Whether the blood was drawn before the infusion of its course, by day 0."""
        return self.draw_day <= 0

    @property
    def before_first_infusion(self) -> bool:
        """Whether no cell of the blood can carry the CAR; before a second infusion, cells of the first may be left."""
        return self.course == 1 and self.before_infusion


def iso_text(moment: datetime | None, has_time: bool, timespec: str = "auto") -> str:
    """Write a date by ISO 8601, with its time of day where that is known; empty where there is none.

    Parameters
    ----------
    moment : datetime or None
    has_time : bool
    timespec : str
        As for `datetime.isoformat`.

    Returns
    -------
    str
    """
    if moment is None:
        return ""
    return moment.isoformat(timespec=timespec) if has_time else moment.date().isoformat()
