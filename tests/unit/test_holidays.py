"""Holidays are proposed as lines of a calendar, which somebody confirms."""

from __future__ import annotations

from datetime import date

import pytest
import yaml

from chalicelib.desk.model import read_desk
from infra.__main__ import main
from infra.desk import load
from infra.holidays import proposal
from tests.contract.test_imports import ROOT


def days_of(lines: str) -> list[date]:
    days: list[date] = yaml.safe_load(lines)["holidays"]
    return days


def test_the_public_holidays_of_a_year_are_proposed_with_their_names() -> None:
    lines = proposal("DK", None, [2026])
    assert "      - 2026-12-25  # Christmas Day" in lines.splitlines()
    assert date(2026, 5, 14) in days_of(lines)


def test_a_day_on_which_offices_open_is_none() -> None:
    # Mother's Day stands in most feeds of holidays; Grundlovsdag is one for some only.
    assert date(2026, 5, 10) not in days_of(proposal("DK", None, [2026]))
    assert date(2026, 6, 5) not in days_of(proposal("DK", None, [2026]))


def test_a_part_of_a_country_has_days_of_its_own() -> None:
    bavaria = set(days_of(proposal("DE", "BY", [2026])))
    assert bavaria - set(days_of(proposal("DE", None, [2026]))) == {
        date(2026, 1, 6),
        date(2026, 6, 4),
        date(2026, 11, 1),
    }


def test_a_country_goes_by_code_or_name() -> None:
    assert proposal("Norway", None, [2026]) == proposal("no", None, [2026])


def test_the_lines_fit_into_a_calendar() -> None:
    body, _ = load(ROOT / "desk")
    lines = proposal("NO", None, [2026, 2027])
    pasted = yaml.safe_load(f"calendars:\n  office:\n    hours: {{}}\n{lines}\n")
    days = pasted["calendars"]["office"]["holidays"]
    body["calendars"]["office"]["holidays"] = [day.isoformat() for day in days]
    assert date(2027, 5, 17) in read_desk(body, version=1).calendars["office"].holidays


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["Norwy"], "country: perhaps Norway"),
        (["D"], "country: "),
        (["de", "--subdivision", "Bayer"], "subdivision: perhaps Bayern"),
        (["va", "--subdivision", "x"], "subdivision: this country has none"),
    ],
)
def test_what_is_not_known_is_bad_input_that_names_what_is_near(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["holidays", *arguments]) == 2
    assert said in capsys.readouterr().err


def test_the_command_prints_this_year_and_the_next(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["holidays", "NO"]) == 0
    assert len({day.year for day in days_of(capsys.readouterr().out)}) == 2
    assert main(["holidays", "NO", "--year", "2026"]) == 0
    assert {day.year for day in days_of(capsys.readouterr().out)} == {2026}
