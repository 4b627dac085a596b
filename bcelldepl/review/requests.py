"""What the page sends: read strictly, every field checked, before anything is done with it."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, ValidationError

from bcelldepl.definitions.review import ReviewVerdict, SignatureOrder
from bcelldepl.errors import ReviewError
from bcelldepl.store.identity import now
from bcelldepl.study import Override
from bcelldepl.study.plain import PlainWords

__all__ = [
    "DrawRequest",
    "GateChange",
    "GatesRequest",
    "LiveRequest",
    "LockRequest",
    "PositionRequest",
    "Reviewer",
    "SignRequest",
    "VerdictRequest",
    "parsed",
]  # fmt: skip

_Name = Annotated[str, Field(max_length=64)]
_Id = Annotated[str, Field(pattern=r"^[0-9a-f]{12}$")]


Asked = TypeVar("Asked", bound=BaseModel)


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Reviewer(_Request):
    """Who does something: a name that a person typed; it is no proof of who sits there."""

    name: PlainWords
    role: PlainWords = "reviewer"


class GateChange(_Request):
    """A gate set by hand: a cut, or a polygon; neither gives it back to the strategy."""

    population: _Name
    cut: FiniteFloat | None = None
    marker: _Name | None = None
    side: Literal["above", "below"] | None = None
    polygon: (
        Annotated[tuple[tuple[FiniteFloat, FiniteFloat], ...], Field(min_length=3, max_length=200)] | None
    ) = None
    x: _Name | None = None
    y: _Name | None = None

    @property
    def is_automated(self) -> bool:
        """Whether the gate is given back to the strategy."""
        return self.cut is None and self.polygon is None

    def override(self, file: str, who: str, why: str, sha256: str | None = None) -> Override | None:
        """The entry of ``overrides.toml``; None for a gate given back.

        Raises
        ------
        ReviewError
            Where it is no gate.
        """
        if self.is_automated:
            return None
        given = self.model_dump(exclude_none=True)
        try:
            signed = {"file": file, "who": who, "why": why, "when": now(), "sha256": sha256}
            return Override.model_validate({**given, **signed})
        except ValidationError as error:
            raise ReviewError(_words(error), self.population, "give a cut or a polygon") from error


class LiveRequest(_Request):
    """Gates that are being moved, not yet saved."""

    gates: Annotated[tuple[GateChange, ...], Field(max_length=40)] = ()
    endpoints: bool = False


class DrawRequest(LiveRequest):
    """One picture."""

    population: _Name
    x: _Name = ""
    y: _Name = ""
    x_limits: tuple[FiniteFloat, FiniteFloat] | None = None
    y_limits: tuple[FiniteFloat, FiniteFloat] | None = None
    bins: int = Field(256, ge=16, le=512)
    highlight: _Name = ""


class PositionRequest(_Request):
    """A position that a person typed, as a value in the instrument's units or as a percentile of the parent."""

    population: _Name
    marker: _Name
    value: FiniteFloat | None = None
    percentile: Annotated[float, Field(ge=0, le=100)] | None = None


class _Change(_Request):
    by: Reviewer
    seen: dict[_Id, Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]] = Field(min_length=1, max_length=2000)


class GatesRequest(_Change):
    """Gates to save, for every tube that is named."""

    gates: Annotated[tuple[GateChange, ...], Field(min_length=1, max_length=40)]
    why: PlainWords


class VerdictRequest(_Change):
    """A verdict on tubes."""

    verdict: ReviewVerdict
    reason: PlainWords | Literal[""] = ""


class SignRequest(_Change):
    """A signature under tubes."""

    order: SignatureOrder


class LockRequest(_Request):
    """A study to be locked, or unlocked."""

    by: Reviewer
    why: PlainWords


def parsed(kind: type[Asked], content: Any) -> Asked:
    """Read a request.

    Parameters
    ----------
    kind : type
        Which.
    content : object
        Plain data.

    Returns
    -------
    Asked

    Raises
    ------
    ReviewError
        With every field that is wrong.
    """
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        raise ReviewError(_words(error), "", "load the page again, or complete the fields") from error


def _words(error: ValidationError) -> str:
    parts = []
    for detail in error.errors(include_url=False, include_input=False, include_context=False):
        place = ".".join(str(part) for part in detail["loc"]) or "the request"
        parts.append(f"{place}: {detail['msg']}")
    return "; ".join(parts[:5])
