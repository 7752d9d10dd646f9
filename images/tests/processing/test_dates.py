from datetime import datetime

import pytest

from images.processing.dates import Moment, offset_minutes, read_moment

NOON = "2019-01-01T12:00:00"


def moment(iso, offset=None, *, has_time=True):
    return Moment(datetime.fromisoformat(iso), offset, has_time)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2019:01:01 12:00:00", moment(NOON)),
        ("2019-01-01 12:00:00", moment(NOON)),
        ("2019/01/01 12:00:00", moment(NOON)),
        ("2019.01.01 12:00:00", moment(NOON)),
        ("2019.01.01 12.00.00", moment(NOON)),
        ("2019-01-01T12:00:00", moment(NOON)),
        ("2019:01:01T12:00:00", moment(NOON)),
        ("2019:01:01:12:00:00", moment(NOON)),
        ("2019:01:01_12:00:00", moment(NOON)),
        ("  2019:01:01 12:00:00  ", moment(NOON)),
        ("2019:01:01 12:00", moment(NOON)),
        ("2019-01-01T12:00Z", moment(NOON, 0)),
        ("2019:1:1 12:0:0", moment(NOON)),
        ("2019:1:1 9:5:7", moment("2019-01-01T09:05:07")),
        ("2019: 1: 1  9: 5: 7".replace("  ", " "), moment("2019-01-01T09:05:07")),
        ("2019:01:01 12:00:00Z", moment(NOON, 0)),
        ("2019-01-01T12:00:00Z", moment(NOON, 0)),
        ("2019:01:01 12:00:00 Z", moment(NOON, 0)),
        ("2019:01:01 12:00:00 UTC", moment(NOON, 0)),
        ("2019:01:01 12:00:00 GMT+02:00", moment(NOON, 120)),
        ("2019:01:01 12:00:00+0000", moment(NOON, 0)),
        ("2019:01:01 12:00:00+05:30", moment(NOON, 330)),
        ("2019:01:01 12:00:00 -0800", moment(NOON, -480)),
        ("2019:01:01 12:00:00 CEST", moment(NOON)),
        ("2019:01:01 12:00:00+99:99", moment(NOON)),
        ("2019:01:01 12:00:00.1", moment("2019-01-01T12:00:00.100")),
        ("2019:01:01 12:00:00.123456789", moment("2019-01-01T12:00:00.123")),
        ("2019-01-01T12:00:00,5+01:00", moment("2019-01-01T12:00:00.500", 60)),
        ("2009:05:12 03:22:10 PM", moment("2009-05-12T15:22:10")),
        ("2009:05:12 03:22:10pm", moment("2009-05-12T15:22:10")),
        ("2009:05:12 3:22 p.m.", moment("2009-05-12T15:22:00")),
        ("2009:05:12 03:22:10 AM", moment("2009-05-12T03:22:10")),
        ("2009:05:12 12:22:10 AM", moment("2009-05-12T00:22:10")),
        ("2009:05:12 12:22:10 PM", moment("2009-05-12T12:22:10")),
        ("2009:05:12 15:22:10 PM", moment("2009-05-12T15:22:10")),
        ("2009:05:12 03:22:10 PM +02:00", moment("2009-05-12T15:22:10", 120)),
        ("2013:08:21 24:12:05", moment("2013-08-21T00:12:05")),
        ("2016:12:31 23:59:60", moment("2016-12-31T23:59:59")),
        ("20190101120000", moment(NOON)),
        ("20190101T120000Z", moment(NOON, 0)),
        ("20190101120000+0200", moment(NOON, 120)),
        ("2019:01:01", moment("2019-01-01", has_time=False)),
        ("2019-01-01", moment("2019-01-01", has_time=False)),
        ("20190101", moment("2019-01-01", has_time=False)),
        ("2019-05", moment("2019-05-01", has_time=False)),
        ("1965", moment("1965-01-01", has_time=False)),
        ("19650000", moment("1965-01-01", has_time=False)),
        ("Tue, 01 Jan 2019 12:00:00 +0100", moment(NOON, 60)),
        ("1 Jan 2019 12:00:00 GMT", moment(NOON, 0)),
        ("Tue Jan  1 12:00:00 2019", moment(NOON)),
    ],
)
def test_a_date_is_read_however_it_is_spelled(text, expected):
    assert read_moment(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "", "    :  :     :  :  ", "0000:00:00 00:00:00", "2023:02:29 12:30:05", "2019:13:01 12:00:00",
        "2019:01:01 25:00:00", "2019:01:01 12:60:00", "9999:12:31 23:59:59", "1700:01:01 12:00:00",
        "01/02/2019 12:00:00", "1546344000", "yesterday", "Jan Feb Mar", "Tue, 99 Jan 2019 12:00:00", "2" * 1000,
        "9" * 500 + " Jan 2019 12:00:00", "Z", "+02:00",
    ],
)  # fmt: skip
def test_what_is_no_date_is_none(text):
    assert read_moment(text) is None


def test_what_stands_beside_the_text_counts_only_where_the_text_has_none():
    assert read_moment("2019:01:01 12:00:00", "+02:00", "25") == moment("2019-01-01T12:00:00.250", 120)
    assert read_moment("2019:01:01 12:00:00.5Z", "+02:00", "25") == moment("2019-01-01T12:00:00.500", 0)


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("+02:00", 120), ("-03:30", -210), ("+0530", 330), ("+5:30", 330), ("+2", 120), ("Z", 0), ("utc", 0),
        ("+14:00", 840), ("+15:00", None), ("+99:99", None), ("   :  ", None), ("", None), ("02:00", None),
    ],
)  # fmt: skip
def test_an_offset_is_read_in_its_usual_spellings(text, minutes):
    assert offset_minutes(text) == minutes
