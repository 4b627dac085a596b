"""Dates and times in makers' spellings."""

from __future__ import annotations

import pytest

from bcelldepl.fcs.clock import acquisition_date, acquisition_start, clock_seconds, seconds_of_day


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("28-FEB-2013", "2013-02-28"),
        ("11-Jun-98", "1998-06-11"),
        ("03-Feb-06", "2006-02-03"),
        ("2025-Feb-14", "2025-02-14"),
        ("28 Jun 2010", "2010-06-28"),
        ("2021-06-03", "2021-06-03"),
        ("25.12.2020", "2020-12-25"),
        ("12/25/2020", "2020-12-25"),
        ("05/05/2020", "2020-05-05"),
        ("06_27_2018", "2018-06-27"),
        ("06_07_2018", None),
        ("03-07-2024", None),
        ("31-FEB-2013", None),
        ("99999999999-01-01", None),
        ("01-JAN-99999999999", None),
        ("yesterday", None),
        ("", None),
    ],
)
def test_dates(text: str, iso: str | None) -> None:
    assert acquisition_date({"$DATE": text}) == iso


def test_moment_of_fcs_3_2_wins() -> None:
    keywords = {
        "$BEGINDATETIME": "2023-05-06T23:59:50Z",
        "$ENDDATETIME": "2023-05-07T00:00:20Z",
        "$DATE": "01-JAN-2000",
    }
    assert acquisition_date(keywords) == "2023-05-06"
    assert clock_seconds(keywords) == 30.0


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("00:00:01", 1.0),
        ("13:43:00.50", 49380.5),
        ("11:56:19:30", 42979.5),
        ("1:02:03 PM", 46923.0),
        ("25:00:00", None),
        ("12:61:00", None),
        ("noon", None),
    ],
)
def test_times(text: str, seconds: float | None) -> None:
    assert seconds_of_day(text) == seconds


def test_acquisition_over_midnight() -> None:
    assert clock_seconds({"$BTIM": "23:59:30", "$ETIM": "00:01:00"}) == 90.0
    assert clock_seconds({"$BTIM": "23:59:30"}) is None
    assert clock_seconds({"$BTIM": "10:00:00", "$ETIM": "10:00:00"}) is None


@pytest.mark.parametrize(
    ("keywords", "start"),
    [
        ({"$DATE": "10-JAN-2025", "$BTIM": "09:05:07.25"}, "2025-01-10T09:05:07"),
        ({"$BEGINDATETIME": "2025-01-10T23:59:59.6+08:00"}, "2025-01-10T23:59:59+08:00"),
        ({"$DATE": "10-JAN-2025"}, "2025-01-10"),
        ({"$DATE": "10-JAN-2025", "$BTIM": "24:00:00"}, "2025-01-10"),
        ({"$BTIM": "09:05:07"}, ""),
        ({"$DATE": "03-07-2024", "$BTIM": "09:05:07"}, ""),
        ({}, ""),
    ],
)
def test_start_of_an_acquisition_as_far_as_the_file_says(keywords: dict[str, str], start: str) -> None:
    assert acquisition_start(keywords) == start
