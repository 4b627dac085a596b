"""A full disk, missing rights, files that go or are something else: said in words, and nothing done is lost.

    python tests/faults/disk_and_rights.py

runs a small study into each fault and prints what the program said, its exit code and what was kept; ends with 1 where
one of them is not as it should be. The full disk is a small tmpfs, for which one must be root.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bcelldepl.batch import run
from bcelldepl.simulation import simulate
from bcelldepl.study import load_study

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["FAULTS", "Outcome", "UnableError"]

PROGRAM = "from bcelldepl.cli.program import main; main()"
RIGHTS = "-dac_override,-dac_read_search"  # with these, root asks for no permission
VICTIM = "fcs/S01_D28.fcs"


class UnableError(Exception):
    """This machine cannot show the fault."""


@dataclass(frozen=True)
class Outcome:
    """What came of a fault.

    Attributes
    ----------
    said : str
        On stderr, in one line.
    code, expected_code : int
    words : str
        What must be said, as a pattern.
    kept : str
        What was kept, in words; begins with ``lost`` where something was not.
    """

    said: str
    code: int
    expected_code: int
    words: str
    kept: str = ""

    @property
    def good(self) -> bool:
        """Whether it was said in words, with the right code, and nothing was lost."""
        plain = "Traceback" not in self.said and re.search(self.words, self.said) is not None
        return plain and self.code == self.expected_code and not self.kept.startswith("lost")


def bcelldepl(*arguments: object, without_rights: bool = False) -> tuple[int, str]:
    """Run the program; return its exit code and what it said on stderr."""
    command = [sys.executable, "-c", PROGRAM, *map(str, arguments)]
    if without_rights and os.geteuid() == 0:
        if shutil.which("setpriv") is None:
            raise UnableError("root needs no rights, and there is no setpriv to give them up")
        command = ["setpriv", f"--inh-caps={RIGHTS}", f"--bounding-set={RIGHTS}", *command]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, " / ".join(done.stderr.split("\n")).strip(" /")


@contextmanager
def tmpfs(folder: Path, size: str) -> Iterator[None]:
    """Mount a small disk that lives in memory."""
    folder.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], capture_output=True,
                          text=True, check=False)  # fmt: skip
    if done.returncode:
        raise UnableError(f"no tmpfs can be mounted: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", folder], check=True)


def full_disk(study: Path, whole: Path, size: str) -> Outcome:
    """Run into a disk of a size, then give it room and run again."""
    folder = study.parent / f"disk of {size}"
    with tmpfs(folder, size):
        code, said = bcelldepl("run", study, "--out", folder / "results", "--workers", 1)
        subprocess.run(["mount", "-o", "remount,size=500m", folder], check=True)
        before = load_study(study)
        computed: list[str] = []
        run(before, folder / "results", workers=1, progress=lambda name, done, total: computed.append(name))
        same = (folder / "results" / "counts.csv").read_bytes() == (whole / "counts.csv").read_bytes()
        parts = [path.name for path in (folder / "results").rglob("*.part")]
    kept = f"run again with room: the same counts, {len(computed)} steps"
    return Outcome(said, code, 2, "full|No space left", kept if same and not parts else "lost: other counts")


def read_only_results(study: Path, whole: Path) -> Outcome:
    """Results of before in a folder that may not be written."""
    folder = study.parent / "read only"
    shutil.copytree(whole, folder)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    folder.chmod(0o555)
    code, said = bcelldepl("run", study, "--out", folder, "--fresh", without_rights=True)
    folder.chmod(0o755)
    same = before == {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    kept = "every file of before" if same else "lost: files changed"
    return Outcome(said, code, 2, "Permission denied|readonly", kept)


def no_place_for_results(study: Path, _: Path) -> Outcome:
    """A folder in which no results folder can be made."""
    parent = study.parent / "locked"
    parent.mkdir()
    parent.chmod(0o555)
    code, said = bcelldepl("run", study, "--out", parent / "results", without_rights=True)
    parent.chmod(0o755)
    return Outcome(said, code, 2, "Permission denied")


def unreadable_tube(study: Path, whole: Path) -> Outcome:
    """An FCS file without the right to read it."""
    victim = study.parent / VICTIM
    victim.chmod(0)
    folder = study.parent / "unreadable"
    code, said = bcelldepl("run", study, "--out", folder, "--workers", 1, without_rights=True)
    victim.chmod(0o644)
    return Outcome(said, code, 1, f"{VICTIM}: failed: Permission denied", others_counted(folder, whole))


def unreadable_study(study: Path, _: Path) -> Outcome:
    """A study file without the right to read it."""
    study.chmod(0)
    code, said = bcelldepl("run", study, without_rights=True)
    study.chmod(0o644)
    return Outcome(said, code, 2, "readable|Permission denied")


def changed_while_run(
    study: Path, whole: Path, change: Callable[[Path], object], after: str, words: str
) -> Outcome:
    """Change a file once the first tube of a pass is done, before its own turn."""
    victim, folder = study.parent / VICTIM, study.parent / f"{change.__name__} in {after}"
    content = victim.read_bytes()

    def tell(stage: str, done: int, total: int) -> None:
        if stage.startswith(after) and done == 1 < total:
            change(victim)

    try:
        results = run(load_study(study), folder, workers=1, progress=tell)
    finally:
        victim.unlink(missing_ok=True)
        victim.write_bytes(content)
    said = " / ".join(f"{file}: {status}: {reason}" for file, status, reason in results.attention)
    code, kept = results.exit_code, others_counted(folder, whole)
    again = run(load_study(study), folder, workers=1)  # the file is back
    same = (again.folder / "counts.csv").read_bytes() == (whole / "counts.csv").read_bytes()
    kept = f"{kept}, and all once the file is back" if same else "lost: the tube, though its file is back"
    return Outcome(said, code, 1, words, kept)


def a_folder_for_a_file(study: Path, whole: Path, name: str, words: str, code: int) -> Outcome:
    """A folder where a file of the study is expected."""
    path = study.parent / name
    aside = path.with_name(f"{path.name}.aside")
    path.rename(aside)
    path.mkdir()
    folder = study.parent / "of a folder"
    found, said = bcelldepl("run", study, "--out", folder, "--workers", 1)
    path.rmdir()
    aside.rename(path)
    return Outcome(said, found, code, words, others_counted(folder, whole) if code == 1 else "")


def a_folder_in_the_results(study: Path, whole: Path, name: str) -> Outcome:
    """A folder where the results have a file; once it is gone, what was done before is used."""
    folder = study.parent / f"with folder {name}"
    (folder / name).mkdir(parents=True)
    (folder / name / "x").touch()
    code, said = bcelldepl("run", study, "--out", folder, "--workers", 1)
    shutil.rmtree(folder / name)
    results = run(load_study(study), folder, workers=1)
    same = (results.folder / "counts.csv").read_bytes() == (whole / "counts.csv").read_bytes()
    kept = "run again without it: the same counts" if same else "lost: other counts"
    return Outcome(said, code, 2, re.escape(name), kept)


def results_is_a_file(study: Path, _: Path) -> Outcome:
    """A file where the results folder should be."""
    path = study.parent / "a file"
    path.write_text("x")
    code, said = bcelldepl("run", study, "--out", path)
    return Outcome(
        said, code, 2, "exists|Not a directory", "the file" if path.read_text() == "x" else "lost: the file"
    )


def others_counted(folder: Path, whole: Path) -> str:
    """Say whether the tubes but the victim, and those that lend it nothing, are counted."""
    sound = counted_in(whole) - {VICTIM}
    counted = counted_in(folder)
    return f"{len(sound)} other tubes counted" if sound <= counted else f"lost: {sorted(sound - counted)}"


def counted_in(folder: Path) -> set[str]:
    """Tubes of which something is quantified."""
    lines = (folder / "counts.csv").read_text(encoding="utf-8").splitlines()
    return {line.split(",")[0] for line in lines if "QUANTIFIED" in line}


def _shrink(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)


FAULTS: dict[str, Callable[[Path, Path], Outcome]] = {
    "disk of 100 kB": lambda study, whole: full_disk(study, whole, "100k"),
    "disk of 400 kB": lambda study, whole: full_disk(study, whole, "400k"),
    "disk of 1 MB": lambda study, whole: full_disk(study, whole, "1m"),
    "disk of 2 MB": lambda study, whole: full_disk(study, whole, "2m"),
    "results may not be written": read_only_results,
    "results may not be made": no_place_for_results,
    "a tube may not be read": unreadable_tube,
    "the study may not be read": unreadable_study,
    "a tube shrinks before it is gated": lambda s, w: changed_while_run(
        s, w, _shrink, "gates", f"{VICTIM}: failed: "
    ),
    "a tube vanishes before it is gated": lambda s, w: changed_while_run(
        s, w, Path.unlink, "gates", "No such file"
    ),
    "a tube shrinks before it is counted": lambda s, w: changed_while_run(
        s, w, _shrink, "counts", f"{VICTIM}: failed"
    ),
    "a tube vanishes before it is counted": lambda s, w: changed_while_run(
        s, w, Path.unlink, "counts", "No such file"
    ),
    "a folder named like a tube": lambda s, w: a_folder_for_a_file(s, w, VICTIM, "a folder, not a file", 1),
    "a folder named like the sheet": lambda s, w: a_folder_for_a_file(
        s, w, "samples.csv", "a folder, not a file", 2
    ),
    "a folder named like the study": lambda s, w: a_folder_for_a_file(
        s, w, "study.toml", "a folder, not a file", 2
    ),
    "a folder named counts.csv in the results": lambda s, w: a_folder_in_the_results(s, w, "counts.csv"),
    "a folder named study.db in the results": lambda s, w: a_folder_in_the_results(s, w, "study.db"),
    "a file named like the results": results_is_a_file,
}


def make_study(folder: Path) -> tuple[Path, Path]:
    """Write a study of one subject, five tubes, and run it undisturbed: the study file, and its results."""
    study = simulate(folder / "study", scenario="small", subjects=1, seed=4)
    return study, run(load_study(study), folder / "whole", workers=1).folder


def main() -> int:
    """Run into every fault and print a line for each."""
    with tempfile.TemporaryDirectory() as folder:
        study, whole = make_study(Path(folder))
        bad = unable = 0
        for name, fault in FAULTS.items():
            try:
                outcome = fault(study, whole)
            except UnableError as error:
                unable += 1
                print(f"skip  {name}: {error}")
                continue
            bad += not outcome.good
            verdict = "good" if outcome.good else "BAD "
            print(f"{verdict}  {name}: exit code {outcome.code}; {outcome.kept or 'nothing to keep'}")
            print(f"        {outcome.said.replace(folder, '...')[:400]}", flush=True)
    print(f"{len(FAULTS) - bad - unable} of {len(FAULTS)} good, {bad} bad, {unable} not to be shown here")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
