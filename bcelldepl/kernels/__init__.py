"""The event loops: small Numba functions on plain arrays; no I/O, no tables, no settings."""
