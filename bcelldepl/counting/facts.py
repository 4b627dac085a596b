"""What counting needs to know of one tube besides its events."""

from __future__ import annotations

from dataclasses import dataclass

from bcelldepl.study.tubes import Tube

__all__ = ["TubeFacts", "tube_facts"]


@dataclass(frozen=True)
class TubeFacts:
    """Facts of one tube, from the sheet and from its file.

    Attributes
    ----------
    bead_count : float or None
        Beads in the tube.
    blood_volume_ul : float or None
        Blood pipetted into it [uL].
    acquired_volume_ul : float or None
        Volume acquired [uL], from the sheet or from ``$VOL``.
    volume_reason : str
        Where that volume is from, or why there is none.
    dilution : float
        Factor from blood to the acquired suspension; used by volume alone.
    wbc_per_ul, lymphocytes_per_ul : float or None
        Haematology count of the same blood [cells/uL].
    kept_time_fraction : float
        Part of the acquisition time that the quality mask kept, 0 to 1.
    acquisition_seconds : float or None
        Length of the acquisition [s], for the check of the volume.
    """

    bead_count: float | None = None
    blood_volume_ul: float | None = None
    acquired_volume_ul: float | None = None
    volume_reason: str = ""
    dilution: float = 1.0
    wbc_per_ul: float | None = None
    lymphocytes_per_ul: float | None = None
    kept_time_fraction: float = 1.0
    acquisition_seconds: float | None = None


def tube_facts(
    tube: Tube,
    file_volume_ul: float | None,
    volume_reason: str,
    kept_time_fraction: float = 1.0,
    acquisition_seconds: float | None = None,
) -> TubeFacts:
    """Join what the sheet says of a tube with what its file says; the sheet goes first.

    Parameters
    ----------
    tube : Tube
        Row of the sample sheet.
    file_volume_ul : float or None
        ``$VOL`` of the file [uL].
    volume_reason : str
        How that was read, or why there is none.
    kept_time_fraction : float
        As in `TubeFacts`.
    acquisition_seconds : float or None
        As in `TubeFacts`.

    Returns
    -------
    TubeFacts
    """
    from_sheet = tube.acquired_volume_ul is not None
    return TubeFacts(
        bead_count=tube.bead_count,
        blood_volume_ul=tube.blood_volume_ul,
        acquired_volume_ul=tube.acquired_volume_ul if from_sheet else file_volume_ul,
        volume_reason="acquired_volume_ul of the sample sheet" if from_sheet else volume_reason,
        dilution=tube.dilution,
        wbc_per_ul=tube.wbc_per_ul,
        lymphocytes_per_ul=tube.lymphocytes_per_ul,
        kept_time_fraction=kept_time_fraction,
        acquisition_seconds=acquisition_seconds,
    )
