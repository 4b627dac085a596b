"""The scales of a tube as Gating-ML and FlowJo spell them."""

from __future__ import annotations

import math
from typing import Any

from bcelldepl.signal.transform import Transform, transform_of
from bcelldepl.tubes.regate import GatedTube

__all__ = ["portable_scale", "scale_of"]


def portable_scale(transform: Transform, channel_range: float) -> Any:
    """Spell a scale by the parameters of Gating-ML 2.0.

    Parameters
    ----------
    transform : Transform
    channel_range : float
        ``$PnR`` of the channel.

    Returns
    -------
    flowkit transform
        ``flin``, ``fasinh`` or ``logicle``, equal to the scale at every signal: an asinh of cofactor c is ``fasinh``
        with ``M = asinh(T / c) / ln 10`` and ``A = 0``.

    References
    ----------
    Spidlen J. et al. (2015) ISAC's Gating-ML 2.0 data exchange standard for gating description. Cytometry A 87,
    683-687, doi:10.1002/cyto.a.22690.
    """
    from flowkit import transforms

    top = transform.top_signal(channel_range)
    if transform.kind == "linear":
        return transforms.LinearTransform(param_t=top, param_a=0.0)
    if transform.kind == "asinh":
        decades = math.asinh(1.0 / transform.cofactor) / math.log(10.0)
        return transforms.AsinhTransform(param_t=top, param_m=decades, param_a=0.0)
    return transforms.LogicleTransform(
        param_t=top, param_w=transform.width, param_m=transform.decades, param_a=transform.negative
    )


def scale_of(tube: GatedTube, marker: str) -> Any:
    """Spell the scale on which a marker of a tube is gated, as `portable_scale` does.

    Parameters
    ----------
    tube : GatedTube
    marker : str

    Returns
    -------
    object
    """
    return portable_scale(transform_of(marker, tube.strategy.all_transforms), tube.range_of(marker))
