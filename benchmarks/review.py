"""Walk a study on the review page, by keys, in Chromium: time per tube and of a save, memory of the server.

    python benchmarks/review.py RESULTS [--tubes N] [--move]

`--move` moves a cut of the last tube and saves it: it writes overrides.toml beside the study.
Takes `pip install playwright` and a `chromium` on the path.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

PROGRAM = (
    "import sys; from bcelldepl.cli.program import main; sys.argv = ['bcelldepl', *sys.argv[1:]]; main()"
)


def memory_mb(pid: int, what: str) -> float:
    """Memory of a process by its status on Linux."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(what))


def cpu_ms(pid: int) -> float:
    """Time that a process has spent on all cores by now, by Linux: on a busy machine it tells more than the clock."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return 1000 * (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def told(times: list[float], words: str) -> None:
    """Print what times are."""
    middle, high = np.quantile(times, [0.5, 0.95])
    print(
        f"{words}: median {middle:.0f} ms, 95 % below {high:.0f} ms, most {max(times):.0f} ms, of {len(times)}"
    )


def until(tab: Any, expression: str) -> None:
    """Ask until it is so; the page's own policy forbids what playwright waits by."""
    while not tab.evaluate(expression):
        tab.wait_for_timeout(20)


def walk(tab: Any, tubes: int, server: int) -> None:
    """Press the key of the next tube once the last picture stands and the next tube had time to be read ahead."""
    times, spent = [], cpu_ms(server)
    for _ in range(tubes - 1):
        before = tab.evaluate("document.body.dataset.tube")
        tab.wait_for_timeout(400)  # a reviewer looks longer
        tab.keyboard.press("j")
        until(tab, f"document.body.dataset.tube !== '{before}'")
        times.append(float(tab.evaluate("document.body.dataset.took")))
    told(times, "key to picture")
    print(f"the server's part of a tube, on all cores: {(cpu_ms(server) - spent) / max(tubes - 1, 1):.0f} ms")


def move(tab: Any) -> None:
    """Type positions of a cut, then save one."""
    tab.fill("#who", "Benchmark")
    tab.click("#path figure[data-population='CAR_T']")
    tab.wait_for_timeout(1000)
    times = []
    for value in range(300, 800, 50):
        tab.fill("#value", str(value))
        tab.click("#set-position")
        tab.wait_for_timeout(900)
        times.append(float(tab.evaluate("document.body.dataset.live")))
    told(times, "moved gate to its count and picture")
    tab.fill("#why", "benchmark")
    for _ in range(2):  # the first reads the store
        tab.fill("#value", str(int(time.time()) % 500 + 300))
        tab.click("#set-position")
        tab.wait_for_timeout(900)
        begun = time.perf_counter()
        tab.click("#save")
        until(tab, "document.body.dataset.saving === 'false'")
        print(f"save to tables, report and endpoints: {time.perf_counter() - begun:.1f} s")
        tab.wait_for_timeout(1500)


def main() -> None:
    """Start a server, walk, and end it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("results", type=Path)
    parser.add_argument("--tubes", type=int, default=0)
    parser.add_argument("--move", action="store_true")
    asked = parser.parse_args()
    from playwright.sync_api import sync_playwright

    command = [sys.executable, "-c", PROGRAM, "review", str(asked.results), "--no-browser"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    try:
        address = server.stdout.readline().split()[-1]
        with sync_playwright() as driver:
            browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
            tab = browser.new_page(viewport={"width": 1500, "height": 1000})
            tab.set_default_timeout(120_000)
            tab.goto(address)
            tab.wait_for_selector("body[data-ready=true]")
            print(f"first picture: {float(tab.evaluate('document.body.dataset.took')):.0f} ms")
            print(f"processes that want a core: {os.getloadavg()[0]:.1f} of {os.cpu_count()} cores")
            print(f"server at first: {memory_mb(server.pid, 'VmRSS'):.0f} MB")
            walk(tab, asked.tubes or tab.locator("#queue .entry").count(), server.pid)
            if asked.move:
                move(tab)
            print(f"server at most: {memory_mb(server.pid, 'VmHWM'):.0f} MB")
            browser.close()
    finally:
        server.terminate()
        server.wait(300)


if __name__ == "__main__":
    main()
