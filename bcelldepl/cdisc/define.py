"""define.xml 2.1: what every data set, variable, value and code of an export is, and how it was derived."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, Final

from bcelldepl.cdisc.adam_visits import HALF_OF_LIMIT, ZERO
from bcelldepl.cdisc.cp import EVENTS
from bcelldepl.cdisc.dataset import CdiscDataset, Variable
from bcelldepl.cdisc.pk import DAYS_OF_CELLS
from bcelldepl.cdisc.roles import role_of
from bcelldepl.cdisc.subjects import MINIMAL
from bcelldepl.definitions.columns import SIGNIFICANT_DIGITS
from bcelldepl.definitions.endpoints import endpoint_definitions
from bcelldepl.definitions.nci_codes import NCI_CODE_OF
from bcelldepl.definitions.populations import POPULATIONS
from bcelldepl.results.finished import FinishedRun

__all__ = ["define_xml"]

STANDARDS: Final = {
    "STD.SDTMIG": ("SDTMIG", "IG", "3.4", ""),
    "STD.ADAMIG": ("ADaMIG", "IG", "1.3", ""),
    "STD.CT.SDTM": ("CDISC/NCI", "CT", "2024-09-27", "SDTM"),
    "STD.CT.ADAM": ("CDISC/NCI", "CT", "2024-09-27", "ADaM"),
}
ADAM_LISTS: Final = ("C81224",)  # code lists of ADaM's terminology; all others are of SDTM's
CLASSES: Final = {
    "DM": "SPECIAL PURPOSE",
    "RELREC": "RELATIONSHIP",
    "SUPPCP": "RELATIONSHIP",
    "ADSL": "SUBJECT LEVEL ANALYSIS DATASET",
    "ADCP": "BASIC DATA STRUCTURE",
    "ADPC": "BASIC DATA STRUCTURE",
    "ADPP": "BASIC DATA STRUCTURE",
    "ADTTE": "BASIC DATA STRUCTURE",
    "ADCOMP": "BASIC DATA STRUCTURE",
}
NAMESPACES: Final = {
    "odm": "http://www.cdisc.org/ns/odm/v1.3",
    "def": "http://www.cdisc.org/ns/def/v2.1",
    "xlink": "http://www.w3.org/1999/xlink",
}
NCI_CONTEXT: Final = "nci:ExtCodeID"
NCI_CODE: Final = re.compile(r"C\d+")
FLAG_OR_CODE: Final = re.compile(r".*(TESTCD|PARAMCD|STAT|FL|RESCODE|DTYPE|AVALQ|RESTYP|NCAUSE)")


def define_xml(run: FinishedRun, tables: Sequence[CdiscDataset], suffix: str, version: str) -> bytes:
    """Describe data sets in define.xml 2.1.

    Parameters
    ----------
    run : FinishedRun
    tables : sequence of CdiscDataset
    suffix : str
        Of the files of the data sets, which lie beside it, such as ``.xpt``.
    version : str
        Of bcelldepl.

    Returns
    -------
    bytes
        UTF-8; the same results give the same bytes.
    """
    from lxml import etree  # type: ignore[import-untyped]
    from odmlib.define_2_1 import model as d
    from odmlib.ns_registry import NamespaceRegistry

    created = str(run.record.get("finished", ""))
    odm = d.ODM(
        FileOID=f"ODM.{run.study.id}",
        FileType="Snapshot",
        ODMVersion="1.3.2",
        CreationDateTime=created,
        AsOfDateTime=created,
        Originator="bcelldepl",
        SourceSystem="bcelldepl",
        SourceSystemVersion=version,
        Context="Other",
    )
    names = d.GlobalVariables()
    names.StudyName = d.StudyName(_content=run.study.id)
    names.StudyDescription = d.StudyDescription(_content=f"Cell counts and kinetics of {run.study.id}")
    names.ProtocolName = d.ProtocolName(_content=run.study.id)
    odm.Study = d.Study(OID=f"STDY.{run.study.id}", GlobalVariables=names)
    odm.Study.MetaDataVersion = _Writer(d, run.study.id).metadata(tables, suffix)
    for prefix, uri in NAMESPACES.items():
        NamespaceRegistry(prefix=prefix, uri=uri, is_default=prefix == "odm")
    root = etree.fromstring(odm.to_xml_string().encode())
    etree.indent(root)
    body: bytes = etree.tostring(root, encoding="UTF-8", xml_declaration=True)
    return body + b"\n"


class _Writer:
    """Elements of one document; every element has an identifier made of what it is of."""

    def __init__(self, d: Any, study: str) -> None:
        self.d, self.study = d, study

    def metadata(self, tables: Sequence[CdiscDataset], suffix: str) -> Any:
        d = self.d
        whole = d.MetaDataVersion(
            OID=f"MDV.{self.study}",
            Name="Data definitions",
            DefineVersion="2.1.7",
            Description="SDTM and ADaM data of one run",
        )
        whole.Standards = d.Standards()
        for oid, (name, kind, version, of) in STANDARDS.items():
            more = {"PublishingSet": of} if of else {}
            whole.Standards.Standard.append(
                d.Standard(OID=oid, Name=name, Type=kind, Version=version, Status="Final", **more)
            )
        for table in tables:
            if table.tests and table.rows:
                values, clauses, items = self.value_level(table)
                whole.ValueListDef.append(values)
                whole.WhereClauseDef.extend(clauses)
                whole.ItemDef.extend(items)
            whole.ItemGroupDef.append(self.group(table, suffix))
            whole.ItemDef.extend(self.item(table, one) for one in table.variables)
            whole.CodeList.extend(self.code_lists(table))
            whole.MethodDef.extend(self.methods(table))
        whole.CommentDef.append(d.CommentDef(OID="COM.MINIMAL", Description=_text(d, MINIMAL)))
        return whole

    def group(self, table: CdiscDataset, suffix: str) -> Any:
        d, adam, file = self.d, _is_adam(table), f"{table.name.lower()}{suffix}"
        more: dict[str, Any] = {} if adam else {"Domain": table.name.removeprefix("SUPP")}
        if MINIMAL in table.structure:
            more["CommentOID"] = "COM.MINIMAL"
        if not table.rows:
            more["HasNoData"] = "Yes"
        group = d.ItemGroupDef(
            OID=f"IG.{table.name}",
            Name=table.name,
            Repeating="No" if MINIMAL in table.structure else "Yes",
            IsReferenceData="No",
            SASDatasetName=table.name,
            Purpose="Analysis" if adam else "Tabulation",
            Structure=table.structure.replace(f"; {MINIMAL}", ""),
            StandardOID="STD.ADAMIG" if adam else "STD.SDTMIG",
            ArchiveLocationID=f"LF.{table.name}",
            **more,
        )
        group.Description = _text(d, table.label)
        for order, one in enumerate(table.variables, 1):
            place = {"KeySequence": table.keys.index(one.name) + 1} if one.name in table.keys else {}
            method = {} if one.is_assigned else {"MethodOID": f"MT.{table.name}.{one.name}"}
            mandatory = "Yes" if one.name in table.keys else "No"
            role = {} if adam else {"Role": role_of(table.name, one.name)}
            item = f"IT.{table.name}.{one.name}"
            group.ItemRef.append(
                d.ItemRef(ItemOID=item, OrderNumber=order, Mandatory=mandatory, **place, **method, **role)
            )
        group.Class = d.Class(Name=CLASSES.get(table.name, "FINDINGS"))
        group.leaf = d.leaf(ID=f"LF.{table.name}", href=file)
        group.leaf.title = d.title(_content=file)
        return group

    def item(self, table: CdiscDataset, one: Variable) -> Any:
        d = self.d
        item = d.ItemDef(
            OID=f"IT.{table.name}.{one.name}",
            Name=one.name,
            SASFieldName=one.name,
            **_size(one.kind, table.column(one.name)),
        )
        item.Description = _text(d, one.label)
        if _has_codes(table, one):
            item.CodeListRef = d.CodeListRef(CodeListOID=f"CL.{table.name}.{one.name}")
        item.Origin.append(self.origin(one))
        if table.rows and table.tests and one.name == table.tests[0]:
            item.ValueListRef = d.ValueListRef(ValueListOID=f"VL.{table.name}.{one.name}")
        return item

    def origin(self, one: Variable) -> Any:
        d = self.d
        kind = "Assigned" if one.is_assigned else "Derived"
        origin = d.Origin(Type=kind, Source="Vendor")
        if one.is_assigned:
            origin.Description = _text(d, one.origin)
        return origin

    def methods(self, table: CdiscDataset) -> Iterator[Any]:
        d = self.d
        for one in table.variables:
            if not one.is_assigned:
                method = d.MethodDef(
                    OID=f"MT.{table.name}.{one.name}", Name=f"{table.name}.{one.name}", Type="Computation"
                )
                method.Description = _text(d, one.origin)
                yield method

    def code_lists(self, table: CdiscDataset) -> Iterator[Any]:
        d = self.d
        for one in table.variables:
            if not _has_codes(table, one):
                continue
            decodes = _decodes(table, one.name)
            listed = _is_listed(one)
            of = "STD.CT.ADAM" if one.codelist in ADAM_LISTS else "STD.CT.SDTM"
            standard = {"StandardOID": of} if listed else {"IsNonStandard": "Yes"}
            codes = d.CodeList(
                OID=f"CL.{table.name}.{one.name}",
                Name=f"{table.name} {one.label}",
                DataType="text",
                **standard,
            )
            own = _own_terms() if listed else frozenset()
            for order, (code, words) in enumerate(decodes.items(), 1):
                more = {"ExtendedValue": "Yes"} if code in own else {}
                kind, kept = (
                    (d.CodeListItem, codes.CodeListItem)
                    if words
                    else (d.EnumeratedItem, codes.EnumeratedItem)
                )
                item = kind(CodedValue=code, OrderNumber=order, **more)
                if words:
                    item.Decode = d.Decode()
                    item.Decode.TranslatedText.append(_words(d, words))
                if listed and code in NCI_CODE_OF:
                    item.Alias.append(d.Alias(Context=NCI_CONTEXT, Name=NCI_CODE_OF[code]))
                kept.append(item)
            if listed:
                codes.Alias.append(d.Alias(Context=NCI_CONTEXT, Name=one.codelist))
            yield codes

    def value_level(self, table: CdiscDataset) -> tuple[Any, list[Any], list[Any]]:
        """Values of each test of a data set: what they are, and their size."""
        d, (value, code, name) = self.d, table.tests
        kind = next(one.kind for one in table.variables if one.name == value)
        values, clauses, items = d.ValueListDef(OID=f"VL.{table.name}.{value}"), [], []
        for order, (test, words) in enumerate(_decodes(table, code).items(), 1):
            oid = f"{table.name}.{value}.{test}"
            clause = d.WhereClauseDef(OID=f"WC.{oid}")
            check = d.RangeCheck(Comparator="EQ", SoftHard="Soft", ItemOID=f"IT.{table.name}.{code}")
            check.CheckValue.append(d.CheckValue(_content=test))
            clause.RangeCheck.append(check)
            clauses.append(clause)
            reference = d.ItemRef(
                ItemOID=f"IT.{oid}", OrderNumber=order, Mandatory="No", MethodOID=f"MT.{table.name}.{value}"
            )
            reference.WhereClauseRef.append(d.WhereClauseRef(WhereClauseOID=f"WC.{oid}"))
            values.ItemRef.append(reference)
            own = [v for v, t in zip(table.column(value), table.column(code), strict=True) if t == test]
            item = d.ItemDef(OID=f"IT.{oid}", Name=test, SASFieldName=value, **_size(kind, own))
            item.Description = _text(d, words or name)
            item.Origin.append(d.Origin(Type="Derived", Source="Vendor"))
            items.append(item)
        return values, clauses, items


def _is_adam(table: CdiscDataset) -> bool:
    return table.name.startswith("AD")


@cache
def _own_terms() -> frozenset[str]:
    """Terms that extend CDISC's code lists, for these have none of the meaning."""
    tests = [one.cdisc for one in POPULATIONS.values() if one.cdisc is not None]
    events = {term for test in tests for term in (test.events_code, test.events_name)}
    fractions = {
        term for test in tests if test.own_fraction for term in (test.fraction_code, test.fraction_name)
    }
    methods = {one.pp_method for one in endpoint_definitions().values()}
    return frozenset({EVENTS, DAYS_OF_CELLS, HALF_OF_LIMIT, ZERO} | events | fractions | methods)


def _is_listed(one: Variable) -> bool:
    """Whether a code list of CDISC, which NCI numbers, holds its values."""
    return NCI_CODE.fullmatch(one.codelist) is not None


def _has_codes(table: CdiscDataset, one: Variable) -> bool:
    coded = _is_listed(one) or FLAG_OR_CODE.fullmatch(one.name) is not None
    return coded and one.kind == "text" and any(table.column(one.name))


def _decodes(table: CdiscDataset, name: str) -> dict[str, str]:
    """Every value of a variable in order, with what it means where the data set has a name for it."""
    codes = table.column(name)
    words = table.column(table.tests[2]) if table.tests and name == table.tests[1] else [""] * len(codes)
    return dict(sorted((code, word) for code, word in set(zip(codes, words, strict=True)) if code))


def _size(kind: str, values: Sequence[Any]) -> dict[str, Any]:
    if kind == "date":
        return {"DataType": "date"}
    if kind == "text":
        return {"DataType": "text", "Length": max([1, *(len(value.encode()) for value in values)])}
    longest = max([1, *(len(f"{value:.10g}") for value in values if value is not None)])
    more = {"SignificantDigits": SIGNIFICANT_DIGITS} if kind == "float" else {}
    return {"DataType": kind, "Length": longest, **more}


def _text(d: Any, words: str) -> Any:
    description = d.Description()
    description.TranslatedText.append(_words(d, words))
    return description


def _words(d: Any, words: str) -> Any:
    return d.TranslatedText(_content=words, lang="en")
