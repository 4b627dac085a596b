"""Who a subject is: its identifiers, and the minimal DM and ADSL that other data sets lean on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from bcelldepl.cdisc.dataset import CdiscDataset, Variable, make_dataset
from bcelldepl.cdisc.sdtm import DOMAINS
from bcelldepl.results.finished import FinishedRun
from bcelldepl.study import Tube, iso_text

__all__ = ["MINIMAL", "demographics", "subject_level", "usubjid"]

MINIMAL: Final = "minimal: from the sample sheet; to be replaced by the sponsor's"
_SPONSOR: Final = "for the sponsor"
UNKNOWN_SEX: Final = "U"
DM: Final = (
    Variable("STUDYID", "Study Identifier", "text", "id of the study file"),
    Variable("DOMAIN", "Domain Abbreviation", "text", "constant", DOMAINS),
    Variable(
        "USUBJID", "Unique Subject Identifier", "text", "usubjid of the sample sheet, else study-subject"
    ),
    Variable("SUBJID", "Subject Identifier for the Study", "text", "subject of the sample sheet"),
    Variable("RFSTDTC", "Subject Reference Start Date/Time", "text", "first infused of the sample sheet"),
    Variable("RFENDTC", "Subject Reference End Date/Time", "text", f"{_SPONSOR}: empty"),
    Variable("RFXSTDTC", "Date/Time of First Study Treatment", "text", "first infused of the sample sheet"),
    Variable("RFXENDTC", "Date/Time of Last Study Treatment", "text", "last infused of the sample sheet"),
    Variable("RFICDTC", "Date/Time of Informed Consent", "text", f"{_SPONSOR}: empty"),
    Variable("RFPENDTC", "Date/Time of End of Participation", "text", f"{_SPONSOR}: empty"),
    Variable("DTHDTC", "Date/Time of Death", "text", f"{_SPONSOR}: empty"),
    Variable("DTHFL", "Subject Death Flag", "text", f"{_SPONSOR}: empty"),
    Variable("SITEID", "Study Site Identifier", "text", "site of the sample sheet"),
    Variable("AGE", "Age", "integer", f"{_SPONSOR}: empty"),
    Variable("AGEU", "Age Units", "text", f"{_SPONSOR}: empty", "C66781"),
    Variable("SEX", "Sex", "text", "constant: U, not in the sample sheet", "C66731"),
    Variable("RACE", "Race", "text", f"{_SPONSOR}: empty", "C74457"),
    Variable("ARMCD", "Planned Arm Code", "text", "first 20 characters of dose_group"),
    Variable("ARM", "Description of Planned Arm", "text", "dose_group of the sample sheet"),
    Variable("ACTARMCD", "Actual Arm Code", "text", "as ARMCD"),
    Variable("ACTARM", "Description of Actual Arm", "text", "as ARM"),
    Variable(
        "ARMNRS", "Reason Arm and/or Actual Arm is Null", "text", "where there is no dose group", "C142179"
    ),
    Variable("ACTARMUD", "Description of Unplanned Actual Arm", "text", f"{_SPONSOR}: empty"),
    Variable("COUNTRY", "Country", "text", f"{_SPONSOR}: empty"),
)
ADSL: Final = (
    Variable("STUDYID", "Study Identifier", "text", "DM.STUDYID"),
    Variable("USUBJID", "Unique Subject Identifier", "text", "DM.USUBJID"),
    Variable("SUBJID", "Subject Identifier for the Study", "text", "DM.SUBJID"),
    Variable("SITEID", "Study Site Identifier", "text", "DM.SITEID"),
    Variable("AGE", "Age", "integer", f"{_SPONSOR}: empty"),
    Variable("AGEU", "Age Units", "text", f"{_SPONSOR}: empty", "C66781"),
    Variable("SEX", "Sex", "text", "DM.SEX", "C66731"),
    Variable("RACE", "Race", "text", f"{_SPONSOR}: empty", "C74457"),
    Variable("ARM", "Description of Planned Arm", "text", "DM.ARM"),
    Variable("TRT01P", "Planned Treatment for Period 01", "text", "dose_group of the first course"),
    Variable("TRT01A", "Actual Treatment for Period 01", "text", "dose_group of the first course"),
    Variable("TRTSDT", "Date of First Exposure to Treatment", "date", "first infused of the sample sheet"),
    Variable("TRTEDT", "Date of Last Exposure to Treatment", "date", "last infused of the sample sheet"),
    Variable("DOSEP", "Planned Dose (cells/kg)", "float", "dose_cells_per_kg of the first course"),
    Variable("NCOURSE", "Number of Courses", "integer", "courses of the sample sheet"),
)


def usubjid(run: FinishedRun, subject: str) -> str:
    """Identifier of a subject across studies: that of the sample sheet, else study, hyphen, subject.

    Parameters
    ----------
    run : FinishedRun
    subject : str

    Returns
    -------
    str
    """
    given = next((tube.usubjid for tube in run.tubes_of.get(subject, ()) if tube.usubjid), "")
    return given or f"{run.study.id}-{subject}"


def demographics(run: FinishedRun) -> CdiscDataset:
    """Return DM as far as the sample sheet knows it.

    Parameters
    ----------
    run : FinishedRun

    Returns
    -------
    CdiscDataset
    """
    rows = []
    for subject, tubes in run.tubes_of.items():
        arm, (first, last) = tubes[0].dose_group, _infusions(tubes)
        rows.append(
            {
                "STUDYID": run.study.id,
                "DOMAIN": "DM",
                "USUBJID": usubjid(run, subject),
                "SUBJID": subject,
                "RFSTDTC": first,
                "RFXSTDTC": first,
                "RFXENDTC": last,
                "SITEID": tubes[0].site,
                "SEX": UNKNOWN_SEX,
                "ARMCD": arm[:20],
                "ARM": arm,
                "ACTARMCD": arm[:20],
                "ACTARM": arm,
                "ARMNRS": "" if arm else "NOT ASSIGNED",
            }
        )
    return make_dataset(
        "DM", "Demographics", f"one record per subject; {MINIMAL}", ("STUDYID", "USUBJID"), DM, rows
    )


def subject_level(run: FinishedRun) -> CdiscDataset:
    """Return ADSL as far as the sample sheet knows it.

    Parameters
    ----------
    run : FinishedRun

    Returns
    -------
    CdiscDataset
    """
    rows: list[dict[str, Any]] = []
    for subject, tubes in run.tubes_of.items():
        arm, (first, last) = tubes[0].dose_group, _infusions(tubes)
        rows.append(
            {
                "STUDYID": run.study.id,
                "USUBJID": usubjid(run, subject),
                "SUBJID": subject,
                "SITEID": tubes[0].site,
                "SEX": UNKNOWN_SEX,
                "ARM": arm,
                "TRT01P": arm,
                "TRT01A": arm,
                "TRTSDT": first[:10],
                "TRTEDT": last[:10],
                "DOSEP": tubes[0].dose_cells_per_kg,
                "NCOURSE": max(tube.course for tube in tubes),
            }
        )
    label, structure = "Subject-Level Analysis Dataset", f"one record per subject; {MINIMAL}"
    return make_dataset("ADSL", label, structure, ("STUDYID", "USUBJID"), ADSL, rows)


def _infusions(tubes: Sequence[Tube]) -> tuple[str, str]:
    """First and last infusion as ISO text; empty where none is dated."""
    dated = sorted((tube.infused, tube.infused_has_time) for tube in tubes if tube.infused is not None)
    if not dated:
        return "", ""
    first, last = (iso_text(moment, has_time, "minutes") for moment, has_time in (dated[0], dated[-1]))
    return first, last
