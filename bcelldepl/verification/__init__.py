"""Are a study's inputs, results, store and audit record still what they were?"""

from __future__ import annotations

from bcelldepl.verification.findings import Finding, Verification
from bcelldepl.verification.verify import verify

__all__ = ["Finding", "Verification", "verify"]
