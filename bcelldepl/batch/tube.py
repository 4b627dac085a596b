"""The two passes over one tube. Each runs in a worker, takes little and gives little."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence

from bcelldepl.batch.controls import doubt_of_marker
from bcelldepl.batch.inputs import Identity, identify
from bcelldepl.batch.outcome import CountedTube, FittedTube
from bcelldepl.counting import Check, Concentration, check_tube, count_tube, not_done, tube_facts
from bcelldepl.counting.methods import BEADS, LEUKOCYTES, LYMPHOCYTES, Method
from bcelldepl.errors import BcelldeplError
from bcelldepl.gating.evidence import Evidence
from bcelldepl.gating.populations import Populations
from bcelldepl.gating.rules.base import Fit
from bcelldepl.gating.strategy import Strategy
from bcelldepl.gating.stream import drawn_gates
from bcelldepl.gating.tube import apply_gates, fit_gates
from bcelldepl.results.by_hand import fits_by_hand, standing_on, strategy_by_hand
from bcelldepl.results.tube import batch_of, open_tube, read_signal
from bcelldepl.signal import make_signal
from bcelldepl.signal.recipe import plan_markers
from bcelldepl.study import Override, Study, Tube

__all__ = ["count", "fit", "role_name"]

# Populations whose known concentration turns events into cells/uL.
_SCALED_BY = {Method.BEADS: (BEADS,), Method.DUAL: (LEUKOCYTES, LYMPHOCYTES)}
LYMPHOSUM_LOOK = (90.0, 110.0)  # percent
RULED_OUT = 4.0  # times the LLOQ: fifty events hold this much, or a cut whose place is hardly known
ONE_DAY = 1  # that clocks of other time zones may differ by
CHANGED = "the file changed while the study was run"


def fit(tube: Tube, study: Study, strategy: Strategy, identity: Identity | None = None) -> FittedTube:
    """First pass over a tube. Never raises for what is wrong with the tube itself.

    Parameters
    ----------
    tube : Tube
    study : Study
    strategy : Strategy
    identity : Identity, optional
        Of the file, as it was hashed before; it must still be that one.
    """
    identity = identity or identify(tube.path)
    try:
        opened = open_tube(tube, study, strategy)
        acquisition, panel = opened.acquisition, opened.panel
        recipe = plan_markers(acquisition, panel, strategy.all_transforms, opened.spillover)
        rules = strategy.rules_for(panel)
        fits = drawn_gates(rules)
        if len(fits) < len(rules):  # else no event need be looked at
            fits = fit_gates(
                make_signal(acquisition, panel, strategy.all_transforms, opened.spillover), strategy
            )
        fitted = FittedTube(
            file=tube.file,
            sha256=identity.sha256,
            batch=batch_of(tube, acquisition),
            cytometer=acquisition.cytometer,
            events=acquisition.n_events,
            warnings=acquisition.warnings,
            panel=panel,
            scales={marker: one.words for marker, one in recipe.markers.items()},
            fits=fits,
        )
    except Exception as error:
        return FittedTube(file=tube.file, failure=_in_words(error, tube))
    # Looked at last: every event was read by now.
    return fitted if identity.still_holds(tube.path) else FittedTube(file=tube.file, failure=CHANGED)


def count(
    tube: Tube,
    study: Study,
    strategy: Strategy,
    fitted: FittedTube,
    fits: Mapping[str, Fit],
    identity: Identity,
) -> CountedTube:
    """Last pass over a tube: count with the reconciled gates.

    Parameters
    ----------
    tube : Tube
    study : Study
    strategy : Strategy
    fitted : FittedTube
        From the first pass.
    fits : mapping of str to Fit
        Reconciled, by population.
    identity : Identity
        Of the file: it must still be the one that was hashed.
    """
    reported = [rule.name for rule in strategy.populations if rule.report]
    if fitted.failure:
        return _failed(tube, reported, fitted.failure)
    try:
        overrides = study.overrides_of(tube.file)
        strategy = strategy_by_hand(strategy, overrides)
        acquisition, panel, signal = read_signal(tube, study, strategy)
        fits = fits_by_hand(fits, strategy, overrides)
        populations = apply_gates(signal, strategy, fits)
    except Exception as error:
        return _failed(tube, reported, _in_words(error, tube))
    if not identity.still_holds(tube.path):
        return _failed(tube, reported, CHANGED)
    quality = signal.quality
    facts = tube_facts(
        tube,
        acquisition.volume.microlitres,
        acquisition.volume.reason,
        quality.kept_time_fraction,
        acquisition.acquisition_seconds,
    )
    counted = {c.population: c for c in count_tube(populations, facts, study.counting, study.limits)}
    missing = [name for name in reported if name not in counted]
    absent = {
        c.population: c for c in not_done(missing, "the panel of this tube lacks a marker of this population")
    }
    failed = [check for check in check_tube(populations, facts, study.counting) if not check.passed]
    checks = [check.sentence for check in failed]
    unused = _leading_to("beads", strategy) if _counted_without_beads(counted) else set()
    doubts = [
        f"{name}: {one.reason or one.evidence.value}"
        for name, one in fits.items()
        if (one.review or one.evidence is Evidence.FAILED) and name not in unused
    ]
    if tube.role == "sample":
        doubts += sorted({c.reason for c in counted.values() if c.result == "NOT_EVALUABLE"})
        doubts += [check.sentence for check in failed if _worth_a_look(check)]
        doubts += _tells_too_little(counted.values())
    doubts += _measured_too_early(tube, acquisition.date)
    doubts += filter(None, [doubt_of_marker(tube, acquisition.channels, panel, strategy.markers)])
    return CountedTube(
        file=tube.file,
        concentrations=tuple((counted | absent)[name] for name in reported),
        views=populations.views,
        fits=populations.fits,
        kept_fraction=quality.kept_fraction,
        kept_time_fraction=quality.kept_time_fraction,
        dropped={**quality.dropped, **_left_out(populations, strategy)},
        acquired_volume_ul=facts.acquired_volume_ul,
        flags=(*quality.flags, *checks, *(override.sentence for override in overrides)),
        doubts=tuple(dict.fromkeys((*doubts, *quality.doubts))),
        overrides=_stated(overrides, counted.values(), strategy),
    )


def _stated(
    overrides: Sequence[Override], counted: Iterable[Concentration], strategy: Strategy
) -> dict[str, str]:
    """Say of each population which gates set by hand its number stands on, by its events or by what scales them."""
    stated = {}
    for one in counted:
        decisive = {
            name
            for population in (one.population, *_SCALED_BY.get(one.method, ()))
            for name in standing_on(population, strategy)
        }
        sentences = [override.sentence for override in overrides if override.population in decisive]
        if sentences:
            stated[one.population] = "; ".join(sentences)
    return stated


def _failed(tube: Tube, reported: Sequence[str], failure: str) -> CountedTube:
    return CountedTube(tube.file, failure, not_done(reported, failure))


def _worth_a_look(check: Check) -> bool:
    """Null cells make some percent of lymphocytes in sound tubes; only a larger gap asks for a person."""
    return check.name != "lymphosum" or not LYMPHOSUM_LOOK[0] <= check.value <= LYMPHOSUM_LOOK[1]


def _tells_too_little(counted: Iterable[Concentration]) -> list[str]:
    """Name populations of few or no events whose interval yet reaches far above their LLOQ: nothing was ruled out."""
    return [
        f"{one.population}: {one.events} events, yet by its gate's interval there may be {one.ci_high_per_ul:.3g} "
        f"cells/uL, far above the LLOQ of {one.lloq_per_ul:.3g}"
        for one in counted
        if one.result in ("NOT_DETECTED", "DETECTED_BELOW_LLOQ")
        and one.ci_high_per_ul is not None
        and one.lloq_per_ul is not None
        and one.ci_high_per_ul > RULED_OUT * one.lloq_per_ul
    ]


def _measured_too_early(tube: Tube, date: str | None) -> list[str]:
    """Compare the file's own date with that of the blood: another tube's file may lie under this name."""
    if date is None or tube.collected is None:
        return []
    drawn = tube.collected.date()
    if (drawn - datetime.date.fromisoformat(date)).days <= ONE_DAY:
        return []
    return [f"measured on {date} by $DATE, but the blood was drawn on {drawn}: is it another tube's file?"]


def _left_out(populations: Populations, strategy: Strategy) -> dict[str, int]:
    """Contaminants: events that gates kept out of the counts, under the names that the strategy has for them."""
    left_out: dict[str, int] = {}
    for rule in strategy.populations:
        found = populations.members.get(rule.name)
        if rule.leaves_out and found is not None:
            events = left_out.get(rule.leaves_out, 0) + found.parent_events - found.events
            left_out[rule.leaves_out] = events
    return left_out


def _counted_without_beads(counted: Mapping[str, Concentration]) -> bool:
    return "beads" in counted and counted["beads"].result == "NOT_DONE"


def _leading_to(population: str, strategy: Strategy) -> set[str]:
    """A population and those that it is gated in."""
    parents = {rule.name: rule.parent for rule in strategy.populations}
    names = set()
    while population in parents:
        names.add(population)
        population = parents[population]
    return names


def role_name(tube: Tube) -> str:
    """The role as the sample sheet writes it: ``sample``, ``fmo:CAR``."""
    return f"{tube.role.value}:{tube.role_marker}" if tube.role_marker else tube.role.value


def _in_words(error: Exception, tube: Tube) -> str:
    """Say what is wrong, without repeating the tube's name: it stands beside the reason everywhere.

    What nobody foresaw fails its tube alone and is called so, with its type, for a report to the developers.
    """
    text = str(error) or type(error).__name__
    for name in (str(tube.path), tube.file, tube.path.name):
        text = text.removeprefix(f"{name}: ")
    text = " ".join(text.split())
    foreseen = isinstance(error, (BcelldeplError, OSError, MemoryError))
    return (
        text
        if foreseen
        else f"an error of the program itself, please report it: {type(error).__name__}: {text}"
    )
