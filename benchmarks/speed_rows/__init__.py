"""The rows of the speed benchmark: each module holds `ROWS`, a tuple of `base.Row`; the runner finds them by itself."""
