"""A study on a Dask cluster of separate processes: the same bytes as here, also where a worker is killed midway."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytest.importorskip("distributed")

from bcelldepl.batch import Results, run
from bcelldepl.batch.cluster import on_cluster
from bcelldepl.errors import WorkersError
from bcelldepl.study import load_study

Digests = Callable[[Path], dict[str, str]]


class Cluster:
    """A scheduler and its workers, each a process of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.address = f"tcp://127.0.0.1:{port}"
        self.processes = [self._start("scheduler", "--host", "127.0.0.1", "--port", str(port))]

    def _start(self, *words: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "dask", *words, "--no-dashboard"]
        with (self.folder / f"{words[0]}_{time.monotonic_ns()}.log").open("wb") as log:
            return subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, cwd=self.folder)

    def add_worker(self) -> subprocess.Popen[bytes]:
        words = ("--nworkers", "1", "--nthreads", "1", "--no-nanny", "--memory-limit", "0")
        worker = self._start("worker", self.address, *words)
        self.processes.append(worker)
        return worker

    def wait_for(self, workers: int) -> None:
        from distributed import Client

        with Client(self.address, timeout=60, set_as_default=False) as client:
            client.wait_for_workers(workers, timeout=120)

    def stop(self) -> None:
        for process in reversed(self.processes):
            process.kill()
            process.wait()


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    started = Cluster(tmp_path)
    try:
        yield started
    finally:
        started.stop()


def test_a_killed_worker_changes_no_byte(
    cluster: Cluster, simulated: Path, results: Results, tmp_path: Path, digests: Digests
) -> None:
    first, _ = cluster.add_worker(), cluster.add_worker()
    cluster.wait_for(2)
    told: list[str] = []

    def progress(words: str, done: int, _: int) -> None:
        told.append(words)
        if done == 3 and first.poll() is None:
            first.send_signal(signal.SIGKILL)

    out = run(
        load_study(simulated / "study.toml"), tmp_path / "out", workers=cluster.address, progress=progress
    )
    assert first.poll() == -signal.SIGKILL
    assert digests(out.folder) == digests(results.folder)
    assert any(words.startswith("counts") for words in told)


def test_a_scheduler_without_workers_is_named(cluster: Cluster) -> None:
    with pytest.raises(WorkersError, match="no worker"):
        list(on_cluster(len, [("a",)], cluster.address))


def test_a_worker_with_another_program_is_refused(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    cluster.add_worker()
    cluster.wait_for(1)
    monkeypatch.setattr("bcelldepl.batch.cluster.versions", lambda: {"bcelldepl": "another"})
    with pytest.raises(WorkersError, match=re.escape("another here")):
        list(on_cluster(len, [("a",)], cluster.address))


def test_an_address_where_nobody_listens_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bcelldepl.batch.cluster._PATIENCE_S", 2)
    with pytest.raises(WorkersError, match="no Dask scheduler answers"):
        list(on_cluster(len, [("a",)], "tcp://127.0.0.1:9"))
