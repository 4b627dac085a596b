"""A study: ``study.toml`` and its sample sheet, read, checked and frozen."""

from __future__ import annotations

from bcelldepl.study.config import (
    AcceptanceLimits,
    CompensationSettings,
    CountingSettings,
    EndpointSettings,
    LimitSettings,
)
from bcelldepl.study.load import load_study
from bcelldepl.study.study import Study
from bcelldepl.study.toml import show_config
from bcelldepl.study.tubes import Role, Tube

__all__ = [
    "AcceptanceLimits",
    "CompensationSettings",
    "CountingSettings",
    "EndpointSettings",
    "LimitSettings",
    "Role",
    "Study",
    "Tube",
    "load_study",
    "show_config",
]
