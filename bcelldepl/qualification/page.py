"""The outcome of a self-test as a page of text or HTML, to be filed with the installation."""

from __future__ import annotations

from bcelldepl.html_pages import page_template
from bcelldepl.qualification.check import Qualification

__all__ = ["as_html", "as_text"]


def verdict(qualification: Qualification) -> str:
    """One sentence: passed, or how many checks failed."""
    failed = sum(not check.passed for check in qualification.checks)
    total = len(qualification.checks)
    return (
        f"PASSED: {total} of {total} checks"
        if qualification.passed
        else f"FAILED: {failed} of {total} checks"
    )


def as_text(qualification: Qualification) -> str:
    """Return the page as plain text.

    Parameters
    ----------
    qualification : Qualification

    Returns
    -------
    str
    """
    lines = [
        "bcelldepl: installation qualification",
        f"{verdict(qualification)}, {qualification.started}, {qualification.seconds:g} s",
        "",
        *(f"{name:16}{value}" for name, value in qualification.environment.items()),
    ]
    group = ""
    for check in qualification.checks:
        if check.group != group:
            group = check.group
            lines += ["", group]
        lines.append(f"  {'pass' if check.passed else 'FAIL'}  {check.name}")
        lines.append(f"        expected {check.expected}; found {check.found}")
    return "\n".join(lines) + "\n"


def as_html(qualification: Qualification) -> str:
    """Return the page as one HTML document that asks no network for anything.

    Parameters
    ----------
    qualification : Qualification

    Returns
    -------
    str
    """
    template = page_template("bcelldepl.qualification", "page.html")
    return template.render(one=qualification, verdict=verdict(qualification))
