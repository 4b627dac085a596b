"""The table as Markdown, for people; the words around it are in docs/accuracy.md."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, Final

from accuracy_peers import PEERS
from accuracy_score import Row

__all__ = ["markdown", "put_between", "worst_markdown"]

BEGIN: Final = "<!-- begin {name} -->"
END: Final = "<!-- end {name} -->"
_TITLES: Final = {
    "ours": "**ours**",
    "before": "before",
    **{name: peer.title for name, peer in PEERS.items()},
    "oracle": "oracle",
}
_BY_STUDY: Final = {
    "b_f1_median": "B F1, median",
    "b_error_median": "B error, median [%]",
    "b_error_worst": "B error, worst [%]",
    "b_few_poisson": "1-199: in Poisson 99 % [%]",
    "b_none_rate": "none: false per 100,000",
    "b_none_worst": "none: worst tube",
    "b_category": "category right [%]",
    "car_t_f1_median": "CAR F1, median",
    "car_t_error_worst": "CAR error, worst [%]",
    "car_before": "CAR before [% of T]",
    "coverage_b": "coverage B [%]",
}


def markdown(content: dict[str, Any]) -> str:
    """Everything that a run found, as Markdown."""
    rows = [Row(**row) for row in content["rows"]]
    parts = [_side_by_side(rows), _behind(rows)]
    if content["by_study"]:
        parts += [_studies(content["by_study"]), _anatomy(content["anatomy"])]
    if content["skipped"]:
        parts.append("Skipped, because the package is not installed: " + ", ".join(content["skipped"]) + ".")
    versions = ", ".join(f"{name} {version}" for name, version in content["versions"].items())
    parts.append(f"Made with {versions}; {content['mode']} mode.")
    return "\n\n".join(parts)


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    if value == int(value) and abs(value) < 1e6:
        return f"{int(value):,}"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}" if abs(value) >= 10 else f"{value:.4g}"


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _side_by_side(rows: Sequence[Row]) -> str:
    methods = [m for m in _TITLES if any(m in row.values for row in rows)]
    lines = [_line(["", "goal", "met", *(_TITLES[m] for m in methods)]), _line(["---"] * (3 + len(methods)))]
    for section, members in groupby(rows, key=lambda row: row.section):
        lines.append(_line([f"**{section}**", *[""] * (2 + len(methods))]))
        for row in members:
            met = {True: "yes", False: "**no**", None: "-"}[row.met] if row.goal != "for information" else ""
            lines.append(_line([row.measure, row.goal, met, *(_number(row.values.get(m)) for m in methods)]))
    return "\n".join(lines)


def _behind(rows: Sequence[Row]) -> str:
    missed = [row.measure for row in rows if row.met is False]
    behind = [(row, row.ahead_of_ours()) for row in rows]
    lines = ["Goals not met: " + ("; ".join(missed) if missed else "none") + "."]
    named = [
        f"- {row.section}, {row.measure}: {', '.join(f'{_TITLES[m]} ({_number(row.values[m])})' for m in peers)} "
        f"against our {_number(row.values['ours'])}"
        for row, peers in behind
        if peers
    ]
    lines.append("Rows in which a peer is ahead of ours:" + ("" if named else " none."))
    return "\n\n".join([*lines, "\n".join(named)]) if named else "\n\n".join(lines)


def _studies(studies: Sequence[dict[str, Any]]) -> str:
    lines = [
        "Ours, by scenario and drift (sd of log10 of gain and staining between batches):\n",
        _line(["scenario", "drift", "subjects", "tubes", *_BY_STUDY.values()]),
        _line(["---"] * (4 + len(_BY_STUDY))),
    ]
    for one in studies:
        first = [one["scenario"], f"{one['drift']:.2f}", str(one["subjects"]), str(one["tubes"])]
        lines.append(_line([*first, *(_number(one.get(key)) for key in _BY_STUDY)]))
    return "\n".join(lines)


def worst_markdown(tubes: Sequence[dict[str, Any]]) -> str:
    """The tubes to look into, for those who work on the gates."""
    lines = [
        "Tubes in which ours errs most:\n",
        _line(["population", "study", "tube", "true", "called", "evidence", "lost at", "called wrongly"]),
        _line(["---"] * 8),
    ]
    lines += [
        _line([t["population"], t["study"], t["file"], str(t["true"]), str(t["called"]), t["evidence"],
               _listed(t["lost"]), _listed(t["gained"])])
        for t in tubes
    ]  # fmt: skip
    return "\n".join(lines)


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.items()) or "-"


def _anatomy(groups: Sequence[dict[str, Any]]) -> str:
    lines = [
        "Where ours errs: true events lost, by the gate that lost them; events called wrongly, by what they are; "
        "and the rung of evidence on which the tubes stand:\n",
        _line(["tubes", "number", "true events", "lost at", "called wrongly", "evidence"]),
        _line(["---"] * 6),
    ]

    lines += [
        _line([g["tubes"], str(g["number"]), f"{g['true_events']:,}", _listed(g["lost"]), _listed(g["gained"]),
               _listed(g["evidence"])])
        for g in groups
    ]  # fmt: skip
    return "\n".join(lines)


def put_between(path: Path, name: str, text: str) -> None:
    """Replace what a document has between its markers of a name."""
    begin, end = BEGIN.format(name=name), END.format(name=name)
    content = path.read_text(encoding="utf-8")
    before, rest = content.split(begin, 1)
    _, after = rest.split(end, 1)
    path.write_text(f"{before}{begin}\n\n{text}\n\n{end}{after}", encoding="utf-8")
