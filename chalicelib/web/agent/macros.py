"""Macros on the page of a ticket: chosen, shown as a draft, and done."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chalice.app import Response

from chalicelib import i18n
from chalicelib.desk.macros import INBOX, NEXT, Macro
from chalicelib.desk.model import Desk
from chalicelib.errors import Conflict, Invalid, NotFound
from chalicelib.macros import service
from chalicelib.macros.model import Proposal, usable
from chalicelib.macros.service import Use
from chalicelib.tickets.forms import PLACE
from chalicelib.tickets.model import ArticleKind, Ticket
from chalicelib.tickets.service import Done, Saved, read_ticket
from chalicelib.views import service as views
from chalicelib.views.model import MINE
from chalicelib.web import files, idempotency, pages
from chalicelib.web.agent import shown
from chalicelib.web.files import number_of
from chalicelib.web.routing import Call

# What a tick in the composer is called: the field that the macro sets, the file that goes along.
TICK = "set."
FILE = "file."
DONE = {ArticleKind.REPLY: "reply_sent", ArticleKind.NOTE: "note_added", None: "saved"}


def offered(call: Call, ticket: Ticket) -> list[dict[str, Any]]:
    """The macros that the agent can choose from, by name."""
    return [
        {
            "id": macro.id,
            "name": macro.name(call.locale),
            "shortcut": macro.shortcut,
            "is_at_once": macro.one_click or macro.writes is None,
        }
        for macro in usable(call.desk, ticket, call.ports.clock())
    ]


def chosen(call: Call, ticket: Ticket) -> Proposal | None:
    """What the macro that was asked for comes to; None where none was, or it is not offered."""
    macro = call.query.get("macro") or str(call.body.get("macro", ""))
    if macro not in {one.id for one in usable(call.desk, ticket, call.ports.clock())}:
        return None
    return service.propose_on(call.ports, call.who, ticket, macro)


def context(call: Call, proposal: Proposal, problems: Mapping[str, str]) -> dict[str, Any]:
    """What the composer shows of a macro, beside its text, and why it was not taken."""
    refused = {**proposal.refused, **problems}
    sent = call.route.method == "POST"
    return {
        "id": proposal.macro.id,
        "name": proposal.macro.name(call.locale),
        "missing": [f"{{{name}}}" for name in proposal.missing],
        "sets": [
            {
                "name": TICK + name,
                "field": _field(call.desk, name, call.locale),
                "value": _words(call.desk, name, value, call.locale),
                "is_ticked": not sent or TICK + name in call.body,
            }
            for name, value in proposal.wanted.items()
        ],
        "files": [
            {
                "name": FILE + file.name,
                "file": file.name,
                "size": file.size,
                "url": f"{call.prefix}/agent/files/{file.sha256}",
                "is_ticked": not sent or FILE + file.name in call.body,
            }
            for file in proposal.files
        ],
        "refused": [
            {"field": _field(call.desk, name, call.locale), "why": why}
            for name, why in refused.items()
        ],
    }


def _field(desk: Desk, name: str, locale: str) -> str:
    """What a field of the desk's own is called; the others the page knows by their names."""
    own = desk.fields.get(name.removeprefix(PLACE)) if name.startswith(PLACE) else None
    return own.name(locale) if own else name


def _words(desk: Desk, name: str, value: Any, locale: str) -> str:
    """What a field becomes, as people call it."""
    if name.startswith(PLACE):
        own = desk.fields[name.removeprefix(PLACE)]
        return "–" if value is None else own.words(value, locale)
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    if name == "priority":
        return i18n.word("priority", value, locale)
    if name == "group":
        return shown.group_name(desk, value)
    if name == "status":
        status = desk.statuses[value]
        return status.name(locale) or i18n.word("status", status.category, locale)
    return shown.agent_name(desk, value) or str(value)


def use(call: Call, number: int, proposal: Proposal, text: str, seen_seq: int) -> str:
    """Send what a macro proposed, as it was changed; the address to go to then."""
    fields, enclosed = {*proposal.wanted, *proposal.refused}, {one.name for one in proposal.files}
    dropped = (fields - _ticked(call, TICK)) | (enclosed - _ticked(call, FILE))
    sent = Use(proposal.macro.id, text, frozenset(dropped), seen_seq=seen_seq)
    _do(call, number, proposal, sent)
    return _onward(call, number, proposal.macro)


def _ticked(call: Call, kind: str) -> set[str]:
    return {name.removeprefix(kind) for name in call.body if name.startswith(kind)}


def get_file(call: Call, file: str) -> Response:
    """One of the desk's files by its digest, as whoever gets it will see it: by redirect."""
    found = next((one for one in call.desk.files.values() if one.sha256 == file), None)
    if found is None:
        raise NotFound("The desk has no such file.")
    blobs = call.ports.blobs
    link = blobs.link(found.key, filename=found.name, content_type=found.content_type)
    return files.redirect(link)


def apply(call: Call, number: str) -> Response:
    """Do a macro that is done at once."""
    found, macro = number_of(number), str(call.body.get("macro", ""))
    ticket = read_ticket(call.who, found).ticket
    proposal = service.propose_on(call.ports, call.who, ticket, macro)
    is_at_once = proposal.macro.one_click or proposal.kind is None
    if proposal.refused or proposal.missing or not is_at_once:
        return pages.see_other(call, f"/agent/tickets/{found}", macro=macro)
    try:
        seen_seq = pages.typed_number(call, "seen_seq")
        _do(call, found, proposal, Use(macro, seen_seq=seen_seq))
    except (Conflict, Invalid):
        # Somebody was faster: what the macro comes to now is for the agent to see first.
        return pages.see_other(call, f"/agent/tickets/{found}", macro=macro)
    path = _onward(call, found, proposal.macro)
    return pages.see_other(call, path, notice=DONE[proposal.kind])


def _do(call: Call, number: int, proposal: Proposal, sent: Use) -> Saved | None:
    claim = idempotency.claim(call, str(call.body.get("nonce", "")))
    try:
        return service.do(call.ports, call.who, number, proposal, sent, claim=claim)
    except Done as done:
        idempotency.replayed(call, done)
        return None


def _onward(call: Call, number: int, macro: Macro) -> str:
    """Where the agent goes after a macro: on with this ticket, to the next of theirs, or back."""
    if macro.after == INBOX:
        return pages.INBOX
    if macro.after != NEXT:
        return f"/agent/tickets/{number}"
    mine = views.named(views.views_of(call.ports, call.who), MINE)
    rows = views.page(call.ports, mine, limit=2).items
    others = [int(row.columns["number"]) for row in rows if row.columns["number"] != number]
    return f"/agent/tickets/{others[0]}" if others else pages.INBOX
