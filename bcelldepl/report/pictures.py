"""What the report shows of one tube: made in the worker that gated it, small enough to send back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bcelldepl.definitions.codes import TubeStatus
from bcelldepl.gating.evidence import Evidence
from bcelldepl.gating.populations import GateView
from bcelldepl.report.gate_position import gate_position
from bcelldepl.report.gating_path import draw_gating_path, tree_order
from bcelldepl.report.image_palette import gate_png
from bcelldepl.report.thumbnail import draw_thumbnail, overview_gates
from bcelldepl.study import Role

__all__ = ["GateNote", "TubePicture", "picture_tube"]


@dataclass(frozen=True)
class GateNote:
    """One row of the gate table: a `GateView` without its histograms.

    Attributes
    ----------
    population, parent : str
        As reports call them.
    events, parent_events : int
    markers : str
        Axes of its picture.
    position : str
        Where the gate lies, in the instrument's units; empty where these are not known.
    evidence : Evidence
    reason : str
    is_absent : bool
        As in `GateView`.
    """

    population: str
    parent: str
    events: int
    parent_events: int
    markers: str
    position: str
    evidence: Evidence
    reason: str
    is_absent: bool = False


@dataclass(frozen=True)
class TubePicture:
    """The pictures of one tube, with what is needed to find and label it.

    Attributes
    ----------
    file, sha256, subject, visit : str
        Which tube.
    day : float
        Nominal study day.
    role : str
        ``sample``, ``fmo:MARKER``, ...
    status : TubeStatus
    reason : str
        Why it needs a look, or why it failed.
    path_png, thumbnail_png : bytes
        The gating path and the thumbnail of the contact sheet; empty for a tube that could not be gated.
    gates : tuple of GateNote
        The gates in tree order, for the table beside the path.
    panels : tuple of str
        Populations whose gates the thumbnail shows, from above.
    """

    file: str
    sha256: str
    subject: str
    visit: str
    day: float
    role: str
    status: TubeStatus
    reason: str
    path_png: bytes
    thumbnail_png: bytes
    gates: tuple[GateNote, ...] = ()
    panels: tuple[str, ...] = ()


def picture_tube(
    views: Sequence[GateView],
    *,
    file: str,
    sha256: str,
    subject: str,
    visit: str,
    day: float,
    role: str = Role.SAMPLE,
    status: TubeStatus = TubeStatus.OK,
    reason: str = "",
) -> TubePicture:
    """Draw the gating path and the thumbnail of one tube.

    Parameters
    ----------
    views : sequence of GateView
        Its gates; none for a tube that could not be gated.
    file, sha256, subject, visit, day, role, status, reason
        As in `TubePicture`.

    Returns
    -------
    TubePicture
    """
    path_png = thumbnail_png = b""
    if views:
        title = f"{subject}   ·   {visit} (day {day:g})   ·   {role}   ·   {file}"
        path_png = gate_png(draw_gating_path(views, title))
        thumbnail_png = draw_thumbnail(views)
    notes = tuple(
        GateNote(
            population=view.title,
            parent=view.parent_title,
            events=view.events,
            parent_events=view.parent_events,
            markers=" / ".join(label for label in (view.x_label, view.y_label) if label),
            position=gate_position(view),
            evidence=view.evidence,
            reason=view.reason,
            is_absent=view.is_absent,
        )
        for view in tree_order(views)
    )
    panels = tuple(view.population for view in overview_gates(views))
    return TubePicture(
        file, sha256, subject, visit, day, role, status, reason, path_png, thumbnail_png, notes, panels
    )
