"""What can be wrong with a store."""

from __future__ import annotations

from bcelldepl.errors import BcelldeplError

__all__ = ["LockedError", "StoreError"]


class StoreError(BcelldeplError):
    """The store of a results folder is damaged, or is not one of ours."""


class LockedError(StoreError):
    """Another process works on the results folder."""
