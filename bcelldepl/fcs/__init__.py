"""FCS files: every maker's file read right, or refused in words."""

from bcelldepl.fcs.acquisition import Acquisition, Channel, Spillover, Volume
from bcelldepl.fcs.read import read_fcs

__all__ = ["Acquisition", "Channel", "Spillover", "Volume", "read_fcs"]
