"""A study under review: its results, what people said of them, and whether they still stand on their inputs."""

from __future__ import annotations

import hashlib
import json
from collections import OrderedDict, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from threading import RLock
from typing import Any, Final

from bcelldepl.batch import record
from bcelldepl.batch.inputs import Identity, identify_inputs
from bcelldepl.batch.memory import RunMemory
from bcelldepl.errors import ReviewError
from bcelldepl.review.opened import TubeUnderReview
from bcelldepl.store.reviews import StudyReview, TubeReview, reviews_of
from bcelldepl.study import Override, Study, Tube
from bcelldepl.tubes.regate import GatedResults

__all__ = ["Snapshot", "StudyState"]

_OPEN_TUBES: Final = (
    6  # kept in memory: the one that is looked at, those beside it, and the next of the queue
)


@dataclass(frozen=True)
class Snapshot:
    """The study at one moment.

    Attributes
    ----------
    results : GatedResults
    study : Study
        As its files say it now.
    review : StudyReview
    """

    results: GatedResults
    study: Study
    review: StudyReview

    @cached_property
    def tubes(self) -> dict[str, Tube]:
        """Tubes by the name under which the page speaks of them."""
        return {tube_id(tube.file): tube for tube in self.study.tubes}

    @cached_property
    def rows(self) -> dict[str, dict[str, Any]]:
        """Rows of ``tubes.csv`` by file."""
        table = self.results.results.tubes
        return {str(row["file"]): {str(k): v for k, v in row.items()} for row in table.to_dict("records")}

    @cached_property
    def counts(self) -> dict[str, list[dict[str, Any]]]:
        """Rows of ``counts.csv`` by file."""
        rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
        table = self.results.counts.astype(object)
        for row in table.where(table.notna(), None).to_dict("records"):
            rows[str(row["file"])].append({str(name): cell for name, cell in row.items()})
        return rows

    def tube(self, name: str) -> Tube:
        """The tube of a name.

        Raises
        ------
        ReviewError
            Where the study has none.
        """
        if name not in self.tubes:
            raise ReviewError("the study has no such tube", name[:40], "load the page again")
        return self.tubes[name]

    def digest(self, file: str) -> str:
        """Digest of all that the numbers of a tube depend on, as they were computed; empty for one never run."""
        return str(self.results.record.get("tube_digests", {}).get(file, ""))

    def review_of(self, file: str) -> TubeReview:
        """What people said of a tube."""
        return self.review.of(file)

    def version(self, file: str) -> str:
        """What the page saw of a tube: a change that was meant for another state of it is refused."""
        by_hand = [one.model_dump(mode="json") for one in self.study.overrides_of(file)]
        seen = json.dumps([self.review_of(file).last, by_hand, self.digest(file)])
        return hashlib.sha256(seen.encode()).hexdigest()[:16]


def tube_id(file: str) -> str:
    """Name of a tube in addresses of the page: it tells nothing of the file, and leads nowhere else."""
    return hashlib.sha256(file.encode()).hexdigest()[:12]


class StudyState:
    """The study as the page sees it; read anew after every change.

    Parameters
    ----------
    folder : Path
        The results folder.

    Raises
    ------
    ExchangeError
        Where it holds no results, or they were edited.
    StudyError
        Where the study cannot be read any more.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lock = RLock()
        self.memory = RunMemory()
        self._opened: OrderedDict[str, tuple[str, TubeUnderReview]] = OrderedDict()
        self.snapshot = self._read()

    def refresh(self, review: StudyReview | None = None) -> Snapshot:
        """Read the study again; the review from the results folder, where it is not given."""
        snapshot = self._read(review)
        with self.lock:
            self.snapshot = snapshot
        return snapshot

    def _read(self, review: StudyReview | None = None) -> Snapshot:
        results = GatedResults(self.folder)
        return Snapshot(results, results.study_as_written, review or reviews_of(self.folder))

    def inputs(self) -> dict[str, Identity]:
        """Every input as it is now; only files whose state changed are read again."""
        with self.lock:
            self.memory.identities = identify_inputs(self.snapshot.study, 2, self.memory.identities)
            return self.memory.identities

    def changed_inputs(self, inputs: Mapping[str, Identity]) -> list[str]:
        """Those of the inputs that are no longer those of the run, by name."""
        recorded: Mapping[str, str] = self.snapshot.results.record.get("inputs", {})
        return [name for name, one in inputs.items() if one.sha256 != recorded.get(name, "")]

    def is_current(self, identities: Mapping[str, Identity]) -> bool:
        """Whether the results are those of the study as it stands, verdicts that wait for the tables apart."""
        snapshot = self.snapshot
        recorded = snapshot.results.record
        inputs = {name: one.sha256 for name, one in identities.items()}
        wanted = record.digest(snapshot.study, inputs, recorded.get("review", ()))
        return bool(wanted == recorded.get("digest") and not recorded.get("disturbed"))

    @property
    def awaits_tables(self) -> bool:
        """Whether verdicts or signatures were given that the tables do not show yet."""
        return bool(self.snapshot.review.content() != self.snapshot.results.record.get("review", []))

    def opened(self, file: str) -> TubeUnderReview:
        """Open a tube, or take it from those that are open.

        Raises
        ------
        BcelldeplError
            Where the tube was never gated, its file is gone or has changed, or cannot be read.
        """
        snapshot = self.snapshot
        version = snapshot.digest(file)
        with self.lock:
            if file in self._opened and self._opened[file][0] == version:
                self._opened.move_to_end(file)
                return self._opened[file][1]
        tube = next(one for one in snapshot.study.tubes if one.file == file)
        made = TubeUnderReview(
            tube,
            snapshot.study,
            snapshot.results.tube(file),
            snapshot.results.strategy_of(file),
            snapshot.results.model_of(file),
        )
        with self.lock:
            self._opened[file] = (version, made)
            while len(self._opened) > _OPEN_TUBES:
                self._opened.popitem(last=False)
        return made

    def overrides_with(self, file: str, drafts: Mapping[str, Override | None]) -> tuple[Override, ...]:
        """Gates of a tube that are set by hand, with some changed: None gives one back to the strategy."""
        kept = [one for one in self.snapshot.study.overrides_of(file) if one.population not in drafts]
        return (*kept, *(one for one in drafts.values() if one is not None))
