"""A study with known truth: FCS files of simulated blood, and what is really in them."""

from __future__ import annotations

from bcelldepl.simulation.files import is_simulation
from bcelldepl.simulation.study import simulate

__all__ = ["is_simulation", "simulate"]
