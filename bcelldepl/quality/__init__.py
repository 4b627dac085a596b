"""Checks of a tube by itself and of the tubes of a study beside each other."""
