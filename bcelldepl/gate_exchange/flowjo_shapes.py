"""The shapes of FlowJo's gates: rectangles, polygons and ellipses on the parameters of a sample."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from bcelldepl.gate_exchange.flowjo_parameters import Parameters
from bcelldepl.gate_exchange.gate import Axis, Gate, Path
from bcelldepl.gate_exchange.xml_documents import DATATYPES, GATING, tag_of

__all__ = ["GateError", "shape_of"]

_NAME: Final = f"{{{DATATYPES}}}name"


class GateError(ValueError):
    """A gate cannot be read; its text says why."""


def shape_of(path: Path, shapes: list[Any], parameters: Parameters) -> Gate:
    """Read the shape of a population.

    Parameters
    ----------
    path : tuple of str
        The population's own.
    shapes : list of lxml.etree._Element
        What stands in its ``<Gate>``.
    parameters : Parameters
        Of the sample.

    Returns
    -------
    Gate
        Positions are bins of FlowJo's display; of a rectangle on a scale that cannot be built they are signals.

    Raises
    ------
    GateError
        Where it cannot be read.
    """
    if len(shapes) != 1:
        raise GateError(f"it has {len(shapes)} shapes where one is expected")
    (shape,) = shapes
    kind = tag_of(shape)
    readers = {"RectangleGate": _rectangle, "PolygonGate": _polygon, "EllipsoidGate": _ellipse}
    if kind not in readers:
        raise GateError(f"gates of the kind {kind!r} are not supported")
    return readers[kind](path, shape, parameters, shape.get("eventsInside") == "0")


def _dimensions(shape: Any) -> list[tuple[str, float | None, float | None]]:
    """Parameter of each axis, and the ends of a rectangle on it."""
    found = []
    for dimension in shape.iterfind(f"{{{GATING}}}dimension"):
        named = dimension.find(f"{{{DATATYPES}}}fcs-dimension")
        if named is None or named.get(_NAME) is None:
            raise GateError("one of its axes names no parameter")
        ends = [_finite(dimension.get(f"{{{GATING}}}{end}")) for end in ("min", "max")]
        found.append((str(named.get(_NAME)), *ends))
    if not found:
        raise GateError("it has no axes")
    return found  # type: ignore[return-value]


def _finite(text: str | None) -> float | None:
    """A coordinate; None where it is open."""
    if text is None or text.strip().casefold() in ("", "infinity", "-infinity", "inf", "-inf"):
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise GateError(f"its coordinate {text!r} is not a number")
    return value


def _axis(name: str, parameters: Parameters, *, scaled: bool) -> Axis:
    if name in parameters.matrix_faults:
        raise GateError(parameters.matrix_faults[name])
    channel, compensation = parameters.channel(name)
    if scaled and name not in parameters.scales:
        raise GateError(f"{parameters.scale_faults.get(name, 'no scale is stated')} ({name})")
    return Axis(channel, compensation, name if scaled else "")


def _rectangle(path: Path, shape: Any, parameters: Parameters, outside: bool) -> Gate:
    """A rectangle needs no scale: its ends are signals.

    Where there is a scale, its ends go on it, for FlowJo puts what lies beyond the display on its edge.
    """
    axes = []
    for name, low, high in _dimensions(shape):
        scale = parameters.scales.get(name)
        axis = _axis(name, parameters, scaled=scale is not None)
        if scale is not None:
            low, high = (
                None if end is None else float(scale.apply(np.array([[end]]))[0, 0]) for end in (low, high)
            )
        axes.append(Axis(axis.channel, axis.compensation, axis.scale, low, high))
    return Gate(path, "rectangle", tuple(axes), complement=outside)


def _polygon(path: Path, shape: Any, parameters: Parameters, outside: bool) -> Gate:
    axes = _two_axes(shape, parameters)
    corners = _points(shape, f"{{{GATING}}}vertex")
    if len(corners) < 3:
        raise GateError(f"it has {len(corners)} corners where three are expected")
    sides = [parameters.scales[axis.scale].apply(corners[:, [i]]) for i, axis in enumerate(axes)]
    return Gate(path, "polygon", axes, corners=np.hstack(sides), complement=outside)


def _ellipse(path: Path, shape: Any, parameters: Parameters, outside: bool) -> Gate:
    """Read an ellipse, which FlowJo keeps by its foci and the ends of its axes, in bins of the display."""
    axes = _two_axes(shape, parameters)
    for axis in axes:
        if not parameters.scales[axis.scale].ends_known:
            raise GateError(f"it is drawn on a linear scale that does not state where it ends ({axis.scale})")
    foci = _points(shape, f"{{{GATING}}}foci/{{{GATING}}}vertex")
    edge = _points(shape, f"{{{GATING}}}edge/{{{GATING}}}vertex")
    if len(foci) != 2 or len(edge) < 2:
        raise GateError(f"an ellipse has 2 foci and 4 points on its edge, not {len(foci)} and {len(edge)}")
    # From the ends of the longer axis: FlowJo rounds those of the shorter one.
    longer = max(float(np.linalg.norm(edge[i + 1] - edge[i])) for i in range(0, len(edge) - 1, 2)) / 2
    between = foci[1] - foci[0]
    apart = float(np.linalg.norm(between)) / 2
    if not longer > apart:
        raise GateError("its foci lie outside it")
    along = between / (2 * apart) if apart > 0 else np.array([1.0, 0.0])
    across = np.array([-along[1], along[0]])
    covariance = longer**2 * np.outer(along, along) + (longer**2 - apart**2) * np.outer(across, across)
    return Gate(path, "ellipsoid", axes, centre=foci.mean(axis=0), covariance=covariance, complement=outside)


def _two_axes(shape: Any, parameters: Parameters) -> tuple[Axis, ...]:
    names = [name for name, _, _ in _dimensions(shape)]
    if len(names) != 2:
        raise GateError(f"it has {len(names)} axes where two are expected")
    return tuple(_axis(name, parameters, scaled=True) for name in names)


def _points(shape: Any, path: str) -> NDArray[np.float64]:
    points = [
        [_finite(one.get(f"{{{DATATYPES}}}value")) for one in vertex.iterfind(f"{{{GATING}}}coordinate")]
        for vertex in shape.iterfind(path)
    ]
    if any(len(point) != 2 or None in point for point in points):
        raise GateError("one of its points has no two coordinates")
    return np.array(points, dtype=np.float64).reshape(-1, 2)
