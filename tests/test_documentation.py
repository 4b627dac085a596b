"""The documentation: its commands exist, its links lead somewhere, its gallery is the one that the script makes."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest
import typer

import bcelldepl
from bcelldepl.cli.main import app
from bcelldepl.definitions.export_formats import EXPORT_FORMATS

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
PAGES = [*sorted(DOCS.glob("*.md")), ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
TEXTS = {page: page.read_text(encoding="utf-8") for page in PAGES}
FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
COMMANDS = typer.main.get_command(app).commands  # type: ignore[attr-defined]
LARGEST_FIGURE = 120_000  # bytes


def calls() -> list[tuple[str, str]]:
    """Each call of the program in a block of code or in backticks, with its page."""
    found = set()
    for page, text in TEXTS.items():
        code = [line for block in FENCED.findall(text) for line in block.splitlines()[1:-1]]
        code += re.findall(r"`([^`\n]+)`", FENCED.sub("", text))
        for line in code:
            found |= {
                (page.name, one) for one in re.findall(r"(?<!import )\bbcelldepl ([a-z-][^#&|;]*)", line)
            }
    return sorted(found)


@pytest.mark.parametrize(("page", "call"), calls())
def test_a_command_of_the_documentation_exists_with_its_options(page: str, call: str) -> None:
    name, *words = call.split()
    if name.startswith("-"):
        assert name in ("--help", "--version"), page
        return
    assert name in COMMANDS, page
    known = {option for one in COMMANDS[name].params for option in (*one.opts, *one.secondary_opts)}
    options = {
        option.rstrip("]),.").partition("=")[0].lstrip("[")
        for option in words
        if option.startswith(("-", "[-"))
    }
    assert options <= known | {"--help", "-h"}, page
    if name == "export" and "--to" in words:
        assert words[words.index("--to") + 1] in {*EXPORT_FORMATS, "FORMAT"}, page


def test_every_command_stands_in_the_readme() -> None:
    for readme in (ROOT / "README.md", DOCS / "README.zh-CN.md"):
        assert {name for name in COMMANDS if f"bcelldepl {name}" not in TEXTS[readme]} == set()


def test_both_readmes_have_the_same_two_commands() -> None:
    first, second = (
        re.findall(r"^python3 -m venv .*$", TEXTS[page], re.MULTILINE)
        for page in (ROOT / "README.md", DOCS / "README.zh-CN.md")
    )
    assert first == second
    assert len(first) == 2


def slugs(text: str) -> set[str]:
    """Anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.*)$", FENCED.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_a_page_and_its_heading(page: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", FENCED.sub("", TEXTS[page])):
        if "://" in link:
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert not anchor or anchor in slugs(target.read_text(encoding="utf-8")), link


def test_pages_call_public_names_only() -> None:
    called = {name for text in TEXTS.values() for name in re.findall(r"\bbd\.(\w+)", text)}
    assert called
    assert called <= set(bcelldepl.__all__)


def test_the_gallery_is_the_one_that_the_script_makes() -> None:
    spec = importlib.util.spec_from_file_location("make_gallery", DOCS / "make_gallery.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert TEXTS[DOCS / "gallery.md"] == module.document(), "run `python docs/make_gallery.py RESULTS`"
    for one in module.PICTURES:
        assert (DOCS / "figures" / f"{one.name}.png").stat().st_size < LARGEST_FIGURE
