"""A study under review, its server in a thread, and a browser, where there is one."""

from __future__ import annotations

import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from page_client import Page

from bcelldepl.batch import run
from bcelldepl.review.server import ReviewServer
from bcelldepl.simulation import simulate
from bcelldepl.study import load_study


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a simulated study of one subject, run; each file of tests has one to change."""
    folder = tmp_path_factory.mktemp("review") / "study"
    simulate(folder, scenario="small", subjects=1, seed=3)
    run(load_study(folder / "study.toml"), workers=1)
    return folder


@pytest.fixture(scope="module")
def serving() -> Iterator[Callable[[Path], Page]]:
    """Starts the server of a study; all are ended after the file's tests."""
    started: list[tuple[Page, threading.Thread]] = []

    def start(folder: Path) -> Page:
        server = ReviewServer(folder / "results")
        thread = threading.Thread(target=server.serve)
        thread.start()
        while not server.server.started:
            time.sleep(0.02)
        started.append((Page(server), thread))
        return started[-1][0]

    yield start
    for page, thread in started:
        page.client.close()
        page.server.server.should_exit = True
        thread.join(120)


@pytest.fixture(scope="module")
def page(study: Path, serving: Callable[[Path], Page]) -> Page:
    return serving(study)


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Debian's Chromium, driven by playwright; the test is skipped, visibly, where one of them is missing."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("there is no chromium: apt-get install chromium")
    with playwright.sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield started
        started.close()
