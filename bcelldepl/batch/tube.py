"""The two passes over one tube. Each runs in a worker, takes little and gives little."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from bcelldepl.batch.inputs import Identity, identify
from bcelldepl.batch.marked_gates import marked_gates
from bcelldepl.batch.outcome import CountedTube, FittedTube
from bcelldepl.counting import Concentration, TubeFacts, count_tube, not_done, tube_facts
from bcelldepl.counting.methods import scaling_populations
from bcelldepl.definitions.codes import ResultCode
from bcelldepl.definitions.populations import BEADS, SINGLETS
from bcelldepl.definitions.reasons import Reason
from bcelldepl.errors import BcelldeplError
from bcelldepl.fcs import Acquisition
from bcelldepl.fcs.clock import acquisition_start
from bcelldepl.gating.evidence import Evidence
from bcelldepl.gating.model.gate_tube import automated_gates, gate_by_model
from bcelldepl.gating.model.look_alikes import look_alikes
from bcelldepl.gating.model.study_model import StudyModel
from bcelldepl.gating.populations import Populations
from bcelldepl.gating.rules.base import Fit
from bcelldepl.gating.strategy import Strategy
from bcelldepl.gating.stream import drawn_gates
from bcelldepl.gating.tube import fit_gates
from bcelldepl.quality.checks import Outcome
from bcelldepl.quality.control_checks import check_control, check_negative
from bcelldepl.quality.limits import DIFFERENT_CELLS
from bcelldepl.quality.model_checks import check_by_model
from bcelldepl.quality.name_checks import NAMING_KEYWORDS
from bcelldepl.quality.over_time import tube_brightness
from bcelldepl.quality.tube_checks import check_acquisition, check_date, check_populations, check_results
from bcelldepl.signal import Signal
from bcelldepl.signal.quality_mask import Quality
from bcelldepl.signal.recipe import plan_markers
from bcelldepl.study import Override, Role, Study, Tube
from bcelldepl.tubes.override_effects import override_effects, refuse_unsaid
from bcelldepl.tubes.overrides import fits_with_overrides, standing_on, strategy_with_overrides
from bcelldepl.tubes.read import OpenTube, batch_of, open_tube

KEPT_EVENTS = 500_000  # of a tube, whose positions stay in memory while it is counted

__all__ = ["KEPT_EVENTS", "count", "fit", "in_words", "opened_tube", "role_name", "single_events"]


def fit(tube: Tube, study: Study, strategy: Strategy, identity: Identity | None = None) -> FittedTube:
    """First pass over a tube. Never raises for what is wrong with the tube itself.

    Parameters
    ----------
    tube : Tube
    study : Study
    strategy : Strategy
    identity : Identity, optional
        Of the file, as it was hashed before; it must still be that one.

    Returns
    -------
    FittedTube
        With its failure in words, where there is one.
    """
    identity = identity or identify(tube.path)
    try:
        opened = open_tube(tube, study, strategy)
        acquisition, panel = opened.acquisition, opened.panel
        recipe = plan_markers(acquisition, panel, strategy.all_transforms, opened.spillover)
        rules = strategy.rules_for(panel)
        fits = {} if strategy.learns else drawn_gates(rules)
        if len(fits) < len(rules) and not strategy.learns:  # else no event need be looked at
            fits = fit_gates(opened.signal(strategy), strategy)
        fitted = replace(
            opened_tube(tube, acquisition),
            sha256=identity.sha256,
            panel=panel,
            scales={marker: one.words for marker, one in recipe.markers.items()},
            fits=fits,
        )
    except Exception as error:
        return FittedTube(file=tube.file, failure=in_words(error, tube))
    # Looked at last: every event was read by now.
    return (
        fitted
        if identity.still_holds(tube.path)
        else FittedTube(file=tube.file, failure=str(Reason.FILE_CHANGED))
    )


def opened_tube(tube: Tube, acquisition: Acquisition) -> FittedTube:
    """Say what a file tells of its tube before its panel is known and any event is looked at.

    Parameters
    ----------
    tube : Tube
    acquisition : Acquisition
        Of its file.

    Returns
    -------
    FittedTube
        Without panel, scales and fits.
    """
    keywords = acquisition.keywords
    return FittedTube(
        file=tube.file,
        batch=batch_of(tube, acquisition),
        cytometer=acquisition.cytometer,
        events=acquisition.n_events,
        warnings=acquisition.warnings,
        measured=acquisition.date or "",
        started=acquisition_start(keywords),
        names={key: keywords[key] for key in NAMING_KEYWORDS if keywords.get(key)},
    )


def count(
    tube: Tube,
    study: Study,
    strategy: Strategy,
    fitted: FittedTube,
    fits: Mapping[str, Fit],
    identity: Identity,
    model: StudyModel | None = None,
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
    model : StudyModel, optional
        Where the strategy learns.

    Returns
    -------
    CountedTube
        With its failure in words, where there is one.
    """
    reported = [rule.name for rule in strategy.populations if rule.report]
    if fitted.failure:
        return _failed(tube, reported, fitted.failure)
    alignment = fitted.alignment
    try:
        overrides = study.overrides_of(tube.file)
        found = strategy.on_scales(model.scales) if model else strategy
        strategy = strategy_with_overrides(found, overrides)
        opened = open_tube(tube, study, strategy)
        acquisition, panel, signal = opened.acquisition, opened.panel, opened.signal(strategy, KEPT_EVENTS)
        as_found = _as_found(tube, study, found, strategy, opened, signal) if overrides else signal
        before, tighter = automated_gates(as_found, found, fits, model, alignment, DIFFERENT_CELLS)
        fits = {**fits, **tighter}
        populations = before
        if overrides:
            fits = fits_with_overrides(fits, strategy, overrides)
            populations = gate_by_model(signal, strategy, fits, model, alignment)
        refuse_unsaid(overrides, populations)
        single = single_events(populations, signal.quality)
    except Exception as error:
        return _failed(tube, reported, in_words(error, tube))
    if not identity.still_holds(tube.path):
        return _failed(tube, reported, str(Reason.FILE_CHANGED))
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
    absent = {one.population: one for one in not_done(missing, str(Reason.MARKER_MISSING))}
    acquired = [one for one in check_acquisition(quality) if not one.passed]
    checked = [*check_populations(populations, facts, study.counting)]
    alike: dict[str, float] = {}
    if model is not None and alignment is not None and tube.role is Role.SAMPLE:
        checked += check_by_model(populations, strategy, model, alignment, single)
        alike = look_alikes(model, strategy, alignment, signal, populations.membership)
    failed = [one for one in checked if not one.passed]
    unused = _leading_to(BEADS, strategy) if _counted_without_beads(counted) else set()
    by_hand = override_effects(overrides, before, populations, identity.sha256) if overrides else ()
    placed = {**fits, **populations.fits}  # some gates are doubted only where their events were seen
    doubts = [
        f"{name}: {one.reason or one.evidence.value}"
        for name, one in placed.items()
        if one.review and name not in unused
    ]
    if tube.role is Role.SAMPLE:
        asked = {name for name, one in placed.items() if one.evidence is Evidence.FAILED and not one.review}
        doubts += sorted(
            {
                one.reason
                for one in counted.values()
                if one.result.needs_review and not asked & standing_on(one.population, strategy)
            }
        )
        doubts += _in_doubt([*failed, *check_results(counted.values(), populations.members)])
    doubts += _in_doubt([*check_date(tube, acquisition.date), *acquired])
    doubts += _in_doubt(check_control(tube, acquisition.channels, panel, strategy.markers))
    doubts += _in_doubt(check_negative(tube, counted.values(), strategy))
    return CountedTube(
        file=tube.file,
        concentrations=tuple((counted | absent)[name] for name in reported),
        views=marked_gates(populations, failed, signal, strategy, model, alignment),
        fits=populations.fits,
        kept_fraction=quality.kept_fraction,
        kept_time_fraction=quality.kept_time_fraction,
        dropped={**quality.dropped, **_left_out(populations, strategy)},
        acquired_volume_ul=facts.acquired_volume_ul,
        analysed_volume_ul=next((one.analysed_volume_ul for one in counted.values()), None),
        beads_seen=counted[BEADS].events
        if BEADS in counted and not _counted_without_beads(counted)
        else None,
        acquisition_seconds=facts.acquisition_seconds,
        flags=(
            *quality.flags,
            *(one.sentence for one in (*acquired, *failed)),
            *(by_hand or (override.sentence for override in overrides)),
        ),
        doubts=tuple(dict.fromkeys((*doubts, *by_hand))),
        overrides=_stated(overrides, counted.values(), strategy, facts),
        quality=tube_brightness(signal, populations.membership) if tube.role is Role.SAMPLE else {},
        look_alikes=alike,
    )


def _as_found(
    tube: Tube, study: Study, found: Strategy, strategy: Strategy, opened: OpenTube, signal: Signal
) -> Signal:
    """The signals that the strategy without gates set by hand needs; read again only where these use other stains."""
    without = open_tube(tube, study, found)
    same = (
        list(without.panel.items()) == list(opened.panel.items())
        and found.all_transforms == strategy.all_transforms
    )
    return signal if same else without.signal(found, KEPT_EVENTS)


def _stated(
    overrides: Sequence[Override], counted: Iterable[Concentration], strategy: Strategy, facts: TubeFacts
) -> dict[str, str]:
    """Say of each population which gates set by hand its number stands on, by its events or by what scales them."""
    stated = {}
    for one in counted:
        decisive = {
            name
            for population in (one.population, *scaling_populations(one.method, facts))
            for name in standing_on(population, strategy)
        }
        sentences = [override.sentence for override in overrides if override.population in decisive]
        if sentences:
            stated[one.population] = "; ".join(sentences)
    return stated


def single_events(populations: Populations, quality: Quality) -> int:
    """Count the events that the quality mask kept, without those that passed two at a time.

    Parameters
    ----------
    populations : Populations
    quality : Quality

    Returns
    -------
    int
    """
    singlets = populations.members.get(SINGLETS)
    left_out = 0 if singlets is None else singlets.parent_events - singlets.events
    return int(np.count_nonzero(quality.keep)) - left_out


def _failed(tube: Tube, reported: Sequence[str], failure: str) -> CountedTube:
    return CountedTube(tube.file, failure, not_done(reported, failure))


def _in_doubt(outcomes: Iterable[Outcome]) -> list[str]:
    return [one.sentence for one in outcomes if one.needs_review]


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
    return BEADS in counted and counted[BEADS].result is ResultCode.NOT_DONE


def _leading_to(population: str, strategy: Strategy) -> set[str]:
    """A population and those that it is gated in."""
    parents = {rule.name: rule.parent for rule in strategy.populations}
    names = set()
    while population in parents:
        names.add(population)
        population = parents[population]
    return names


def role_name(tube: Tube) -> str:
    """The role as the sample sheet writes it: ``sample``, ``fmo:CAR``.

    Parameters
    ----------
    tube : Tube

    Returns
    -------
    str
    """
    return f"{tube.role.value}:{tube.role_marker}" if tube.role_marker else tube.role.value


def in_words(error: Exception, tube: Tube) -> str:
    """Say what is wrong, without repeating the tube's name: it stands beside the reason everywhere.

    What nobody foresaw fails its tube alone and is called so, with its type, for a report to the developers.

    Parameters
    ----------
    error : Exception
    tube : Tube
        Whose names are left out.

    Returns
    -------
    str
    """
    text = str(error) or type(error).__name__
    for name in (str(tube.path), tube.file, tube.path.name):
        text = text.removeprefix(f"{name}: ")
    text = " ".join(text.split())
    foreseen = isinstance(error, (BcelldeplError, OSError, MemoryError))
    return text if foreseen else Reason.PROGRAM_ERROR.format(error=f"{type(error).__name__}: {text}")
