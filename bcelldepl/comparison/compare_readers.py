"""Compare a study with several manual readers: each by itself, and all together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from markupsafe import Markup

from bcelldepl.comparison.acceptance import Verdict
from bcelldepl.comparison.compare_source import compare_sources
from bcelldepl.comparison.judged_statistic import Statistic
from bcelldepl.comparison.outcome import Comparison
from bcelldepl.comparison.page_parts import statistic_line
from bcelldepl.comparison.read_manual import read_manual
from bcelldepl.comparison.readers import reader_statistics, reader_values
from bcelldepl.definitions.populations import is_result, label_of
from bcelldepl.definitions.tables import AGREEMENT
from bcelldepl.errors import ExchangeError
from bcelldepl.gate_exchange.manual import Manual
from bcelldepl.html_pages import package_text, page_template, titled_table
from bcelldepl.names import file_stem
from bcelldepl.spreadsheet import csv_text
from bcelldepl.store.files import write_bytes
from bcelldepl.tubes.regate import GatedResults

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ReadersComparison", "compare_readers", "read_readers"]

_TABLE: Final = "readers.csv"
_PAGE: Final = "readers.html"


@dataclass(frozen=True, repr=False)
class ReadersComparison:
    """The automated gating against several readers.

    Attributes
    ----------
    comparisons : dict of str to Comparison
        By reader.
    statistics : tuple of Statistic
        Of readers against one another, and of the automated gating against each and against their median.
    files : tuple of Path
        What was written.
    unrecorded : str
        Why the comparison is not in the audit record of the results; empty where it is, or nothing was written.
    """

    comparisons: dict[str, Comparison]
    statistics: tuple[Statistic, ...]
    files: tuple[Path, ...] = ()
    unrecorded: str = ""

    def __repr__(self) -> str:
        return f"ReadersComparison({self.verdict}: readers {', '.join(self.comparisons)})"

    def _repr_html_(self) -> str:
        return titled_table(repr(self), self.agreement)

    @property
    def agreement(self) -> pd.DataFrame:
        """``readers.csv``: one row per population and statistic."""
        return AGREEMENT.frame(one.cells() for one in self.statistics)

    @property
    def verdict(self) -> Verdict:
        """The worst against any reader."""
        found = {one.verdict for one in self.comparisons.values()}
        worst = (Verdict.DISAGREE, Verdict.NOT_COMPARABLE, Verdict.AGREE)
        return next((verdict for verdict in worst if verdict in found), Verdict.NOT_COMPARABLE)


def read_readers(paths: Sequence[Path]) -> dict[str, Manual]:
    """Read the manual results of one reader or of several.

    Parameters
    ----------
    paths : sequence of Path
        A file per reader, or tables with a column ``reader``.

    Returns
    -------
    dict of str to Manual
        By the name of the reader, which is that of the file where no column says it.

    Raises
    ------
    ExchangeError
        Where one cannot be read, or two readers have the same name.
    """
    readers: dict[str, Manual] = {}
    for path in paths:
        for name, manual in read_manual(path).items():
            called = name or path.stem
            if called in readers:
                what = f"two readers are called {called!r}"
                raise ExchangeError(what, str(path), "give their files other names")
            readers[called] = manual
    return readers


def compare_readers(
    gated: GatedResults,
    readers: dict[str, Manual],
    out: Path | None = None,
    *,
    mapping: Path | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> ReadersComparison:
    """Compare a study's automated gating with several readers, and these with one another.

    Parameters
    ----------
    gated : GatedResults
    readers : dict of str to Manual
        From `read_readers`.
    out : Path, optional
        Folder for ``readers.html``, ``readers.csv`` and, in a folder per reader, what `compare` writes.
    mapping : Path, optional
        For all readers.
    progress : callable, optional
        Called with a tube, how many are done, and of how many.

    Returns
    -------
    ReadersComparison
    """
    outs = None if out is None else {name: out / file_stem(name) for name in readers}
    comparisons = compare_sources(gated, readers, outs, mapping=mapping, progress=progress)
    common = [set(one.named) for one in comparisons.values()]
    reported = dict.fromkeys(str(name) for name in gated.counts["population"])
    populations = [name for name in reported if is_result(name) and sum(name in own for own in common) > 1]
    statistics = [
        row
        for population in populations
        for row in reader_statistics(reader_values(comparisons, population), list(readers))
    ]
    compared = ReadersComparison(comparisons, tuple(statistics))
    return compared if out is None else _write(compared, out, str(gated.record.get("study", "")))


def _write(compared: ReadersComparison, out: Path, study_id: str) -> ReadersComparison:
    out.mkdir(parents=True, exist_ok=True)
    write_bytes(out / _TABLE, csv_text(compared.agreement).encode())
    write_bytes(out / _PAGE, _page(compared, study_id).encode())
    own = [path for one in compared.comparisons.values() for path in one.files]
    return replace(compared, files=(out / _PAGE, out / _TABLE, *own))


def _page(compared: ReadersComparison, study_id: str) -> str:
    populations = dict.fromkeys(one.population for one in compared.statistics)
    return page_template("bcelldepl.comparison", "readers.html", label_of=label_of).render(
        study_id=study_id,
        verdict=compared.verdict,
        readers=[(name, file_stem(name), one) for name, one in compared.comparisons.items()],
        by_population={label_of(name): _measures(compared.statistics, name) for name in populations},
        style=Markup(package_text("bcelldepl.report", "style.css")),
    )


def _measures(statistics: Sequence[Statistic], population: str) -> dict[str, dict[str, dict[str, str]]]:
    """Statistics of a population by what they are of, such as two readers, and then by name."""
    found: dict[str, dict[str, dict[str, str]]] = {}
    for one in statistics:
        if one.population == population:
            measure, _, of = one.statistic.partition(":")
            found.setdefault(of, {})[measure] = statistic_line(one)
    return found
