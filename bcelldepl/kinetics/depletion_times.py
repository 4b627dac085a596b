"""When B cells were depleted, for how long, and when they were back: with censoring."""

from __future__ import annotations

from collections.abc import Sequence

from bcelldepl.definitions.codes import Qualifier
from bcelldepl.definitions.endpoints import DEPLETION_DAY, DEPLETION_DURATION, RECONSTITUTION_DAY
from bcelldepl.kinetics.endpoint import NOTHING_AFTER, Endpoint, joined, not_evaluable
from bcelldepl.kinetics.thresholds import ThresholdEvidence
from bcelldepl.kinetics.visits import Course

__all__ = ["depletion_times"]


def depletion_times(
    told: Sequence[tuple[float, ThresholdEvidence]],
    confirm_visits: int,
    confirm_within_days: float | None,
    course: Course,
) -> tuple[Endpoint, Endpoint, Endpoint]:
    """First day of depletion, its duration, and the day of recovery.

    Parameters
    ----------
    told : sequence of (float, ThresholdEvidence)
        What each evaluable visit after the infusion says, by day.
    confirm_visits : int
        Visits in a row that confirm a recovery; those without evidence are passed over.
    confirm_within_days : float or None
        Longest time from the first of them to the last [day].
    course : Course
        Says whether there was a quantified result before the infusion, and where the data end.

    Returns
    -------
    tuple of Endpoint
        Censored at the last visit that tells, or at an unconfirmed recovery.
    """
    onset_code, duration_code, recovery_code = DEPLETION_DAY, DEPLETION_DURATION, RECONSTITUTION_DAY
    known = [(day, evidence) for day, evidence in told if evidence is not ThresholdEvidence.NONE]
    n = len(known)
    blind = len(told) - n
    note = f"{blind} visits with an LLOQ above the threshold are not evidence" if blind else ""
    if not told:
        return tuple(not_evaluable(c, NOTHING_AFTER) for c in (onset_code, duration_code, recovery_code))  # type: ignore[return-value]
    onset = next((day for day, evidence in known if evidence is ThresholdEvidence.DEPLETED), None)
    window = (told[0][0], told[-1][0])
    if onset is None:
        return _never(known, window, note)
    quantified = any(visit.is_quantified for visit in course.before)
    origin = "" if quantified else "no quantified baseline"
    started = Endpoint(onset_code, onset, Qualifier.EQUAL, *window, n, joined(origin, note))
    later = [(day, evidence) for day, evidence in known if day > onset]
    recovery, pending = _recovery(later, confirm_visits, confirm_within_days)
    if recovery is not None:
        span = (onset, recovery, n)
        return (
            started,
            Endpoint(duration_code, recovery - onset, Qualifier.EQUAL, *span, note),
            Endpoint(recovery_code, recovery, Qualifier.EQUAL, *window, n, note),
        )
    # Without a confirmed recovery all that is known is how long there was none.
    end = known[-1][0] if pending is None else pending
    why = "no recovery by the last visit" if pending is None else f"back at day {pending:.4g}, not confirmed"
    cut = "" if course.cutoff_day is None else f"data cut-off at day {course.cutoff_day:g}"
    reason = joined(why, cut, note)
    return (
        started,
        Endpoint(duration_code, end - onset, Qualifier.ABOVE, onset, end, n, reason),
        Endpoint(recovery_code, end, Qualifier.ABOVE, *window, n, reason),
    )


def _never(
    known: Sequence[tuple[float, ThresholdEvidence]], window: tuple[float, float], note: str
) -> tuple[Endpoint, Endpoint, Endpoint]:
    reason, n = joined("no visit shows depletion", note), len(known)
    onset = not_evaluable(DEPLETION_DAY, reason, n)
    if known and not note:  # a visit that tells nothing may have been depleted
        onset = Endpoint(DEPLETION_DAY, known[-1][0], Qualifier.ABOVE, *window, n, reason)
    return (
        onset,
        not_evaluable(DEPLETION_DURATION, reason, n),
        not_evaluable(RECONSTITUTION_DAY, reason, n),
    )


def _recovery(
    later: Sequence[tuple[float, ThresholdEvidence]], confirm_visits: int, within_days: float | None
) -> tuple[float | None, float | None]:
    """Return the day of the first confirmed recovery, and the start of one still to be confirmed."""
    run: list[float] = []
    for day, evidence in later:
        if evidence is not ThresholdEvidence.RECOVERED:
            run = []
            continue
        run.append(day)
        while within_days is not None and day - run[0] > within_days:
            run.pop(0)
        if len(run) >= confirm_visits:
            return run[0], None
    return None, run[0] if run else None
