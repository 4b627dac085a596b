"""Names of what lies in a results folder, beside the tables."""

from __future__ import annotations

from typing import Final

__all__ = ["AUDIT", "COMPENSATION", "FIGURES", "GATES", "REPORT", "RUN", "SEAL", "STORE"]

RUN: Final = "run.json"  # versions, settings, and the hash of every input and output
STORE: Final = "study.db"  # each tube as it is done, and the tables
AUDIT: Final = "audit.jsonl"  # the audit record, exported from the store
SEAL: Final = "seal.json"  # what the last command left behind
REPORT: Final = "report.html"
GATES: Final = "gates"  # a file per tube
FIGURES: Final = "figures"
COMPENSATION: Final = (
    "compensation"  # matrices that were made of controls; their pictures in a folder of this name
)
