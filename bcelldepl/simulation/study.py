"""A whole study: subjects, visits and tubes of a scenario, written with their truth."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import numpy as np

from bcelldepl.arguments import as_path
from bcelldepl.definitions.tables import SAMPLES, TRUTH
from bcelldepl.errors import Problem, StudyError
from bcelldepl.fcs.write import write_fcs
from bcelldepl.simulation.cells import POPULATIONS
from bcelldepl.simulation.courses import concentrations_per_ul
from bcelldepl.simulation.files import (
    Row,
    channel_labels,
    is_simulation,
    remove_former,
    tube_keywords,
    write_array,
    write_label_meanings,
    write_study,
    write_table,
)
from bcelldepl.simulation.laboratory import (
    Batch,
    batch_week,
    draw_batch,
    draw_clogs,
    draw_spillover,
    draw_staining,
)
from bcelldepl.simulation.people import Person, draw_person, subject_name
from bcelldepl.simulation.scenarios import SCENARIOS, Scenario, TubeOrder, tube_orders
from bcelldepl.simulation.tube import CHANNELS, SimulatedTube, TubePlan, acquire

__all__ = ["simulate"]

_SUBJECT_STREAM, _BATCH_STREAM, _VISIT_STREAM, _TUBE_STREAM = range(4)
_SAMPLE_COLUMNS: Final = (
    "file",
    "subject",
    "visit",
    "day",
    "role",
    "dose_group",
    "collected",
    "infused",
    "batch",
    "bead_count",
    "blood_volume_ul",
)
_INCIDENT_COLUMNS: Final = ("file", "incident", "start_s", "end_s")


def simulate(
    out: str | os.PathLike[str],
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
    out : str or path
        Folder to write; a former simulation in it is replaced, other files are left alone.
    scenario : str
        A key of `scenarios.SCENARIOS`: ``trial``, ``small`` or ``hard``.
    subjects : int, optional
        Number of subjects; the scenario's by default. A subject's files do not depend on it.
    seed : int
        The same seed gives the same bytes.
    drift : float, optional
        Standard deviation of gain and staining between batches, in log10; the scenario's by default.
    progress : callable, optional
        Told ``"S01_BL (1 of 168)"`` after each tube.

    Returns
    -------
    Path
        The study file, ``study.toml``.

    Raises
    ------
    ArgumentError
        `out` is not a path.
    StudyError
        Where the scenario is unknown or a number is out of range.
    """
    plan = _scenario(scenario, subjects, drift, seed)
    out = as_path(out, "out", "the folder to write to")
    if is_simulation(out):
        remove_former(out)
    (out / "fcs").mkdir(parents=True, exist_ok=True)
    (out / "labels").mkdir(exist_ok=True)
    # First: it marks the folder as a simulation, should this one be interrupted.
    write_label_meanings(out)

    # Each subject, week, visit and tube has a random stream of its own, so that none depends on another.
    def stream(*path: int) -> np.random.Generator:
        sequence = np.random.SeedSequence(seed, spawn_key=(plan.stream, *path))
        return np.random.Generator(np.random.PCG64(sequence))

    people = [draw_person(stream(_SUBJECT_STREAM, i), plan, i) for i in range(plan.subjects)]
    orders = [order for i in range(plan.subjects) for order in tube_orders(plan, i, subject_name(i))]
    samples: list[Row] = []
    truth: list[Row] = []
    incidents: list[Row] = []
    for number, order in enumerate(orders, start=1):
        person = people[order.subject_index]
        week = batch_week(_day_of(person, order))
        batch = draw_batch(stream(_BATCH_STREAM, *week), plan, week)
        # The tubes of a visit share its blood.
        visit_rng = stream(_VISIT_STREAM, order.subject_index, order.visit_index)
        collected = _collected(visit_rng, person, order)
        per_ul = _blood(visit_rng, plan, person, batch, order)
        tube_rng = stream(_TUBE_STREAM, order.subject_index, order.visit_index, order.tube_index)
        tube = _make_tube(tube_rng, plan, person, batch, order, per_ul)
        labels = channel_labels(other_site="labels" in order.mishaps)
        keywords = tube_keywords(order.stem, collected, tube.duration_s)
        write_fcs(out / _file(order), tube.columns, CHANNELS, labels, keywords=keywords)
        write_array(out / "labels" / f"{order.stem}.npy", tube.labels)
        samples.append(_sample_row(plan, person, batch, order, collected))
        truth.extend(_truth_rows(order, per_ul, tube))
        incidents.extend(_incident_rows(order, tube))
        if progress:
            progress(f"{order.stem} ({number} of {len(orders)})")

    write_table(out / "labels" / "incidents.csv", _INCIDENT_COLUMNS, incidents)
    write_table(out / TRUTH.file, tuple(TRUTH.names), truth)
    write_table(out / SAMPLES.file, _SAMPLE_COLUMNS, samples)
    # Last, so that a study file always stands for a complete study.
    study_file = out / "study.toml"
    write_study(study_file, plan, seed)
    return study_file


def _scenario(name: str, subjects: int | None, drift: float | None, seed: int) -> Scenario:
    problems = []
    if name not in SCENARIOS:
        problems.append(Problem("scenario", f"{name!r} is unknown", f"one of {', '.join(SCENARIOS)}"))
    if subjects is not None and not (isinstance(subjects, int) and 1 <= subjects <= 999):
        problems.append(Problem("subjects", f"{subjects} is not between 1 and 999"))
    if drift is not None and not (isinstance(drift, int | float) and 0.0 <= drift <= 0.5):
        problems.append(Problem("drift", f"{drift} is not between 0 and 0.5 log10"))
    if not (isinstance(seed, int) and seed >= 0):
        problems.append(Problem("seed", f"{seed!r} is not a whole number from 0 on"))
    if problems:
        raise StudyError(problems)
    plan = SCENARIOS[name]
    if subjects is not None:
        plan = replace(plan, subjects=subjects)
    if drift is not None:
        plan = replace(plan, difficulty=replace(plan.difficulty, drift=drift))
    return plan


def _file(order: TubeOrder) -> str:
    return f"fcs/{order.stem}.fcs"


def _actual_day(person: Person, order: TubeOrder) -> float:
    return person.actual_days[order.visit_index]


def _day_of(person: Person, order: TubeOrder) -> datetime:
    return person.infused + timedelta(days=_actual_day(person, order))


def _collected(rng: np.random.Generator, person: Person, order: TubeOrder) -> datetime:
    """Blood is drawn in the morning; on day 0 before the infusion."""
    morning = _day_of(person, order).replace(hour=7, minute=30)
    return morning + timedelta(minutes=int(rng.integers(0, 100)))


def _blood(
    rng: np.random.Generator, plan: Scenario, person: Person, batch: Batch, order: TubeOrder
) -> dict[str, float]:
    """True concentrations by label on the day of the visit, beads included."""
    per_ul = concentrations_per_ul(person.subject, _actual_day(person, order), rng)
    for small in ("debris", "fragment"):
        per_ul[small] *= plan.debris
    per_ul["bead"] = batch.bead_count / plan.blood_volume_ul
    return per_ul


def _make_tube(
    rng: np.random.Generator,
    plan: Scenario,
    person: Person,
    batch: Batch,
    order: TubeOrder,
    per_ul: dict[str, float],
) -> SimulatedTube:
    """Stain and measure one tube of the blood."""
    day = _actual_day(person, order)
    suspended = dict(per_ul)
    if "debris" in order.mishaps:
        suspended["debris"] *= 8.0
        suspended["fragment"] *= 8.0
    if "few_beads" in order.mishaps:
        suspended["bead"] *= 0.01
    events = order.events // 12 if "short" in order.mishaps else order.events
    tube_plan = TubePlan(
        per_ul=suspended,
        volume_ul=min(events / sum(suspended.values()), plan.max_volume_ul),
        staining=draw_staining(rng, plan.difficulty, person, batch, day, car=order.car),
        gain=batch.gain,
        scatter_gain=batch.scatter_gain,
        spillover=draw_spillover(rng, plan.difficulty),
        difficulty=plan.difficulty,
        clogs=draw_clogs(rng, plan.difficulty, certain="clog" in order.mishaps),
    )
    return acquire(rng, tube_plan)


def _sample_row(plan: Scenario, person: Person, batch: Batch, order: TubeOrder, collected: datetime) -> Row:
    return {
        "file": _file(order),
        "subject": person.subject.name,
        "visit": order.visit.name,
        "day": f"{order.visit.day:g}",
        "role": "sample" if order.car else "fmo:CAR",
        "dose_group": person.subject.dose.name,
        "collected": collected.isoformat(timespec="minutes"),
        "infused": person.infused.isoformat(timespec="minutes"),
        "batch": batch.name,
        "bead_count": batch.bead_count,
        "blood_volume_ul": f"{plan.blood_volume_ul:g}",
    }


def _truth_rows(order: TubeOrder, per_ul: dict[str, float], tube: SimulatedTube) -> list[Row]:
    return [
        {
            "file": _file(order),
            "population": name,
            "true_per_ul": f"{sum(per_ul[member] for member in members):.6g}",
            "true_events": tube.events(name),
        }
        for name, members in POPULATIONS.items()
    ]


def _incident_rows(order: TubeOrder, tube: SimulatedTube) -> list[Row]:
    return [
        {"file": _file(order), "incident": "clog", "start_s": f"{start:.2f}", "end_s": f"{end:.2f}"}
        for start, end in tube.clogs_s
    ]
