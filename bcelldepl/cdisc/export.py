"""Export the data sets of a study in the format asked for, with what every variable means."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from bcelldepl.cdisc.adam_endpoints import companion_results, endpoint_values, times_to_event
from bcelldepl.cdisc.adam_visits import cell_counts, concentrations
from bcelldepl.cdisc.ascii_text import respelt
from bcelldepl.cdisc.cp import cp_tables
from bcelldepl.cdisc.dataset import CdiscDataset
from bcelldepl.cdisc.dataset_json import dataset_json
from bcelldepl.cdisc.define import define_xml
from bcelldepl.cdisc.pk import pk_tables
from bcelldepl.cdisc.subjects import demographics, subject_level
from bcelldepl.cdisc.transport import transport_problems, write_transport
from bcelldepl.definitions.export_formats import EXPORT_FORMATS, ExportKind, formats_of
from bcelldepl.errors import ExchangeError
from bcelldepl.results.finished import FinishedRun, read_finished_run
from bcelldepl.spreadsheet import csv_text
from bcelldepl.store.files import write_beside, write_bytes

__all__ = ["FORMATS", "datasets_of", "export"]

FORMATS: Final = formats_of(ExportKind.TABLES)
DEFINE: Final = "define"
TRANSPORT: Final = ("xpt", DEFINE)


def export(results_folder: Path, to: str, out: Path) -> list[Path]:
    """Write the results of a finished run for those who analyse them.

    Parameters
    ----------
    results_folder : Path
        As ``bcelldepl run`` wrote it.
    to : str
        A format of tables, of `bcelldepl.definitions.export_formats`.
    out : Path
        Folder to write to; made if not there.

    Returns
    -------
    list of Path
        One file per data set (`datasets_of`), then ``variables.csv`` with every
        variable of every data set, and ``export.json`` with where all of it comes from.

    Raises
    ------
    ExchangeError
        The folder is no finished run, the format is not known, or a value does not fit into the format;
        nothing is written then.
    """
    if to not in FORMATS:
        raise ExchangeError(f"{to!r} is not a format", "--to", f"known: {', '.join(FORMATS)}")
    run = read_finished_run(Path(results_folder))
    tables, spellings = datasets_of(run), dict[str, str]()
    if to in TRANSPORT:
        tables, spellings = respelt(tables)
        problems = transport_problems(tables)
        if problems:
            text = "\n".join(str(problem) for problem in problems)
            raise ExchangeError(f"the results do not fit into SAS transport files:\n{text}")
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    written = [_write(table, to, out, run) for table in tables]
    if to == DEFINE:
        definition = out / "define.xml"
        write_bytes(definition, define_xml(run, tables, EXPORT_FORMATS[to].suffix, _version(run)))
        written.append(definition)
    documentation = out / "variables.csv"
    write_bytes(documentation, _variables(tables).encode())
    written.append(documentation)
    record = out / "export.json"
    write_bytes(record, _record(run, to, tables, written, spellings).encode())
    return [*written, record]


def datasets_of(run: FinishedRun) -> list[CdiscDataset]:
    """Return every data set of a study.

    Parameters
    ----------
    run : FinishedRun

    Returns
    -------
    list of CdiscDataset
    """
    cp, supplement = cp_tables(run)
    pc, pp, related = pk_tables(run)
    endpoints = endpoint_values(run, pp)
    return [
        demographics(run),
        cp,
        supplement,
        pc,
        pp,
        related,
        subject_level(run),
        cell_counts(run, cp),
        concentrations(run, pc),
        endpoints,
        times_to_event(run, endpoints),
        *([companion_results(run)] if run.study.companion_results else []),
    ]


def _write(table: CdiscDataset, to: str, out: Path, run: FinishedRun) -> Path:
    path = out / f"{table.name.lower()}{EXPORT_FORMATS[to].suffix}"
    _WRITERS[to](table, path, run)
    return path


def _write_csv(table: CdiscDataset, path: Path, _: FinishedRun) -> None:
    write_bytes(path, csv_text(table.frame()).encode())


def _write_parquet(table: CdiscDataset, path: Path, _: FinishedRun) -> None:
    write_beside(path, lambda part: table.frame().to_parquet(part, index=False))


def _write_transport(table: CdiscDataset, path: Path, run: FinishedRun) -> None:
    write_transport(table, path, datetime.fromisoformat(str(run.record["finished"])))


def _write_dataset_json(table: CdiscDataset, path: Path, run: FinishedRun) -> None:
    text = dataset_json(table, run.study.id, str(run.record.get("finished", "")), _version(run))
    write_bytes(path, text.encode())


_WRITERS: Final[dict[str, Callable[[CdiscDataset, Path, FinishedRun], None]]] = {
    "csv": _write_csv,
    "parquet": _write_parquet,
    "xpt": _write_transport,
    DEFINE: _write_transport,
    "dataset-json": _write_dataset_json,
}


def _variables(tables: Sequence[CdiscDataset]) -> str:
    """Every variable of every data set: what it is and where it comes from."""
    text = io.StringIO()
    sheet = csv.writer(text, lineterminator="\n")
    sheet.writerow(["dataset", "dataset_label", "structure", "position", "variable", "label", "type", "length", "key",
                    "codelist", "origin"])  # fmt: skip
    for table in tables:
        for place, one in enumerate(table.variables):
            texts = [row[place] for row in table.rows] if one.kind in ("text", "date") else []
            key = table.keys.index(one.name) + 1 if one.name in table.keys else ""
            length = max([0, *(len(value) for value in texts)]) if texts else ""
            sheet.writerow([table.name, table.label, table.structure, place + 1, one.name, one.label, one.kind, length,
                            key, one.codelist, one.origin])  # fmt: skip
    return text.getvalue()


def _version(run: FinishedRun) -> str:
    return str(run.record.get("versions", {}).get("bcelldepl", ""))


def _record(
    run: FinishedRun,
    to: str,
    tables: Sequence[CdiscDataset],
    written: Sequence[Path],
    spellings: Mapping[str, str],
) -> str:
    content = {
        "study": run.study.id,
        "format": to,
        "run_digest": run.record.get("digest", ""),
        "run_finished": run.record.get("finished", ""),
        "versions": run.record.get("versions", {}),
        "draws_are_dated": run.is_dated,
        "respelt_in_ascii": dict(spellings),
        "datasets": [
            {"name": table.name, "label": table.label, "structure": table.structure, "keys": list(table.keys),
             "records": len(table.rows)}
            for table in tables
        ],
        "outputs": {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in written},
    }  # fmt: skip
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"
