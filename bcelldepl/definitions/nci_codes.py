"""NCI's codes of the terms of CDISC's code lists that the data sets use; a term without one here goes without."""

from __future__ import annotations

from typing import Final

__all__ = ["NCI_CODE_OF"]

_TERMS: Final = {
    "C12434": ("BLOOD",),
    "C16585": ("FLOW CYTOMETRY",),
    "C17998": ("U",),
    "C25301": ("day",),
    "C25473": ("/day",),
    "C25613": ("%",),
    "C49484": ("NOT DONE",),
    "C49488": ("Y",),
    "C49572": ("DM",),
    "C49606": ("PC",),
    "C49607": ("PP",),
    "C51948": ("WBC", "Leukocytes"),
    "C51949": ("LYM", "Lymphocytes"),
    "C64820": ("LYMLE", "Lymphocytes/Leukocytes"),
    "C67452": ("10^6/L",),
    "C70918": ("CMAX", "Max Conc"),
    "C70919": ("TMAX", "Time of CMAX"),
    "C74619": ("PB", "Plasmablasts"),
    "C85565": ("AUCLST", "AUC to Last Nonzero Conc"),
    "C85566": ("AUCINT", "AUC from T1 to T2"),
    "C85652": ("LAMZ", "Lambda z"),
    "C85655": ("CLST", "Last Nonzero Conc"),
    "C85818": ("LAMZHL", "Half-Life Lambda z"),
    "C85822": ("TLST", "Time of Last Nonzero Conc"),
    "C98762": ("NKCE", "Natural Killer Cells"),
    "C122157": ("TLYCE", "T-Lymphocytes"),
    "C170546": ("HALFLLOQ",),
    "C174314": ("BLYCE", "B-Lymphocytes"),
    "C174315": ("BLYCELY", "B-Lymphocytes/Lymphocytes"),
    "C181186": ("TLC", "TLym Cytx"),
    "C181187": ("BLYS", "BLym Sub"),
    "C181258": ("NKLY", "NK Cells/Lym"),
    "C181261": ("TLSTLY", "TLym Sub/TLym"),
    "C181301": ("TLYLY", "TLym/Lym"),
    "C181302": ("TLYH", "TLym Help"),
    "C181303": ("TLYHTLY", "TLym Help/TLym"),
    "C181304": ("TLYCTLY", "TLym Cytx/TLym"),
    "C184427": ("TLS", "TLym Sub"),
    "C187710": ("BLSLY", "BLym Sub/Lym"),
}
NCI_CODE_OF: Final = {term: code for code, terms in _TERMS.items() for term in terms}
