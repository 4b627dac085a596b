"""A whole study: subjects, visits and tubes of a scenario, written with their truth."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bcelldepl.errors import Problem, StudyError
from bcelldepl.fcs.write import spillover_keyword, write_fcs
from bcelldepl.simulate.cells import LABELS, MARKERS, POPULATIONS
from bcelldepl.simulate.courses import DOSE_GROUPS, Subject, concentrations_per_ul, draw_subject
from bcelldepl.simulate.detectors import DETECTORS, FLUORESCENCE_CHANNELS, SPILLOVER
from bcelldepl.simulate.particles import Staining, background
from bcelldepl.simulate.scenarios import SCENARIOS, Difficulty, Mishap, Scenario, Visit
from bcelldepl.simulate.tube import CHANNEL_LABELS, CHANNELS, TIMESTEP_S, Clog, Tube, TubePlan, acquire

__all__ = ["is_simulation", "simulate"]

_FIRST_INFUSION: Final = datetime(2025, 1, 13, 10, 0)
_SUBJECT_STREAM, _BATCH_STREAM, _TUBE_STREAM = range(3)
_SAMPLE_COLUMNS: Final = (
    "file", "subject", "visit", "day", "role", "dose_group", "collected", "infused", "batch", "bead_count",
    "blood_volume_ul", "comment",
)  # fmt: skip
_TRUTH_COLUMNS: Final = ("file", "population", "true_per_ul", "true_events")
_INCIDENT_COLUMNS: Final = ("file", "incident", "start_s", "end_s")
# Another site's names for the same reagents.
_OTHER_LABELS: Final = {
    "CD3": "cd3-FITC",
    "CAR": "CAR (FMC63) PE",
    "Viability": "Live/Dead 7-AAD",
    "CD19": "cd19-PECy7",
    "CD16+56": "CD16/CD56 APC",
    "CD20": "cd20-APC-H7",
    "CD14": "CD14",
    "CD45": "cd45 V500",
}


@dataclass(frozen=True)
class _Batch:
    """One week of the laboratory: reagents, beads and instrument settings shared by its tubes."""

    name: str
    bead_count: int
    gain_log10: NDArray[np.float64]
    stain_log10: NDArray[np.float64]
    scatter_log10: float


@dataclass(frozen=True)
class _Order:
    """One tube to be made."""

    stem: str
    subject_index: int
    visit_index: int
    tube_index: int
    visit: Visit
    events: int
    stained: bool


def simulate(
    out: Path,
    *,
    scenario: str = "trial",
    subjects: int | None = None,
    seed: int = 0,
    drift: float | None = None,
    progress: Callable[[str], None] | None = None,
) -> Path:
    """Write a study with known truth.

    Parameters
    ----------
    out : Path
        Folder to write; a former simulation in it is replaced, other files are left alone.
    scenario : str
        A key of `scenarios.SCENARIOS`: ``trial``, ``small`` or ``hard``.
    subjects : int, optional
        Number of subjects; the scenario's by default. A subject's files do not depend on it.
    seed : int
        The same seed gives the same bytes.
    drift : float, optional
        Sd of log10 of gain and staining between batches; the scenario's by default.
    progress : callable, optional
        Told ``"S01_BL (1 of 168)"`` after each tube.

    Returns
    -------
    Path
        The study file, ``study.toml``.
    """
    plan = _scenario(scenario, subjects, drift)
    out = Path(out)
    if is_simulation(out):
        _remove_former(out)
    (out / "fcs").mkdir(parents=True, exist_ok=True)
    (out / "labels").mkdir(exist_ok=True)

    samples: list[Mapping[str, object]] = []
    truth: list[Mapping[str, object]] = []
    incidents: list[Mapping[str, object]] = []
    people = [_person(seed, plan, index) for index in range(plan.subjects)]
    orders = [order for index in range(plan.subjects) for order in _orders(plan, index)]
    for number, order in enumerate(orders, start=1):
        person = people[order.subject_index]
        sample, rows, clogs = _make_tube(out, seed, plan, person, order)
        samples.append(sample)
        truth.extend(rows)
        incidents.extend(clogs)
        if progress:
            progress(f"{order.stem} ({number} of {len(orders)})")

    meaning = {
        "labels": {label: code for code, label in enumerate(LABELS)},
        "populations": {name: list(members) for name, members in POPULATIONS.items()},
    }
    _write_text(out / "labels" / "populations.json", json.dumps(meaning, indent=1) + "\n")
    _write_table(out / "labels" / "incidents.csv", _INCIDENT_COLUMNS, incidents)
    _write_table(out / "truth.csv", _TRUTH_COLUMNS, truth)
    _write_table(out / "samples.csv", _SAMPLE_COLUMNS, samples)
    # Last, so that a study file always stands for a complete study.
    study_file = out / "study.toml"
    _write_text(study_file, _study_toml(plan, seed))
    return study_file


def is_simulation(folder: Path) -> bool:
    """Whether a folder holds a study that `simulate` wrote."""
    return all((folder / name).is_file() for name in ("truth.csv", "samples.csv", "labels/populations.json"))


def _scenario(name: str, subjects: int | None, drift: float | None) -> Scenario:
    problems = []
    if name not in SCENARIOS:
        problems.append(Problem("scenario", f"{name!r} is unknown", f"one of {', '.join(SCENARIOS)}"))
    if subjects is not None and not 1 <= subjects <= 999:
        problems.append(Problem("subjects", f"{subjects} is not between 1 and 999"))
    if drift is not None and not 0.0 <= drift <= 0.5:
        problems.append(Problem("drift", f"{drift} is not between 0 and 0.5 log10"))
    if problems:
        raise StudyError(problems)
    plan = SCENARIOS[name]
    if subjects is not None:
        plan = replace(plan, subjects=subjects)
    if drift is not None:
        plan = replace(plan, difficulty=replace(plan.difficulty, drift=drift))
    return plan


@dataclass(frozen=True)
class _Person:
    """A subject in the study: biology, calendar, antigens."""

    subject: Subject
    infused: datetime
    actual_days: tuple[float, ...]
    antigen_shift: dict[str, float]
    antigen_shift_after: dict[str, float]


def _person(seed: int, plan: Scenario, index: int) -> _Person:
    rng = _stream(seed, _SUBJECT_STREAM, index)
    dose = DOSE_GROUPS[index % len(DOSE_GROUPS)]
    subject = draw_subject(rng, f"S{index + 1:02d}", dose, plan.white_cells)
    hard = plan.difficulty
    # One infusion a week, on Monday to Thursday.
    infused = _FIRST_INFUSION + timedelta(days=7 * index + int(rng.integers(0, 4)))
    # Late visits slip by a few days.
    slips = [0.0 if v.day < 7 else float(rng.integers(-1, 2) if v.day < 60 else rng.integers(-3, 4))
             for v in plan.visits]  # fmt: skip
    days = tuple(visit.day + slip for visit, slip in zip(plan.visits, slips, strict=True))
    shift = {"B.CD19": 0.08 * float(rng.standard_normal())}
    masked, loses = rng.random(2)
    if masked < hard.cd20_masked_probability:
        shift["B.CD20"] = -1.2
    after = dict(shift)
    if loses < hard.cd19_loss_probability:
        after["B.CD19"] = shift["B.CD19"] - hard.cd19_loss
        after["plasmablast.CD19"] = -hard.cd19_loss
    return _Person(subject, infused, days, shift, after)


def _batch(seed: int, plan: Scenario, collected: datetime) -> _Batch:
    year, week, _ = collected.isocalendar()
    rng = _stream(seed, _BATCH_STREAM, year, week)
    drift = plan.difficulty.drift
    beads = round(plan.bead_count * float(1.0 + 0.03 * rng.standard_normal()))
    # Reagents and handling vary more than a calibrated instrument; the rest of the drift is each tube's own.
    gain = 0.3 * drift * rng.standard_normal(len(DETECTORS))
    stain = 0.87 * drift * rng.standard_normal(len(DETECTORS))
    scatter = 0.2 * drift * float(rng.standard_normal())
    return _Batch(f"{year}-W{week:02d}", beads, gain, stain, scatter)


def _orders(plan: Scenario, subject_index: int) -> Iterable[_Order]:
    name = f"S{subject_index + 1:02d}"
    for visit_index, visit in enumerate(plan.visits):
        stem = f"{name}_{visit.name}"
        common = (subject_index, visit_index)
        yield _Order(stem, *common, 0, visit, visit.events, True)
        if visit.name in plan.replicate_visits:
            yield _Order(f"{stem}_2", *common, 1, visit, visit.events, True)
        if visit.fmo_events and not _mishaps(plan, subject_index, visit, "no_fmo"):
            yield _Order(f"{stem}_FMO-CAR", *common, 2, visit, visit.fmo_events, False)


def _mishaps(plan: Scenario, subject_index: int, visit: Visit, kind: str) -> tuple[Mishap, ...]:
    return tuple(
        m for m in plan.mishaps if (m.subject, m.visit, m.kind) == (subject_index, visit.name, kind)
    )


def _make_tube(
    out: Path, seed: int, plan: Scenario, person: _Person, order: _Order
) -> tuple[Mapping[str, object], list[Mapping[str, object]], list[Mapping[str, object]]]:
    """Simulate and write one tube; its rows of the sample sheet, the truth and the incidents."""
    rng = _stream(seed, _TUBE_STREAM, order.subject_index, order.visit_index, order.tube_index)
    day = person.actual_days[order.visit_index]
    collected = _collected(rng, person, day)
    batch = _batch(seed, plan, person.infused + timedelta(days=day))
    went_wrong = {kind for kind in ("short", "few_beads", "debris", "clog", "labels")
                  if _mishaps(plan, order.subject_index, order.visit, kind)}  # fmt: skip

    per_ul = concentrations_per_ul(person.subject, day)
    for small in ("debris", "fragment"):
        per_ul[small] *= plan.debris * (8.0 if "debris" in went_wrong else 1.0)
    per_ul["bead"] = batch.bead_count / plan.blood_volume_ul
    true_beads_per_ul = per_ul["bead"]
    if "few_beads" in went_wrong:
        per_ul["bead"] *= 0.01
    events = order.events // 12 if "short" in went_wrong else order.events
    volume_ul = min(events / sum(per_ul.values()), plan.max_volume_ul)

    tube_plan = TubePlan(
        per_ul=per_ul,
        volume_ul=volume_ul,
        staining=_staining(rng, plan.difficulty, person, batch, day, order.stained),
        gain=10.0**batch.gain_log10,
        scatter_gain=float(10.0**batch.scatter_log10),
        spillover=_true_spillover(rng, plan.difficulty),
        difficulty=plan.difficulty,
        clogs=_clogs(rng, plan.difficulty, certain="clog" in went_wrong),
    )
    tube = acquire(rng, tube_plan)
    file = f"fcs/{order.stem}.fcs"
    labels = tuple(
        _OTHER_LABELS[MARKERS[FLUORESCENCE_CHANNELS.index(channel)]]
        if "labels" in went_wrong and channel in FLUORESCENCE_CHANNELS
        else label
        for channel, label in zip(CHANNELS, CHANNEL_LABELS, strict=True)
    )
    write_fcs(out / file, tube.columns, CHANNELS, labels, keywords=_keywords(order.stem, collected, tube))
    _write_array(out / "labels" / f"{order.stem}.npy", tube.labels)

    sample = {
        "file": file,
        "subject": person.subject.name,
        "visit": order.visit.name,
        "day": f"{order.visit.day:g}",
        "role": "sample" if order.stained else "fmo:CAR",
        "dose_group": person.subject.dose.name,
        "collected": collected.isoformat(timespec="minutes"),
        "infused": person.infused.isoformat(timespec="minutes"),
        "batch": batch.name,
        "bead_count": batch.bead_count,
        "blood_volume_ul": f"{plan.blood_volume_ul:g}",
        "comment": "",
    }
    per_ul["bead"] = true_beads_per_ul
    rows: list[Mapping[str, object]] = [
        {
            "file": file,
            "population": name,
            "true_per_ul": f"{sum(per_ul[member] for member in members):.6g}",
            "true_events": tube.events(name),
        }
        for name, members in POPULATIONS.items()
    ]
    incidents: list[Mapping[str, object]] = [
        {"file": file, "incident": "clog", "start_s": f"{start:.2f}", "end_s": f"{end:.2f}"}
        for start, end in tube.clogs_s
    ]
    return sample, rows, incidents


def _collected(rng: np.random.Generator, person: _Person, day: float) -> datetime:
    """Blood is drawn in the morning; on day 0 before the infusion."""
    morning = (person.infused + timedelta(days=day)).replace(hour=7, minute=30)
    return morning + timedelta(minutes=int(rng.integers(0, 100)))


def _staining(
    rng: np.random.Generator, hard: Difficulty, person: _Person, batch: _Batch, day: float, stained: bool
) -> Staining:
    own = 0.39 * hard.drift * rng.standard_normal(len(MARKERS))
    gain = 10.0 ** (batch.stain_log10 + own)
    if not stained:
        gain[MARKERS.index("CAR")] = 0.0
    return Staining(
        antigen_gain=gain,
        unspecific=background(stained) * person.subject.glow,
        antigen_shift=person.antigen_shift_after if day > 0 else person.antigen_shift,
        shrunken=float(np.clip(hard.shrunken * np.exp(0.5 * rng.standard_normal()), 0.0, 0.4)),
    )


def _true_spillover(rng: np.random.Generator, hard: Difficulty) -> NDArray[np.float64]:
    """Tandem dyes decay: the coefficients of the day are near, not at, those of the compensation controls."""
    matrix = SPILLOVER * (1.0 + hard.spillover_error * rng.standard_normal(SPILLOVER.shape))
    np.fill_diagonal(matrix, 1.0)
    return matrix


def _clogs(rng: np.random.Generator, hard: Difficulty, *, certain: bool) -> tuple[Clog, ...]:
    chance, start, length, rate, scatter, light = rng.random(6)
    if not certain and chance >= hard.clog_probability:
        return ()
    begin = 0.15 + 0.55 * start
    return (
        Clog(
            start=begin,
            end=begin + 0.02 + 0.04 * length,
            rate=0.15 + 0.2 * rate,
            scatter=0.65 + 0.15 * scatter,
            light=0.65 + 0.2 * light,
        ),
    )


def _keywords(stem: str, collected: datetime, tube: Tube) -> dict[str, str]:
    begin = collected + timedelta(hours=4)
    end = begin + timedelta(seconds=tube.duration_s)
    return {
        "$FIL": f"{stem}.fcs",
        "$SYS": "simulated",
        "$CYT": "FACSCantoII",
        "$CYTSN": "V00000000000",
        "$DATE": begin.strftime("%d-%b-%Y").upper(),
        "$BTIM": begin.strftime("%H:%M:%S"),
        "$ETIM": end.strftime("%H:%M:%S"),
        "$TIMESTEP": f"{TIMESTEP_S:g}",
        "$SPILLOVER": spillover_keyword(FLUORESCENCE_CHANNELS, SPILLOVER),
        "THRESHOLD": "FSC,10000",
        "TUBE NAME": stem,
    }


def _study_toml(plan: Scenario, seed: int) -> str:
    return (
        f"# Simulated study: scenario {plan.name}, seed {seed}, drift {plan.difficulty.drift:g} log10.\n"
        "[study]\n"
        f'id = "{plan.study_id}"\n'
        'samples = "samples.csv"\n'
        'strategy = "cart_pd"\n'
        "\n"
        "[counting]\n"
        'method = "beads"\n'
    )


def _stream(seed: int, *path: int) -> np.random.Generator:
    """A random stream of its own for each subject, batch and tube, so that none depends on another."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=path)))


def _remove_former(out: Path) -> None:
    """Take away the files of a former simulation, and only those."""
    (out / "study.toml").unlink(missing_ok=True)
    with (out / "samples.csv").open(newline="", encoding="utf-8") as handle:
        stems = [Path(row["file"]).stem for row in csv.DictReader(handle)]
    for stem in stems:
        (out / "fcs" / f"{stem}.fcs").unlink(missing_ok=True)
        (out / "labels" / f"{stem}.npy").unlink(missing_ok=True)


def _write_array(path: Path, values: NDArray[np.uint8]) -> None:
    buffer = io.BytesIO()
    np.save(buffer, values)
    _replace(path, buffer.getvalue())


def _write_table(path: Path, columns: tuple[str, ...], rows: Iterable[Mapping[str, object]]) -> None:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    _write_text(path, text.getvalue())


def _write_text(path: Path, text: str) -> None:
    _replace(path, text.encode("utf-8"))


def _replace(path: Path, content: bytes) -> None:
    beside = path.with_name(path.name + ".part")
    beside.write_bytes(content)
    os.replace(beside, path)
