"""Write ``docs/definitions.md`` from the rows of the program: ``python docs/write_definitions.py``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from bcelldepl.definitions.codes import EVIDENCE_MEANINGS, ResultCode
from bcelldepl.definitions.endpoints import endpoint_definitions
from bcelldepl.definitions.export_formats import EXPORT_FORMATS
from bcelldepl.definitions.markers import MARKERS
from bcelldepl.definitions.populations import POPULATIONS, analytes
from bcelldepl.definitions.quality_measures import FEWEST_TUBES, QUALITY_MEASURES, WestgardRule
from bcelldepl.definitions.reasons import Reason
from bcelldepl.definitions.review import REVIEW_REASONS, ReviewMark, ReviewVerdict
from bcelldepl.definitions.tables import TABLES
from bcelldepl.quality.checks import CHECKS, Check
from bcelldepl.study.tube_limits import LIMITS

HEAD = """# What things are called and mean

Every name below stands in one row of the program, from which tables, figures, pages, exports and this page are made:
`bcelldepl/definitions/` and, for checks, `bcelldepl/quality/checks.py`. After a change of a row,
`python docs/write_definitions.py` writes this page again; a test holds the two together.
"""


def document() -> str:
    """Return the page as Markdown."""
    return "\n".join(
        [
            HEAD,
            *_codes(),
            *_populations(),
            *_markers(),
            *_endpoints(),
            *_checks(),
            *_quality(),
            *_entries(),
            *_reasons(),
            *_reviews(),
            *_formats(),
            *_tables(),
        ]
    )


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = [headings, ["---"] * len(headings), *rows]
    return [f"| {' | '.join(cell.replace('|', '/') for cell in line)} |" for line in lines] + [""]


def _codes() -> list[str]:
    results = [(f"`{code}`", code.symbol, code.meaning) for code in ResultCode]
    rungs = [(f"`{rung}`", meaning) for rung, meaning in EVIDENCE_MEANINGS.items()]
    return [
        "## Result codes\n", *_table(("code", "on pages", "meaning"), results),
        "## Evidence of a gate\n", *_table(("rung", "meaning"), rungs),
    ]  # fmt: skip


def _populations() -> list[str]:
    rows = [
        (
            f"`{one.name}`",
            one.label,
            one.markers,
            one.cdisc.code if one.cdisc else "",
            ", ".join(one.other_names),
        )
        for one in POPULATIONS.values()
    ]
    headings = ("population", "label", "its cells", "CPTESTCD", "taken for it in manual results")
    return ["## Populations\n", *_table(headings, rows)]


def _markers() -> list[str]:
    rows = [
        (one.name, ", ".join(one.other_names), one.served_by, ", ".join(one.yields_to))
        for one in MARKERS.values()
    ]
    headings = ("marker", "words of a label", "else by", "not where the label names")
    return ["## Markers\n", "A marker that is not here goes by its name.\n", *_table(headings, rows)]


def _endpoints() -> list[str]:
    rows = [
        (f"`{one.code}`", ", ".join(f"`{name}`" for name in analytes(one.kinetics)), one.label, one.unit, one.pp_code,
         "yes" if one.has_interval else "", str(one.summary))
        for one in endpoint_definitions().values()
    ]  # fmt: skip
    headings = (
        "parameter",
        "analyte",
        "label",
        "unit",
        "CDISC code",
        "interval of its visits",
        "summarised by",
    )
    return ["## Endpoints\n", *_table(headings, rows)]


def _checks() -> list[str]:
    rows = [(f"`{one.name}`", str(one.level), _limits(one), one.sentence) for one in CHECKS.values()]
    return ["## Checks of a tube\n", *_table(("check", "asks for", "passes", "says"), rows)]


def _limits(check: Check) -> str:
    low, high = check.limits
    if low is None and high is None:
        return check.own_limits or "yes or no"
    text = f"{low:.4g} to {high:.4g}" if low is not None and high is not None else (
        f"{low:.4g} or more" if low is not None else f"{high:.4g} or less"
    )  # fmt: skip
    if check.review_limits is not None:
        text += f"; a note to {check.review_limits[0]:g} and {check.review_limits[1]:g}"
    return f"{text}; {check.own_limits}" if check.own_limits else text


def _quality() -> list[str]:
    rows = [(f"`{one.name}`", one.label, one.unit) for one in QUALITY_MEASURES.values()]
    rules = [(f"`{rule}`", rule.meaning) for rule in WestgardRule]
    return [
        "## Quality control over time\n",
        f"Mean and SD are given for a cytometer from {FEWEST_TUBES} tubes on.\n",
        *_table(("measure", "label", "unit"), rows),
        *_table(("rule", "marks a value"), rules),
    ]


def _entries() -> list[str]:
    rows = [(f"`{column}`", f"{one.low:,g}", f"{one.high:,g}", one.meaning) for column, one in LIMITS.items()]
    headings = ("column of the sample sheet", "at least", "at most", "of")
    return [
        "## What a tube can hold\n",
        "A number beyond is an error of the sheet.\n",
        *_table(headings, rows),
    ]


def _reasons() -> list[str]:
    return ["## Reasons\n", *(f"- {reason}" for reason in Reason), ""]


def _reviews() -> list[str]:
    marks = _table(("review", "meaning"), ((f"`{mark}`", mark.meaning) for mark in ReviewMark))
    verdicts = _table(
        ("verdict", "makes every result"),
        (
            (verdict.words, f"`{verdict.result}`" if verdict.result else "stay as it is")
            for verdict in ReviewVerdict
        ),
    )
    reasons = [f"- {reason}" for reason in REVIEW_REASONS]
    return [
        "## Review\n",
        *marks,
        "",
        *verdicts,
        "",
        "Reasons for which a tube is rejected or measured again:\n",
        *reasons,
        "",
    ]


def _formats() -> list[str]:
    rows = [(f"`{one.name}`", str(one.kind), f"`{one.suffix}`") for one in EXPORT_FORMATS.values()]
    return ["## Formats of `export`\n", *_table(("format", "holds", "files"), rows)]


def _tables() -> list[str]:
    lines = ["## Tables\n"]
    for table in TABLES:
        rows = [(f"`{column.name}`", str(column.type), column.meaning) for column in table.columns]
        lines += [
            f"### `{table.file}`: one row per {table.row}\n",
            *_table(("column", "type", "meaning"), rows),
        ]
    return lines


if __name__ == "__main__":
    Path(__file__).with_name("definitions.md").write_text(document(), encoding="utf-8")
