"""Templates of self-contained pages, and tables as a notebook shows them."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from jinja2 import Environment, StrictUndefined, Template
from markupsafe import escape

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["package_text", "page_template", "titled_table"]

_ROWS, _COLUMNS = 20, 14  # that a notebook shows of a table


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


def titled_table(title: str, table: pd.DataFrame) -> str:
    """Return a table as a notebook shows it, under a title; of a long one its ends.

    Parameters
    ----------
    title : str
    table : DataFrame

    Returns
    -------
    str
        HTML, escaped.
    """
    shown = table.to_html(max_rows=_ROWS, max_cols=_COLUMNS, border=0, index=False, na_rep="")
    return f"<p><b>{escape(title)}</b></p>\n{shown}"
