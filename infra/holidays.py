"""Public holidays of a country, as lines for a calendar: a proposal that somebody confirms.

Days that are only observed, and on which shops and offices open, are none of them. The package
`holidays` knows the countries; it is a tool of the operator's and no part of what runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from chalicelib.errors import DeskError, Invalid

NEAREST = 5


def proposal(country: str, subdivision: str | None, years: Iterable[int]) -> str:
    """The lines, as they stand in calendars.yaml. `country`: a code such as NO, or a name."""
    try:
        import holidays
    except ImportError as error:
        raise DeskError("Install requirements-dev.txt: it has the holidays.") from error
    code = _code(country)
    try:
        found = holidays.country_holidays(
            code, subdiv=subdivision, years=sorted(years), language="en_US"
        )
    except NotImplementedError as error:
        known = _parts(code)
        raise _unknown("subdivision", subdivision or "", known) from error
    lines = [f"      - {day}  # {name}" for day, name in sorted(found.items())]
    return "\n".join(["    holidays:", *lines])


def _code(country: str) -> str:
    """The code of a country that is named by code or by name."""
    from holidays.registry import COUNTRIES

    names: dict[str, str] = {}
    for key, (_, code, *_more) in COUNTRIES.items():
        names |= {code: code, key.replace("_", " ").title(): code}
    wanted = country.strip().casefold()
    for name, code in names.items():
        if wanted == name.casefold():
            return code
    raise _unknown("country", country, list(names))


def _parts(code: str) -> list[str]:
    import holidays

    country = holidays.country_holidays(code)
    return [*country.subdivisions, *country.subdivisions_aliases]


def _unknown(what: str, wanted: str, known: Sequence[str]) -> Invalid:
    by_case = {name.casefold(): name for name in known}
    near = get_close_matches(wanted.casefold(), by_case, NEAREST)
    shown = [by_case[name] for name in near] or list(known)[: 4 * NEAREST]
    hint = f"perhaps {', '.join(shown)}" if near else f"one of {', '.join(shown)} ..."
    if not known:
        hint = "this country has none"
    return Invalid(f"No {what} is known as {wanted!r}.", fields={what: hint})
