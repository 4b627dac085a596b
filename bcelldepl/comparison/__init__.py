"""Automated against manual gating: what the two call the same, how far they agree, and why they differ."""
