"""From records of tubes to rows of a table: what was measured, what was asked for, who is ahead."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Literal

import numpy as np

from bcelldepl.counting.intervals import garwood
from bcelldepl.counting.limits import result_code
from bcelldepl.study.config import LimitSettings

__all__ = [
    "LIMITS",
    "MANUAL_CD3",
    "MANUAL_CD19",
    "Row",
    "anatomy",
    "by_study",
    "f1",
    "in_poisson",
    "rows_of",
    "worst_tubes",
]

Record = dict[str, Any]
LIMITS: Final = LimitSettings()
MANUAL_CD19, MANUAL_CD3 = 11_041, 31_440  # lyoplate_bcell, central manual gating
MANY_B, MANY_CAR = 200, 500


@dataclass(frozen=True)
class Row:
    """One row of the table.

    Attributes
    ----------
    key, section, measure, goal : str
    better : {"high", "low", "one", "none"}
        Which way is ahead; ``one``: nearer to 1; ``none``: not to be ranked.
    tolerance : float
        How much worse than its baseline our value may be.
    values : dict of str to float or None
        By method.
    met : bool or None
        Whether ours reaches the goal; None where there is nothing to measure.
    """

    key: str
    section: str
    measure: str
    goal: str
    better: Literal["high", "low", "one", "none"]
    tolerance: float
    values: dict[str, float | None] = field(default_factory=dict)
    met: bool | None = None

    def merit(self, method: str) -> float | None:
        """The value, turned so that more is better."""
        value = self.values.get(method)
        if value is None or self.better == "none":
            return None
        return {"high": value, "low": -value, "one": -abs(np.log(max(value, 1e-9)))}[self.better]

    def ahead_of_ours(self) -> list[str]:
        """Peers that do better than ours (the oracle is no peer)."""
        ours = self.merit("ours")
        if ours is None:
            return []
        merits = {m: self.merit(m) for m in self.values if m not in ("ours", "oracle")}
        return [m for m, merit in merits.items() if merit is not None and merit > ours + 1e-9]

    def plain(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def f1(events: int, right: int, true: int) -> float:
    """Harmonic mean of precision and recall; 1 where there is nothing and nothing is called."""
    return 2.0 * right / (events + true) if events + true else 1.0


def _called(record: Record, method: str, population: str) -> dict[str, int] | None:
    return record["calls"].get(method, {}).get(population)


def _f1_of(record: Record, method: str, population: str) -> float | None:
    called = _called(record, method, population)
    return None if called is None else f1(called["events"], called["right"], record["true"][population])


def _error_of(record: Record, method: str, population: str) -> float | None:
    called, true = _called(record, method, population), record["true"][population]
    return None if called is None else 100.0 * abs(called["events"] - true) / true


class _Table:
    """Rows under construction: each asks the same of every method."""

    def __init__(self, section: str, methods: Sequence[str]) -> None:
        self.section, self.methods, self.rows = section, methods, list[Row]()

    def add(
        self,
        key: str,
        measure: str,
        goal: str,
        better: Literal["high", "low", "one", "none"],
        tolerance: float,
        value: Callable[[str], float | None],
        met: Callable[[float], bool | None],
    ) -> None:
        """One more row; a method without a value has none in the table."""
        values = {method: value(method) for method in self.methods}
        values = {m: None if v is None else float(f"{v:.5g}") for m, v in values.items()}
        ours = values["ours"]
        verdict = None if ours is None else met(ours)
        self.rows.append(Row(key, self.section, measure, goal, better, tolerance, values, verdict))


def _over(
    records: Iterable[Record], one: Callable[[Record], float | None], reduce: Callable[[list[float]], Any]
) -> float | None:
    found = [value for record in records if (value := one(record)) is not None]
    return float(reduce(found)) if found else None


def _percent(found: list[float]) -> float:
    return 100.0 * float(np.mean(found))


def _population_rows(
    table: _Table, many: list[Record], population: str, *, gap: float, median: float, worst: float
) -> None:
    """F1 and count error of a population where it is plentiful."""
    n, tag = len(many), population.lower()

    def good(record: Record, method: str) -> float | None:
        mine, limit = _f1_of(record, method, population), _f1_of(record, "oracle", population)
        if mine is None:
            return None
        enough = mine >= 0.97 or population != "B"
        return float(enough and (limit is None or mine >= limit - gap))

    goal = f"≥ 0.97, within {gap} of oracle" if population == "B" else f"within {gap} of oracle"

    def reaches(reduce: Callable[[list[float]], Any]) -> Callable[[float], bool | None]:
        limit = _over(many, lambda r: _f1_of(r, "oracle", population), reduce)
        if limit is None:
            return lambda v: None
        return lambda v: (v >= 0.97 or population != "B") and v >= limit - gap

    for name, reduce, tolerance in (("median", np.median, 0.003), ("worst", min, 0.02)):
        table.add(
            f"{tag}_f1_{name}", f"F1, {name} of {n} tubes", goal, "high", tolerance,
            lambda m, reduce=reduce: _over(many, lambda r: _f1_of(r, m, population), reduce), reaches(reduce),
        )  # fmt: skip
    table.add(
        f"{tag}_f1_share", f"tubes with F1 {goal} [%]", "100", "high", 2.0,
        lambda m: _over(many, lambda r: good(r, m), _percent),
        lambda v: v >= 100.0 if any("oracle" in r["calls"] for r in many) else None,
    )  # fmt: skip
    table.add(
        f"{tag}_error_median", "count error, median [%]", f"≤ {median}", "low", 0.3,
        lambda m: _over(many, lambda r: _error_of(r, m, population), np.median), lambda v: v <= median,
    )  # fmt: skip
    table.add(
        f"{tag}_error_worst", "count error, worst [%]", f"≤ {worst}", "low", 1.5,
        lambda m: _over(many, lambda r: _error_of(r, m, population), max), lambda v: v <= worst,
    )  # fmt: skip


def _few_rows(table: _Table, records: list[Record]) -> None:
    """B cells where they are few or none, and the category."""
    few = [r for r in records if 1 <= r["true"]["B"] < MANY_B]
    none = [r for r in records if r["true"]["B"] == 0]
    fair = [r for r in records if r["beads"] >= r["minimum_beads"]]

    def within(record: Record, method: str) -> float | None:
        called = _called(record, method, "B")
        return None if called is None else float(in_poisson(called["events"], record["true"]["B"]))

    def false_rate(record: Record, method: str) -> float | None:
        called = _called(record, method, "B")
        return None if called is None else 1e5 * called["events"] / record["leukocytes"]

    table.add(
        "b_few_poisson", f"{len(few)} tubes with 1 to {MANY_B - 1}: count within Poisson 99 % of truth [% of tubes]",
        "≥ 97", "high", 2.0, lambda m: _over(few, lambda r: within(r, m), _percent), lambda v: v >= 97.0,
    )  # fmt: skip
    table.add(
        "b_none_rate", f"{len(none)} tubes with none: events called per 100,000 leukocytes, mean",
        "≤ 1", "low", 0.5, lambda m: _over(none, lambda r: false_rate(r, m), np.mean), lambda v: v <= 1.0,
    )  # fmt: skip
    table.add(
        "b_none_worst", "tubes with none: events called, worst tube", "≤ 3", "low", 1.0,
        lambda m: _over(none, lambda r: (_called(r, m, "B") or {}).get("events"), max), lambda v: v <= 3.0,
    )  # fmt: skip
    table.add(
        "b_category", f"category right [% of {len(fair)} tubes]", "≥ 97", "high", 1.0,
        lambda m: _over(fair, lambda r: _category_right(r, m), _percent), lambda v: v >= 97.0,
    )  # fmt: skip
    above = [r for r in fair if r["true"]["B"] > 2 * LIMITS.lloq_events]
    table.add(
        "b_false_depletion", f"tubes above twice the LLOQ called below it (of {len(above)})", "0", "low", 0.0,
        lambda m: _over(above, lambda r: _falsely_depleted(r, m), sum), lambda v: v == 0.0,
    )  # fmt: skip


def in_poisson(called: int, true: int) -> bool:
    """Whether a count lies within the exact Poisson 99 % interval of the truth."""
    interval = garwood(true, 0.99)
    return interval.low <= called <= interval.high


def _category(record: Record, method: str) -> str | None:
    if method == "ours":
        return str(record["ours"]["B"]["result"])
    called = _called(record, method, "B")
    return None if called is None else str(result_code(called["events"], LIMITS))


def _category_right(record: Record, method: str) -> float | None:
    category = _category(record, method)
    return None if category is None else float(category == result_code(record["true"]["B"], LIMITS))


def _falsely_depleted(record: Record, method: str) -> float | None:
    category = _category(record, method)
    return None if category is None else float(category in ("NOT_DETECTED", "DETECTED_BELOW_LLOQ"))


def _car_rows(table: _Table, records: list[Record]) -> None:
    many = [r for r in records if r["true"]["CAR_T"] >= MANY_CAR]
    _population_rows(table, many, "CAR_T", gap=0.02, median=3.0, worst=8.0)
    before = [r for r in records if r["before_infusion"]]

    def share(method: str) -> float | None:
        called = [_called(r, method, "CAR_T") for r in before]
        if not called or None in called:
            return None
        return 100.0 * sum(c["events"] for c in called if c) / sum(r["true"]["T"] for r in before)

    def quantified(record: Record, method: str) -> float | None:
        if method == "ours":
            return float(record["ours"]["CAR_T"]["result"] == "QUANTIFIED")
        called = _called(record, method, "CAR_T")
        return None if called is None else float(result_code(called["events"], LIMITS) == "QUANTIFIED")

    table.add(
        "car_before", f"before infusion ({len(before)} tubes): called CAR+ [% of T cells]", "≤ 0.01",
        "low", 0.01, share, lambda v: v <= 0.01,
    )  # fmt: skip
    table.add(
        "car_before_quantified", "before infusion: tubes reported as quantified", "0", "low", 0.0,
        lambda m: _over(before, lambda r: quantified(r, m), sum), lambda v: v == 0.0,
    )  # fmt: skip


def coverage(records: Iterable[Record], population: str) -> tuple[float | None, int]:
    """Part of the tubes [%] whose 95 % interval holds the true concentration, and their number.

    Tubes in which fewer than one event was to be expected are left out: any interval that reaches zero holds them.
    """
    hits = [
        one["low"] <= record["true_per_ul"][population] <= one["high"]
        for record in records
        if (one := record["ours"].get(population)) and one["low"] is not None and one["per_ul"] is not None
        and record["true_per_ul"][population] * (one["volume_ul"] or 0.0) >= 1.0
    ]  # fmt: skip
    return (100.0 * float(np.mean(hits)) if hits else None), len(hits)


def _coverage_rows(table: _Table, records: list[Record]) -> None:
    for population in ("B", "CAR_T", "T"):
        value, n = coverage(records, population)
        table.add(
            f"coverage_{population.lower()}", f"{population}: 95 % intervals that hold the truth [% of {n} tubes]",
            "93 to 97", "none", 2.0, lambda m, v=value: v if m == "ours" else None, lambda v: 93.0 <= v <= 97.0,
        )  # fmt: skip


def _real_rows(table: _Table, real: list[Record]) -> None:
    of = defaultdict(list)
    for record in real:
        of[record["dataset"]].append(record)
    if of["volumetric_cd19"]:
        _volumetric_rows(table, of["volumetric_cd19"])
    if of["lyoplate_bcell"]:
        _lyoplate_row(table, of["lyoplate_bcell"], "B", "CD19+", MANUAL_CD19)
        _lyoplate_row(table, of["lyoplate_bcell"], "T", "CD3+", MANUAL_CD3)
    if of["flowjo_mouse"]:
        _mouse_row(table, of["flowjo_mouse"], "B")
        _mouse_row(table, of["flowjo_mouse"], "T")
    for name, population, goal in (
        ("hd", "B", 1.0), ("flowdensity", "B", 3.0), ("flowkit", "B", 3.0), ("flowkit", "T", 3.0)
    ):  # fmt: skip
        if of[name]:
            _drawn_row(table, of[name], name, population, goal)


def _expert_f1(record: Record, method: str, population: str) -> float | None:
    called = _called(record, method, population)
    return None if called is None else f1(called["events"], called["right"], record["expert"][population])


def _ratio(record: Record, method: str, population: str, manual: float) -> float | None:
    called = _called(record, method, population)
    return None if called is None else called["events"] / manual


def _per_ul_ratio(record: Record, method: str) -> float | None:
    """Of cells/uL to the manual value; peers count events of the same volume."""
    if method == "ours":
        return record["per_ul"]["ours"] / record["per_ul"]["manual"]
    return _ratio(record, method, "B", record["expert"]["B"])


def _volumetric_rows(table: _Table, tubes: list[Record]) -> None:
    name, n = "volumetric_cd19", len(tubes)
    table.add(
        "volumetric_f1_worst", f"{name}: CD19+ F1, worst of {n} tubes", "≥ 0.95", "high", 0.005,
        lambda m: _over(tubes, lambda r: _expert_f1(r, m, "B"), min), lambda v: v >= 0.95,
    )  # fmt: skip
    table.add(
        "volumetric_f1_median", f"{name}: CD19+ F1, median", "≥ 0.95", "high", 0.005,
        lambda m: _over(tubes, lambda r: _expert_f1(r, m, "B"), np.median), lambda v: v >= 0.95,
    )  # fmt: skip
    table.add(
        "volumetric_ratio_worst", f"{name}: cells/uL off the manual value, worst tube [%]", "≤ 10", "low", 1.0,
        lambda m: _over(tubes, lambda r: _off(_per_ul_ratio(r, m)), max), lambda v: v <= 10.0,
    )  # fmt: skip
    table.add(
        "volumetric_ratio_mean", f"{name}: ratio to manual, geometric mean", "0.97 to 1.03", "one", 0.01,
        lambda m: _over(tubes, lambda r: _per_ul_ratio(r, m), _geometric), lambda v: 0.97 <= v <= 1.03,
    )  # fmt: skip


def _lyoplate_row(table: _Table, tubes: list[Record], population: str, label: str, manual: int) -> None:
    table.add(
        f"lyoplate_{population.lower()}", f"lyoplate_bcell: {label}, ratio to the manual {manual:,}",
        "0.96 to 1.04", "one", 0.01,
        lambda m: _over(tubes, lambda r: _ratio(r, m, population, manual), np.mean),
        lambda v: 0.96 <= v <= 1.04,
    )  # fmt: skip


def _mouse_row(table: _Table, tubes: list[Record], population: str) -> None:
    table.add(
        f"mouse_{population.lower()}", f"flowjo_mouse: {population} cells, F1", "≥ 0.97", "high", 0.005,
        lambda m: _over(tubes, lambda r: _expert_f1(r, m, population), np.mean), lambda v: v >= 0.97,
    )  # fmt: skip


def _off(ratio: float | None) -> float | None:
    return None if ratio is None else 100.0 * abs(ratio - 1.0)


def _geometric(found: list[float]) -> float:
    return float(np.exp(np.mean(np.log(np.maximum(found, 1e-9)))))


def _events(record: Record, method: str) -> int | None:
    called = record["calls"].get(method)
    return None if called is None else called["events"]


def _recovered_rows(table: _Table, draws: list[Record], left: int) -> None:
    """How well a number left is recovered: tube by tube within Poisson, and on average."""

    def within(record: Record, method: str) -> float | None:
        events = _events(record, method)
        return None if events is None else float(in_poisson(events, left))

    table.add(
        f"thinned_{left}", f"{left} left: count within Poisson 99 % of it [% of {len(draws)} draws]", "≥ 97",
        "high", 2.0, lambda m: _over(draws, lambda r: within(r, m), _percent), lambda v: v >= 97.0,
    )  # fmt: skip
    if left >= 20:
        table.add(
            f"thinned_{left}_bias", f"{left} left: recovered over left, mean", "0.97 to 1.03", "one", 0.02,
            lambda m: _over(draws, lambda r: None if (n := _events(r, m)) is None else n / left, np.mean),
            lambda v: 0.97 <= v <= 1.03,
        )  # fmt: skip


def _thinned_rows(table: _Table, records: list[Record]) -> None:
    thinned = [r for r in records if r["kind"] == "thinned"]
    for left in sorted({r["left"] for r in thinned if r["left"]}, reverse=True):
        _recovered_rows(table, [r for r in thinned if r["left"] == left], left)
    none = [r for r in thinned if r["left"] == 0]
    strict = [r for r in records if r["kind"] == "strict"]
    clear = [r for r in thinned if r["left"] not in (LIMITS.lod_events, LIMITS.lloq_events)]

    def right(record: Record, method: str) -> float | None:
        events = _events(record, method)
        if events is None:
            return None
        found = record["result"] if method == "ours" else str(result_code(events, LIMITS))
        return float(found == record["true_result"])

    table.add(
        "thinned_0_mean", "none left: false events, mean", "0", "low", 0.5,
        lambda m: _over(none, lambda r: _events(r, m), np.mean), lambda v: v == 0.0,
    )  # fmt: skip
    table.add(
        "thinned_0_worst", "none left: false events, worst tube", "0", "low", 1.0,
        lambda m: _over(none, lambda r: _events(r, m), max), lambda v: v == 0.0,
    )  # fmt: skip
    table.add(
        "thinned_category", "category right where the number left is not itself a limit [% of draws]", "≥ 97",
        "high", 2.0, lambda m: _over(clear, lambda r: right(r, m), _percent), lambda v: v >= 97.0,
    )  # fmt: skip
    table.add(
        "thinned_strict", "only the expert's B cells removed: events still called, mean of tubes",
        "for information", "none", 5.0,
        lambda m: _over(strict, lambda r: _events(r, m), np.mean), lambda v: True,
    )  # fmt: skip


def _drawn_row(table: _Table, tubes: list[Record], name: str, population: str, goal: float) -> None:
    """Counts of a set of `real_b` beside gates drawn on plots."""
    table.add(
        f"{name}_{population.lower()}",
        f"{name}: {population}, events off those of the drawn gates, worst of {len(tubes)} [%]", f"≤ {goal:g}",
        "low", 0.3,
        lambda m: _over(tubes, lambda r: _off(_ratio(r, m, population, r["expert"][population])), max),
        lambda v: v <= goal,
    )  # fmt: skip


_WORLD_GOALS: Final = {"B": 99.0, "T": 99.0, "NK": 97.0, "CAR_T": 90.0}  # right, percent of the answered


def _world_rows(table: _Table, records: list[Record]) -> None:
    """Random laboratories: sound tubes by population, spoilt tubes by fault."""
    tubes = [r for r in records if r["kind"] == "tube"]
    second = {(r["world"], r["file"]) for r in tubes if r["fault"].endswith("second tube")}
    results = [
        r
        for r in records
        if r["kind"] == "result" and (r["world"], r["file"]) not in second and r["result"] != "NOT_DONE"
    ]

    def ours(key: str, measure: str, goal: str, value: float | None, met: bool | None) -> None:
        table.add(key, measure, goal, "none", 2.0, lambda m: value if m == "ours" else None, lambda v: met)

    for population, least in _WORLD_GOALS.items():
        own = [r for r in results if r["population"] == population]
        answered = [r for r in own if r["answered"]]
        values = {
            "answered": ("answered [%]", "≥ 95", _part(own, "answered"), lambda v: v >= 95.0),
            "right": ("right, of answered [%]", f"≥ {least:g}", _part(answered, "right"), lambda v, g=least: v >= g),
            "silent": ("silently wrong, of all [%]", "≤ 0.2", _part(own, "silent"), lambda v: v <= 0.2),
            "holds": (
                "95 % interval holds the truth [%]", "≥ 93",
                _part([r for r in answered if r["true"] > 0], "covered"), lambda v: v >= 93.0,
            ),
            "decision": (
                "decision right [%]", "≥ 99",
                _part([r for r in answered if r["decision"] is not None], "decision"), lambda v: v >= 99.0,
            ),
        }  # fmt: skip
        for key, (measure, goal, value, reached) in values.items():
            met = None if value is None else bool(reached(value))
            ours(
                f"{table.section}_{population}_{key}",
                f"{population} ({len(own)} tubes): {measure}",
                goal,
                value,
                met,
            )
    for fault in sorted({r["fault"] for r in tubes}):
        own = [r for r in tubes if r["fault"] == fault]
        asks = _part(own, "asks")
        assert asks is not None
        goal, met = ("≤ 2", asks <= 2.0) if fault == "sound" else ("≥ 95", asks >= 95.0)
        ours(f"{table.section}_{fault}", f"{fault}: review asked [% of {len(own)} tubes]", goal, asks, met)


def _part(records: Sequence[Record], key: str) -> float | None:
    return 100.0 * float(np.mean([float(r[key]) for r in records])) if records else None


def rows_of(
    simulated: list[Record],
    real: list[Record],
    thinned: list[Record],
    peers: Sequence[str],
    worlds: list[Record] | None = None,
) -> list[Row]:
    """All rows of the table.

    Parameters
    ----------
    simulated, real, thinned : list of dict
        Records of the three parts; an empty part has no rows.
    peers : sequence of str
        Those that were run.
    worlds : list of dict, optional
        Records of random laboratories.
    """
    methods = ("ours", *peers)
    rows: list[Row] = []
    if simulated:
        b_cells = _Table("B cells, simulated", (*methods, "oracle"))
        many = [r for r in simulated if r["true"]["B"] >= MANY_B]
        _population_rows(b_cells, many, "B", gap=0.01, median=1.5, worst=5.0)
        few = _Table("B cells, simulated", methods)
        _few_rows(few, simulated)
        car = _Table("CAR+ T cells, simulated", (*methods, "oracle"))
        _car_rows(car, simulated)
        intervals = _Table("Intervals, simulated", methods)
        _coverage_rows(intervals, simulated)
        rows += b_cells.rows + few.rows + car.rows + intervals.rows
    for title, build, records, compared in (
        ("Real tubes", _real_rows, real, (*methods, "oracle")),
        ("Thinned real tubes", _thinned_rows, thinned, methods),
    ):
        if records:
            table = _Table(title, compared)
            build(table, records)
            rows += table.rows
    for half in ("seen", "unseen"):
        own = [r for r in worlds or [] if r["half"] == half]
        if own:
            numbers = sorted({r["world"] for r in own})
            table = _Table(
                f"Random laboratories, {half}: {len(numbers)} ({numbers[0]} to {numbers[-1]})", methods
            )
            _world_rows(table, own)
            rows += table.rows
    return rows


def by_study(simulated: list[Record]) -> list[Record]:
    """Our main figures by scenario and drift."""
    groups: dict[tuple[str, float], list[Record]] = defaultdict(list)
    for record in simulated:
        groups[record["scenario"], record["drift"]].append(record)
    found = []
    for (scenario, drift), records in sorted(groups.items(), reverse=False):
        rows = {row.key: row.values["ours"] for row in rows_of(records, [], [], ())}
        found.append({
            "scenario": scenario, "drift": drift, "tubes": len(records),
            "subjects": len({r["subject"] for r in records}), **rows,
        })  # fmt: skip
    return found


def anatomy(simulated: list[Record]) -> list[Record]:
    """Which gate of ours loses true events, and what is called that should not be, summed over tubes."""
    groups: dict[str, tuple[str, Callable[[int], bool]]] = {
        "B, 200 or more": ("B", lambda n: n >= MANY_B),
        "B, 1 to 199": ("B", lambda n: 1 <= n < MANY_B),
        "B, none": ("B", lambda n: n == 0),
        "T": ("T", lambda n: True),
        "CAR+ T, 500 or more": ("CAR_T", lambda n: n >= MANY_CAR),
        "CAR+ T, fewer": ("CAR_T", lambda n: n < MANY_CAR),
        "beads": ("beads", lambda n: True),
    }
    found = []
    for name, (population, belongs) in groups.items():
        records = [r for r in simulated if belongs(_true_events(r, population))]
        lost, gained = Counter[str](), Counter[str]()
        for record in records:
            lost.update(record["lost"][population])
            gained.update(record["gained"][population])
        found.append({
            "tubes": name,
            "number": len(records),
            "true_events": sum(_true_events(r, population) for r in records),
            "lost": dict(lost.most_common()),
            "gained": dict(gained.most_common(8)),
            "evidence": dict(
                Counter(r["ours"][population]["evidence"] for r in records if population in r["ours"]).most_common()
            ),
        })  # fmt: skip
    return found


def worst_tubes(simulated: list[Record], number: int = 8) -> list[Record]:
    """Tubes in which ours errs most, to look into: where cells are many, and where they are few."""
    found = []
    for population, many in (("B", MANY_B), ("CAR_T", MANY_CAR)):
        ranked = sorted(simulated, key=lambda r, p=population, m=many: _surprise(r, p, m), reverse=True)
        plenty = [r for r in ranked if r["true"][population] >= many]
        scarce = [r for r in ranked if r["true"][population] < many]
        found += [_errors(r, population) for r in (*plenty[:number], *scarce[:number])]
    return found


def _surprise(record: Record, population: str, many: int) -> float:
    """Count error in percent where cells are many, in Poisson standard deviations where they are few."""
    true, called = record["true"][population], record["calls"]["ours"][population]["events"]
    return float(abs(called - true) / (0.01 * true if true >= many else np.sqrt(true + 1.0)))


def _errors(record: Record, population: str) -> Record:
    return {
        "population": population,
        "study": f"{record['scenario']} {record['drift']:.2f}",
        "file": record["file"],
        "true": record["true"][population],
        "called": record["calls"]["ours"][population]["events"],
        "evidence": record["ours"][population]["evidence"],
        "lost": record["lost"][population],
        "gained": record["gained"][population],
    }


def _true_events(record: Record, population: str) -> int:
    return int(record["beads"] if population == "beads" else record["true"][population])
