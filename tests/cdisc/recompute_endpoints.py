"""Endpoints from the transport files and define.xml alone, by somebody who has nothing else: no module of the program.

Started as ``python -I recompute_endpoints.py FOLDER``; prints JSON: subject, parameter code, computed and stated value.
"""

import json
import math
import sys
from itertools import pairwise
from pathlib import Path

import pyreadstat
from lxml import etree

NS = {"o": "http://www.cdisc.org/ns/odm/v1.3", "def": "http://www.cdisc.org/ns/def/v2.1"}


def load(folder):
    """Every data set that define.xml names, sorted by its keys."""
    root = etree.parse(folder / "define.xml").getroot()
    names = {one.get("OID"): one.get("Name") for one in root.iterfind(".//o:ItemDef", NS)}
    found = {}
    for group in root.iterfind(".//o:ItemGroupDef", NS):
        href = group.find("def:leaf", NS).get("{http://www.w3.org/1999/xlink}href")
        refs = [one for one in group.iterfind("o:ItemRef", NS) if one.get("KeySequence")]
        keys = [
            names[one.get("ItemOID")] for one in sorted(refs, key=lambda one: int(one.get("KeySequence")))
        ]
        found[group.get("Name")] = pyreadstat.read_xport(folder / href)[0].sort_values(keys)
    return found


def area(points, end):
    """Linear up, logarithmic down, to a day inside the points or the last of them."""
    total = 0.0
    for (t0, c0), (t1, c1) in pairwise(points):
        if t0 >= end:
            break
        log, part = 0 < c1 < c0, (min(t1, end) - t0) / (t1 - t0)
        cut = c0 * (c1 / c0) ** part if log else c0 + part * (c1 - c0)
        width = min(t1, end) - t0
        total += width * (c0 - cut) / math.log(c0 / cut) if log and cut != c0 else width * (c0 + cut) / 2
    return total


def of_course(data, subject, course):
    """Every endpoint that a course as it was drawn tells."""
    curve = data["ADPC"]
    curve = curve[(curve["USUBJID"] == subject) & (curve["APERIOD"] == course) & (curve["NCAXFL"] == "")]
    before = curve.loc[curve["AFRLT"] <= 0, "AVAL"].tolist()
    after = [(day, value) for day, value in zip(curve["AFRLT"], curve["AVAL"], strict=True) if day > 0]
    points = [(0.0, before[-1] if before else 0.0), *after]
    measured = [(day, value) for day, value in after if value > 0]
    peak = max(measured, key=lambda point: point[1])
    yield "CMAX", peak[1]
    yield "TMAX", peak[0]
    yield "CLST", measured[-1][1]
    yield "TLST", measured[-1][0]
    yield "AUCLST", area(points, measured[-1][0])
    for end in (28.0, 90.0):
        if points[-1][0] >= end:
            yield f"AUC{end:g}", area(points, end)
    cells = data["ADCP"]
    cells = cells[
        (cells["USUBJID"] == subject) & (cells["APERIOD"] == course) & (cells["PARAMCD"] == "BLYCE")
    ]
    base = cells.loc[cells["ABLFL"] == "Y", "AVAL"].mean()
    yield "BBASE", base
    later = cells[(cells["AFRLT"] > 0) & cells["AVAL"].notna()]
    lowest = later["ALIMIT"].fillna(later["AVAL"]).min()
    yield "BNADIR", lowest
    yield "BNADIRPC", 100 * lowest / base
    yield "BLOG10RD", math.log10(base / lowest)
    yield "BDEPLDY", later.loc[later["CRIT1FL"] == "Y", "AFRLT"].iloc[0]


def main():
    data = load(Path(sys.argv[1]))
    stated = data["ADPP"].set_index(["USUBJID", "APERIOD", "PARAMCD"])["AVAL"]
    rows = [
        (subject, code, float(value), float(stated[subject, course, code]))
        for subject, courses in zip(data["ADSL"]["USUBJID"], data["ADSL"]["NCOURSE"], strict=True)
        for course in range(1, int(courses) + 1)
        for code, value in of_course(data, subject, course)
    ]
    json.dump({"rows": rows, "modules": sorted({name.partition(".")[0] for name in sys.modules})}, sys.stdout)


main()
