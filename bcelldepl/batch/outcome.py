"""What the two passes bring back of a tube: no events travel."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from bcelldepl.counting import Concentration
from bcelldepl.definitions.codes import TubeStatus
from bcelldepl.gating.model.alignment import Alignment
from bcelldepl.gating.model.event_sample import EventSample
from bcelldepl.gating.populations import GateView
from bcelldepl.gating.rules.base import Fit
from bcelldepl.quality.checks import Outcome

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
    measured : str
        Day of acquisition, ISO; empty where the file does not say.
    started : str
        Start of the acquisition, ISO, as far as the file says.
    names : dict of str to str
        What the file calls itself, by keyword.
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
    measured: str = ""
    started: str = ""
    names: Mapping[str, str] = field(default_factory=dict)
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
    acquired_volume_ul, analysed_volume_ul : float or None
        Volume acquired, and blood that the events come from [uL].
    beads_seen : int or None
        Bead events, where they count.
    acquisition_seconds : float or None
        Length of the acquisition [s].
    flags : tuple of str
        Sentences of the quality mask and of the checks of the counts.
    doubts : tuple of str
        Why a person should look; empty where the tube needs no look.
    overrides : dict of str to str
        By reported population, the gates set by hand that its number stands on.
    quality : dict of str to float
        What is followed from tube to tube and needs its events, by measure.
    look_alikes : dict of str to float
        Events that look like a kind but lack its marker, by that kind.
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
    analysed_volume_ul: float | None = None
    beads_seen: int | None = None
    acquisition_seconds: float | None = None
    flags: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    overrides: Mapping[str, str] = field(default_factory=dict)
    quality: Mapping[str, float] = field(default_factory=dict)
    look_alikes: Mapping[str, float] = field(default_factory=dict)
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

    @property
    def counted_seconds(self) -> float | None:
        """Acquisition time that the quality mask kept [s]; None where it is not known."""
        if self.acquisition_seconds is None or self.kept_time_fraction is None:
            return None
        return self.acquisition_seconds * self.kept_time_fraction

    def with_outcomes(self, outcomes: Iterable[Outcome]) -> CountedTube:
        """Return the tube with checks that failed: each is said, and those that ask for a look are doubts."""
        failed = [one for one in outcomes if not one.passed]
        return replace(
            self,
            flags=(*self.flags, *(one.sentence for one in failed)),
            doubts=(*self.doubts, *(one.sentence for one in failed if one.needs_review)),
        )

    def with_doubt(self, doubt: str) -> CountedTube:
        """Return the tube with one more reason to look at it."""
        return replace(self, doubts=(*self.doubts, doubt))

    def without_views(self) -> CountedTube:
        """Return the tube without its histograms, once they are drawn."""
        return replace(self, views=())
