"""Notes on a study: those of its files, and once what its figures cannot show."""

from __future__ import annotations

from pathlib import Path

import pytest

from bcelldepl.batch.notes import study_notes
from bcelldepl.report import fonts
from bcelldepl.study import Study, load_study


def renamed(study: Study, **changes: str) -> Study:
    return study.model_copy(
        update={
            "tubes": tuple(one.model_copy(update=changes) for one in study.tubes),
            "warnings": ("a note",),
        }
    )


@pytest.fixture
def study(one_subject: Path) -> Study:
    return load_study(one_subject / "study.toml")


@pytest.mark.parametrize("field", ["subject", "visit", "dose_group", "file"])
def test_characters_without_a_font_are_noted_once(
    study: Study, field: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fonts, "_installed", dict)
    fonts._font_of.cache_clear()
    notes = study_notes(renamed(study, **{field: "基线"}))
    fonts._font_of.cache_clear()
    assert notes[0] == "a note"
    assert len(notes) == 2
    assert "基线" in notes[1]


def test_texts_that_every_machine_can_show_give_no_note(study: Study) -> None:
    assert study_notes(renamed(study, subject="S01", dose_group="10⁵/µL")) == ("a note",)
