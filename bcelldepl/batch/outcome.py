"""What the two passes bring back of a tube: no events travel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from bcelldepl.counting import Concentration
from bcelldepl.definitions.codes import TubeStatus
from bcelldepl.gating.model.alignment import Alignment
from bcelldepl.gating.model.event_sample import EventSample
from bcelldepl.gating.populations import GateView
from bcelldepl.gating.rules.base import Fit

__all__ = ["CountedTube", "FittedTube", "SampledTube"]


@dataclass(frozen=True)
class FittedTube:
    """What the first pass brings back of one tube.

    Attributes
    ----------
    file : str
        As in the sheet.
    failure : str
        Why the tube cannot be gated; empty where it can.
    sha256, batch, cytometer : str
    events : int
    warnings : tuple of str
        From reading the file.
    panel, scales : dict of str to str
        Channel and scale by marker.
    fits : dict of str to Fit
    model : str
        Name of the model that it is gated by; empty where its strategy learns none.
    alignment : Alignment or None
        Where it lies in the study, by that model.
    brightness : dict of str to dict of str to float
        Median of each marker in natural units, by kind of cell.
    """

    file: str
    failure: str = ""
    sha256: str = ""
    batch: str = ""
    cytometer: str = ""
    events: int = 0
    warnings: tuple[str, ...] = ()
    panel: Mapping[str, str] = field(default_factory=dict)
    scales: Mapping[str, str] = field(default_factory=dict)
    fits: Mapping[str, Fit] = field(default_factory=dict)
    model: str = ""
    alignment: Alignment | None = None
    brightness: Mapping[str, Mapping[str, float]] = field(default_factory=dict)


@dataclass(frozen=True)
class SampledTube:
    """A part of a tube's events.

    Attributes
    ----------
    file, failure : str
        As in `FittedTube`.
    sample : EventSample or None
        None where the tube could not be read.
    """

    file: str
    failure: str = ""
    sample: EventSample | None = None


@dataclass(frozen=True)
class CountedTube:
    """What the last pass brings back of one tube.

    Attributes
    ----------
    file, failure : str
        As in `FittedTube`.
    concentrations : tuple of Concentration
        One per population that the strategy reports.
    views : tuple of GateView
    fits : dict of str to Fit
        The gates as they were applied.
    kept_fraction, kept_time_fraction : float or None
        Parts of the events and of the time that the quality mask kept; None for a failed tube.
    dropped : dict of str to int
        Events left out by the quality mask, and by the gates whose strategy says what they leave out.
    acquired_volume_ul : float or None
    flags : tuple of str
        Sentences of the quality mask and of the checks of the counts.
    doubts : tuple of str
        Why a person should look; empty where the tube needs no look.
    overrides : dict of str to str
        By reported population, the gates set by hand that its number stands on.
    digest : str
        Of all that it depends on; known once it is done. A signature is about this.
    """

    file: str
    failure: str = ""
    concentrations: tuple[Concentration, ...] = ()
    views: tuple[GateView, ...] = ()
    fits: Mapping[str, Fit] = field(default_factory=dict)
    kept_fraction: float | None = None
    kept_time_fraction: float | None = None
    dropped: Mapping[str, int] = field(default_factory=dict)
    acquired_volume_ul: float | None = None
    flags: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    overrides: Mapping[str, str] = field(default_factory=dict)
    digest: str = ""

    @property
    def status(self) -> TubeStatus:
        """Whether the tube failed or needs a look."""
        if self.failure:
            return TubeStatus.FAILED
        return TubeStatus.REVIEW if self.doubts else TubeStatus.OK

    @property
    def reason(self) -> str:
        """Why the tube failed or needs a look."""
        return self.failure or "; ".join(self.doubts)

    def with_doubt(self, doubt: str) -> CountedTube:
        """Return the tube with one more reason to look at it."""
        return replace(self, doubts=(*self.doubts, doubt))

    def without_views(self) -> CountedTube:
        """Return the tube without its histograms, once they are drawn."""
        return replace(self, views=())
