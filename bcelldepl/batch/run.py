"""`run`: fit every tube, reconcile once, count every tube, write the results."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bcelldepl.batch import record, write
from bcelldepl.batch.tables import tubes_table
from bcelldepl.batch.tube import CountedTube, FittedTube, count, fit, role_name
from bcelldepl.batch.workers import Progress, map_tubes
from bcelldepl.counting import CountRow, counts_table
from bcelldepl.errors import Problem, StudyError
from bcelldepl.gating.reconcile import TubeFits, reconcile
from bcelldepl.gating.rules.base import Fit
from bcelldepl.gating.strategy import Strategy, load_strategy
from bcelldepl.kinetics import endpoints_table, kinetics_tables
from bcelldepl.report import TubePicture, picture_tube, save_figure, write_report
from bcelldepl.report.curves import draw_study_curves
from bcelldepl.report.images import fixed_style
from bcelldepl.report.kinetics import write_kinetics_figures
from bcelldepl.results import Results, tube_stem
from bcelldepl.results.by_hand import check_overrides
from bcelldepl.study import Study, Tube

__all__ = ["run"]


def run(
    study: Study,
    out: str | os.PathLike[str] | None = None,
    *,
    workers: int | None = None,
    fresh: bool = False,
    progress: Progress | None = None,
) -> Results:
    """Run a study.

    Parameters
    ----------
    study : Study
        From `load_study`.
    out : path, optional
        The results folder; default ``results`` beside the study file.
    workers : int, optional
        Processes; default one per core. Their number does not change a byte of the results.
    fresh : bool
        Run again even where the results are current.
    progress : callable, optional
        Called with the stage or tube, how many are done, and of how many.

    Returns
    -------
    Results
        A tube that cannot be read, gated or counted is in it with its reason; it never stops the others.

    Raises
    ------
    StrategyError, StudyError
        Where the request itself is wrong; nothing is run then.
    """
    strategy = load_strategy(study.strategy, study.folder)
    _check_request(study, strategy)
    folder = Path(out) if out is not None else study.folder / "results"
    workers = workers or os.cpu_count() or 1
    tell = progress or (lambda stage, done, total: None)
    inputs = _inputs(study)
    wanted = record.digest(study, strategy, inputs)
    if not fresh and record.is_current(folder, wanted):
        return Results(folder, was_current=True)
    started = datetime.now(UTC)
    names = [tube.file for tube in study.tubes]
    # What travels to a worker is one tube and the settings, not the whole sheet with every job.
    settings = {
        tube.file: study.model_copy(
            update={"tubes": (), "companion_results": (), "overrides": study.overrides_of(tube.file)}
        )
        for tube in study.tubes
    }
    fitted = map_tubes(
        fit, [(t, settings[t.file], strategy) for t in study.tubes], names, workers, _stage(tell, "gates")
    )
    fits = reconcile(
        [_tube_fits(t, f) for t, f in zip(study.tubes, fitted, strict=True) if not f.failure], strategy
    )
    jobs = [
        (t, settings[t.file], strategy, f, fits.get(t.file, {}), _twin(f, fitted))
        for t, f in zip(study.tubes, fitted, strict=True)
    ]
    done = map_tubes(_count_and_draw, jobs, names, workers, _stage(tell, "counts"))
    tell("writing the report", 0, 1)
    _write(folder, study, strategy, fitted, done, {
        "digest": wanted,
        "started": started.isoformat(timespec="seconds"),
        "inputs": inputs,
    })  # fmt: skip
    tell("done", 1, 1)
    return Results(folder)


def _check_request(study: Study, strategy: Strategy) -> None:
    """Refuse what no tube could be run with."""
    problems = [
        Problem(f"{study.path.name} [panel] {marker}", f"the strategy {strategy.name!r} uses no marker of this name",
                f"it uses {', '.join(strategy.markers)}")
        for marker in study.panel
        if marker not in strategy.markers
    ]  # fmt: skip
    problems += check_overrides(study, strategy)
    if problems:
        raise StudyError(problems)


def _inputs(study: Study) -> dict[str, str]:
    """SHA-256 of every file that the results depend on; empty for one that cannot be read."""
    matrices = {study.matrix_path(tube.batch) for tube in study.tubes} - {None}
    paths = {tube.file: tube.path for tube in study.tubes}
    paths |= {path.name: path for path in sorted(p for p in matrices if p is not None)}
    if study.companions:
        paths[study.companions] = study.folder / study.companions
    return {name: record.sha256_of(path) for name, path in paths.items()}


def _stage(tell: Progress, stage: str) -> Progress:
    return lambda name, done, total: tell(f"{stage}: {name}", done, total)


def _tube_fits(tube: Tube, fitted: FittedTube) -> TubeFits:
    return TubeFits(
        key=tube.file,
        subject=tube.subject,
        batch=fitted.batch,
        before_infusion=tube.before_infusion,
        role=tube.role.value,
        role_marker=tube.role_marker or "",
        scales=fitted.scales,
        fits=fitted.fits,
    )


def _twin(fitted: FittedTube, others: Sequence[FittedTube]) -> str:
    """Name of another tube with the same bytes; a copied file is a mistake that no count shows."""
    return next(
        (o.file for o in others if o.sha256 and o.sha256 == fitted.sha256 and o.file != fitted.file), ""
    )


def _count_and_draw(
    tube: Tube, study: Study, strategy: Strategy, fitted: FittedTube, fits: Mapping[str, Fit], twin: str
) -> tuple[CountedTube, TubePicture]:
    counted = count(tube, study, strategy, fitted, fits)
    if twin:
        counted = counted.with_doubt(f"the same bytes as {twin}: one of the two is a copy")
    picture = picture_tube(
        counted.views,
        file=tube.file,
        sha256=fitted.sha256,
        subject=tube.subject,
        visit=tube.visit,
        day=tube.day,
        role=role_name(tube),
        status=counted.status,
        reason=counted.reason,
    )
    return counted.without_views(), picture


def _write(
    folder: Path,
    study: Study,
    strategy: Strategy,
    fitted: Sequence[FittedTube],
    done: Sequence[tuple[CountedTube, TubePicture]],
    header: dict[str, Any],
) -> None:
    counts = counts_table(
        CountRow(tube, one.sha256, concentration, counted.overrides.get(concentration.population, ""))
        for tube, one, (counted, _) in zip(study.tubes, fitted, done, strict=True)
        if tube.role == "sample"
        for concentration in counted.concentrations
    )
    tubes = tubes_table(study.tubes, fitted, [counted for counted, _ in done])
    outputs = ["counts.csv", "counts.parquet", "tubes.csv", "endpoints.csv"]
    write.write_csv(folder / "counts.csv", counts)
    write.write_parquet(folder / "counts.parquet", counts)
    write.write_csv(folder / "tubes.csv", tubes)
    endpoints = endpoints_table(counts, study)  # only now: the counts are safe whatever becomes of these
    write.write_csv(folder / "endpoints.csv", endpoints)
    for name, table in kinetics_tables(counts, endpoints, study).items():
        write.write_csv(folder / f"{name}.csv", table)
        outputs.append(f"{name}.csv")
    for tube, one, (counted, picture) in zip(study.tubes, fitted, done, strict=True):
        if counted.failure:
            continue
        stem = tube_stem(tube.file)
        overrides = study.overrides_of(tube.file)
        gates = write.gates_json(
            tube.file, one.sha256, one.panel, one.scales, strategy, counted.fits, overrides
        )
        write.write_json(folder / "gates" / f"{stem}.json", gates)
        write.write_bytes(folder / "figures" / "tubes" / f"{stem}.png", picture.path_png)
        outputs += [f"gates/{stem}.json", f"figures/tubes/{stem}.png"]
    shown = [name for name in ("B", "CAR_T") if name in set(counts["population"])]
    for name in ("curves.png", "curves.svg", "curves.pdf") if shown else ():
        with fixed_style():
            save_figure(draw_study_curves(counts, shown), folder / "figures" / name)
        outputs.append(f"figures/{name}")
    written = write_kinetics_figures(folder / "figures", counts, endpoints, study)
    outputs += [path.relative_to(folder).as_posix() for path in written]
    content = {
        "study": study.id,
        "study_file": str(study.path),
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        **header,
        "versions": record.versions(),
        "settings": study.settings(),
        "overrides": [override.model_dump(mode="json", exclude_none=True) for override in study.overrides],
        "strategy": {
            "name": strategy.name,
            "sha256": strategy.sha256,
            "content": strategy.model_dump(mode="json"),
        },
        "warnings": list(study.warnings),
    }
    write_report(
        folder / "report.html",
        study_id=study.id,
        strategy=strategy.name,
        counts=counts,
        tubes=tubes,
        endpoints=endpoints,
        pictures=[picture for _, picture in done],
        run=content,
    )
    outputs.append("report.html")
    record.remove_stale(folder, outputs)
    content["outputs"] = {name: record.sha256_of(folder / name) for name in outputs}
    write.write_json(folder / "run.json", content)
