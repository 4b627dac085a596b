"""What the SDTM domains share: identifiers, visits, dates, censored results."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from bcelldepl.cdisc.dataset import Variable
from bcelldepl.definitions.codes import Qualifier, ResultCode
from bcelldepl.definitions.courses import of_course
from bcelldepl.definitions.result_columns import CONCENTRATION, ResultColumns
from bcelldepl.study import Tube, iso_text

__all__ = [
    "CELLS_PER_LITRE",
    "DOMAINS",
    "VisitSchedule",
    "identifiers",
    "number_text",
    "result_cells",
    "result_text",
    "split_text",
    "study_day",
    "timing",
]

CELLS_PER_LITRE: Final = "10^6/L"  # CDISC spelling; the same number as cells/uL
LONGEST_TEXT: Final = 200
# As SDTMIG 3.4 writes them.
LABELS_OF_TIMES: Final = {
    "CP": ("Date/Time of Collection", "Study Day of Visit/Collection/Exam"),
    "PC": ("Date/Time of Specimen Collection", "Actual Study Day of Specimen Collection"),
}
BLOOD: Final = "BLOOD"
DOMAINS: Final = "C66734"  # code list of the abbreviations of domains


def identifiers(domain: str) -> tuple[Variable, ...]:
    """STUDYID, DOMAIN, USUBJID and the sequence number.

    Parameters
    ----------
    domain : str
        Two letters, such as ``CP``.

    Returns
    -------
    tuple of Variable
    """
    return (
        Variable("STUDYID", "Study Identifier", "text", "id of the study file"),
        Variable("DOMAIN", "Domain Abbreviation", "text", "constant", DOMAINS),
        Variable(
            "USUBJID", "Unique Subject Identifier", "text", "usubjid of the sample sheet, else study-subject"
        ),
        Variable(f"{domain}SEQ", "Sequence Number", "integer", "1 to n within the subject"),
    )


def timing(domain: str, draw: bool = True) -> tuple[Variable, ...]:
    """VISITNUM, VISIT, VISITDY and the date of the draw.

    Parameters
    ----------
    domain : str
        Two letters, such as ``CP``.
    draw : bool
        Whether the date of the draw is among them.

    Returns
    -------
    tuple of Variable
    """
    visit = (
        Variable("VISITNUM", "Visit Number", "float", "visit_number of the sheet, else rank by nominal day"),
        Variable(
            "VISIT", "Visit Name", "text", "visit of the sample sheet; with the course where it comes back"
        ),
        Variable(
            "VISITDY",
            "Planned Study Day of Visit",
            "integer",
            "nominal day; day 0 of the sheet is study day 1",
        ),
    )
    date_label, day_label = LABELS_OF_TIMES[domain]
    date = Variable(f"{domain}DTC", date_label, "text", "collected, of the sample sheet")
    day = Variable(f"{domain}DY", day_label, "integer", "collected less first infusion; no day 0")
    return (*visit, date, day) if draw else visit


@dataclass(frozen=True)
class VisitSchedule:
    """The calendar of visits of a study.

    Attributes
    ----------
    numbers : dict of str to float
        Visit to its number in the sample sheet, else its rank by nominal day; courses one after the other.
    infused : dict of str to datetime
        First infusion of each subject: the origin of study days.
    """

    numbers: dict[tuple[int, str], float]
    infused: dict[str, datetime]

    @classmethod
    def of(cls, tubes: Iterable[Tube]) -> VisitSchedule:
        """Rank the visits by the first nominal day on which each occurs."""
        first: dict[tuple[int, str], float] = {}
        given: dict[tuple[int, str], float] = {}
        infused: dict[str, datetime] = {}
        for tube in tubes:
            key = (tube.course, tube.visit)
            first[key] = min(tube.day, first.get(key, math.inf))
            if tube.visit_number is not None:
                given.setdefault(key, tube.visit_number)
            if tube.infused is not None:
                infused[tube.subject] = min(tube.infused, infused.get(tube.subject, tube.infused))
        ranks = {
            key: float(n) for n, key in enumerate(sorted(first, key=lambda v: (v[0], first[v], v[1])), 1)
        }
        return cls(ranks | given, infused)

    def number(self, visit: str, course: int = 1) -> float | None:
        """Number of a visit; of names joined by ``/`` that of the first."""
        return self.numbers.get((course, visit), self.numbers.get((course, visit.split("/")[0])))

    def name(self, visit: str, course: int = 1) -> str:
        """Name of a visit; with its course where an earlier one has the same name under another number."""
        own = self.number(visit, course)
        taken = any(
            name == visit and other < course and n != own for (other, name), n in self.numbers.items()
        )
        return of_course(visit, course) if taken else visit

    def cells(self, domain: str, tube: Tube | None, visit: str, day: float) -> dict[str, Any]:
        """Timing variables of one tube."""
        course = 1 if tube is None else tube.course
        cells: dict[str, Any] = {
            "VISITNUM": self.number(visit, course),
            "VISIT": self.name(visit, course),
            "VISITDY": study_day(math.floor(day)) if course == 1 else None,
        }
        if tube is not None and tube.collected is not None:
            cells[f"{domain}DTC"] = iso_text(tube.collected, tube.collected_has_time, "minutes")
            if tube.subject in self.infused:
                days = (tube.collected.date() - self.infused[tube.subject].date()).days
                cells[f"{domain}DY"] = study_day(days)
        return cells


def result_cells(
    domain: str, row: Any, value: float | None, unit: str, columns: ResultColumns = CONCENTRATION
) -> dict[str, Any]:
    """Result variables of one count: a number, below a limit, or not done with its reason.

    Parameters
    ----------
    domain : str
    row : mapping
        Row of ``counts.csv``.
    value : float or None
        The number to report; its limits are those of the row, in the same unit.
    unit : str
    columns : ResultColumns
        Of the limits.

    Returns
    -------
    dict of str to object
        Cells by variable.
    """
    result = ResultCode(row["result"])
    if not result.is_evaluable or value is None or math.isnan(value):
        reason = split_text(str(row.get("reason") or result.words))[0]
        return {f"{domain}STAT": "NOT DONE", f"{domain}REASND": reason}
    limit = result.limit_of(*(row.get(name) for name in (columns.high, columns.lod, columns.lloq)))
    if limit is not None:
        text, number = result_text(limit, Qualifier.BELOW), None
    else:
        text, number = result_text(value), value
    return {
        f"{domain}ORRES": text,
        f"{domain}ORRESU": unit,
        f"{domain}STRESC": text,
        f"{domain}STRESN": number,
        f"{domain}STRESU": unit,
    }


def number_text(value: float) -> str:
    """Spell a number with the digits it has, without an exponent where it is of common size.

    Parameters
    ----------
    value : float

    Returns
    -------
    str
        Six significant digits at most.
    """
    return f"{value:.6g}" if 1e-4 <= abs(value) < 1e6 or value == 0 else repr(float(f"{value:.6g}"))


def result_text(value: float, sign: str = "=") -> str:
    """Spell a result with its sign where it is a bound.

    Parameters
    ----------
    value : float
    sign : str
        ``=``, ``<`` or ``>``.

    Returns
    -------
    str
    """
    return f"{'' if sign == '=' else sign}{number_text(value)}"


def split_text(text: str, longest: int = LONGEST_TEXT) -> list[str]:
    """Cut a text at blanks into parts of at most `longest` bytes; nothing is lost but the blanks at the cuts.

    Parameters
    ----------
    text : str
    longest : int
        Bytes of UTF-8.

    Returns
    -------
    list of str
        One part at least.
    """
    parts = [""]
    for word in text.split(" "):
        joined = f"{parts[-1]} {word}" if parts[-1] else word
        if len(joined.encode()) <= longest:
            parts[-1] = joined
            continue
        if parts[-1]:
            parts.append("")
        while len(word.encode()) > longest:
            head = word.encode()[:longest].decode(errors="ignore")
            parts[-1], word = head, word[len(head) :]
            parts.append("")
        parts[-1] = word
    return parts


def study_day(days_after: float) -> int:
    """Study day by CDISC: the day of infusion is 1, the day before is -1.

    Parameters
    ----------
    days_after : float
        Whole days after the infusion.

    Returns
    -------
    int
    """
    return int(days_after) + 1 if days_after >= 0 else int(days_after)
