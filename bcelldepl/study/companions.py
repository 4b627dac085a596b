"""A result of another assay, beside the counts: antibodies, SLEDAI-2K, IgG, qPCR copies."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

__all__ = ["CompanionResult"]


class CompanionResult(BaseModel):
    """One result of another assay.

    Attributes
    ----------
    subject, visit, test, unit : str
    day : float
        Days since infusion: actual where the table or the samples of the visit tell, else nominal.
    value : float
    qualifier : {"=", "<", ">"}
        ``<`` and ``>`` where the cell said so, as in ``<0.5``.
    comment : str
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    subject: str
    visit: str
    test: str
    unit: str
    day: float
    value: float
    qualifier: str = "="
    comment: str = ""
