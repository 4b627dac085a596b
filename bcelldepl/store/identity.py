"""Who does something, on which computer, and when."""

from __future__ import annotations

import getpass
import os
import platform
from datetime import UTC, datetime

__all__ = ["account", "host", "now", "who"]

USER_VARIABLE = "BCELLDEPL_USER"


def account() -> str:
    """Name of the account that the process runs under, as the operating system knows it.

    Returns
    -------
    str
    """
    try:
        import pwd  # not on Windows

        return pwd.getpwuid(os.getuid()).pw_name
    except (ImportError, KeyError):
        try:
            return getpass.getuser()
        except (OSError, KeyError, ImportError):
            return ""


def host() -> str:
    """Name of this computer.

    Returns
    -------
    str
    """
    return platform.node()


def who() -> dict[str, str]:
    """The person as far as a program can tell: the account, and whom ``BCELLDEPL_USER`` names, where it is set.

    Returns
    -------
    dict of str to str
    """
    return {"user": os.environ.get(USER_VARIABLE, "") or account(), "account": account(), "host": host()}


def now() -> str:
    """This moment in UTC, to the second, ISO 8601.

    Returns
    -------
    str
    """
    return datetime.now(UTC).isoformat(timespec="seconds")
