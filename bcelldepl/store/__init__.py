"""The store of a results folder: one SQLite file with what is computed, and the record of who did what to it."""

from __future__ import annotations

from bcelldepl.store.audit import Entry
from bcelldepl.store.errors import LockedError, StoreError
from bcelldepl.store.store import FIGURE, OF_THE_STUDY, Store

__all__ = ["FIGURE", "OF_THE_STUDY", "Entry", "LockedError", "Store", "StoreError"]
