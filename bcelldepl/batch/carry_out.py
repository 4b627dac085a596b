"""A run that has something to do: the passes over the tubes, then the results; what this imports takes a second."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bcelldepl.batch import record
from bcelldepl.batch.control_matrices import matrices_of_controls
from bcelldepl.batch.inputs import Identity, identify, matrix_files
from bcelldepl.batch.memory import RunMemory
from bcelldepl.batch.moved import in_record, moved_counts
from bcelldepl.batch.notes import study_notes
from bcelldepl.batch.outputs import remove_half_written, write_outputs
from bcelldepl.batch.passes import Passes
from bcelldepl.batch.strategies import Strategies
from bcelldepl.batch.workers import Progress
from bcelldepl.batch.write import write_json
from bcelldepl.definitions.files import RUN, USUAL_FORMATS
from bcelldepl.gating.model.kept import KeptModel
from bcelldepl.gating.strategy import Strategy
from bcelldepl.results import Results
from bcelldepl.store import Store
from bcelldepl.store.identity import now
from bcelldepl.store.reviews import StudyReview
from bcelldepl.store.versions import versions
from bcelldepl.study import Study

__all__ = ["RunRequest", "carry_out"]


@dataclass(frozen=True)
class RunRequest:
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


def carry_out(asked: RunRequest, store: Store, tell: Progress) -> None:
    """Go through the passes, and write down what was done.

    Parameters
    ----------
    asked : RunRequest
    store : Store
        Open.
    tell : callable
        As in `bcelldepl.run`.
    """
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
