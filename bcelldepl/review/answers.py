"""What the server answers: the study and its tubes as JSON, pictures as packed numbers, changes as the new state."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from bcelldepl.errors import BcelldeplError, ReviewError
from bcelldepl.gating.rules.base import limits_of
from bcelldepl.review import changes
from bcelldepl.review.axes import position_of, value_of
from bcelldepl.review.computing import Computing
from bcelldepl.review.moved_gates import changed_endpoints, live_content
from bcelldepl.review.opened import Gated, TubeUnderReview
from bcelldepl.review.pdf import tubes_pdf
from bcelldepl.review.pictures import View, draw, gate_of, packed, view_of
from bcelldepl.review.queue import study_content
from bcelldepl.review.requests import (
    DrawRequest,
    GateChange,
    GatesRequest,
    LiveRequest,
    LockRequest,
    PositionRequest,
    SignRequest,
    VerdictRequest,
    parsed,
)
from bcelldepl.review.state import StudyState
from bcelldepl.review.tube_content import flags_content, tube_content

__all__ = ["Answers"]

_SMALL: Final = 112  # bins of a picture in the row of all gates


class Answers:
    """Answers to the page.

    Parameters
    ----------
    state : StudyState
    computing : Computing
    """

    def __init__(self, state: StudyState, computing: Computing) -> None:
        self.state = state
        self.computing = computing
        self.changing: Mapping[str, Callable[[Any], None]] = {
            "gates": self._set_gates,
            "verdict": self._judge,
            "sign": self._sign,
            "lock": lambda content: changes.lock_study(state, parsed(LockRequest, content)),
            "unlock": lambda content: changes.unlock_study(state, parsed(LockRequest, content)),
            "compute": lambda _: computing.now("requested on the review page"),
        }

    def study(self) -> dict[str, Any]:
        """The study and its queue."""
        busy = {"busy": self.computing.busy, "failure": self.computing.failure}
        return {**study_content(self.state), **busy}

    def tube(self, name: str) -> dict[str, Any]:
        """One tube, without pictures."""
        return tube_content(self.state, self.state.snapshot.tube(name))

    def pictures(self, name: str) -> bytes:
        """All gates of a tube, small."""
        opened = self._opened(name)
        gated = opened.as_counted
        views = [view_of(opened, gated, population, _SMALL) for population in gated.parents]
        drawn = [draw(opened, gated, view) for view in views]
        header = [
            [view.population, view.x, view.y, list(one[0].shape)]
            for view, one in zip(views, drawn, strict=True)
        ]
        return packed({"pictures": header}, [array for one in drawn for array in one])

    def flags(self, name: str) -> dict[str, Any]:
        """Flags of a tube whose events can be highlighted."""
        return {"flags": flags_content(self._opened(name))}

    def tube_pdf(self, name: str) -> bytes:
        """One tube as PDF."""
        return tubes_pdf(self.state.snapshot, [self.state.snapshot.tube(name)])

    def subject_pdf(self, name: str) -> bytes:
        """All tubes of the subject of a tube as PDF."""
        snapshot = self.state.snapshot
        subject = snapshot.tube(name).subject
        return tubes_pdf(snapshot, [tube for tube in snapshot.study.tubes if tube.subject == subject])

    def picture(self, name: str, content: Any) -> bytes:
        """One gate of a tube, with gates as they are being moved, on any axes."""
        asked = parsed(DrawRequest, content)
        opened = self._opened(name)
        gated = self._with_gates(opened, asked.gates)
        if asked.population not in gated.parents:
            raise ReviewError("the tube has no such gate", asked.population, "load the page again")
        own = view_of(opened, gated, asked.population)
        present = opened.gated.signal.columns
        x = asked.x if asked.x in present else own.x
        y = asked.y if asked.y in present else ("" if asked.x else own.y)
        usual = View(own.population, own.parent, x, y, *_limits(x, y))
        limits = (_span(asked.x_limits) or usual.x_limits, _span(asked.y_limits) or usual.y_limits)
        view = View(own.population, own.parent, x, y, *limits, asked.bins, asked.highlight)
        drawn = draw(opened, gated, view)
        header = {
            "x": x,
            "y": y,
            "limits": [list(one) for one in limits],
            "shape": list(drawn[0].shape),
            "arrays": len(drawn),
            "gate": gate_of(opened, gated, asked.population),
        }
        return packed({**header, **live_content(self.state.snapshot, opened, gated)}, drawn)

    def live(self, name: str, content: Any) -> dict[str, Any]:
        """Numbers of a tube with gates as they are being moved, and the endpoints that they would change."""
        asked = parsed(LiveRequest, content)
        opened = self._opened(name)
        gated = self._with_gates(opened, asked.gates)
        told = live_content(self.state.snapshot, opened, gated)
        if asked.endpoints:
            told["endpoints"] = changed_endpoints(self.state.snapshot, opened, gated)
        return told

    def position(self, name: str, content: Any) -> dict[str, float]:
        """Where a typed value or percentile lies."""
        asked = parsed(PositionRequest, content)
        opened = self._opened(name)
        gated = opened.as_counted
        if asked.population not in gated.parents or asked.marker not in opened.gated.signal.columns:
            raise ReviewError("the tube has no such gate or marker", asked.population, "load the page again")
        if asked.value is not None:
            place = position_of(opened, gated, asked.marker, asked.value)
        elif asked.percentile is not None:
            column = opened.columns(gated.index[gated.parents[asked.population]])[asked.marker]
            if not len(column):
                raise ReviewError(
                    "its parent has no events, so there is no percentile",
                    asked.population,
                    "type a value",
                )
            place = round(float(np.nanpercentile(column, asked.percentile)), 6)
        else:
            raise ReviewError("neither a value nor a percentile is given", asked.population, "type one")
        return {"position": place, "value": value_of(opened, gated, asked.marker, [place])[0]}

    def change(self, what: str, content: Any) -> dict[str, Any]:
        """Make a change, and return the study as it is then."""
        self.changing[what](content)
        return self.study()

    def _set_gates(self, content: Any) -> None:
        asked = parsed(GatesRequest, content)
        if changes.set_gates(self.state, asked):
            self.computing.now(f"gates set by hand in review: {asked.why}")

    def _judge(self, content: Any) -> None:
        changes.judge(self.state, parsed(VerdictRequest, content))
        self.computing.soon()

    def _sign(self, content: Any) -> None:
        if self.state.awaits_tables:  # what is signed stands in the tables
            self.computing.now("verdicts of the review")
        changes.sign(self.state, parsed(SignRequest, content))
        self.computing.soon()

    def _opened(self, name: str) -> TubeUnderReview:
        return self.state.opened(self.state.snapshot.tube(name).file)

    def _with_gates(self, opened: TubeUnderReview, gates: tuple[GateChange, ...]) -> Gated:
        if not gates:
            return opened.as_counted
        file = opened.tube.file
        drafts = {gate.population: gate.override(file, "draft", "draft") for gate in gates}
        try:
            return opened.with_gates(self.state.overrides_with(file, drafts))
        except ValueError as error:
            raise ReviewError(str(error), file, "choose another gate") from error


def _limits(x: str, y: str) -> tuple[tuple[float, float], tuple[float, float]]:
    return limits_of(x), limits_of(y) if y else (0.0, 1.0)


def _span(limits: tuple[float, float] | None) -> tuple[float, float] | None:
    return limits if limits is not None and limits[1] - limits[0] > 1e-4 else None


def in_words(error: BcelldeplError) -> dict[str, str]:
    """An error as the page tells it."""
    return {
        "what": error.what,
        "where": Path(error.where).name if error.where else "",
        "remedy": error.remedy,
    }
