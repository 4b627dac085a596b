"""What every gating rule does: fit to one tube, be carried to another, apply, and draw its own diagnosis."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from bcelldepl.definitions.markers import SCATTER
from bcelldepl.definitions.populations import label_of
from bcelldepl.gating.evidence import Evidence
from bcelldepl.gating.regions import Regions, inside
from bcelldepl.kernels.histogram import histogram_1d, histogram_inside

__all__ = ["Applied", "Columns", "Fit", "Outline", "Picture", "Rule", "draw_plane", "limits_of"]

Columns = Mapping[str, NDArray[np.float32]]
_MARKER = re.compile(r"\{([^{}]*)\}")  # of a label
_PLANE_BINS = 96
_LINE_BINS = 192


@dataclass(frozen=True)
class Fit:
    """A rule fitted to one tube.

    Attributes
    ----------
    shape : Any
        The rule's own frozen dataclass of numbers, or None where the tube gave no gate.
    evidence : Evidence
        ``FAILED`` where `shape` is None.
    reason : str
        What was found, in one sentence.
    parent_events : int
        Events of the parent that were looked at.
    review : bool
        Whether a person should look.
    """

    shape: Any
    evidence: Evidence
    reason: str
    parent_events: int
    review: bool = False


@dataclass(frozen=True)
class Applied:
    """Events of the parent that a gate holds.

    Attributes
    ----------
    inside : ndarray of bool, shape (n_parent_events,)
    at_ends : tuple of (int, int)
        Events with the gate at the two ends of its 95 % interval, whichever holds more.
    """

    inside: NDArray[np.bool_]
    at_ends: tuple[int, int]


@dataclass(frozen=True)
class Outline:
    """What a rule draws over its parent's events.

    Attributes
    ----------
    x, y : str
        Markers; `y` is empty for a histogram of one marker.
    outlines : tuple of ndarray of float64, shape (m, 2)
    cuts : tuple of float
    cut_interval : tuple of float or None
    """

    x: str
    y: str = ""
    outlines: tuple[NDArray[np.float64], ...] = ()
    cuts: tuple[float, ...] = ()
    cut_interval: tuple[float, float] | None = None


@dataclass(frozen=True)
class Picture:
    """Histograms under an outline: all events of the parent, and those inside."""

    x_limits: tuple[float, float]
    y_limits: tuple[float, float]
    histogram: NDArray[np.uint32]
    inside: NDArray[np.uint32]

    def add(self, other: Picture) -> None:
        """Add other events under the same outline."""
        np.add(self.histogram, other.histogram, out=self.histogram)
        np.add(self.inside, other.inside, out=self.inside)


# Names of populations become names of files and identifiers of other programs' gates.
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9]([A-Za-z0-9 _+-]*[A-Za-z0-9_+-])?$", max_length=64)]


class Rule(BaseModel, ABC):
    """One population of a strategy and the rule that finds it.

    Attributes
    ----------
    name : str
        The population.
    parent : str
        The population it is looked for in; ``"all"`` for the events that the quality mask kept.
    label : str
        As reports write it, such as ``{CD19}+ {CD3}- B cells``. A marker in braces is the one of the rule's
        alternatives that a panel has; a word whose marker it lacks is left out. Empty for the label of the name.
    report : bool
        Whether it has a row in ``counts.csv``.
    optional : bool
        Whether a tube whose panel lacks the markers passes its parent's events on unchanged.
    control : str
        Marker whose FMO tubes (and pre-infusion tubes) place this gate; empty for none.
    leaves_out : str
        What of its parent the gate keeps out, where a reader should see how much that was: ``dead cells``.
    percent_of : str
        The population that its events are stated in percent of; empty for the parent.
    note : str
        Why the rule is as it is; for readers of the strategy.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Name
    parent: str
    label: str = Field("", max_length=64)
    report: bool = False
    optional: bool = False
    control: str = ""
    leaves_out: str = ""
    percent_of: str = ""
    note: str = ""
    if TYPE_CHECKING:
        rule: str  # each rule has its own word; among the fields it comes where the rule has it

    @property
    @abstractmethod
    def markers(self) -> tuple[str, ...]:
        """Markers that the rule cannot do without."""

    @property
    def extra_markers(self) -> tuple[str, ...]:
        """Markers that the rule uses where the panel has them."""
        return ()

    @property
    def alternatives(self) -> tuple[tuple[str, ...], ...]:
        """Lists of markers of each of which the rule needs one."""
        return ()

    def missing(self, panel: Collection[str]) -> list[str]:
        """Name what a panel lacks for the rule."""
        lacking = [
            " or ".join(markers) for markers in self.alternatives if not any(m in panel for m in markers)
        ]
        return [marker for marker in self.markers if marker not in panel] + lacking

    def title(self, panel: Collection[str]) -> str:
        """What reports call the population in a panel."""
        words = []
        for word in self.label.split():
            named = _MARKER.search(word)
            marker = self._in_panel(named[1], panel) if named else ""
            if named is None or marker:
                words.append(_MARKER.sub(marker, word))
        return " ".join(words) or label_of(self.name).replace("_", " ")

    def _in_panel(self, marker: str, panel: Collection[str]) -> str:
        """The marker, or the first alternative to it that a panel has; empty for none."""
        instead = next((markers for markers in self.alternatives if marker in markers), ())
        return next((one for one in (marker, *instead) if one in panel), "")

    def axes(self, shape: Any) -> tuple[str, ...]:  # noqa: ARG002
        """Markers that a gate is drawn in."""
        return self.markers

    @property
    def uses(self) -> tuple[str, ...]:
        """Populations, beside the parent, that must be gated before."""
        return ()

    @abstractmethod
    def fit(self, columns: Columns, references: Mapping[str, Columns]) -> Fit:
        """Look for evidence in one tube alone.

        Parameters
        ----------
        columns : mapping of str to ndarray of float32, shape (n_parent_events,)
            The parent's events.
        references : mapping of str to columns
            Events of the populations in `uses`.
        """

    @abstractmethod
    def carry(self, own: Fit, donors: Sequence[Fit], peers: Sequence[Fit] = ()) -> Fit | None:
        """Bring the gates of other tubes to this one, through landmarks; None where that is beyond its bounds.

        Parameters
        ----------
        own : Fit
            What this tube gave.
        donors : sequence of Fit
            Fits with a shape, from other tubes.
        peers : sequence of Fit
            All such fits of the study, to learn from how much the gate varies between tubes.
        """

    def fallback(self, own: Fit) -> Fit | None:  # noqa: ARG002
        """Return the strategy's fixed gate, or None where it has none."""
        return None

    def pooled(self, own: Fit, peers: Sequence[Fit]) -> Fit:  # noqa: ARG002
        """Steady a tube's own gate, once it is believed, by those of other tubes."""
        return own

    def implausible(self, own: Fit, others: Sequence[Fit]) -> str:  # noqa: ARG002
        """Say why a tube's own gate cannot be believed beside those of other tubes; empty where it can."""
        return ""

    def settled_by(self, shape: Any) -> tuple[str, ...]:  # noqa: ARG002
        """Markers of all of the parent's events by which the gate is settled; none where it stands as it is."""
        return ()

    def settle(self, fit: Fit, columns: Columns) -> Fit:  # noqa: ARG002
        """Take a last look at the tube with its reconciled gate, before it is applied."""
        return fit

    def standing(self, fit: Fit, events: int) -> Fit:  # noqa: ARG002
        """Return the gate with what it stands on, once its events are counted."""
        return fit

    def is_absent(self, fit: Fit) -> bool:  # noqa: ARG002
        """Whether there is no gate because the study has no such cells, and need not have them."""
        return False

    @property
    def drawn(self) -> Any | None:
        """The shape that the strategy draws itself, whatever a tube shows; None where a tube must be seen."""
        return None

    def regions(self, shape: Any) -> Regions | None:  # noqa: ARG002
        """Say what the gate comes down to where that is a region of one marker or two; None where it is none."""
        return None

    def holds(self, shape: Any, columns: Columns) -> NDArray[np.bool_]:
        """Say which of the parent's events the gate holds; shape (n_parent_events,)."""
        regions = self.regions(shape)
        return inside(regions.gate, columns) if regions else self.apply(shape, columns).inside

    def apply(self, shape: Any, columns: Columns) -> Applied:
        """Gate the parent's events, and count them at both ends of the gate: by its regions, where it has some."""
        regions = self.regions(shape)
        assert regions is not None
        held = inside(regions.gate, columns)
        ends = [int(np.count_nonzero(inside(end, columns))) for end in regions.ends or ()]
        ends = ends or [int(np.count_nonzero(held))]
        return Applied(held, (ends[0], ends[-1]))

    @abstractmethod
    def outline(self, shape: Any | None, columns: Columns) -> Outline:
        """Say what to draw; `shape` is None for a failed gate."""


def limits_of(marker: str) -> tuple[float, float]:
    """Axis limits of a marker, the same for every tube."""
    return (-0.02, 1.02) if marker in SCATTER else (-0.25, 1.05)


def draw_plane(outline: Outline, columns: Columns, inside: NDArray[np.bool_]) -> Picture:
    """Fill the histograms under an outline."""
    x, x_limits = columns[outline.x], limits_of(outline.x)
    if not outline.y:
        line = np.zeros(_LINE_BINS, dtype=np.uint32)
        line_inside = np.zeros_like(line)
        histogram_1d(x, *x_limits, line)
        histogram_1d(x[inside], *x_limits, line_inside)
        return Picture(x_limits, (0.0, 1.0), line, line_inside)
    y, y_limits = columns[outline.y], limits_of(outline.y)

    both = np.zeros((2, _PLANE_BINS, _PLANE_BINS), dtype=np.uint32)
    histogram_inside(x, y, inside, x_limits, y_limits, both[0], both[1])
    return Picture(x_limits, y_limits, both[0], both[1])
