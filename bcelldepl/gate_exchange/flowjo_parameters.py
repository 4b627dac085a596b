"""What the gates of a FlowJo sample call its channels: as measured, or compensated by a matrix of the workspace."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from bcelldepl.gate_exchange.flowjo_scales import DisplayScale, ScaleError, display_scale
from bcelldepl.gate_exchange.gate import AS_IN_FILE, Matrix
from bcelldepl.gate_exchange.xml_documents import DATATYPES, TRANSFORMS

__all__ = ["COMPENSATED", "Parameters", "read_parameters"]

COMPENSATED: Final = "Comp-"  # FlowJo's prefix of compensated parameters, unless a matrix states another


@dataclass(frozen=True)
class Parameters:
    """The parameters of one sample.

    Attributes
    ----------
    matrices : mapping of str to Matrix
    compensated : mapping of str to (str, str)
        Names of compensated parameters: the channel, and the matrix.
    scales : mapping of str to DisplayScale
        By the parameter's own name: ``Comp-X`` and ``X`` may have different ones.
    scale_faults : mapping of str to str
        Parameters whose scale cannot be built, and why.
    matrix_faults : mapping of str to str
        Compensated parameters whose matrix cannot be read, and why.
    """

    matrices: Mapping[str, Matrix] = field(default_factory=dict)
    compensated: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    scales: Mapping[str, DisplayScale] = field(default_factory=dict)
    scale_faults: Mapping[str, str] = field(default_factory=dict)
    matrix_faults: Mapping[str, str] = field(default_factory=dict)

    def channel(self, name: str) -> tuple[str, str]:
        """Return the channel that a gate's parameter stands for, and the matrix, empty for as measured."""
        if name in self.compensated:
            return self.compensated[name]
        if name.startswith(COMPENSATED) and not self.matrices:
            return name.removeprefix(COMPENSATED), AS_IN_FILE
        return name, ""


def read_parameters(sample: Any) -> Parameters:
    """Read the matrices and scales of a sample.

    Parameters
    ----------
    sample : lxml.etree._Element
        ``<Sample>``.

    Returns
    -------
    Parameters
    """
    matrices: dict[str, Matrix] = {}
    compensated: dict[str, tuple[str, str]] = {}
    matrix_faults: dict[str, str] = {}
    for element in sample.iterfind(f"{{{TRANSFORMS}}}spilloverMatrix"):
        name = str(element.get("name") or "compensation")
        while name in matrices:
            name += "'"
        outputs = _compensated_names(element)
        try:
            matrices[name] = _matrix(element)
        except (ValueError, TypeError) as error:
            matrix_faults |= dict.fromkeys(
                outputs, f"the compensation matrix {name!r} cannot be read: {error}"
            )
            continue
        for spelling, channel in outputs.items():
            compensated.setdefault(spelling, (channel, name))
    scales: dict[str, DisplayScale] = {}
    scale_faults: dict[str, str] = {}
    for element in sample.iterfind("Transformations/*"):
        for parameter in element.iterfind(f"{{{DATATYPES}}}parameter"):
            name = str(parameter.get(f"{{{DATATYPES}}}name"))
            try:
                scales[name] = display_scale(element)
            except ScaleError as error:
                scale_faults[name] = str(error)
    return Parameters(matrices, compensated, scales, scale_faults, matrix_faults)


def _compensated_names(element: Any) -> dict[str, str]:
    """Name of each compensated parameter to its channel; some workspaces give it a name of its own."""
    prefix, suffix = element.get("prefix", COMPENSATED), element.get("suffix", "")
    names: dict[str, str] = {}
    for parameter in element.iterfind(f"{{{DATATYPES}}}parameters/{{{DATATYPES}}}parameter"):
        channel = str(parameter.get(f"{{{DATATYPES}}}name"))
        for spelling in (f"{prefix}{channel}{suffix}", parameter.get("userProvidedCompInfix")):
            if spelling and spelling != channel:
                names.setdefault(spelling, channel)
    return names


def _matrix(element: Any) -> Matrix:
    """Rows are fluorochromes; of a spectral matrix they are fewer than the detectors."""
    outputs = tuple(
        str(one.get(f"{{{DATATYPES}}}name"))
        for one in element.iterfind(f"{{{DATATYPES}}}parameters/{{{DATATYPES}}}parameter")
    )
    if element.get("spectral") == "1" and element.get("weightOptAlgorithmType", "OLS") != "OLS":
        msg = f"spectral unmixing by {element.get('weightOptAlgorithmType')} is not published"
        raise ValueError(msg)
    rows: dict[str, dict[str, float]] = {}
    for spillover in element.iterfind(f"{{{TRANSFORMS}}}spillover"):
        row = rows.setdefault(str(spillover.get(f"{{{DATATYPES}}}parameter")), {})
        for one in spillover.iterfind(f"{{{TRANSFORMS}}}coefficient"):
            row[str(one.get(f"{{{DATATYPES}}}parameter"))] = float(one.get(f"{{{TRANSFORMS}}}value"))
    if not outputs or set(rows) != set(outputs):
        msg = f"it has {len(rows)} rows of coefficients for {len(outputs)} parameters"
        raise ValueError(msg)
    detectors = tuple(dict.fromkeys(name for row in rows.values() for name in row))
    spectra = np.array([[rows[name].get(detector, 0.0) for detector in detectors] for name in outputs])
    if not np.isfinite(spectra).all():
        msg = "a coefficient is not a number"
        raise ValueError(msg)
    return Matrix(outputs, detectors, spectra)
