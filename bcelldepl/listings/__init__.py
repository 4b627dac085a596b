"""Tables and listings of a study report: what they hold, and the RTF that reports are assembled from."""

from __future__ import annotations

from bcelldepl.listings.export import export_listings

__all__ = ["export_listings"]
