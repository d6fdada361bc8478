"""Moments as clients write them for people: "tirsdag den 3. marts 2026 kl. 10.11".

The Date header of a mail is read by `headers`.
"""

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo

MAX_VALUE = 120
TWO_DIGITS = 100  # a year below was written with two digits

# How the names of the months begin, and the longest beginning counts: "marras" is no "mar".
_MONTHS = {
    beginning: month
    for month, beginnings in enumerate(
        (
            "jan ene gen sty led янв січ tammi",
            "feb fev fév lut úno фев лют helmi",
            "mar mär mrt maar maalis bře már мар бер",
            "apr avr abr kwi dub ápr апр кві huhti",
            "may mai maj mei mag kvě máj май мая тра touko",
            "jun juin giu cze červ čvn jún июн чер kesä",
            "jul juil lug lip července červenec čvc júl июл лип heinä",
            "aug aoû ago sie srp авг сер elo",
            "sep set wrz zář szep сен вер syys",
            "oct okt out ott paź říj окт жов loka",
            "nov lis ноя лис marras",
            "dec dez des dic déc gru pro дек гру joulu",
        ),
        start=1,
    )
    for beginning in beginnings.split()
}
_LENGTHS = sorted({len(beginning) for beginning in _MONTHS}, reverse=True)

_WORD = r"([^\W\d_]{3,12})\.?"
_DAY_FIRST = re.compile(
    rf"\b(\d{{1,2}})(?:\.|º|er)?[ -](?:de )?{_WORD}[ ,-]{{0,2}}(?:de )?(\d{{4}})\b"
)
_MONTH_FIRST = re.compile(rf"\b{_WORD} (\d{{1,2}})(?:st|nd|rd|th)?,? (\d{{4}})\b")
_YEAR_FIRST = re.compile(rf"\b(\d{{4}})\.? {_WORD} (\d{{1,2}})\b")
_ISO = re.compile(r"\b(\d{4})([-./]) ?(\d{1,2})\2 ?(\d{1,2})(?!\d)")
_NUMERIC = re.compile(r"\b(\d{1,2})([-./]) ?(\d{1,2})\2 ?(\d{4}|\d{2})\b")
_TIME = re.compile(
    r"(?<!\d)(\d{1,2})[:.h](\d{2})(?:[:.](\d{2}))?(?!\d)(?:\.\d{1,6})?[ \u202f]?(?:([ap])\.?m\b)?",
    re.IGNORECASE,
)
_ZONE = re.compile(r"[ (]{0,2}(?:(?:GMT|UTC|Z)?[ ]?([+-])(\d{1,2}):?(\d{2})?\b|(?:GMT|UTC|Z)\b)")


def read_written_date(value: str, zone: tzinfo = UTC) -> datetime | None:
    """The moment in UTC; None when it is not certain. `zone` is that of a time that names none."""
    value = " ".join(value[:MAX_VALUE].replace("*", "").split())
    found = _date(value)
    if found is None:
        return None
    (year, month, day), rest = found
    time = _TIME.search(rest)
    if time is None:
        return None
    hour, half = int(time[1]), (time[4] or "").lower()
    if half:
        hour = hour % 12 + (12 if half == "p" else 0)
    try:
        moment = datetime(
            year, month, day, hour, int(time[2]), int(time[3] or 0), tzinfo=_zone(time, zone)
        )
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _date(value: str) -> tuple[tuple[int, int, int], str] | None:
    """Year, month and day, and the value without them."""
    for pattern, order in ((_DAY_FIRST, "dmy"), (_YEAR_FIRST, "ymd"), (_MONTH_FIRST, "mdy")):
        for found in pattern.finditer(value):
            parts = dict(zip(order, found.groups(), strict=True))
            month = _month(parts["m"])
            if month:
                return (int(parts["y"]), month, int(parts["d"])), _without(value, found)
    iso = _ISO.search(value)
    if iso:
        return (int(iso[1]), int(iso[3]), int(iso[4])), _without(value, iso)
    return _numeric(value)


def _numeric(value: str) -> tuple[tuple[int, int, int], str] | None:
    found = _NUMERIC.search(value)
    if found is None:
        return None
    first, second, year = int(found[1]), int(found[3]), int(found[4])
    if found[2] == "/" and first != second and first <= 12 and second <= 12:  # noqa: PLR2004
        return None  # 3/4 is in April or in March
    day, month = (second, first) if found[2] == "/" and second > 12 else (first, second)  # noqa: PLR2004
    return (year + 2000 if year < TWO_DIGITS else year, month, day), _without(value, found)


def _without(value: str, found: re.Match[str]) -> str:
    return f"{value[: found.start()]} {value[found.end() :].removeprefix('T')}"


def _month(word: str) -> int | None:
    word = word.lower()
    beginnings = (word[:length] for length in _LENGTHS)
    return next((_MONTHS[beginning] for beginning in beginnings if beginning in _MONTHS), None)


def _zone(time: re.Match[str], zone: tzinfo) -> tzinfo:
    named = _ZONE.match(time.string, time.end())
    if named is None:
        return zone
    offset = timedelta(hours=int(named[2] or 0), minutes=int(named[3] or 0))
    return timezone(-offset if named[1] == "-" else offset)
