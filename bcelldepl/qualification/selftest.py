"""`selftest`: every check of the installation, one after the other."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

from bcelldepl.qualification.check import Qualification, SelfTestCheck, guarded
from bcelldepl.qualification.environment import check_environment, describe_environment
from bcelldepl.qualification.known_answers import check_known_answers
from bcelldepl.qualification.simulated import check_simulated_study

__all__ = ["selftest"]

PARTS = (
    ("environment", check_environment),
    ("known answers", check_known_answers),
    ("simulated study", check_simulated_study),
)


def selftest(progress: Callable[[str], None] | None = None) -> Qualification:
    """Check this installation: versions, known answers, a simulated study against its truth.

    It writes to the temporary folder of the system only, and leaves nothing there.

    Parameters
    ----------
    progress : callable, optional
        Called with what is checked next.

    Returns
    -------
    Qualification
        What cannot be checked counts as failed; nothing is raised for it.
    """
    started, clock = datetime.now(UTC), time.monotonic()
    checks: list[SelfTestCheck] = []
    for name, part in PARTS:
        if progress:
            progress(name)
        checks += guarded(name, part)
    seconds = round(time.monotonic() - clock, 1)
    return Qualification(
        describe_environment(), tuple(checks), started.isoformat(timespec="seconds"), seconds
    )
