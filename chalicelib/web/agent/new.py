"""Registering a ticket by hand, as on the telephone: open a template, say who calls, save."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from email.utils import parseaddr
from typing import Any

from chalice.app import Response

from chalicelib.desk.fields import as_text
from chalicelib.desk.forms import ME, Template
from chalicelib.desk.model import Desk
from chalicelib.errors import Conflict, DeskError, Invalid
from chalicelib.people import store as people
from chalicelib.people.model import Address
from chalicelib.tickets import forms, registering, service
from chalicelib.tickets.edits import tags_of
from chalicelib.tickets.forms import PLACE
from chalicelib.tickets.model import Ticket
from chalicelib.tickets.opening import PHONE
from chalicelib.tickets.registering import Asked
from chalicelib.web import errors, idempotency, pages
from chalicelib.web.agent import drawn, shown
from chalicelib.web.routing import Call

NEW = "/agent/new"
CALLERS = 10
# What the form has in one place each, beside the fields of the desk's own.
_TEXTS = ("group", "priority", "type", "form", "note", "status", "resolution", "assignee")
# In the order in which they stand on the page, before those.
_FIRST = ("requester", "subject", "body", "type", "form")
Typed = Mapping[str, str]


def show(call: Call) -> Response:
    """The page as a template fills it in, or a form without anything."""
    template = call.desk.templates.get(call.query.get("template", ""))
    if template and _is_open(call, _group_of(template, call.desk)):
        return _page(call, _of_template(call, template))
    return _page(call, {"form": call.query.get("form", ""), "acknowledge": "yes"})


def _of_template(call: Call, template: Template) -> dict[str, str]:
    given = {name: str(getattr(template, name, "")) for name in _TEXTS}
    if template.assignee == ME:
        given["assignee"] = call.who.agent or ""
    said = {name: value for name, value in template.fields.items() if value is not None}
    return {
        **given,
        "subject": template.subject,
        "text": template.text,
        "tags": ", ".join(template.tags),
        "acknowledge": "yes" if template.acknowledges else "",
        **{PLACE + name: as_text(value) for name, value in said.items()},
    }


def register(call: Call) -> Response:
    """Open the ticket; what is missing is asked for, and nothing that was typed is lost."""
    typed = {name: str(value) for name, value in call.body.items()}
    if typed.get("redraw"):
        return _page(call, typed)
    callers: Sequence[Address] = ()
    try:
        email, name, callers = _caller(typed)
        number = _register(call, _asked(typed, email, name))
    except (Conflict, Invalid) as error:
        return _page(call, typed, error, callers)
    return pages.see_other(call, f"/agent/tickets/{number}", notice="registered")


def _register(call: Call, asked: Asked) -> int:
    claim = idempotency.claim(call, str(call.body.get("nonce", "")))
    try:
        saved = registering.register(call.ports, call.who, asked, desk=call.desk, claim=claim)
    except service.Done as done:
        return int(idempotency.replayed(call, done).number)
    return saved.ticket.number


def _caller(typed: Typed) -> tuple[str, str, Sequence[Address]]:
    """The address and name of whoever calls; or those whom a name could mean, if several."""
    wanted = typed.get("requester", "").strip()
    name, email = parseaddr(typed.get("person") or wanted)
    if "@" in email:
        return email, name, ()
    found = people.named(wanted, CALLERS) if wanted else []
    return (found[0].email, "", ()) if len(found) == 1 else ("", "", found)


def _asked(typed: Typed, email: str = "", name: str = "") -> Asked:
    own = {one: value for one, value in typed.items() if one.startswith(PLACE)}
    texts = {one: typed.get(one, "").strip() for one in _TEXTS}
    return Asked(
        email=email,
        name=name,
        subject=typed.get("subject", ""),
        body=typed.get("text", ""),
        channel=PHONE,
        tags=tags_of(typed.get("tags", "").split(",")),
        fields={one.removeprefix(PLACE): value for one, value in own.items()},
        is_acknowledged=bool(typed.get("acknowledge")),
        **texts,
    )


def _page(
    call: Call, typed: Typed, error: DeskError | None = None, callers: Sequence[Address] = ()
) -> Response:
    desk, locale = call.desk, call.locale
    head = registering.preview(call.ports, call.who, _asked(typed), desk)
    wrong = error.fields if error else {}
    own = drawn.fields(desk, head, call.ports.clock(), locale, wrong)
    places = [*_FIRST, *(one["name"] for one in own)]
    return pages.html(
        call,
        "agent/new_ticket.html",
        errors.status_of(error) if error else 200,
        templates=templates(call),
        forms=[{"id": one.id, "name": one.name(locale)} for one in desk.forms.values()],
        form={**typed, **_settled(head, typed)},
        fields=own,
        chosen=_chosen(call, typed),
        can_redraw=_can_redraw(head, typed, desk),
        wrong=[*(name for name in places if name in wrong), *sorted(wrong.keys() - {*places})],
        has_failed=error is not None,
        callers=[{"name": one.name, "email": one.email} for one in callers],
        types=drawn.types(desk, None, locale),
        nonce=typed.get("nonce") or call.ports.new_id(),
        **{**pages.frame(call, "inbox"), **_choices(call, head)},
    )


def _settled(head: Ticket, typed: Typed) -> dict[str, str]:
    """What follows from what was chosen, where nothing else was said."""
    found = {"group": head.group, "priority": head.priority, "type": head.type}
    return {name: value for name, value in found.items() if not typed.get(name)}


def _choices(call: Call, head: Ticket) -> dict[str, Any]:
    found = shown.choices(call.desk, head, call.who.agent)
    groups = [one for one in found["groups"] if call.who.may_see(one["id"])]
    return {**found, "groups": groups}


def _chosen(call: Call, typed: Typed) -> dict[str, Any] | None:
    """The form that was opened; one for a type leaves no other to choose."""
    form = call.desk.forms.get(typed.get("form", ""))
    return {"name": form.name(call.locale), "type": form.type} if form else None


def _can_redraw(head: Ticket, typed: Typed, desk: Desk) -> bool:
    """Whether what is chosen can change which fields there are."""
    form = forms.form_of(head, desk)
    asked = form.fields if form else ()
    if any(one.show_when.fields or one.require_when.fields for one in asked):
        return True
    return not typed.get("form") and any(kind.form for kind in desk.types.values())


def templates(call: Call) -> list[dict[str, str]]:
    """The templates whose tickets the agent may see, by their names and access keys."""
    found = ((one, _group_of(one, call.desk)) for one in call.desk.templates.values())
    return [
        {"id": one.id, "name": one.name(call.locale), "key": one.key}
        for one, group in found
        if _is_open(call, group)
    ]


def _is_open(call: Call, group: str) -> bool:
    """Whether what goes to a group, or to any, is the agent's to register."""
    return not group or call.who.may_see(group)


def _group_of(template: Template, desk: Desk) -> str:
    form = desk.forms.get(template.form)
    kind = desk.types.get(template.type or (form.type if form else ""))
    return template.group or (form.group if form else "") or (kind.group if kind else "")
