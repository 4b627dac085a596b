"""Inputs and outputs: is every file there, with the bytes that were recorded; and does the study still say the same?"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bcelldepl.batch.inputs import input_files
from bcelldepl.batch.record import sheet_rows
from bcelldepl.errors import BcelldeplError
from bcelldepl.gating.strategy import load_strategy
from bcelldepl.store.files import sha256_of
from bcelldepl.study import Study, load_study
from bcelldepl.verification.findings import CheckedPart, Part
from bcelldepl.verification.record import differences
from bcelldepl.verification.reference import Reference

__all__ = ["check_inputs", "check_outputs", "check_study", "hash_inputs", "study_of"]


def check_outputs(folder: Path, reference: Reference) -> CheckedPart:
    """Check every file that the run wrote.

    Parameters
    ----------
    folder : Path
        The results folder.
    reference : Reference

    Returns
    -------
    CheckedPart
    """
    check = CheckedPart(Part.OUTPUTS)
    for name, sha256 in reference.files("outputs").items():
        _check_file(check, name, folder / name, sha256, sha256_of(folder / name))
    return check


def hash_inputs(study: Study | None, folder: Path, reference: Reference) -> dict[str, str]:
    """Hash every file that the run read, as it is now.

    Parameters
    ----------
    study : Study or None
    folder : Path
        The results folder.
    reference : Reference

    Returns
    -------
    dict of str to str
        SHA-256 by the name of each input; empty for one that is not there.
    """
    return {name: sha256_of(path) for name, path in _input_paths(study, folder, reference).items()}


def _input_paths(study: Study | None, folder: Path, reference: Reference) -> dict[str, Path]:
    paths = {} if study is None else input_files(study)
    beside = folder.absolute().parent if study is None else study.folder
    return {name: paths.get(name, beside / name) for name in reference.files("inputs")}


def check_inputs(
    study: Study | None, folder: Path, reference: Reference, hashed: Mapping[str, str]
) -> CheckedPart:
    """Check every file that the run read.

    Parameters
    ----------
    study : Study or None
    folder : Path
        The results folder.
    reference : Reference
    hashed : mapping of str to str
        From `hash_inputs`.

    Returns
    -------
    CheckedPart
    """
    check = CheckedPart(Part.INPUTS)
    paths = _input_paths(study, folder, reference)
    for name, sha256 in reference.files("inputs").items():
        if sha256:
            _check_file(check, name, paths[name], sha256, hashed[name])
        else:
            check.checked += 1
            if hashed[name]:
                check.found(name, "can be read now; when the study was run, it could not")
    return check


def _check_file(check: CheckedPart, name: str, path: Path, sha256: str, found: str) -> None:
    check.checked += 1
    if not found:
        check.found(name, f"is not there any more, or cannot be read ({path})")
    elif found != sha256:
        check.found(name, f"its bytes changed: sha256 was {sha256[:12]}…, is {found[:12]}…")


def study_of(folder: Path, reference: Reference) -> tuple[Study | None, str]:
    """Load the study that was run, as it stands now; None and the reason where that cannot be.

    Parameters
    ----------
    folder : Path
        The results folder.
    reference : Reference

    Returns
    -------
    (Study or None, str)
    """
    named = reference.said("study_file")
    if not isinstance(named, str):
        return None, "the record does not say where it is"
    path = folder / named  # an absolute path stays itself
    beside = folder.absolute().parent / path.name
    if not path.exists() and beside.is_file():  # study and results were moved together
        path = beside
    try:
        return load_study(path), ""
    except (BcelldeplError, OSError) as error:
        return None, str(error)


def check_study(study: Study | None, reason: str, reference: Reference) -> CheckedPart:
    """Check that settings, sample sheet, overrides and strategy still say what was run.

    Parameters
    ----------
    study : Study or None
    reason : str
    reference : Reference

    Returns
    -------
    CheckedPart
    """
    check = CheckedPart(Part.STUDY)
    if study is None:
        check.found(str(reference.said("study_file", "study.toml")), f"cannot be read: {reason}")
        return check
    settings = reference.finished.get("settings") or reference.said("settings")
    check.checked += 1
    for name in differences(settings, study.settings()):
        check.found(study.path.name, f"[{name}] is not what it was when the study was run")
    _check_rows(check, study, reference.said("tubes", []))
    overrides = [one.model_dump(mode="json", exclude_none=True) for one in study.overrides]
    check.checked += 1
    if overrides != reference.said("overrides", []):
        check.found("overrides.toml", f"{len(overrides)} gates set by hand, and not those of the run")
    recorded: dict[str, Mapping[str, Any]] = {study.strategy: reference.said("strategy", {})}
    for batch, own in reference.said("strategies_by_batch", {}).items():
        recorded.setdefault(study.strategy_of(batch), own)
    for name, said in recorded.items():
        check.checked += 1
        try:
            strategy = load_strategy(name, study.folder)
        except (BcelldeplError, OSError) as error:
            check.found(f"strategy {name}", str(error))
            continue
        if strategy.sha256 != said.get("sha256"):
            content = said.get("content")
            places = differences(content, strategy.model_dump(mode="json")) if content else []
            check.found(f"strategy {name}", f"is not what it was: {', '.join(places[:5]) or 'its digest'}")
    return check


def _check_rows(check: CheckedPart, study: Study, recorded: list[dict[str, Any]]) -> None:
    sheet = study.samples_path.name
    now = {row["file"]: row for row in sheet_rows(study)}
    then = {row["file"]: row for row in recorded}
    for file, row in then.items():
        check.checked += 1
        if file not in now:
            check.found(f"{sheet}, {file}", "is no longer a tube of the study")
            continue
        for name in differences(row, now[file]):
            check.found(f"{sheet}, {file}", f"{name} was {row.get(name)!r}, is {now[file].get(name)!r}")
    for file in now:
        if file not in then:
            check.found(f"{sheet}, {file}", "is a tube that was not in the study when it was run")
