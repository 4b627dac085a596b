"""`run`: fit every tube, reconcile once, count every tube, write the results; only what changed is done again."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from bcelldepl.arguments import as_path, as_workers
from bcelldepl.batch import record
from bcelldepl.batch.inputs import identify_inputs
from bcelldepl.batch.memory import RunMemory
from bcelldepl.batch.workers import Progress
from bcelldepl.definitions.files import FIGURE_FORMATS, USUAL_FORMATS
from bcelldepl.errors import ArgumentError, StudyError
from bcelldepl.results import Results
from bcelldepl.runtime.copies import copies
from bcelldepl.runtime.garbage_collector import without_collections
from bcelldepl.store import Store
from bcelldepl.store.reviews import StudyReview, read_reviews, refuse_locked, reviews_of
from bcelldepl.study import Study, as_study

if TYPE_CHECKING:
    pass

__all__ = ["run"]


def run(
    study: Study | str | os.PathLike[str],
    out: str | os.PathLike[str] | None = None,
    *,
    workers: int | str | None = None,
    fresh: bool = False,
    learn_again: bool = False,
    models: str | os.PathLike[str] | None = None,
    review: StudyReview | None = None,
    memory: RunMemory | None = None,
    figures: Sequence[str] | None = USUAL_FORMATS,
    why: str = "",
    progress: Progress | None = None,
) -> Results:
    """Run a study.

    Every tube is kept in the store of the results folder as it is done: an interrupted run continues where it
    stopped, and ends with the same bytes.

    Parameters
    ----------
    study : Study or path
        From `load_study`, or the study file.
    out : path, optional
        The results folder; default ``results`` beside the study file.
    workers : int or str, optional
        Processes, by default one per core; or the address of a Dask scheduler, such as ``tcp://host:8786``, whose
        workers see the same files under the same paths. No choice changes a byte of the results.
    fresh : bool
        Do everything again, even where the results are current. What was learned stays.
    learn_again : bool
        Learn the cells of the study again, from all its tubes: reported counts may change.
    models : path, optional
        A ``gates/model.json``: gate by what it holds, where these results have learned nothing themselves. Default
        ``[gating] model`` of the study.
    review : StudyReview, optional
        Verdicts on the tubes; default those in the audit record of these results.
    memory : RunMemory, optional
        Of earlier runs in this process.
    figures : sequence of str or None
        Formats of the figures: ``png``, ``svg``, ``pdf``. None: those that are there.
    why : str
        The reason for this run, for the audit record.
    progress : callable, optional
        Called with the stage or tube, how many are done, and of how many.

    Returns
    -------
    Results
        A tube that cannot be read, gated or counted is in it with its reason; it never stops the others.

    Raises
    ------
    ArgumentError, StrategyError, StudyError
        Where the request itself is wrong; nothing is run then.
    WorkersError
        Where a cluster cannot do the work, or workers were lost; what is done is kept for the next run.
    StoreError
        Where another process works on the results, their store is damaged, or the study is locked; nothing is run then.
    """
    study, workers = as_study(study), as_workers(workers) or os.cpu_count() or 1
    folder = study.folder / "results" if out is None else as_path(out, "out", "the results folder")
    unknown = [one for one in figures or () if one not in FIGURE_FORMATS]
    if unknown:
        what = f"{unknown[0]!r} is not a figure format"
        raise ArgumentError(what, "figures", f"known: {', '.join(FIGURE_FORMATS)}")
    tell = progress or (lambda stage, done, total: None)
    memory = RunMemory() if memory is None else memory
    identities = memory.identities = identify_inputs(study, os.cpu_count() or 1, memory.identities)
    inputs = {name: identity.sha256 for name, identity in identities.items()}
    wanted = record.digest(study, inputs, (review or reviews_of(folder)).content())
    if not (fresh or learn_again) and record.is_current(folder, wanted, figures or ()):
        return Results(folder, was_current=True)
    # Only now: what computes takes a second to import.
    with without_collections():
        from bcelldepl.batch.carry_out import RunRequest, carry_out
        from bcelldepl.batch.learning import kept_models
        from bcelldepl.batch.strategies import load_strategies
        from bcelldepl.gating.model.kept import read_models
        from bcelldepl.runtime.compiled import compiled_before
        from bcelldepl.tubes.countable import uncountable

    strategies = load_strategies(study)
    if problem := uncountable(study):
        raise StudyError([problem])
    with copies(workers if isinstance(workers, int) else 1), Store(folder, "run") as store:
        words = "starting" if compiled_before() else "starting: the first run compiles the kernels once"
        tell(words, 0, len(study.tubes))
        told = read_reviews(store.entries)
        refuse_locked(told, folder)
        judged = review or told
        wanted = record.digest(study, inputs, judged.content())
        given = study.folder / study.gating.model if models is None and study.gating.model else models
        kept = kept_models(store, again=learn_again) or (
            read_models(as_path(given, "models", "a model.json")) if given else ()
        )
        carry_out(
            RunRequest(
                folder,
                study,
                strategies,
                identities,
                wanted,
                workers,
                fresh,
                learn_again,
                why,
                kept,
                judged,
                memory,
                figures,
            ),
            store,
            tell,
        )
    tell("done", 1, 1)
    return Results(folder)
