"""The acquired volume: which unit `$VOL` is in, and whether it can be believed.

FCS 3.1 counts `$VOL` in nanolitres; Cytek's Aurora and Northern Lights write microlitres. A wrong guess is
a thousand-fold error in cells per microlitre, so the instrument decides and the flow rate, volume over
time, must agree. Where they contradict each other there is no volume.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from bcelldepl.definitions.instruments import SAMPLE_FLOW_UL_PER_MIN
from bcelldepl.fcs.acquisition import Volume
from bcelldepl.fcs.numbers import real
from bcelldepl.fcs.timeline import Timeline
from bcelldepl.units import MICROLITRES_PER_NANOLITRE

__all__ = ["read_volume"]

_MICROLITRE_MAKERS: Final = re.compile(r"aurora|northern ?lights", re.IGNORECASE)
_NANOLITRE_MAKERS: Final = re.compile(
    r"accuri|attune|macsquant|cyflow|partec|icyt|eclipse|synergy", re.IGNORECASE
)
_CHANNEL_TOLERANCE: Final = 0.15  # the channel counts on to the last event only
_UNITS: Final = {"nl": MICROLITRES_PER_NANOLITRE, "ul": 1.0}
_UNIT_NAMES: Final = {"nl": "nL", "ul": "uL"}


def read_volume(
    keywords: Mapping[str, str],
    repeated: Mapping[str, tuple[str, ...]],
    timeline: Timeline,
    unit: str,
    program: str = "",
) -> Volume:
    """The acquired volume in microlitres, or why there is none.

    Parameters
    ----------
    keywords : mapping of str to str
    repeated : mapping of str to tuple of str
        Keywords that came more than once.
    timeline : Timeline
        Length of the acquisition, the volume by a channel, and doubts.
    unit : {"auto", "nl", "ul"}
    program : str
        Which wrote the file again, perhaps with a part of its events; empty where none did.
    """
    volume = _of_all_events(keywords, repeated, timeline, unit)
    if not program or volume.microlitres is None:
        return volume
    return Volume(
        None,
        f"the volume of {volume.microlitres:.4g} uL is that of the file before {program} wrote it again, perhaps with "
        "a part of its events: give acquired_volume_ul in the sample sheet where they are all there",
    )


def _of_all_events(
    keywords: Mapping[str, str], repeated: Mapping[str, tuple[str, ...]], timeline: Timeline, unit: str
) -> Volume:
    if timeline.doubt:
        said = f"$VOL is {keywords['$VOL']}, but " if keywords.get("$VOL") else ""
        return Volume(None, said + timeline.doubt)
    volume = _by_keyword(keywords, repeated, timeline.seconds, unit)
    if timeline.volume_ul is None:
        return volume
    return _with_channel(volume, timeline.volume_ul)


def _with_channel(volume: Volume, channel_ul: float) -> Volume:
    """The channel that counts the volume up to each event confirms `$VOL`, contradicts it, or replaces it."""
    told = f"the volume channel ends at {channel_ul:.4g} uL"
    if volume.microlitres is None:
        return Volume(channel_ul, f"{told} and is used: {volume.reason}")
    if abs(channel_ul - volume.microlitres) <= _CHANNEL_TOLERANCE * volume.microlitres:
        return Volume(volume.microlitres, f"{volume.reason}; {told}")
    return Volume(None, f"$VOL gives {volume.microlitres:.4g} uL, but {told}")


def _by_keyword(
    keywords: Mapping[str, str], repeated: Mapping[str, tuple[str, ...]], seconds: float | None, unit: str
) -> Volume:
    text = keywords.get("$VOL", "")
    amount = real(keywords, "$VOL")
    if not text:
        return Volume(None, "the file has no $VOL")
    values = repeated.get("$VOL", ())
    if len(set(values)) > 1:
        return Volume(None, f"$VOL is given more than once: {', '.join(values)}")
    if amount is None or amount < 0:
        return Volume(None, f"$VOL is {text!r}, not a volume")
    if amount == 0:
        return Volume(None, "$VOL is 0")
    if unit != "auto":
        return Volume(amount * _UNITS[unit], f"$VOL read in {_UNIT_NAMES[unit]}, as set in the study")
    chosen = _by_instrument(text, amount, keywords.get("$CYT", ""), seconds)
    return Volume(
        chosen.microlitres, chosen.reason + (f"; $VOL is given {len(values)} times" if values else "")
    )


def _by_instrument(text: str, amount: float, cytometer: str, seconds: float | None) -> Volume:
    """The unit by the maker's habit, where the flow rate agrees; by the flow rate alone for other makers."""
    plausible = [name for name in _UNITS if seconds is None or _is_flow(amount * _UNITS[name], seconds)]
    flows = ""
    if seconds is not None:
        flow = _flow(amount, seconds)
        flows = f" ({flow:.3g} uL/min if in uL, {flow / 1e3:.3g} if in nL)"
    maker = _maker_unit(cytometer)
    if maker is not None:
        unit = f"{_UNIT_NAMES[maker]} on {cytometer}"
        if maker not in plausible:
            return Volume(None, f"$VOL is {text}: {unit} contradicts the acquisition time{flows}")
        microlitres = amount * _UNITS[maker]
        checked = "no acquisition time to check it"
        if seconds is not None:
            checked = f"{_flow(microlitres, seconds):.3g} uL/min is a plausible flow"
        return Volume(microlitres, f"$VOL is in {unit}; {checked}")
    if seconds is None:
        return Volume(
            None, f"$VOL is {text}, but neither instrument nor acquisition time determines its unit"
        )
    if len(plausible) == 1:
        name = plausible[0]
        return Volume(
            amount * _UNITS[name], f"$VOL read in {_UNIT_NAMES[name]}: the only plausible flow{flows}"
        )
    said = "both units give a plausible flow" if plausible else "no unit gives a plausible flow"
    return Volume(None, f"$VOL is {text}: {said}{flows}; set volume_unit")


def _maker_unit(cytometer: str) -> str | None:
    if _MICROLITRE_MAKERS.search(cytometer):
        return "ul"
    return "nl" if _NANOLITRE_MAKERS.search(cytometer) else None


def _flow(microlitres: float, seconds: float) -> float:
    return microlitres / seconds * 60.0


def _is_flow(microlitres: float, seconds: float) -> bool:
    slowest, fastest = SAMPLE_FLOW_UL_PER_MIN
    return slowest <= _flow(microlitres, seconds) <= fastest
