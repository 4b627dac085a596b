"""Files of the results folder, each written beside its place and then renamed."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bcelldepl.definitions.files import CLUSTERS, MODELS
from bcelldepl.gating.model.kept import KeptModel, models_to_text
from bcelldepl.gating.rules.base import Fit
from bcelldepl.gating.strategy import Strategy
from bcelldepl.spreadsheet import csv_text
from bcelldepl.store.files import write_beside, write_bytes
from bcelldepl.study import Override
from bcelldepl.tubes.overrides import strategy_with_overrides

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["gates_json", "write_csv", "write_gates", "write_json", "write_models", "write_parquet"]


def write_json(path: Path, content: Any) -> None:
    """Write JSON whole or not at all; what is not a number becomes null.

    Parameters
    ----------
    path : Path
        Where to write.
    content : object
        Plain data.
    """
    text = json.dumps(_plain(content), indent=1, ensure_ascii=False, allow_nan=False)
    write_bytes(path, (text + "\n").encode())


def write_gates(path: Path, content: Mapping[str, Any]) -> None:
    """Write what `gates_json` gives, each gate on a line of its own.

    Parameters
    ----------
    path : Path
        Where to write.
    content : mapping
    """
    lines = []
    for name, value in content.items():
        text = _line(value)
        if name == "gates":
            text = (
                "{\n" + ",\n".join(f"  {_line(gate)}: {_line(one)}" for gate, one in value.items()) + "\n }"
            )
        lines.append(f" {_line(name)}: {text}")
    write_bytes(path, ("{\n" + ",\n".join(lines) + "\n}\n").encode())


def write_csv(path: Path, table: pd.DataFrame) -> None:
    """Write a table as CSV: UTF-8, LF, empty where missing, and no text that a spreadsheet would run.

    Parameters
    ----------
    path : Path
        Where to write.
    table : DataFrame
    """
    write_bytes(path, csv_text(table).encode())


def write_parquet(path: Path, table: pd.DataFrame) -> None:
    """Write a table as Parquet.

    Parameters
    ----------
    path : Path
        Where to write.
    table : DataFrame
    """
    write_beside(path, lambda part: table.to_parquet(part, index=False))


def write_models(folder: Path, models: Sequence[KeptModel]) -> list[str]:
    """Write what was learned of the study, and its clusters as a table that people read.

    Parameters
    ----------
    folder : Path
        The results folder.
    models : sequence of KeptModel

    Returns
    -------
    list of str
        Names of what was written.
    """
    if not models:
        return []
    import pandas as pd

    rows = [
        {
            "model": kept.name,
            "cluster": cluster.number,
            "kind": cluster.kind,
            "events": cluster.events,
            "percent": cluster.percent,
            **dict(sorted(cluster.medians.items())),
        }
        for kept in models
        for cluster in kept.model.clusters
    ]
    write_bytes(folder / MODELS, models_to_text(models).encode())
    write_csv(folder / CLUSTERS, pd.DataFrame(rows))
    return [MODELS, CLUSTERS]


def gates_json(
    file: str,
    sha256: str,
    panel: Mapping[str, str],
    scales: Mapping[str, str],
    strategy: Strategy,
    fits: Mapping[str, Fit],
    overrides: Sequence[Override] = (),
    model: str = "",
) -> dict[str, Any]:
    """Every fitted gate of a tube, with its evidence, for `write_gates`.

    Parameters
    ----------
    file : str
        As in the sample sheet.
    sha256 : str
        Of the FCS file.
    panel : mapping of str to str
        Marker to channel.
    scales : mapping of str to str
        Scale by marker, in words.
    strategy : Strategy
    fits : mapping of str to Fit
        As they were applied, by population.
    overrides : sequence of Override
        Gates of this tube that were set by hand.
    model : str
        Name of the model that the gates come of; empty for none.

    Returns
    -------
    dict of str to object
        The content of the file of the tube in ``gates/``.
    """
    strategy = strategy_with_overrides(strategy, overrides)
    rules = {rule.name: rule for rule in strategy.populations}
    parents = {rule.name: parent for rule, parent in strategy.rules_for(panel)}
    return {
        "file": file,
        "sha256": sha256,
        "strategy": strategy.name,
        "model": model,
        "panel": dict(panel),
        "scales": dict(scales),
        "overrides": [override.model_dump(mode="json", exclude_none=True) for override in overrides],
        "gates": {
            name: {
                "parent": parents[name],
                "rule": rules[name].rule,
                "evidence": fit.evidence.value,
                "reason": fit.reason,
                "review": fit.review,
                "parent_events_at_fit": fit.parent_events,
                "shape": fit.shape if dataclasses.is_dataclass(fit.shape) else None,
            }
            for name, fit in fits.items()
        },
    }


def _line(value: Any) -> str:
    """JSON on one line; what is not a number becomes null."""
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False, default=_parts)
    except ValueError:
        return json.dumps(_plain(value), ensure_ascii=False, allow_nan=False)


def _parts(value: Any) -> dict[str, Any]:
    """A shape by its parts."""
    return {one.name: getattr(value, one.name) for one in dataclasses.fields(value)}


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value):
        return _plain(_parts(value))
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
