"""Changes that the page asks for: gates, verdicts, signatures, locks. None is half made, none overwrites another's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from bcelldepl.batch.inputs import Identity
from bcelldepl.definitions.review import ReviewAction, ReviewVerdict
from bcelldepl.errors import BcelldeplError, ReviewConflictError, ReviewError
from bcelldepl.results.signed import signed_facts
from bcelldepl.review.requests import GatesRequest, LockRequest, Reviewer, SignRequest, VerdictRequest
from bcelldepl.review.signing import missing_signatures, refuse_signature
from bcelldepl.review.state import Snapshot, StudyState
from bcelldepl.store import Store
from bcelldepl.store.files import write_bytes
from bcelldepl.store.reviews import read_reviews, refuse_locked
from bcelldepl.study import OVERRIDES_FILE, Override, Tube
from bcelldepl.study.override_text import changed_overrides
from bcelldepl.tubes.override_effects import held_part
from bcelldepl.tubes.overrides import strategy_with_overrides

__all__ = ["judge", "lock_study", "set_gates", "sign", "unlock_study"]

_WAIT_S: Final = 60.0  # for a run that is writing these results


def set_gates(state: StudyState, asked: GatesRequest) -> list[str]:
    """Write gates set by hand to ``overrides.toml``; the results follow by a run.

    Parameters
    ----------
    state : StudyState
    asked : GatesRequest

    Returns
    -------
    list of str
        Files of the tubes that have another gate now.

    Raises
    ------
    ReviewError
        A gate fits no strategy, or the FCS file is no longer the one that it was drawn on; nothing is written then.
    ReviewConflictError
        A tube is not what the page saw.
    StoreError
        The study is locked, or another process works on it.
    """
    with _changing(state) as (store, snapshot):
        tubes = _seen(snapshot, asked.seen)
        _refuse_other_files(state, state.inputs(), [tube.file for tube in tubes])
        changes: dict[tuple[str, str], Override | None] = {}
        told = []
        for tube in tubes:
            now_set = {one.population: one for one in snapshot.study.overrides_of(tube.file)}
            sha256 = str(snapshot.rows[tube.file]["sha256"])
            asked_for = {
                gate.population: gate.override(tube.file, asked.by.name, asked.why, sha256)
                for gate in asked.gates
            }
            _check(snapshot, tube, [one for one in asked_for.values() if one])
            for population, after in {**asked_for, **_with_parts(state, tube, asked_for)}.items():
                before = now_set.get(population)
                if after is None and before is None:
                    continue
                changes[tube.file, population] = after
                told.append(
                    {
                        "file": tube.file,
                        "population": population,
                        "before": _plain(before),
                        "after": _plain(after),
                    }
                )
        path = snapshot.study.folder / OVERRIDES_FILE
        try:
            text = path.read_text(encoding="utf-8") if path.exists() else ""
            content = changed_overrides(text, changes).encode()
        except ValueError as error:
            raise ReviewError(str(error), path.name, "correct the file, then save again") from error
        files = list(dict.fromkeys(file for file, _ in changes))
        if files:
            write_bytes(path, content)
            what = {"tubes": dict.fromkeys(files, ""), "gates": told}
            store.append(ReviewAction.GATES, why=asked.why, what={"by": _by(asked.by), **what})
        return files


def judge(state: StudyState, asked: VerdictRequest) -> None:
    """Put a verdict on tubes into the record.

    Parameters
    ----------
    state : StudyState
    asked : VerdictRequest

    Raises
    ------
    ReviewError
        A rejection without a reason, or results that are not those of the study as it stands.
    ReviewConflictError, StoreError
        As `set_gates`.
    """
    if asked.verdict is not ReviewVerdict.ACCEPT and not asked.reason:
        raise ReviewError("a tube is not rejected without a reason", "", "choose one, or write it")
    with _changing(state) as (store, snapshot):
        files = [tube.file for tube in _seen(snapshot, asked.seen)]
        _refuse_outdated(state, files)
        rows = snapshot.rows
        what = {
            "by": _by(asked.by),
            "verdict": asked.verdict.value,
            "tubes": {file: snapshot.digest(file) for file in files},
            "sha256": {file: str(rows[file]["sha256"]) for file in files},
        }
        store.append(ReviewAction.VERDICT, why=asked.reason, what=what)


def sign(state: StudyState, asked: SignRequest) -> None:
    """Sign the verdicts on tubes.

    Parameters
    ----------
    state : StudyState
    asked : SignRequest

    Raises
    ------
    ReviewError
        A tube has no verdict that stands, or the second signature is the first person's; nothing is signed then.
    ReviewConflictError, StoreError
        As `set_gates`.
    """
    with _changing(state) as (store, snapshot):
        files = [tube.file for tube in _seen(snapshot, asked.seen)]
        _refuse_outdated(state, files)
        for file in files:
            refuse_signature(snapshot, file, asked.order, asked.by.name)
        what = {
            "by": _by(asked.by),
            "order": asked.order.value,
            "meaning": asked.order.meaning,
            "tubes": {file: snapshot.digest(file) for file in files},
            "signed": {
                file: signed_facts(snapshot.results.results, file, snapshot.review_of(file).judgement)
                for file in files
            },
        }
        store.append(ReviewAction.SIGNATURE, what=what)


def lock_study(state: StudyState, asked: LockRequest) -> None:
    """Lock a study whose tubes are all signed: nothing of it changes until it is unlocked.

    Parameters
    ----------
    state : StudyState
    asked : LockRequest
        Who asks for it, and why.

    Raises
    ------
    ReviewError
        A tube lacks a signature.
    StoreError
        It is locked already, or another process works on it.
    """
    with _changing(state) as (store, snapshot):
        files = [tube.file for tube in snapshot.study.tubes]
        _refuse_outdated(state, files)
        left = missing_signatures(snapshot)
        if left:
            what = f"{len(left)} of {len(files)} tubes lack a signature"
            raise ReviewError(what, left[0], "sign them; the queue shows which")
        store.append(ReviewAction.LOCK, why=asked.why, what={"by": _by(asked.by)})


def unlock_study(state: StudyState, asked: LockRequest) -> None:
    """Open a locked study again.

    Parameters
    ----------
    state : StudyState
    asked : LockRequest
        Who asks for it, and why.

    Raises
    ------
    ReviewError
        It is not locked.
    """
    with Store(state.folder, "review", _WAIT_S) as store:
        if not read_reviews(store.entries).locked:
            raise ReviewError("the study is not locked", state.folder.name, "nothing needs to be done")
        store.append(ReviewAction.UNLOCK, why=asked.why, what={"by": _by(asked.by)})
    state.refresh()


@contextmanager
def _changing(state: StudyState) -> Iterator[tuple[Store, Snapshot]]:
    """Hold the results, read what they are now, and read them again for the page once they are changed."""
    with Store(state.folder, "review", _WAIT_S) as store:
        told = read_reviews(store.entries)
        refuse_locked(told, state.folder)
        yield store, state.refresh(told)
    state.refresh()


def _seen(snapshot: Snapshot, seen: Mapping[str, str]) -> list[Tube]:
    """The tubes that are meant, where they are still what the page saw."""
    tubes = [snapshot.tube(name) for name in seen]
    other = [
        tube.file
        for tube, version in zip(tubes, seen.values(), strict=True)
        if snapshot.version(tube.file) != version
    ]
    if other:
        words = f"{len(other)} tubes have" if len(other) > 1 else "it has"
        raise ReviewConflictError(f"{words} changed since the page was loaded", other[0], "review it again")
    return tubes


def _refuse_outdated(state: StudyState, files: list[str]) -> None:
    inputs = state.inputs()
    _refuse_other_files(state, inputs, files)
    if not state.is_current(inputs):
        what = "the study, its settings or the program have changed since the results were computed"
        raise ReviewError(what, state.folder.name, "compute the results again")


def _with_parts(state: StudyState, tube: Tube, changed: Mapping[str, Override | None]) -> dict[str, Override]:
    """Gates of a tube that are to say that they hold nothing, or everything: the page has shown it."""
    try:
        overrides = state.overrides_with(tube.file, changed)
        members = state.opened(tube.file).with_gates(overrides).members
    except (BcelldeplError, OSError):
        return {}  # it cannot be shown; the run says why
    parts = {
        one.population: held_part(members[one.population]) for one in overrides if one.population in members
    }
    return {
        one.population: one.model_copy(update={"holds": parts[one.population]})
        for one in overrides
        if parts.get(one.population) and parts[one.population] != one.holds
    }


def _refuse_other_files(state: StudyState, inputs: Mapping[str, Identity], files: list[str]) -> None:
    changed = [name for name in state.changed_inputs(inputs) if name in files]
    if changed:
        what = "the file has changed since it was counted"
        raise ReviewError(what, changed[0], "compute the results again")


def _check(snapshot: Snapshot, tube: Tube, overrides: list[Override]) -> None:
    try:
        strategy_with_overrides(snapshot.results.strategy_of(tube.file), overrides)
    except ValueError as error:
        raise ReviewError(str(error), tube.file, "choose another gate") from error


def _plain(override: Override | None) -> dict[str, Any] | None:
    return None if override is None else override.model_dump(mode="json", exclude_none=True)


def _by(person: Reviewer) -> dict[str, str]:
    return {"name": person.name, "role": person.role}
