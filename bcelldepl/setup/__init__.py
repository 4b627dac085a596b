"""A study before it is run: begun from a folder of files, and checked."""

from __future__ import annotations

from bcelldepl.setup.check import check_study
from bcelldepl.setup.findings import Severity, StudyCheck, StudyFinding
from bcelldepl.setup.init import InitialStudy, init_study

__all__ = ["InitialStudy", "Severity", "StudyCheck", "StudyFinding", "check_study", "init_study"]
