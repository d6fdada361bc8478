"""Suspended mail for agents: the list, one mail before it is let in, and what is decided of it.

The form of the list takes one mail or fifty. What became of each stands on the page after it, which
a signed parameter of its address says: nothing of it is stored, and nobody can make it up.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from chalice.app import Response

from chalicelib import table
from chalicelib.errors import Invalid
from chalicelib.intake.model import Cause, Suspended
from chalicelib.web import files, pages, paging, suspended
from chalicelib.web.routing import Call

if TYPE_CHECKING:
    from chalicelib.intake.suspended import Result

LIST = "/agent/suspended"
_MAIL = "mail-"
_RESULT = "suspended result"


def show_list(call: Call) -> Response:
    """Suspended mail, the newest first, with its cause, and what was decided a moment ago."""
    call.who.need("suspended:read")
    rows, following = suspended.page(call, paging.LIMIT)
    done = paging.from_cursor(call.ports.keys(), _RESULT, call.query.get("result"))
    return pages.html(
        call,
        "agent/suspended.html",
        mails=[{**row, "received_at": table.instant(row["received_at"])} for row in rows],
        next=following,
        done=done["mails"] if done else [],
        now=call.ports.clock(),
        **pages.frame(call, "suspended"),
    )


def show(call: Call, mail: str) -> Response:
    """One suspended mail: how it begins, in text alone, and how it was understood."""
    from chalicelib.intake.suspended import preview

    call.who.need("suspended:read")
    found = suspended.find(mail)
    return pages.html(
        call,
        "agent/suspended_mail.html",
        mail=_shown(call, found),
        preview=preview(call.ports, found),
        may=_choices(found),
        now=call.ports.clock(),
        **pages.frame(call, "suspended"),
    )


def _shown(call: Call, mail: Suspended) -> dict[str, Any]:
    raw = f"{call.prefix}{LIST}/{mail.id}/raw"
    return {
        **suspended.mail_json(mail),
        "received_at": mail.received_at,
        "recipients": mail.recipients,
        "raw": None if mail.has_virus else raw,
        "flight": {**mail.verdicts.to_dict(), **mail.flight},
    }


def _choices(mail: Suspended) -> dict[str, bool]:
    """What the page offers; the verbs themselves refuse what does not fit."""
    is_read = mail.cause is not Cause.UNREADABLE
    may_release = is_read and not mail.has_virus
    return {
        "release": may_release,
        "allow": may_release and mail.is_authenticated,
        "block": is_read and bool(mail.sender) and mail.cause is not Cause.BLOCKED,
        "unblock": mail.cause is Cause.BLOCKED,
    }


def get_raw(call: Call, mail: str) -> Response:
    """The original of a suspended mail, by redirect; one that carries a virus stays where it is."""
    call.who.need("suspended:read")
    return files.to_suspended(call, suspended.find(mail))


# Deciding. -----------------------------------------------------------------------------------


def decide(call: Call) -> Response:
    """Do with the chosen mails what the pressed button says."""
    from chalicelib.intake.suspended import BULK, Action, each

    chosen = [name.removeprefix(_MAIL) for name in call.body if name.startswith(_MAIL)]
    action = str(call.body.get("action", ""))
    if action not in set(Action) or len(chosen) > BULK:
        raise Invalid("This cannot be done so.", fields={"action": f"for at most {BULK} mails"})
    if not chosen:
        return pages.see_other(call, LIST, notice="none_chosen")
    results = each(call.ports, call.who, Action(action), chosen)
    said = paging.to_cursor(call.ports.keys(), _RESULT, {"mails": _told(results)})
    return pages.see_other(call, LIST, result=str(said))


def _told(results: Iterable[Result]) -> list[dict[str, Any]]:
    """What the next page says of each mail: nothing personal, since its address is logged."""
    return [
        {
            "id": result.id,
            "outcome": result.done.value,
            "ticket": result.ticket,
            "why": result.error and result.error.fields.get("mail", result.error.code),
        }
        for result in results
    ]
