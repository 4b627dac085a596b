"""`run`: fit every tube, reconcile once, count every tube, write the results; only what changed is done again."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bcelldepl.batch import record
from bcelldepl.batch.inputs import Identity, identify, identify_inputs, matrix_files
from bcelldepl.batch.workers import Progress
from bcelldepl.definitions.files import RUN
from bcelldepl.results import Results
from bcelldepl.store import Store
from bcelldepl.store.identity import now
from bcelldepl.store.versions import versions
from bcelldepl.study import Study

if TYPE_CHECKING:
    from bcelldepl.batch.strategies import Strategies
    from bcelldepl.gating.strategy import Strategy

__all__ = ["run"]


def run(
    study: Study,
    out: str | os.PathLike[str] | None = None,
    *,
    workers: int | str | None = None,
    fresh: bool = False,
    why: str = "",
    progress: Progress | None = None,
) -> Results:
    """Run a study.

    Every tube is kept in the store of the results folder as it is done: a run that was broken off goes on where it was,
    and ends with the same bytes.

    Parameters
    ----------
    study : Study
        From `load_study`.
    out : path, optional
        The results folder; default ``results`` beside the study file.
    workers : int or str, optional
        Processes, by default one per core; or the address of a Dask scheduler, such as ``tcp://host:8786``, whose
        workers see the same files under the same paths. No choice changes a byte of the results.
    fresh : bool
        Do everything again, even where the results are current.
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
    StrategyError, StudyError
        Where the request itself is wrong; nothing is run then.
    WorkersError
        Where a cluster cannot do the work, or workers were lost; what is done is kept for the next run.
    StoreError
        Where another process works on the results, or their store is damaged; nothing is run then.
    """
    folder = Path(out) if out is not None else study.folder / "results"
    workers = workers or os.cpu_count() or 1
    tell = progress or (lambda stage, done, total: None)
    identities = identify_inputs(study, os.cpu_count() or 1)
    inputs = {name: identity.sha256 for name, identity in identities.items()}
    wanted = record.digest(study, inputs)
    if not fresh and record.is_current(folder, wanted):
        return Results(folder, was_current=True)
    from bcelldepl.batch.strategies import load_strategies  # only now: what computes takes a second to import

    strategies = load_strategies(study)
    with Store(folder, "run") as store:
        _run(folder, study, strategies, identities, wanted, store, workers, fresh, why, tell)
    tell("done", 1, 1)
    return Results(folder)


def _run(
    folder: Path,
    study: Study,
    strategies: Strategies,
    identities: dict[str, Identity],
    digest: str,
    store: Store,
    workers: int | str,
    fresh: bool,
    why: str,
    tell: Progress,
) -> None:
    """Go through the passes with an open store, and write down what was done."""
    from bcelldepl.batch.control_matrices import matrices_of_controls
    from bcelldepl.batch.outputs import remove_half_written, write_outputs
    from bcelldepl.batch.passes import Passes, tube_fits
    from bcelldepl.batch.write import write_json

    content: dict[str, Any] = {
        "study": study.id,
        "study_file": str(study.path),
        "digest": digest,
        "started": now(),
        "inputs": {name: identity.sha256 for name, identity in identities.items()},
        "versions": versions(),
        "settings": study.settings(),
        "overrides": [override.model_dump(mode="json", exclude_none=True) for override in study.overrides],
        "strategy": _recorded(strategies.common),
        "strategies_by_batch": {batch: _recorded(own) for batch, own in strategies.of_batch.items()},
        "tubes": record.sheet_rows(study),
        "warnings": list(study.warnings),
    }
    what = {
        "study": study.id,
        "digest": digest,
        "strategy": strategies.common.sha256,
        "tubes": len(study.tubes),
    }
    begun, _ = store.append("run started", why=why, what={**what, "fresh": fresh})
    remove_half_written(folder)
    made = matrices_of_controls(study, folder)
    identities |= {
        name: identify(path) for name, path in matrix_files(made.study).items() if name not in identities
    }
    content["matrices_of_controls"] = dict(made.matrices)
    passes = Passes(made.study, strategies, identities, store, workers=workers, fresh=fresh)
    fitted = passes.fit(_stage(tell, "gates"))
    facts = [tube_fits(tube, one) for tube, one in zip(study.tubes, fitted, strict=True)]
    fits = strategies.reconcile(study.tubes, fitted, facts)
    done = passes.count(fitted, fits, made.failed, _stage(tell, "counts"))
    tell("writing the report", 0, 1)
    content["finished"] = now()
    # What was read of these is not what is recorded of them: a later run looks at them again.
    content["disturbed"] = [t.file for t in study.tubes if not identities[t.file].still_holds(t.path)]
    outputs = write_outputs(folder, study, strategies, fitted, done, store, content, workers, made.files)
    number, head = store.append(
        "run finished",
        why=why,
        what={
            **what,
            "begun_in_entry": begun,
            "computed": passes.computed,
            "overrides": content["overrides"],
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


def _stage(tell: Progress, stage: str) -> Progress:
    return lambda name, done, total: tell(f"{stage}: {name}", done, total)
