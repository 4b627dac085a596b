"""Samples of blood with known kinds, as linear signals of an instrument that no strategy knows."""

from __future__ import annotations

import numpy as np

from bcelldepl.gating.model.event_sample import EventSample

MARKERS = ("FSC-A", "SSC-A", "CD45", "CD3", "CD19", "CD20", "CD14", "CD56")
# Medians of a kind by marker: scatter in thousands, stains in multiples of the negative's 200.
KINDS = {
    "T": (60, 15, 80, 60, 1, 1, 1, 1),
    "B": (58, 14, 60, 1, 40, 50, 1, 1),
    "NK": (62, 16, 80, 1, 1, 1, 1, 40),
    "monocytes": (95, 45, 50, 1, 1, 1, 60, 1),
    "granulocytes": (110, 120, 25, 1, 1, 1, 2, 1),
    "debris": (15, 5, 1, 1, 1, 1, 1, 1),
    "basophils": (61, 20, 34, 1, 1, 1, 1, 8),
    "sticky T": (42, 20, 80, 60, 12, 12, 12, 12),
    "granular T": (42, 20, 80, 60, 4, 1, 1, 4),
    "small T": (42, 15, 80, 60, 4, 1, 1, 4),
    "sticky B": (57, 18, 70, 8, 20, 14, 9, 14),
    "dim of all": (57, 18, 70, 1, 20, 14, 2, 2),
    "B dim in CD45": (57, 13, 16, 1, 40, 90, 1, 1),
    "debris with CD19": (57, 13, 5, 1, 40, 1, 1, 1),
    "null lymphocytes": (60, 15, 80, 1, 1, 1, 1, 1),
    "small B": (42, 20, 60, 1, 40, 50, 1, 1),
    "living sticky T": (60, 15, 80, 60, 12, 12, 12, 12),
    "binding T": (60, 15, 80, 60, 5, 9, 7, 7),
    "activated T": (74, 26, 80, 60, 1, 1, 1, 1),
    "small monocytes": (78, 29, 60, 1, 1, 1, 60, 1),
}
USUAL = {
    "T": 1_500,
    "B": 300,
    "NK": 400,
    "monocytes": 500,
    "granulocytes": 3_000,
    "debris": 800,
    "basophils": 0,
    "sticky T": 0,
    "granular T": 0,
    "small T": 0,
    "sticky B": 0,
    "dim of all": 0,
    "B dim in CD45": 0,
    "debris with CD19": 0,
    "null lymphocytes": 0,
    "small B": 0,
    "living sticky T": 0,
    "binding T": 0,
    "activated T": 0,
    "small monocytes": 0,
}
TOP = 262_144.0


def blood(tube, seed, brighter=None, control=False, without=(), **counts):
    """A tube with so many events of each kind; and the kind of each event."""
    rng = np.random.default_rng([seed, len(tube)])
    kinds, columns = [], []
    for kind, usual in USUAL.items():
        n = counts.get(kind, usual)
        scatter, stains = np.array(KINDS[kind][:2]) * 1e3, np.array(KINDS[kind][2:]) * 200.0
        rows = [rng.normal(middle, 0.08 * middle, n) for middle in scatter]
        for marker, middle in zip(MARKERS[2:], stains, strict=True):
            signal = middle * np.exp(rng.normal(0, 0.3, n)) + rng.normal(0, 150, n)
            rows.append(signal * (brighter or {}).get(marker, 1.0))
        kinds += [kind] * n
        columns.append(np.array(rows))
    order = rng.permutation(len(kinds))
    values = np.concatenate(columns, axis=1)[:, order].astype(np.float32)
    signals = dict(zip(MARKERS, values, strict=True))
    sample = EventSample(tube, signals, dict.fromkeys(MARKERS, TOP), control=control, without=without)
    return sample, np.array(kinds)[order]
