"""Names of what lies in a results folder, beside the tables."""

from __future__ import annotations

from typing import Final

__all__ = [
    "AUDIT", "CLUSTERS", "COMPENSATION", "FIGURES", "FIGURE_FORMATS", "GATES", "MODELS", "REPORT", "RUN", "SEAL",
    "STORE", "USUAL_FORMATS",
]  # fmt: skip

RUN: Final = "run.json"  # versions, settings, and the hash of every input and output
STORE: Final = "study.db"  # each tube as it is done, and the tables
AUDIT: Final = "audit.jsonl"  # the audit record, exported from the store
SEAL: Final = "seal.json"  # what the last command left behind
REPORT: Final = "report.html"
GATES: Final = "gates"  # a file per tube
MODELS: Final = "gates/model.json"  # what was learned of the study's cells
CLUSTERS: Final = "gates/clusters.csv"  # the clusters of it, for people
FIGURES: Final = "figures"
FIGURE_FORMATS: Final = ("png", "svg", "pdf")  # that they can be had in
USUAL_FORMATS: Final = ("png",)  # unless others are asked for
COMPENSATION: Final = (
    "compensation"  # matrices that were made of controls; their pictures in a folder of this name
)
