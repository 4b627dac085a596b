"""The review of a study, as the audit record tells it: nothing of it is kept in a second place."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from bcelldepl.definitions.files import AUDIT, STORE
from bcelldepl.definitions.review import ReviewAction, ReviewMark, ReviewVerdict, SignatureOrder
from bcelldepl.store.audit import Entry, read_lines
from bcelldepl.store.content import open_to_read, read_entries
from bcelldepl.store.errors import StoreError

__all__ = [
    "Judgement",
    "Signature",
    "StudyReview",
    "TubeReview",
    "read_reviews",
    "refuse_locked",
    "reviews_of",
]


@dataclass(frozen=True)
class Judgement:
    """The verdict on a tube.

    Attributes
    ----------
    number : int
        Of its entry in the audit record.
    verdict : ReviewVerdict
    reason : str
        Empty where none was asked for.
    who, role, when : str
        The name and role that were given; UTC, ISO 8601.
    digest : str
        Of all that the tube's numbers depended on then.
    sha256 : str
        Of the file that was judged.
    """

    number: int
    verdict: ReviewVerdict
    reason: str
    who: str
    role: str
    when: str
    digest: str
    sha256: str

    @property
    def sentence(self) -> str:
        """The verdict in one sentence: what every result of a rejected tube says."""
        why = f": {self.reason}" if self.reason else ""
        return f"{self.verdict.words} in review by {self.who} on {self.when[:10]}{why}"


@dataclass(frozen=True)
class Signature:
    """One signature under a tube.

    Attributes
    ----------
    number : int
        Of its entry in the audit record.
    order : SignatureOrder
    who, role, meaning, when : str
    digest : str
        Of all that the tube's numbers depended on when it was signed.
    signed : dict of str to str
        What was signed: hash of the file, of its gates, of its numbers; the verdict.
    """

    number: int
    order: SignatureOrder
    who: str
    role: str
    meaning: str
    when: str
    digest: str
    signed: Mapping[str, str]

    @property
    def sentence(self) -> str:
        """As tables and pages tell of it."""
        role = f" ({self.role})" if self.role else ""
        return f"{self.order} review signed by {self.who}{role}, {self.when}"


@dataclass(frozen=True)
class TubeReview:
    """What people said of one tube.

    Attributes
    ----------
    judgement : Judgement or None
        The last verdict.
    signatures : tuple of Signature
        Under that verdict.
    last : int
        Number of the last entry of the audit record that is about the tube; 0 for none.
    """

    judgement: Judgement | None = None
    signatures: tuple[Signature, ...] = ()
    last: int = 0

    def rejection(self, sha256: str) -> Judgement | None:
        """The verdict that takes the tube out of every result, if there is one; it is about this file alone.

        Parameters
        ----------
        sha256 : str
            Of the file as it is now.
        """
        judged = self.judgement
        if judged is None or judged.verdict.result is None or judged.sha256 != sha256:
            return None
        return judged

    def mark(self, digest: str, sha256: str) -> ReviewMark | None:
        """How the review stands, given what the tube's numbers depend on now; None where nobody has judged."""
        if self.judgement is None:
            return None
        if self.rejection(sha256):
            return ReviewMark.REJECTED
        return ReviewMark.ACCEPTED if self.judgement.digest == digest else ReviewMark.CHANGED

    def standing(self, digest: str) -> tuple[Signature, ...]:
        """Signatures that still hold: nothing that the tube's numbers depend on has changed since."""
        return tuple(one for one in self.signatures if one.digest == digest)

    def without_digests(self, number: int) -> TubeReview:
        """The review after a gate was set by hand: what was judged and signed was another gate, even if it comes back.

        Parameters
        ----------
        number : int
            Of the entry of the audit record that tells of it.
        """
        judged = None if self.judgement is None else replace(self.judgement, digest="")
        return TubeReview(judged, tuple(replace(one, digest="") for one in self.signatures), number)

    def broken(self, digest: str) -> tuple[Signature, ...]:
        """Signatures that no longer hold."""
        return tuple(one for one in self.signatures if one.digest != digest)


@dataclass(frozen=True)
class StudyReview:
    """What people said of a study.

    Attributes
    ----------
    tubes : dict of str to TubeReview
        By file; tubes that nobody has judged are left out.
    locked : dict or None
        Who locked the study, when and why; None where it is open.
    """

    tubes: Mapping[str, TubeReview] = field(default_factory=dict)
    locked: Mapping[str, str] | None = None

    def of(self, file: str) -> TubeReview:
        """The review of a tube."""
        return self.tubes.get(file, TubeReview())

    def content(self) -> list[Any]:
        """What results depend on of it, as plain data; empty where no tube was judged."""
        told: list[Any] = []
        for file, one in sorted(self.tubes.items()):
            if one.judgement is not None:
                told.append([file, one.judgement.number, one.judgement.sentence, one.judgement.digest])
                told.append([signature.sentence + signature.digest for signature in one.signatures])
        return told


def read_reviews(entries: Iterable[Entry]) -> StudyReview:
    """Go through an audit record, and gather what it says of reviews.

    Parameters
    ----------
    entries : iterable of Entry
        Oldest first.

    Returns
    -------
    StudyReview
    """
    tubes: dict[str, TubeReview] = {}
    locked: Mapping[str, str] | None = None
    begins = {f'{{"action":{json.dumps(action)},': action for action in ReviewAction}
    for entry in entries:
        # Most entries tell of runs, with the hashes of all files: those need not be read.
        action = next((action for start, action in begins.items() if entry.line.startswith(start)), None)
        if action is None:
            continue
        content = entry.content
        what, number = content.get("what", {}), int(content.get("number", 0))
        by = {"who": what["by"]["name"], "role": what["by"]["role"], "when": content["when"]}
        if action is ReviewAction.LOCK:
            locked = {**by, "why": content["why"]}
        elif action is ReviewAction.UNLOCK:
            locked = None
        for file, digest in what.get("tubes", {}).items():
            before = tubes.get(file, TubeReview())
            if action is ReviewAction.VERDICT:
                judged = Judgement(
                    number, ReviewVerdict(what["verdict"]), content["why"], **by, digest=digest,
                    sha256=what["sha256"].get(file, ""),
                )  # fmt: skip
                tubes[file] = TubeReview(judged, (), number)
            elif action is ReviewAction.SIGNATURE:
                signature = Signature(
                    number, SignatureOrder(what["order"]), **by, meaning=what["meaning"], digest=digest,
                    signed=what["signed"].get(file, {}),
                )  # fmt: skip
                others = tuple(one for one in before.signatures if one.order is not signature.order)
                tubes[file] = TubeReview(before.judgement, (*others, signature), number)
            elif action is ReviewAction.GATES:
                tubes[file] = before.without_digests(number)
    return StudyReview(tubes, locked)


def reviews_of(folder: Path) -> StudyReview:
    """Read the review of a study from its results folder, without changing it; empty where there is none.

    Parameters
    ----------
    folder : Path
        The results folder.

    Returns
    -------
    StudyReview
    """
    return read_reviews(_entries(folder))


def refuse_locked(review: StudyReview, folder: Path) -> None:
    """Refuse a change of a study that is locked.

    Parameters
    ----------
    review : StudyReview
    folder : Path
        The results folder.

    Raises
    ------
    StoreError
        Says who locked it, and when.
    """
    if review.locked:
        what = f"the study was locked by {review.locked['who']} on {review.locked['when'][:10]}"
        remedy = "unlock it on the review page (`bcelldepl review`), with a reason"
        raise StoreError(what, str(folder), remedy)


def _entries(folder: Path) -> list[Entry]:
    """The audit record: of the store, where no other process has it open, else as it was last exported."""
    log = folder / f"{STORE}-wal"
    if (folder / STORE).is_file() and not (log.is_file() and log.stat().st_size):
        try:
            with open_to_read(folder / STORE) as connection:
                return read_entries(connection)
        except sqlite3.Error:
            pass  # whoever opens it to write says what is wrong with it
    try:
        return read_lines((folder / AUDIT).read_text(encoding="ascii"))
    except (OSError, ValueError):
        return []
