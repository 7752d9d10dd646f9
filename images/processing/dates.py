"""Reads dates as cameras and programs write them in Exif, XMP, IPTC and PNGs, with their usual misspellings."""

import re
from dataclasses import dataclass
from datetime import date, datetime, time
from email.utils import parsedate_tz

_FIRST_YEAR = 1826  # the first photograph; an earlier year comes from a camera whose clock was never set
_LAST_YEAR = 9999  # excluded: converted to UTC, it may not fit a datetime
_LONGEST_TEXT = 64
MOST_OFFSET_MINUTES = 15 * 60 - 1  # zones on earth are between -12:00 and +14:00

# Exif 3.0, tag 0x9003, is "YYYY:MM:DD HH:MM:SS"; XMP has "YYYY-MM-DDTHH:MM:SS". Cameras also write other
# separators, one digit, blanks for zeros, no seconds; programs leave out the time, or the day and month.
_SPELLED = re.compile(
    r"(?P<year>\d{4})(?: ?[:/.-] ?(?P<month>\d{1,2})(?: ?[:/.-] ?(?P<day>\d{1,2})"
    r"(?:(?: ?T ?|[ :_])(?P<hour>\d{1,2})[:.] ?(?P<minute>\d{1,2})(?:[:.] ?(?P<second>\d{1,2})"
    r"(?:[.,](?P<fraction>\d+))?)?)?)?)?(?P<rest>(?!\d).*)"
)
# IPTC has "YYYYMMDD", with zeros for an unknown month or day, and "HHMMSS".
_COMPACT = re.compile(
    r"(?P<year>\d{4})(?P<month>\d\d)(?P<day>\d\d)"
    r"(?:[T _]?(?P<hour>\d\d)(?P<minute>\d\d)(?:(?P<second>\d\d)(?:[.,](?P<fraction>\d+))?)?)?(?P<rest>(?!\d).*)"
)
_HALF_AND_ZONE = re.compile(r" ?(?:(?P<half>[ap])\.? ?m\b\.?)? ?(?P<zone>.*)", re.IGNORECASE)
_ZONE = re.compile(r"(?:UTC|GMT)?([+-]) ?(\d{1,2}):?([0-5]\d)?")
_UTC = {"Z", "UT", "UTC", "GMT"}


@dataclass(frozen=True)
class Moment:
    """What a clock showed, and the minutes by which it was ahead of UTC, if known.

    `has_time` is False for a date without a time of day, whose clock is set to midnight.
    """

    clock: datetime
    offset_minutes: int | None = None
    has_time: bool = True


def read_moment(text: str, offset: str = "", fraction: str = "") -> Moment | None:
    """The moment in a text; None when there is no date in it.

    In Exif, `offset` ("+02:00") and `fraction` (digits of a second) stand beside the text; those in it prevail.
    """
    text = text.strip()[:_LONGEST_TEXT]
    match = _SPELLED.fullmatch(text) or _COMPACT.fullmatch(text)
    if not match:
        return _named_month(text)
    numbers = {name: int(match[name] or 0) for name in ("year", "month", "day", "hour", "minute", "second")}
    rest = _HALF_AND_ZONE.fullmatch(match["rest"])
    half, zone = (rest["half"] or "", rest["zone"]) if rest else ("", "")
    has_time = match["hour"] is not None
    if not has_time:
        # "1965" and IPTC's "19650000": the year alone is known. A time never stands with such a date.
        numbers |= {"month": numbers["month"] or 1, "day": numbers["day"] or 1}
    clock = _clock(**numbers, half=half.lower(), fraction=match["fraction"] or fraction)
    in_text = offset_minutes(zone)
    return Moment(clock, offset_minutes(offset) if in_text is None else in_text, has_time) if clock else None


def offset_minutes(text: str) -> int | None:
    """Minutes ahead of UTC of "+02:00", "+0200", "+2", "Z" and "UTC" (Exif 3.0, tag 0x9011); else None."""
    text = text.strip().upper()
    if text in _UTC:
        return 0
    match = _ZONE.fullmatch(text)
    if not match:
        return None
    minutes = int(match[2]) * 60 + int(match[3] or 0)
    return (-minutes if match[1] == "-" else minutes) if minutes <= MOST_OFFSET_MINUTES else None


def _clock(
    year: int, month: int, day: int, hour: int, minute: int, second: int, half: str = "", fraction: str = ""
) -> datetime | None:
    """A time of milliseconds without a zone; None for one that makes no sense."""
    if half == "p" and hour < 12:
        hour += 12
    elif half == "a" and hour == 12:
        hour = 0
    if hour == 24:
        hour = 0  # some Android cameras count the hours of a day from 1 to 24
    milliseconds = int(f"{fraction:0<3}"[:3]) if fraction.isascii() and fraction.isdigit() else 0
    try:
        # A leap second has no place in a datetime.
        time_of_day = time(hour, minute, 59 if second == 60 else second, milliseconds * 1000)
        clock = datetime.combine(date(year, month, day), time_of_day)
    except ValueError:
        return None
    return clock if _FIRST_YEAR <= year < _LAST_YEAR else None


def _named_month(text: str) -> Moment | None:
    """RFC 1123, which PNG proposes for its "Creation Time": "Sat, 01 Jan 2019 12:00:00 +0000"."""
    try:
        parsed = parsedate_tz(text) if re.search(r"[A-Za-z]{3}", text) else None
    except (ValueError, IndexError, TypeError):
        return None
    clock = _clock(*parsed[:6]) if parsed else None
    # Not the parser's own offset, which is 0 where the text has none.
    return Moment(clock, offset_minutes(text.split()[-1])) if clock else None
