"""A study before it is run: begun from a folder of files, and checked."""

from __future__ import annotations

from bcelldepl.setup.check import check_study
from bcelldepl.setup.findings import Severity, StudyCheck, StudyFinding

__all__ = ["Severity", "StudyCheck", "StudyFinding", "check_study"]
