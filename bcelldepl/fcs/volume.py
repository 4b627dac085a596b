"""The acquired volume: which unit `$VOL` is in, and whether it can be believed.

FCS 3.1 counts `$VOL` in nanolitres; Cytek's Aurora and Northern Lights write microlitres. A wrong guess is a
thousand-fold error in cells per microlitre, so the instrument decides and the flow rate, volume over acquisition
time, must agree. Where they contradict each other there is no volume.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from bcelldepl.fcs.acquisition import Volume
from bcelldepl.fcs.numbers import real
from bcelldepl.units import MICROLITRES_PER_NANOLITRE

__all__ = ["read_volume"]

_MICROLITRE_MAKERS: Final = re.compile(r"aurora|northern ?lights", re.IGNORECASE)
_NANOLITRE_MAKERS: Final = re.compile(
    r"accuri|attune|macsquant|cyflow|partec|icyt|eclipse|synergy|novocyte|guava", re.IGNORECASE
)
_FLOW_UL_PER_MIN: Final = (1.0, 2500.0)  # slowest and fastest sample flow of flow cytometers, with a margin
_UNITS: Final = {"nl": MICROLITRES_PER_NANOLITRE, "ul": 1.0}
_UNIT_NAMES: Final = {"nl": "nL", "ul": "uL"}


def read_volume(
    keywords: Mapping[str, str],
    repeated: Mapping[str, tuple[str, ...]],
    cytometer: str,
    seconds: float | None,
    doubt: str,
    unit: str,
) -> Volume:
    """The acquired volume in microlitres, or why there is none.

    Parameters
    ----------
    keywords : mapping of str to str
    repeated : mapping of str to tuple of str
        Keywords that came more than once with different values.
    cytometer : str
        ``$CYT``.
    seconds : float or None
        Length of the acquisition.
    doubt : str
        Why the events are not those of the whole acquisition; empty where they seem to be.
    unit : {"auto", "nl", "ul"}
    """
    text = keywords.get("$VOL", "")
    amount = real(keywords, "$VOL")
    if not text:
        return Volume(None, "the file has no $VOL")
    if "$VOL" in repeated:
        return Volume(None, f"$VOL is given more than once: {', '.join(repeated['$VOL'])}")
    if amount is None or amount < 0:
        return Volume(None, f"$VOL is {text!r}, not a volume")
    if amount == 0:
        return Volume(None, "$VOL is 0")
    if doubt:
        return Volume(None, f"$VOL is {text}, but {doubt}")
    if unit != "auto":
        return Volume(amount * _UNITS[unit], f"$VOL taken in {_UNIT_NAMES[unit]}, as asked")

    plausible = [name for name in _UNITS if seconds is None or _is_flow(amount * _UNITS[name], seconds)]
    maker = (
        "ul"
        if _MICROLITRE_MAKERS.search(cytometer)
        else "nl"
        if _NANOLITRE_MAKERS.search(cytometer)
        else None
    )
    flows = (
        ""
        if seconds is None
        else f" ({_flow(amount, seconds):.3g} uL/min if in uL, {_flow(amount, seconds) / 1e3:.3g} if in nL)"
    )
    if maker and maker in plausible:
        checked = (
            "no acquisition time to check it"
            if seconds is None
            else (f"{_flow(amount * _UNITS[maker], seconds):.3g} uL/min is a plausible flow")
        )
        return Volume(amount * _UNITS[maker], f"$VOL is in {_UNIT_NAMES[maker]} on {cytometer}; {checked}")
    if maker:
        return Volume(
            None,
            f"$VOL is {text}: {_UNIT_NAMES[maker]} on {cytometer} contradicts the acquisition time{flows}",
        )
    if seconds is None:
        return Volume(None, f"$VOL is {text}, but neither instrument nor acquisition time tells its unit")
    if len(plausible) == 1:
        name = plausible[0]
        return Volume(
            amount * _UNITS[name], f"$VOL taken in {_UNIT_NAMES[name]}: the only plausible flow{flows}"
        )
    said = "both units give a plausible flow" if plausible else "no unit gives a plausible flow"
    return Volume(None, f"$VOL is {text}: {said}{flows}; say volume_unit")


def _flow(microlitres: float, seconds: float) -> float:
    return microlitres / seconds * 60.0


def _is_flow(microlitres: float, seconds: float) -> bool:
    slowest, fastest = _FLOW_UL_PER_MIN
    return slowest <= _flow(microlitres, seconds) <= fastest
