"""From ``study.toml`` to a `Study`, and to all that is wrong with it at once."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bcelldepl.arguments import as_path
from bcelldepl.definitions.codes import Method
from bcelldepl.errors import CompensationError, Problem, StudyError
from bcelldepl.input_limits import leaves
from bcelldepl.near_names import near_file
from bcelldepl.study.cells import inside, relative_path
from bcelldepl.study.companion_sheet import COMPANION_COLUMNS, read_companions
from bcelldepl.study.companions import CompanionResult
from bcelldepl.study.config import CompensationSettings, StudyFile
from bcelldepl.study.endpoint_checks import check_endpoints
from bcelldepl.study.override_file import OVERRIDES_FILE, read_overrides
from bcelldepl.study.overrides import Override
from bcelldepl.study.samples import SAMPLE_COLUMNS, Samples, read_samples
from bcelldepl.study.sheet import Sheet, read_sheet
from bcelldepl.study.study import Study, is_path
from bcelldepl.study.toml import check_settings, read_toml
from bcelldepl.study.tubes import Role

__all__ = ["as_study", "load_study", "read_study"]


def load_study(path: str | os.PathLike[str]) -> Study:
    """Read and check a study file and its sample sheet.

    Parameters
    ----------
    path : str or path
        The ``study.toml``.

    Returns
    -------
    Study
        FCS files are not opened, and need not be there: a missing one fails its tube, not the study.

    Raises
    ------
    StudyError
        With every problem of both files, each with its place.
    ArgumentError
        `path` is not a path.
    """
    study, problems = read_study(path)
    if problems or study is None:
        raise StudyError(problems)
    return study


def read_study(path: str | os.PathLike[str]) -> tuple[Study | None, list[Problem]]:
    """Read a study file and its sample sheet as far as they can be understood.

    Parameters
    ----------
    path : str or path
        The ``study.toml``.

    Returns
    -------
    Study or None
        Where there are problems: a study whose files can be looked into, never one to be counted; its tubes are those
        whose file is known, with empty texts and days of 0 where the sheet cannot be read. None where the settings are
        wrong.
    list of Problem
        Every problem of both files, each with its place.
    """
    path = as_path(path, "path", "the path of a study.toml").absolute()
    raw, problems = read_toml(path)
    if problems:
        return None, problems
    config, problems = check_settings(raw, path.name)
    samples = _samples(_table(raw, "study"), path.parent)
    problems += _check_paths(raw, path)
    problems += samples.sheet.problems
    problems += _check_matrices(config, path, problems)
    problems += [] if config is None else _check_method(config, samples, path.name)
    problems += [] if config is None else _check_batches(config, samples, path.name)
    problems += [] if config is None else _check_controls(config, samples, path.name)
    problems += [] if config is None else check_endpoints(config.endpoints, samples.tubes, path.name)
    companion_results, complaints = _companions(config, path.parent, samples)
    problems += complaints
    overrides, complaints = _overrides(_table(raw, "study"), path.parent, samples)
    problems += complaints
    if config is None:
        return None, problems
    study = Study(
        path=path,
        folder=path.parent,
        samples_path=path.parent / relative_path(config.study.samples),
        **config.study.model_dump(),
        panel=config.panel,
        batch=config.batch,
        compensation=config.compensation,
        gating=config.gating,
        counting=config.counting,
        limits=config.limits,
        endpoints=config.endpoints,
        agreement=config.agreement,
        review=config.review,
        tubes=tuple(samples.tubes or samples.drafts),
        companion_results=companion_results,
        overrides=overrides,
        warnings=(
            *samples.warnings,
            *_unused_batches(config, samples),
            *_notes_on_percentages(config, path.name),
        ),
        tube_notes=samples.notes,
        guesses=samples.guesses,
    )
    return study, problems


def as_study(study: Study | str | os.PathLike[str]) -> Study:
    """Take a study, or load it.

    Parameters
    ----------
    study : Study or path

    Returns
    -------
    Study

    Raises
    ------
    ArgumentError
        It is neither.
    StudyError
        With every problem of the files at the path.
    """
    return study if isinstance(study, Study) else load_study(study)


def _table(raw: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """Return a table of unchecked TOML; empty where there is none."""
    table = raw.get(key)
    return table if isinstance(table, Mapping) else {}


def _samples(study: Mapping[str, Any], folder: Path) -> Samples:
    """Read the sheet even where the settings are wrong, so that all problems come at once."""
    name, allow_outside = study.get("samples"), study.get("allow_outside") is True
    if not isinstance(name, str) or not name or not (allow_outside or inside(relative_path(name))):
        return Samples(Sheet(str(name)))  # the settings say what is wrong with it
    sheet_path = folder / relative_path(name)
    if not allow_outside and _is_link_out(folder, sheet_path):
        return Samples(Sheet(name))
    depth = len(Path(os.path.relpath(sheet_path, folder)).parts) - 1
    sheet = read_sheet(sheet_path, name, SAMPLE_COLUMNS)
    return read_samples(sheet, sheet_path.parent, allow_outside, depth)


def _companions(
    config: StudyFile | None, folder: Path, samples: Samples
) -> tuple[tuple[CompanionResult, ...], list[Problem]]:
    """Read the companions of a study whose sheet is understood: they are checked against its subjects."""
    if config is None or config.study.companions is None or not samples.tubes:
        return (), []
    name = relative_path(config.study.companions)
    allowed = config.study.allow_outside or (inside(name) and not _is_link_out(folder, folder / name))
    if not (allowed and _is_file(folder / name)):
        return (), []  # the check of paths says so
    sheet = read_sheet(folder / name, config.study.companions, COMPANION_COLUMNS)
    samples.warnings += sheet.notes
    return tuple(read_companions(sheet, samples.tubes)), sheet.problems


def _overrides(
    study: Mapping[str, Any], folder: Path, samples: Samples
) -> tuple[tuple[Override, ...], list[Problem]]:
    """Read the gates set by hand, from a file of the study folder itself."""
    path = folder / OVERRIDES_FILE
    if study.get("allow_outside") is not True and _is_link_out(folder, path):
        remedy = "put the file itself there, or set allow_outside = true in [study]"
        return (), [Problem(OVERRIDES_FILE, "is a link out of the study folder", remedy)]
    return read_overrides(path, samples.tubes or samples.drafts)


def _check_paths(raw: Mapping[str, Any], path: Path) -> list[Problem]:
    """Check every path of the settings: inside the study folder, and there."""
    study, compensation = _table(raw, "study"), _table(raw, "compensation")
    named = {
        "[study] samples": study.get("samples"),
        "[study] strategy": study.get("strategy"),
        "[study] companions": study.get("companions"),
        "[compensation] matrix": compensation.get("matrix"),
        "[gating] model": _table(raw, "gating").get("model"),
    }
    named |= {
        f"[compensation] by_batch.{key}": name for key, name in _table(compensation, "by_batch").items()
    }
    named |= {
        f"[batch] {key}.strategy": batch.get("strategy")
        for key, batch in _table(raw, "batch").items()
        if isinstance(batch, Mapping)
    }
    problems = []
    for key, name in named.items():
        if not isinstance(name, str) or (key.endswith("strategy") and not is_path(name)):
            continue  # not a path; where it should be one, the settings say so
        where = f"{path.name}, {key}"
        file, bound = path.parent / relative_path(name), study.get("allow_outside") is not True
        remedy = "move it there, or set allow_outside = true in [study]"
        if bound and not inside(relative_path(name)):
            problems.append(Problem(where, f"{name!r} lies outside the study folder", remedy))
        elif bound and _is_link_out(path.parent, file):
            problems.append(Problem(where, f"{name!r} is a link out of the study folder", remedy))
        elif key != "[study] samples" and not _is_file(file):
            remedy = near_file(file) or "paths are relative to the study file"
            problems.append(Problem(where, f"there is no file {name!r}", remedy))
    return problems


def _check_matrices(config: StudyFile | None, path: Path, problems: Sequence[Problem]) -> list[Problem]:
    """Read every spillover matrix that is there: one that is wrong would fail tube after tube."""
    settings = CompensationSettings() if config is None else config.compensation
    named = {"matrix": settings.matrix} | {f"by_batch.{key}": name for key, name in settings.by_batch.items()}
    missing = {problem.where for problem in problems}
    found = []
    for key, name in named.items():
        where = f"{path.name}, [compensation] {key}"
        if name is None or where in missing:
            continue
        from bcelldepl.fcs.spillover_table import read_matrix

        try:
            read_matrix(path.parent / relative_path(name))
        except CompensationError as error:
            found.append(Problem(where, f"{name}: {error.what}", error.remedy))
    return found


def _is_link_out(folder: Path, path: Path) -> bool:
    """Tell whether a path whose words stay in a folder leaves it all the same, by a link."""
    try:
        return (path.is_symlink() or path.exists()) and leaves(folder, path)
    except (OSError, ValueError):  # no file can have such a name
        return False


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # no file can have such a name
        return False


def _check_method(config: StudyFile, samples: Samples, name: str) -> list[Problem]:
    """Refuse a method that no tube of the sheet could be counted by; one tube without is its own affair."""
    tubes = [tube for tube in samples.tubes if tube.role is Role.SAMPLE]
    match config.counting.method:
        case Method.BEADS:
            possible = any(tube.bead_count and tube.blood_volume_ul for tube in tubes)
            columns = "bead_count and blood_volume_ul"
        case Method.DUAL:
            possible = any(tube.wbc_per_ul or tube.lymphocytes_per_ul for tube in tubes)
            columns = "wbc_per_ul or lymphocytes_per_ul"
        case _:
            return []  # volume may be in the files
    if possible or not tubes:
        return []
    what = f"{config.counting.method!r} needs {columns}, which {samples.sheet.name} gives for no sample"
    remedy = f'fill them in, or choose another method; "{Method.PERCENT}" gives percentages and no cells/uL'
    return [Problem(f"{name}, [counting] method", what, remedy)]


def _notes_on_percentages(config: StudyFile, name: str) -> list[str]:
    """Say which endpoints a study without cells/uL cannot have."""
    if not config.counting.in_percent or config.endpoints.denominator_population is not None:
        return []
    return [
        f"{name}: with percentages as results depletion cannot be judged in cells/uL; "
        '`[endpoints] denominator = "lymphocytes"` judges it by depletion_threshold_percent'
    ]


def _check_batches(config: StudyFile, samples: Samples, name: str) -> list[Problem]:
    """Strategies by batch need the batches in the sheet: that of a file is known only when it is gated already."""
    own = [batch for batch, settings in config.batch.items() if settings.strategy is not None]
    without = [tube.file for tube in samples.tubes if tube.batch is None]
    if not own or not without:
        return []
    what = f"strategies are set by batch, and {samples.sheet.name} gives none for {without[0]}"
    more = f" and {len(without) - 1} more" if len(without) > 1 else ""
    return [Problem(f"{name}, [batch] {own[0]}", what + more, "fill in the column `batch` for every tube")]


def _check_controls(config: StudyFile, samples: Samples, name: str) -> list[Problem]:
    if config.compensation.source != "controls" or not samples.tubes:
        return []
    if any(tube.role is Role.SINGLE for tube in samples.tubes):
        return []
    what = f"'controls' needs rows with the role single:MARKER, and {samples.sheet.name} has none"
    return [Problem(f"{name}, [compensation] source", what, "add a single-stain control for each dye")]


def _unused_batches(config: StudyFile, samples: Samples) -> list[str]:
    batches = {tube.batch for tube in samples.tubes}
    if None in batches or not batches:
        # Without a batch a tube is of its acquisition date, which the file knows; a sheet with problems gives no tubes.
        return []
    named = [("[compensation] by_batch", name) for name in config.compensation.by_batch]
    named += [("[batch]", name) for name in config.batch]
    return [f"{where}: no tube is of the batch {name}" for where, name in named if name not in batches]
