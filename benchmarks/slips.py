"""Slips of the bench and of the sheet, made on the results of sound studies: which share needs review.

    python benchmarks/slips.py RESULTS [RESULTS ...]      folders that `bcelldepl run` wrote

Events do not change with a slip of the sheet, so a tube's results are scaled by what its entry would be, and go with
its file where two rows exchange their files; then the checks of tubes beside each other are asked. Prints a table in
Markdown. docs/slips.md explains what is measured.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd

from bcelldepl.batch.outcome import CountedTube, FittedTube
from bcelldepl.counting import Concentration, not_done
from bcelldepl.fcs import read_fcs
from bcelldepl.quality.course_checks import check_courses, course_shifts
from bcelldepl.quality.date_checks import check_dates, check_order
from bcelldepl.quality.entry_checks import check_entries
from bcelldepl.quality.name_checks import NAMING_KEYWORDS, check_names
from bcelldepl.quality.rate_checks import check_rates
from bcelldepl.quality.tube_checks import check_date
from bcelldepl.results import Results
from bcelldepl.study import Role, Tube, load_study

FACTORS = (10.0, 3.0, 1.5)
PAIRS = 6  # of each subject, drawn anew
WEEK_DAYS = 7.0


@dataclass(frozen=True)
class Row:
    """A row of the sheet, and what its file gave."""

    tube: Tube
    fitted: FittedTube
    counted: CountedTube
    method: str


def read(folder: Path) -> list[Row]:
    """Samples of a results folder."""
    results = Results(folder)
    study = load_study(Path(results.record["study_file"]))
    tubes = results.tubes.set_index("file")
    by_file = dict(tuple(results.counts.groupby("file")))
    rows = []
    for tube in study.tubes:
        if tube.role is Role.SAMPLE and tubes.loc[tube.file, "status"] != "failed":
            acquisition = read_fcs(tube.path)
            names = {key: acquisition.keywords[key] for key in NAMING_KEYWORDS if key in acquisition.keywords}
            batch = str(tubes.loc[tube.file, "batch"])
            fitted = FittedTube(tube.file, batch=batch, measured=acquisition.date or "", names=names)
            counts = by_file[tube.file]
            concentrations = tuple(concentration(one) for one in counts.to_dict("records"))
            counted = CountedTube(
                tube.file,
                concentrations=concentrations,
                analysed_volume_ul=next(
                    (one.analysed_volume_ul for one in concentrations if one.analysed_volume_ul), None
                ),
                acquisition_seconds=acquisition.acquisition_seconds,
                kept_time_fraction=float(tubes.loc[tube.file, "kept_time_fraction"]),
            )
            rows.append(Row(tube, fitted, counted, str(counts["method"].mode()[0])))
    return rows


def concentration(row: dict[str, object]) -> Concentration:
    """One row of ``counts.csv``, as far as the checks look at it."""
    (empty,) = not_done([str(row["population"])], "")
    known = {
        name: None if pd.isna(row[name]) else row[name]
        for name in ("events", "cells_per_ul", "analysed_volume_ul")
    }
    return replace(empty, **known)  # type: ignore[arg-type]


def scaled(counted: CountedTube, fold: float) -> CountedTube:
    """Results of a tube that stands on so many times less blood."""

    def times(value: float | None, by: float) -> float | None:
        return None if value is None else value * by

    rows = tuple(
        replace(
            one,
            cells_per_ul=times(one.cells_per_ul, fold),
            analysed_volume_ul=times(one.analysed_volume_ul, 1 / fold),
        )
        for one in counted.concentrations
    )
    volume = times(counted.analysed_volume_ul, 1 / fold)
    return replace(counted, concentrations=rows, analysed_volume_ul=volume)


def asked(rows: Sequence[Row], known: str) -> set[str]:
    """Files that ask for a look; `known` says of names, dates or counts how far the checks may look."""
    tubes, fitted = [row.tube for row in rows], [row.fitted for row in rows]
    counted, batches = [row.counted for row in rows], {row.tube.file: row.fitted.batch for row in rows}
    shifts = course_shifts(tubes, counted)
    found = [
        check_entries(tubes, batches),
        check_courses(tubes, counted, shifts),
        check_rates(tubes, counted, batches, shifts),
    ]
    if known in ("names", "dates"):
        found += [
            check_dates(tubes, fitted),
            check_order(tubes),
            {row.tube.file: list(check_date(row.tube, row.fitted.measured or None)) for row in rows},
        ]
    if known == "names":
        found.append(check_names(tubes, fitted))
    return {
        file for by in found for file, outcomes in by.items() if any(one.needs_review for one in outcomes)
    }


def with_entry(row: Row, fold: float, column: str) -> Row | None:
    """The row with another entry; None where its count does not stand on that column."""
    stands_on = {
        ("beads", "count"): ("bead_count", fold),
        ("beads", "volume"): ("blood_volume_ul", 1 / fold),
        ("volumetric", "count"): ("dilution", fold),
        ("dual", "haematology"): ("lymphocytes_per_ul", fold),
    }.get((row.method, column))
    if stands_on is None:
        return None
    name, effect = stands_on
    value = getattr(row.tube, name)
    if value is None:
        return None
    return replace(
        row,
        tube=row.tube.model_copy(update={name: value * fold}),
        counted=scaled(row.counted, effect),
    )


def with_file_of(row: Row, other: Row) -> Row:
    """A row that names another row's file: beads, volumes and haematology counts are those of the row."""
    fold = 1.0
    if row.method == "beads":
        fold = (row.tube.bead_count or 1) / (other.tube.bead_count or 1)
        fold *= (other.tube.blood_volume_ul or 1) / (row.tube.blood_volume_ul or 1)
    elif row.method == "dual":
        fold = (row.tube.lymphocytes_per_ul or 1) / (other.tube.lymphocytes_per_ul or 1)
    tube = row.tube.model_copy(update={"file": other.tube.file})
    return replace(row, tube=tube, fitted=other.fitted, counted=scaled(other.counted, fold))


def slips(rows: Sequence[Row], rng: np.random.Generator) -> Iterator[tuple[str, list[Row], set[str]]]:
    """Each slip with its name, the rows that it leaves, and the files that it is about."""
    yield "none (false alarms)", list(rows), {row.tube.file for row in rows}

    def put(*places: tuple[int, Row]) -> tuple[list[Row], set[str]]:
        changed = list(rows)
        for number, row in places:
            changed[number] = row
        return changed, {row.tube.file for _, row in places}

    for number, row in enumerate(rows):
        for factor in FACTORS:
            for fold in (factor, 1 / factor):
                for column, words in (
                    ("count", "bead_count or dilution"),
                    ("volume", "blood_volume_ul"),
                    ("haematology", "haematology count"),
                ):
                    other = with_entry(row, fold, column)
                    if other is not None:
                        yield f"{words} off by {factor:g}", *put((number, other))
                worse = replace(row, counted=scaled(row.counted, fold))
                yield f"pipetted off by {factor:g}, sheet as planned", *put((number, worse))

    def exchange(one: int, other: int) -> tuple[list[Row], set[str]]:
        return put((one, with_file_of(rows[one], rows[other])), (other, with_file_of(rows[other], rows[one])))

    subjects: dict[str, list[int]] = defaultdict(list)
    for number, row in enumerate(rows):
        subjects[row.tube.subject].append(number)
    for own in subjects.values():
        for _ in range(PAIRS if len(own) > 1 else 0):
            one, other = (int(place) for place in rng.choice(own, 2, replace=False))
            yield "two files exchanged within a subject", *exchange(one, other)
        for one, other in pairwise(own):
            if abs(rows[one].tube.day - rows[other].tube.day) <= WEEK_DAYS:
                yield "two files exchanged between visits of a week", *exchange(one, other)
        elsewhere = [number for number in range(len(rows)) if number not in own]
        for _ in range(PAIRS if elsewhere else 0):
            one, other = int(rng.choice(own)), int(rng.choice(elsewhere))
            yield "two files exchanged between subjects", *exchange(one, other)
    following = [*rows[1:], rows[0]]
    shifted = [with_file_of(row, other) for row, other in zip(rows, following, strict=True)]
    yield "the sheet shifted by one row", shifted, {row.tube.file for row in shifted}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", nargs="+", type=Path)
    ways = ("names", "dates", "counts")
    tubes: dict[str, int] = defaultdict(int)
    caught: dict[tuple[str, str], int] = defaultdict(int)
    for folder in parser.parse_args().results:
        for name, rows, files in slips(read(folder), np.random.default_rng(16)):
            tubes[name] += len(files)
            for known in ways:
                caught[name, known] += len(asked(rows, known) & files)
    print("| slip | tubes | names, dates and counts | dates and counts | entries and counts |")
    print("| --- | --- | --- | --- | --- |")
    for name, total in tubes.items():
        shares = " | ".join(f"{100 * caught[name, known] / total:.1f} %" for known in ways)
        print(f"| {name} | {total:,} | {shares} |")


if __name__ == "__main__":
    main()
