"""The start of the ``bcelldepl`` program."""

from __future__ import annotations

from bcelldepl.cli.interruption import guarded

__all__ = ["main"]


def main() -> None:
    """Run the program; what it needs is imported only now, when an interruption is listened for."""

    def program() -> None:
        from bcelldepl.cli.main import app
        from bcelldepl.runtime.garbage_collector import leave_quickly

        leave_quickly()
        app()

    guarded(program)
