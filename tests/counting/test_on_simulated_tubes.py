"""Sheet, facts and counting together, on tubes whose true concentrations are known: intervals hold them."""

from __future__ import annotations

import csv

from bcelldepl.counting import count_tube, tube_facts
from bcelldepl.gating.evidence import Evidence
from bcelldepl.gating.populations import Population, Populations
from bcelldepl.simulation import simulate
from bcelldepl.study import CountingSettings, Role, load_study

PARENTS = {"beads": "all", "leukocytes": "all", "lymphocytes": "leukocytes", "CAR_T": "T"}


def test_intervals_hold_the_true_concentrations(tmp_path) -> None:
    study = load_study(simulate(tmp_path, scenario="small", subjects=3, seed=2))
    truth: dict[str, dict[str, tuple[float, int]]] = {}
    with (tmp_path / "truth.csv").open() as stream:
        for row in csv.DictReader(stream):
            pair = float(row["true_per_ul"]), int(row["true_events"])
            truth.setdefault(row["file"], {})[row["population"]] = pair
    held = made = 0
    for tube in (tube for tube in study.tubes if tube.role is Role.SAMPLE):
        events = {name: count for name, (_, count) in truth[tube.file].items()}
        members = {}
        for name, count in events.items():
            parent = PARENTS.get(name, "lymphocytes")
            whole = events.get(parent, sum(events.values()))
            members[name] = Population(name, parent, count, whole, count, count, Evidence.DATA, "", True)
        facts = tube_facts(tube, None, "")
        for row in count_tube(Populations(members), facts, CountingSettings(), study.limits):
            if row.population != "beads":
                made += 1
                held += row.ci_low_per_ul <= truth[tube.file][row.population][0] <= row.ci_high_per_ul
    assert made >= 60
    assert held / made > 0.9  # 95 % nominal; populations of one tube share its beads, so they err together
