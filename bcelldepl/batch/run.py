"""`run`: fit every tube, reconcile once, count every tube, write the results; only what changed is done again."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bcelldepl.arguments import as_path, as_workers
from bcelldepl.batch import record
from bcelldepl.batch.inputs import Identity, identify, identify_inputs, matrix_files
from bcelldepl.batch.memory import RunMemory
from bcelldepl.batch.notes import study_notes
from bcelldepl.batch.workers import Progress
from bcelldepl.definitions.files import FIGURE_FORMATS, RUN, USUAL_FORMATS
from bcelldepl.errors import ArgumentError, StudyError
from bcelldepl.results import Results
from bcelldepl.store import Store
from bcelldepl.store.identity import now
from bcelldepl.store.reviews import StudyReview, read_reviews, refuse_locked, reviews_of
from bcelldepl.store.versions import versions
from bcelldepl.study import Study, as_study

if TYPE_CHECKING:
    from bcelldepl.batch.strategies import Strategies
    from bcelldepl.gating.model.kept import KeptModel
    from bcelldepl.gating.strategy import Strategy

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
    from bcelldepl.batch.learning import kept_models
    from bcelldepl.batch.strategies import load_strategies
    from bcelldepl.gating.model.kept import read_models
    from bcelldepl.tubes.countable import uncountable

    strategies = load_strategies(study)
    if problem := uncountable(study):
        raise StudyError([problem])
    with Store(folder, "run") as store:
        told = read_reviews(store.entries)
        refuse_locked(told, folder)
        judged = review or told
        wanted = record.digest(study, inputs, judged.content())
        given = study.folder / study.gating.model if models is None and study.gating.model else models
        kept = kept_models(store) or (read_models(as_path(given, "models", "a model.json")) if given else ())
        _run(
            _Request(
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


@dataclass(frozen=True)
class _Request:
    """What is asked of a run, and what it starts from."""

    folder: Path
    study: Study
    strategies: Strategies
    identities: dict[str, Identity]
    digest: str
    workers: int | str
    fresh: bool
    learn_again: bool
    why: str
    kept: Sequence[KeptModel]
    review: StudyReview
    memory: RunMemory
    figures: Sequence[str] | None

    def content(self) -> dict[str, Any]:
        """What ``run.json`` tells of it."""
        study, strategies = self.study, self.strategies
        return {
            "study": study.id,
            "study_file": str(study.path),
            "digest": self.digest,
            "started": now(),
            "inputs": {name: identity.sha256 for name, identity in self.identities.items()},
            "versions": versions(),
            "settings": study.settings(),
            "overrides": [
                override.model_dump(mode="json", exclude_none=True) for override in study.overrides
            ],
            "strategy": _recorded(strategies.common),
            "strategies_by_batch": {batch: _recorded(own) for batch, own in strategies.of_batch.items()},
            "tubes": record.sheet_rows(study),
            "warnings": list(study_notes(study)),
            "review": self.review.content(),
        }

    def facts(self) -> dict[str, Any]:
        """What the audit record tells of it at once."""
        return {
            "study": self.study.id,
            "digest": self.digest,
            "strategy": self.strategies.common.sha256,
            "tubes": len(self.study.tubes),
        }


def _run(asked: _Request, store: Store, tell: Progress) -> None:
    """Go through the passes with an open store, and write down what was done."""
    from bcelldepl.batch.control_matrices import matrices_of_controls
    from bcelldepl.batch.moved import in_record, moved_counts
    from bcelldepl.batch.outputs import remove_half_written, write_outputs
    from bcelldepl.batch.passes import Passes
    from bcelldepl.batch.write import write_json

    folder, study, identities, content = asked.folder, asked.study, asked.identities, asked.content()
    begun, _ = store.append("run started", why=asked.why, what={**asked.facts(), "fresh": asked.fresh})
    remove_half_written(folder)
    made = matrices_of_controls(study, folder, store, asked.workers, fresh=asked.fresh)
    identities |= {
        name: identify(path) for name, path in matrix_files(made.study).items() if name not in identities
    }
    content["matrices_of_controls"] = dict(made.matrices)
    passes = Passes(
        made.study,
        asked.strategies,
        identities,
        store,
        workers=asked.workers,
        fresh=asked.fresh,
        tell=tell,
        memory=asked.memory,
    )
    gated = passes.gate(asked.kept, asked.learn_again)
    done = passes.count(gated, made.failed)
    content["tube_digests"] = {counted.file: counted.digest for counted, _ in done}
    content["questions"] = list(gated.models.questions)
    tell("writing the report", 0, 1)
    content["finished"] = now()
    former = record.recorded(folder).get("figures") or USUAL_FORMATS
    content["figures"] = list(former if asked.figures is None else asked.figures)
    # What was read of these is not what is recorded of them: a later run looks at them again.
    content["disturbed"] = [t.file for t in study.tubes if not identities[t.file].still_holds(t.path)]
    before = Results(folder).counts if asked.learn_again and (folder / RUN).is_file() else None
    outputs = write_outputs(
        folder,
        study,
        asked.strategies,
        gated,
        done,
        store,
        content,
        asked.workers,
        asked.review,
        made.files,
        fresh=asked.fresh,
        pieces=asked.memory.pieces,
    )
    moved = {} if before is None else {"moved": in_record(moved_counts(before, Results(folder).counts))}
    number, head = store.append(
        "run finished",
        why=asked.why,
        what={
            **asked.facts(),
            "begun_in_entry": begun,
            "computed": passes.stages.computed,
            "overrides": content["overrides"],
            "learned": list(gated.models.changes),
            **moved,
        },
        inputs=content["inputs"],
        outputs=outputs,
        settings=content["settings"],
    )
    write_json(folder / RUN, {**content, "audit": {"entry": number, "sha256": head}, "outputs": outputs})


def _recorded(strategy: Strategy) -> dict[str, Any]:
    return {
        "name": strategy.name,
        "sha256": strategy.sha256,
        "content": strategy.model_dump(mode="json"),
    }
