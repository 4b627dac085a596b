"""The start of the ``bcelldepl`` program."""

from __future__ import annotations

from bcelldepl.cli.interruption import guarded

__all__ = ["main"]


def main() -> None:
    """Run the program; what it needs is imported only now, when an interruption is listened for."""

    def program() -> None:
        from bcelldepl.runtime.garbage_collector import leave_quickly, without_collections

        leave_quickly()
        with without_collections():
            from bcelldepl.cli.main import app
        app()

    guarded(program)
