"""Templates of self-contained pages."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from jinja2 import Environment, StrictUndefined, Template

__all__ = ["package_text", "page_template"]


@cache
def page_template(package: str, name: str, **helpers: object) -> Template:
    """Return the template of a page; every value that it fills in is escaped, and one that is missing is an error.

    Parameters
    ----------
    package : str
        Package that the template lies in.
    name : str
        Its file.
    **helpers
        Functions that it calls.

    Returns
    -------
    Template
    """
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.globals.update(helpers)
    return environment.from_string(package_text(package, name))


def package_text(package: str, name: str) -> str:
    """Return a text file of a package.

    Parameters
    ----------
    package : str
    name : str

    Returns
    -------
    str
    """
    return files(package).joinpath(name).read_text(encoding="utf-8")
