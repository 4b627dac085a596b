"""Parameters as FlowJo writes them: names of channels, scales, compensation matrices."""

from __future__ import annotations

from typing import Any

from lxml import etree  # type: ignore[import-untyped]

from bcelldepl.gate_exchange.flowjo_parameters import COMPENSATED
from bcelldepl.gate_exchange.gate import GateTree, Matrix
from bcelldepl.gate_exchange.xml_documents import DATATYPES, TRANSFORMS

__all__ = ["matrix_element", "parameter_name", "scales_of_channels", "write_scale"]


def scales_of_channels(tree: GateTree) -> dict[str, tuple[Any, bool]]:
    """Find the scale of each gated channel.

    Parameters
    ----------
    tree : GateTree

    Returns
    -------
    dict of str to (object, bool)
        flowkit's transform, linear where no gate scales the channel; and whether it is compensated.
    """
    from flowkit import transforms

    found: dict[str, tuple[Any, bool]] = {}
    for gate in tree.gates.values():
        for axis in gate.axes:
            known = found.get(axis.channel)
            if known is None or (axis.scale and isinstance(known[0], transforms.LinearTransform)):
                scale = tree.scales[axis.scale] if axis.scale else transforms.LinearTransform(262144.0, 0.0)
                found[axis.channel] = (scale, bool(axis.compensation))
    return found


def write_scale(scales: Any, channel: str, scale: Any) -> None:
    """Write the scale of a parameter.

    Parameters
    ----------
    scales : lxml.etree._Element
        ``<Transformations>``.
    channel : str
        Name of the parameter.
    scale : object
        flowkit's transform.
    """
    from flowkit import transforms

    def add(tag: str, **values: float) -> None:
        element = etree.SubElement(scales, f"{{{TRANSFORMS}}}{tag}")
        for key, value in values.items():
            text = str(int(value)) if key == "length" else repr(float(value))
            element.set(f"{{{TRANSFORMS}}}{key}", text)
        parameter = etree.SubElement(element, f"{{{DATATYPES}}}parameter")
        parameter.set(f"{{{DATATYPES}}}name", channel)

    if isinstance(scale, transforms.LinearTransform):
        add("linear", minRange=0.0, maxRange=scale.param_t)
    elif isinstance(scale, transforms.AsinhTransform):
        t, m, a = scale.param_t, scale.param_m, scale.param_a
        add("fasinh", length=256, maxRange=t, T=t, A=a, M=m, W=0.0)
    else:
        add("logicle", length=256, T=scale.param_t, A=scale.param_a, W=scale.param_w, M=scale.param_m)


def matrix_element(name: str, matrix: Matrix) -> Any:
    """Write a compensation matrix.

    Parameters
    ----------
    name : str
    matrix : Matrix

    Returns
    -------
    lxml.etree._Element
    """
    element = etree.Element(
        f"{{{TRANSFORMS}}}spilloverMatrix",
        spectral="0",
        prefix=COMPENSATED,
        name=name,
        editable="1",
        color="#c0c0c0",
        version="FlowJo-10.8.1",
        status="FINALIZED",
        suffix="",
    )
    element.set(f"{{{TRANSFORMS}}}id", f"bcelldepl-{name}")
    parameters = etree.SubElement(element, f"{{{DATATYPES}}}parameters")
    for channel in matrix.detectors:
        etree.SubElement(parameters, f"{{{DATATYPES}}}parameter").set(
            f"{{{DATATYPES}}}name", parameter_name(channel)
        )
    for channel, row in zip(matrix.outputs, matrix.spectra, strict=True):
        spillover = etree.SubElement(element, f"{{{TRANSFORMS}}}spillover")
        spillover.set(f"{{{DATATYPES}}}parameter", parameter_name(channel))
        for detector, value in zip(matrix.detectors, row, strict=True):
            coefficient = etree.SubElement(spillover, f"{{{TRANSFORMS}}}coefficient")
            coefficient.set(f"{{{DATATYPES}}}parameter", parameter_name(detector))
            coefficient.set(f"{{{TRANSFORMS}}}value", repr(float(value)))
    return element


def parameter_name(channel: str) -> str:
    """Spell the name of a channel as FlowJo does: with an underscore for a slash.

    Parameters
    ----------
    channel : str
        ``$PnN``.

    Returns
    -------
    str
    """
    return channel.replace("/", "_")
