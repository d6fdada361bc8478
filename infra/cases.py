"""The configuration's own tests, `desk/tests/*.yaml`: given this mail at this time, expect that.

What a case may say stands in `CASES`. Each has a desk of its own; see `rehearsal`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.utils import parseaddr
from pathlib import Path
from typing import Any

from chalicelib.clocks.model import INTERNAL, NAMES
from chalicelib.desk.fields import as_text
from chalicelib.desk.groups import LOCALE
from chalicelib.desk.keys import (
    LINES,
    TEXT,
    YES_NO,
    Key,
    Reading,
    any_name_of,
    from_text,
    keys_of,
    list_of,
    mapping_of,
    one_of,
    simple,
)
from chalicelib.desk.mails import ACKNOWLEDGEMENT, AUTOMATIC, CLOSED
from chalicelib.desk.model import PRIORITIES, Desk, duration, read_desk
from chalicelib.errors import Invalid
from chalicelib.intake.items import SuspendedItem
from chalicelib.intake.model import Cause, Verdicts
from chalicelib.tickets.model import Timeline
from infra.desk import read_yaml
from infra.rehearsal import Rehearsal, rehearsal, stage

NEVER = "never"
_PASSED = dict.fromkeys(("spf", "dkim", "dmarc", "spam", "virus"), "PASS")
_LOCAL = "%Y-%m-%d %H:%M"


def _instant(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"{text!r} is no instant such as 2026-03-02T09:00:00Z") from error
    if at.tzinfo is None:
        raise ValueError("name the zone, such as 2026-03-02T09:00:00Z")
    return at


def _due(text: str) -> str:
    if not re.fullmatch(rf"(\d{{4}}-\d\d-\d\d )?\d\d:\d\d|{NEVER}", text):
        raise ValueError(f'{text!r} is no time of the desk such as "14:00", "2026-03-03 09:00"')
    return text


_MAIL = keys_of(
    (
        Key("from", TEXT, "Who writes: Kim Jensen <kim@example.com>.", is_required=True),
        Key("to", TEXT, "To whom: an address, or the id of a group.", is_required=True),
        Key("subject", LINES, "What it is about."),
        Key("text", LINES, "What it says."),
        Key("headers", any_name_of(TEXT, TEXT), "More headers, such as Auto-Submitted."),
        Key(
            "verdicts",
            mapping_of(TEXT, (*_PASSED, "dmarc_policy")),
            "What SES says of it, such as FAIL; PASS where nothing is said.",
        ),
    )
)
_WORDS = mapping_of(TEXT, (ACKNOWLEDGEMENT, CLOSED, AUTOMATIC))
_VALUE = simple(as_text, type=["string", "number", "boolean"])
_EXPECT = keys_of(
    (
        Key("group", TEXT, "The group that gets the ticket."),
        Key("priority", one_of(PRIORITIES), "The ticket's priority."),
        Key("status", TEXT, "The ticket's status."),
        Key("assignee", TEXT, "The agent who has it, or nobody."),
        Key("tags", list_of(TEXT), "The ticket's tags."),
        Key("type", TEXT, "The ticket's type, or none."),
        Key("fields", any_name_of(TEXT, _VALUE), "What fields of the desk's own say."),
        Key("locale", LOCALE, "The language in which the requester is answered."),
        Key("acknowledged", YES_NO, "Whether the requester is told of the ticket at once."),
        Key("suspended", one_of(tuple(Cause)), "Why the mail becomes no ticket."),
        Key(
            "due",
            mapping_of(from_text(_due), NAMES),
            'When targets are due, in the desk\'s zone: "14:00" on the day of the mail, '
            f'"2026-03-03 09:00", or {NEVER}.',
        ),
        Key("notices", list_of(TEXT), "Every mail that is sent: escalation to lena@example.org."),
        Key("mail", _WORDS, "Words in the subject or text of mails: {acknowledgement: Hi}."),
    )
)
CASES = list_of(
    keys_of(
        (
            Key("name", TEXT, "What the case shows, as a sentence.", is_required=True),
            Key("mail", _MAIL, "The mail that comes in.", is_required=True),
            Key("at", from_text(_instant, format="date-time"), "When it does.", is_required=True),
            Key("wait", from_text(duration), "How long nobody does anything then, such as 5h."),
            Key("expect", _EXPECT, "What has become of it then.", is_required=True),
        )
    )
)


@dataclass(frozen=True, slots=True)
class Result:
    """One case and what is wrong with it; nothing when it holds."""

    name: str
    wrong: tuple[str, ...]


def schema() -> dict[str, Any]:
    """The JSON Schema of each file of cases."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **CASES.schema}


def read_cases(folder: Path) -> list[dict[str, Any]]:
    """The cases in all `tests/*.yaml` of a desk, or Invalid with everything that cannot be used."""
    cases: list[dict[str, Any]] = []
    problems: dict[str, str] = {}
    for file in sorted((folder / "tests").glob("*.yaml")):
        reading = Reading({})
        cases += CASES.read(read_yaml(file) or [], "", reading)
        problems |= {f"{file.name}{at}": problem for at, problem in reading.problems.items()}
    if problems:
        raise Invalid("Mend the cases of the desk.", fields=problems)
    if not cases:
        raise Invalid(f"{folder / 'tests'} has no cases.")
    return cases


def run_cases(body: Mapping[str, Any], cases: list[dict[str, Any]]) -> Iterator[Result]:
    """Each case on a fresh desk of that configuration."""
    desk = read_desk(body, version=1)
    with stage():
        for case in cases:
            with rehearsal(body, case["at"]) as held:
                yield Result(case["name"], tuple(_wrong(held, desk, case)))


def report(results: Iterator[Result]) -> int:
    """Print what held and what did not; 0, or 1 where something did not."""
    passed = failed = 0
    for result in results:
        passed, failed = passed + (not result.wrong), failed + bool(result.wrong)
        print(f"{'FAILED' if result.wrong else 'ok    '} {result.name}")
        for line in result.wrong:
            print(f"         {line}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


def _wrong(held: Rehearsal, desk: Desk, case: Mapping[str, Any]) -> Iterator[str]:
    mail = case["mail"]
    group = desk.groups.get(mail["to"])
    to = group.address if group else mail["to"]
    found = held.receive(
        _written(mail, to, case["at"]),
        sender=parseaddr(mail["from"])[1],
        recipients=(to,),
        verdicts=Verdicts(**{**_PASSED, **mail.get("verdicts", {})}),
    )
    held.wait(case["at"] + case.get("wait", timedelta(0)))
    if isinstance(found, Timeline):
        found = held.timeline(found.ticket.number)
    got = _got(found, desk)
    for name, wanted in _wanted(case, desk).items():
        if got.get(name) != wanted:
            yield f"{name}: expected {_shown(wanted)}, got {_shown(got.get(name))}"
    for name, words in case["expect"].get("mail", {}).items():
        said = _said(held, found, name)
        if " ".join(words.split()) not in said:
            yield f"mail.{name}: expected {words}, got {said or 'none'}"


def _said(held: Rehearsal, found: SuspendedItem | Timeline, name: str) -> str:
    """What all mails of a kind say that were sent, on one line."""
    mails = found.deliveries if isinstance(found, Timeline) else ()
    letters = (held.letter(one.ses_id) for one in mails if one.mail == name and one.ses_id)
    return " ".join(" ".join(letters).split())


def _written(mail: Mapping[str, Any], to: str, at: datetime) -> bytes:
    message = EmailMessage()
    message["From"], message["To"], message["Date"] = mail["from"], to, at
    message["Subject"] = mail.get("subject", "")
    message["Message-ID"] = "<case@example.com>"
    for name, value in mail.get("headers", {}).items():
        message[name] = value
    message.set_content(mail.get("text", ""))
    return message.as_bytes()


def _got(found: SuspendedItem | Timeline, desk: Desk) -> dict[str, Any]:
    """What has become of the mail, by the keys of `expect`; of `due` one each."""
    if isinstance(found, SuspendedItem):
        return {"suspended": found.cause, "acknowledged": False, "notices": []}
    ticket = found.ticket
    return {
        "group": ticket.group,
        "priority": ticket.priority,
        "status": ticket.label or ticket.status.value,
        "assignee": ticket.assignee or "nobody",
        "tags": sorted(ticket.tags),
        "type": ticket.type or "none",
        **{f"fields.{name}": as_text(value) for name, value in ticket.fields.items()},
        "locale": ticket.requester.locale,
        "acknowledged": any(mail.mail == "acknowledgement" for mail in found.deliveries),
        "notices": sorted(f"{mail.mail} to {mail.email}" for mail in found.deliveries),
        **{f"due.{name}": NEVER for name in NAMES},
        **{
            f"due.{INTERNAL if clock.is_internal else ''}{clock.metric}": clock.due_at.astimezone(
                desk.zone
            ).strftime(_LOCAL)
            for clock in ticket.clocks
            if clock.due_at
        },
    }


def _wanted(case: Mapping[str, Any], desk: Desk) -> dict[str, Any]:
    """What is expected, in the form of `_got`."""
    parts = {"due", "mail", "fields"}
    wanted = {name: value for name, value in case["expect"].items() if name not in parts}
    wanted |= {f"fields.{name}": value for name, value in case["expect"].get("fields", {}).items()}
    for name in {"tags", "notices"} & set(wanted):
        wanted[name] = sorted(wanted[name])
    day = case["at"].astimezone(desk.zone).strftime("%Y-%m-%d")
    for metric, text in case["expect"].get("due", {}).items():
        is_today = re.fullmatch(r"\d\d:\d\d", text)
        wanted[f"due.{metric}"] = f"{day} {text}" if is_today else text
    return wanted


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(value) or "none"
    return "nothing" if value is None else str(value).lower() if value in (True, False) else value
