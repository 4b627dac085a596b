"""A study: ``study.toml`` and its sample sheet, read, checked and frozen."""

from __future__ import annotations

from bcelldepl.study.config import (
    AcceptanceLimits,
    BatchSettings,
    CompensationSettings,
    CountingSettings,
    EndpointSettings,
    GatingSettings,
    LimitSettings,
    ReviewSettings,
)
from bcelldepl.study.load import as_study, load_study
from bcelldepl.study.override_file import OVERRIDES_FILE
from bcelldepl.study.overrides import Override
from bcelldepl.study.study import Study
from bcelldepl.study.toml import show_config
from bcelldepl.study.tubes import Role, Tube, iso_text

__all__ = [
    "OVERRIDES_FILE",
    "AcceptanceLimits",
    "BatchSettings",
    "CompensationSettings",
    "CountingSettings",
    "EndpointSettings",
    "GatingSettings",
    "LimitSettings",
    "Override",
    "ReviewSettings",
    "Role",
    "Study",
    "Tube",
    "as_study",
    "iso_text",
    "load_study",
    "show_config",
]
