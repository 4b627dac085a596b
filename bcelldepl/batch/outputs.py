"""What a run leaves in the results folder: the tables of the store exported, gates, figures, the report, the record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bcelldepl.batch import record, write
from bcelldepl.batch.figures import FiguresInWork
from bcelldepl.batch.outcome import CountedTube, FittedTube
from bcelldepl.batch.passes import GatedStudy
from bcelldepl.batch.strategies import Strategies
from bcelldepl.batch.study_figures import (
    CLUSTERS_ON_PAGE,
    CURVES,
    CURVES_ON_PAGE,
    figures_of_kinetics,
    figures_of_tubes,
    names_of_clusters,
)
from bcelldepl.batch.tables import quality_table, tubes_table
from bcelldepl.counting import CountRow, counts_table, without_result
from bcelldepl.definitions.files import COMPENSATION, FIGURES, GATES, REPORT
from bcelldepl.definitions.tables import (
    B_CELL_CHANGES,
    COMPANION_SUMMARY,
    COUNTS,
    DEPLETION_RATES,
    ENDPOINTS,
    QUALITY_OVER_TIME,
    SUBGROUP_SUMMARY,
    TIME_TO_EVENT_SUMMARY,
    TUBES,
)
from bcelldepl.kinetics import analyse_study, kinetics_tables
from bcelldepl.listings.tables import companion_tables, outcome_tables
from bcelldepl.report import TubePicture, write_report
from bcelldepl.report.clusters import cells_of_study
from bcelldepl.report.curves import followed_populations
from bcelldepl.report.labelled_curves import curve_labels
from bcelldepl.report.page import report_template
from bcelldepl.results import tube_stem
from bcelldepl.store import Store
from bcelldepl.store.files import remove_parts, sha256_of, write_bytes
from bcelldepl.store.reviews import StudyReview
from bcelldepl.study import Role, Study

if TYPE_CHECKING:
    import pandas as pd

    from bcelldepl.report.page import Pieces

__all__ = ["remove_half_written", "write_outputs"]

# Of run.json, kept in the store too.
FACTS = (
    "study", "study_file", "digest", "inputs", "overrides", "settings", "strategy", "strategies_by_batch",
    "matrices_of_controls", "questions", "review", "tube_digests", "tubes", "versions",
)  # fmt: skip
COMPANIONS = (COMPANION_SUMMARY, SUBGROUP_SUMMARY)
OUTCOMES = (DEPLETION_RATES, B_CELL_CHANGES, TIME_TO_EVENT_SUMMARY)
TUBE_FIGURES = f"{FIGURES}/tubes"
Done = Sequence[tuple[CountedTube, TubePicture]]


def write_outputs(
    folder: Path,
    study: Study,
    strategies: Strategies,
    gated: GatedStudy,
    done: Done,
    store: Store,
    content: Mapping[str, Any],
    workers: int | str,
    review: StudyReview,
    made: Sequence[str] = (),
    *,
    fresh: bool = False,
    pieces: Pieces | None = None,
) -> dict[str, str]:
    """Write everything but ``run.json``.

    Parameters
    ----------
    folder : Path
    study : Study
    strategies : Strategies
    gated : GatedStudy
    done : sequence
        What was counted, in the order of the study.
    store : Store
        Takes the tables; the files are its exports.
    content : mapping
        Of ``run.json``, as far as it is known.
    workers : int or str
        Processes that draw figures; those of a cluster draw none.
    review : StudyReview
        What people said of the tubes.
    made : sequence of str
        Files that are there already.
    fresh : bool
        Draw every figure again.
    pieces : dict, optional
        Of earlier reports, as `write_report` takes them.

    Returns
    -------
    dict of str to str
        SHA-256 by name of what was written.
    """
    tables: dict[str, pd.DataFrame] = {}

    def export(name: str, table: pd.DataFrame) -> pd.DataFrame:
        tables[name] = store.keep_table(name, table)
        write.write_csv(folder / f"{name}.csv", tables[name])
        return tables[name]

    fitted, models = gated.fitted, gated.models.kept
    kinds = content["figures"]  # also where none are asked for: the page shows them
    with closing(FiguresInWork(store, 1 if isinstance(workers, str) else workers, fresh=fresh)) as figures:
        counts = export(COUNTS.name, _counts(study, fitted, done, review))
        write.write_parquet(folder / f"{COUNTS.name}.parquet", counts)
        counted = [one for one, _ in done]
        tubes = export(TUBES.name, tubes_table(study, fitted, counted, review))
        quality = export(QUALITY_OVER_TIME.name, quality_table(study, fitted, counted))
        # Only now: the counts are safe whatever becomes of these. Workers draw while all else is made and written.
        figures.begin(figures_of_tubes(counts, quality, models, kinds))
        kinetics = analyse_study(counts, study)
        made_of_these = kinetics_tables(kinetics)
        figures.begin(figures_of_kinetics(counts, kinetics, made_of_these, kinds))
        endpoints = export(ENDPOINTS.name, kinetics.endpoints)
        for name, table in made_of_these.items():
            export(name, table)
        store.keep_facts({name: content[name] for name in FACTS})
        outputs = [*made, f"{COUNTS.name}.parquet", *(f"{name}.csv" for name in tables)]
        gates = _write_gates(folder, study, strategies, fitted, done, record.recorded(folder))
        outputs += gates
        outputs += write.write_models(folder, models)
        outputs += [f"{FIGURES}/{name}" for name in figures.names if _is_asked_for(name, kinds)]
        report_template()
        followed = followed_populations(counts)
        labels = curve_labels(counts, followed) if followed else ""
        of_study = figures.files([name for name in figures.names if "/" not in name])
        _write_figures(folder, of_study, kinds)
        write_report(
            folder / REPORT,
            study_id=study.id,
            strategy=", ".join(strategy.name for strategy in strategies.all),
            counts=counts,
            tubes=tubes,
            endpoints=endpoints,
            pictures=[picture for _, picture in done],
            cells=cells_of_study(
                models, [of_study[f"{name}.{CLUSTERS_ON_PAGE}"] for name in names_of_clusters(models)]
            ),
            outcomes=(
                *outcome_tables(
                    *(made_of_these[one.name] for one in OUTCOMES), in_percent=bool(kinetics.percentages)
                ),
                *companion_tables(*(made_of_these.get(one.name, one.frame([])) for one in COMPANIONS)),
            ),
            quality=quality,
            figures=[name for name in outputs if name.startswith(f"{FIGURES}/")],
            pieces=pieces,
            files={tube.file: path_picture(tube.file) for tube in study.tubes},
            curves=of_study.get(f"{CURVES}.{CURVES_ON_PAGE}", b""),
            labels=labels,
            run=content,
        )
        _write_figures(folder, figures.files([name for name in figures.names if "/" in name]), kinds)
    known = {*figures.names, *(name.removeprefix(f"{FIGURES}/") for name in made)}
    store.prune(tables, [tube.file for tube in study.tubes], known)
    outputs.append(REPORT)
    record.remove_stale(folder, outputs)
    return {name: gates.get(name) or sha256_of(folder / name) for name in outputs}


def path_picture(file: str) -> str:
    """Name of a tube's gating path in the results folder."""
    return f"{TUBE_FIGURES}/{tube_stem(file)}.png"


def remove_half_written(folder: Path) -> None:
    """Remove what a killed run was writing.

    Parameters
    ----------
    folder : Path
        The results folder.
    """
    remove_parts(
        folder,
        *(
            folder / name
            for name in (
                GATES,
                COMPENSATION,
                FIGURES,
                TUBE_FIGURES,
                f"{FIGURES}/subjects",
                f"{FIGURES}/{COMPENSATION}",
            )
        ),
    )


def _counts(study: Study, fitted: Sequence[FittedTube], done: Done, review: StudyReview) -> pd.DataFrame:
    rows = []
    for tube, one, (counted, _) in zip(study.tubes, fitted, done, strict=True):
        if tube.role is not Role.SAMPLE:
            continue
        said = review.of(tube.file)
        mark, rejection = said.mark(counted.digest, one.sha256), said.rejection(one.sha256)
        for concentration in counted.concentrations:
            given = (
                without_result(concentration, rejection.verdict, rejection.sentence)
                if rejection
                else concentration
            )
            by_hand = counted.overrides.get(concentration.population, "")
            rows.append(CountRow(tube, one.sha256, given, by_hand, str(mark or "")))
    return counts_table(rows)


def _write_gates(
    folder: Path,
    study: Study,
    strategies: Strategies,
    fitted: Sequence[FittedTube],
    done: Done,
    former: Mapping[str, Any],
) -> dict[str, str]:
    """Write the gates and the gating path of every tube that has some, but those that are there as they would be.

    Their names, with the SHA-256 of those that were there; it is empty for the others.
    """
    digests, hashes = former.get("tube_digests", {}), former.get("outputs", {})
    files: dict[str, str] = {}
    for tube, one, (counted, picture) in zip(study.tubes, fitted, done, strict=True):
        if counted.failure:
            continue
        stem = tube_stem(tube.file)
        names = [f"{GATES}/{stem}.json", path_picture(tube.file)]
        there = (
            {name: sha256_of(folder / name) for name in names}
            if digests.get(tube.file) == counted.digest
            else dict.fromkeys(names, "")
        )
        if all(there.values()) and all(hashes.get(name) == sha256 for name, sha256 in there.items()):
            files |= there
            continue
        files |= dict.fromkeys(names, "")
        overrides = study.overrides_of(tube.file)
        strategy = strategies.of(tube)
        gates = write.gates_json(
            tube.file, one.sha256, one.panel, one.scales, strategy, counted.fits, overrides, one.model
        )
        write.write_gates(folder / GATES / f"{stem}.json", gates)
        write_bytes(folder / path_picture(tube.file), picture.path_png)
    return files


def _write_figures(folder: Path, files: Mapping[str, bytes], formats: Sequence[str]) -> None:
    """Write the figures of these formats."""
    for name, content in files.items():
        if _is_asked_for(name, formats):
            write_bytes(folder / FIGURES / name, content)


def _is_asked_for(name: str, formats: Sequence[str]) -> bool:
    """Whether a figure is of these formats; others are for the page."""
    return name.rpartition(".")[2] in formats
