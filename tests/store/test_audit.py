"""An entry that was edited, dropped, added or put elsewhere is found."""

from __future__ import annotations

import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bcelldepl.store.audit import START, Entry, chain_problems, make_entry, read_lines


def chain(length: int) -> list[Entry]:
    entries: list[Entry] = []
    for number in range(length):
        entries.append(
            make_entry(entries, "export", why=f"reason {number}", outputs={"counts.csv": "0" * 64})
        )
    return entries


ENTRIES = chain(6)
HEAD = (6, ENTRIES[-1].sha256)


def test_a_sound_chain_has_no_problem_and_can_be_checked_by_hand() -> None:
    assert chain_problems(ENTRIES, HEAD) == []
    previous = START
    for line in "".join(f"{entry.line}\n" for entry in ENTRIES).splitlines():
        assert json.loads(line)["previous"] == previous
        previous = hashlib.sha256(line.encode()).hexdigest()


def test_who_when_what_and_why_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BCELLDEPL_USER", "A. Technician")
    content = make_entry([], "export", why="asked by the sponsor").content
    assert content["who"]["user"] == "A. Technician"
    assert content["who"]["account"] != "A. Technician"
    assert content["when"].endswith("+00:00")
    assert content["why"] == "asked by the sponsor"
    assert content["versions"]["bcelldepl"]


@given(st.integers(0, 5), st.integers(0, 10_000), st.integers(0, 6))
def test_one_flipped_bit_is_found(which: int, where: int, bit: int) -> None:
    line = bytearray(ENTRIES[which].line.encode())
    line[where % len(line)] ^= 1 << bit
    edited = [*ENTRIES[:which], Entry(line.decode("ascii")), *ENTRIES[which + 1 :]]
    named = {number for number, _ in chain_problems(edited, HEAD)}
    assert named & {which + 1, which + 2}


@given(st.permutations(range(6)))
def test_another_order_is_found(order: list[int]) -> None:
    found = chain_problems([ENTRIES[i] for i in order], HEAD)
    assert bool(found) == (order != list(range(6)))


@given(st.sets(st.integers(0, 5), min_size=1))
def test_what_was_dropped_is_found_the_tail_too(dropped: set[int]) -> None:
    assert chain_problems([one for i, one in enumerate(ENTRIES) if i not in dropped], HEAD)


def test_without_the_seal_a_cut_tail_cannot_be_found() -> None:
    """What a chain alone cannot give: this is why its head is kept elsewhere too."""
    assert chain_problems(ENTRIES[:3]) == []
    assert chain_problems(ENTRIES[:3], HEAD) == [(6, "is missing: there are 3 entries, there once were 6")]


def test_a_chain_made_anew_does_not_fit_the_seal() -> None:
    forged = chain(5)
    forged.append(make_entry(forged, "export", why="another reason"))
    assert chain_problems(forged) == []
    assert chain_problems(forged, HEAD)


def test_lines_are_read_as_they_stand() -> None:
    text = "".join(f"{entry.line}\n" for entry in ENTRIES)
    assert read_lines(text) == ENTRIES
    assert read_lines("no json\n")[0].content == {}
