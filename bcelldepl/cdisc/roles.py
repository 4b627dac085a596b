"""The role of each SDTM variable, as the implementation guide gives it: what it is to its record."""

from __future__ import annotations

from typing import Final

__all__ = ["role_of"]

RECORD_QUALIFIER: Final = "Record Qualifier"
# By name, that of a domain's own variables without the two letters of the domain.
ROLES: Final = {
    "Identifier": ("STUDYID", "DOMAIN", "RDOMAIN", "USUBJID", "IDVAR", "IDVARVAL", "SEQ", "GRPID", "REFID"),
    "Topic": ("SUBJID", "TESTCD", "QNAM"),
    "Synonym Qualifier": ("TEST", "ARM", "ACTARM", "QLABEL"),
    "Grouping Qualifier": ("CAT", "TSTPNL"),
    "Result Qualifier": ("ORRES", "STRESC", "STRESN", "QVAL"),
    "Variable Qualifier": ("SBMRKS", "ORRESU", "STRESU", "LLOQ", "AGEU"),
    "Timing": ("VISITNUM", "VISIT", "VISITDY", "DTC", "DY", "TPTREF", "RFTDTC", "STINT", "ENINT"),
}
_ROLE_OF: Final = {name: role for role, names in ROLES.items() for name in names}


def role_of(domain: str, variable: str) -> str:
    """Return the role of a variable.

    Parameters
    ----------
    domain : str
        Name of its data set.
    variable : str

    Returns
    -------
    str
        One of SDTM's roles; a variable without a row of its own qualifies its record.
    """
    general = _ROLE_OF.get(variable)
    return general or _ROLE_OF.get(variable.removeprefix(domain), RECORD_QUALIFIER)
