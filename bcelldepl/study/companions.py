"""A result of another assay, beside the counts: antibodies, SLEDAI-2K, IgG, qPCR copies, responder status."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from bcelldepl.definitions.answers import answer_of

__all__ = ["CompanionResult"]


class CompanionResult(BaseModel):
    """One result of another assay.

    Attributes
    ----------
    subject, visit, test, unit : str
    day : float
        Days since infusion: actual where the table or the samples of the visit tell, else nominal.
    value : float or None
        A number, or the reciprocal of a titre; None for text.
    qualifier : {"=", "<", ">"}
        ``<`` and ``>`` where the cell said so, as in ``<0.5``.
    comment : str
    text : str
        As reported, where it is no number: ``POSITIVE``, ``Y``, ``1:160``.
    course : int
        Which infusion of the subject `day` counts from.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    subject: str
    visit: str
    test: str
    unit: str
    day: float
    value: float | None
    qualifier: str = "="
    comment: str = ""
    text: str = ""
    course: int = 1

    @property
    def answer(self) -> bool | None:
        """Whether the result says yes or no; None where it says something else."""
        return answer_of(self.text) if self.text else None
