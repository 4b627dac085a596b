"""Populations of one tube by a strategy, each gate with its evidence."""
