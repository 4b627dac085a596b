"""What can be wrong with a file that comes from, or goes to, another program."""

from __future__ import annotations

from bcelldepl.errors import BcelldeplError

__all__ = ["ExchangeError"]


class ExchangeError(BcelldeplError):
    """A file of another program cannot be read or written."""
