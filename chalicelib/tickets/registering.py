"""Registering a ticket by hand or by program: what is asked for, checked all at once, and opened.

What comes in by mail is never refused for a field: that is `intake`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from chalicelib import facts, table
from chalicelib.desk.forms import REGISTRATION, Form, TicketType
from chalicelib.desk.model import PRIORITIES, Desk
from chalicelib.errors import Forbidden, Invalid
from chalicelib.people import service as people
from chalicelib.ports import Ports
from chalicelib.tickets import edits, forms, references, service, store
from chalicelib.tickets.access import Who
from chalicelib.tickets.changes import SUBJECT_LIMIT, Change
from chalicelib.tickets.edits import UNSET, Edit
from chalicelib.tickets.model import Article, ArticleKind, Contact, Ticket
from chalicelib.tickets.opening import Opening, new_ticket
from chalicelib.tickets.service import Begun, Claim, Saved

_SUBJECT = f"1 to {SUBJECT_LIMIT} characters"
_ADDRESS = 'an address, or {"name": ..., "email": ...}'


@dataclass(frozen=True, slots=True)
class Asked:
    """A ticket as somebody asks for it. What is empty follows from its form, type and desk.

    `note` is for agents alone; status, resolution and assignee are set as soon as it is open.
    """

    email: str
    subject: str
    body: str
    channel: str
    name: str = ""
    group: str = ""
    priority: str = ""
    type: str = ""
    form: str = ""
    fields: Mapping[str, object] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    note: str = ""
    status: str = ""
    resolution: str = ""
    assignee: str = ""
    is_acknowledged: bool = True


def register(
    ports: Ports, who: Who, asked: Asked, *, desk: Desk, claim: Claim | None = None
) -> Saved:
    """Open the ticket that is asked for; Invalid with everything that is wrong with it."""
    who.need("tickets:write")
    opening = _checked(ports, who, asked, desk)
    references.need_tickets(who, opening.fields, {}, desk)
    text, text_key = service.stored_text(ports, asked.note) if asked.note.strip() else ("", None)

    def begun(change: Change, now: datetime) -> Begun:
        change = _with_edit(change, asked, desk, now, who)
        if not text:
            return Begun(change)
        note = Article(
            number=change.after.number,
            seq=change.seq + 1,
            kind=ArticleKind.NOTE,
            author=who.author,
            text=text,
            text_key=text_key,
            at=now,
        )
        return _with_note(change, note)

    def attempt() -> Saved:
        address, writes = people.find_or_make(
            ports,
            asked.email,
            asked.name,
            text=f"{opening.subject}\n{asked.body}",
            locale=desk.groups[opening.group].locale,
        )
        theirs = replace(
            opening, contact=Contact.from_address(address), organization=address.organization
        )
        return service.open_ticket(
            ports, who, theirs, asked.body, desk=desk, claim=claim, also=writes, then=begun
        )

    # Somebody who is new may write or call twice at once: the second time they are known.
    return service.retried(ports, attempt, "Somebody registered the same at once: try again.")


def _with_edit(change: Change, asked: Asked, desk: Desk, now: datetime, who: Who) -> Change:
    """The new ticket with the status that it begins in, as far as one was asked for."""
    edit = Edit(
        status=asked.status or UNSET,
        resolution=asked.resolution or UNSET,
        assignee=asked.assignee or UNSET,
    )
    more = edits.edited(change.after, edit, desk, now, agent=who.agent)
    if more is None:
        return change
    return replace(change, after=more.after, facts=(*change.facts, *more.facts))


def _with_note(change: Change, note: Article) -> Begun:
    fact = facts.ArticleAdded(note.kind, note.author.role)
    after = replace(change.after, seq=note.seq, note_seq=note.seq)
    change = replace(change, after=after, facts=(*change.facts, fact))
    return Begun(change, (table.Write(store.article_item(note)),))


def preview(ports: Ports, who: Who, asked: Asked, desk: Desk) -> Ticket:
    """The ticket as it would be, as far as what is asked for can be used."""
    return new_ticket(0, _opening(who, asked, desk), ports.clock())


def _checked(ports: Ports, who: Who, asked: Asked, desk: Desk) -> Opening:
    """The opening, with whoever asks as they are named; Invalid with all that is wrong."""
    opening, now = _opening(who, asked, desk), ports.clock()
    visible = ", ".join(group for group in desk.groups if who.may_see(group))
    problems = {
        "requester": None if people.is_address(asked.email) else _ADDRESS,
        "subject": None if 0 < len(opening.subject) <= SUBJECT_LIMIT else _SUBJECT,
        "body": None if asked.body.strip() else "is empty",
        "group": None if opening.group in desk.groups else f"one of {visible}",
        "priority": None if opening.priority in PRIORITIES else f"one of {', '.join(PRIORITIES)}",
        **_misfits(asked, desk),
        **forms.missing(new_ticket(0, opening, now), desk, REGISTRATION, now),
        **forms.filled(asked.fields, desk)[1],
    }
    found = {name: problem for name, problem in problems.items() if problem}
    if found:
        raise Invalid("The ticket cannot be registered so.", fields=found)
    if not who.may_see(opening.group):
        # A ticket put where its writer cannot see it would be out of reach at once.
        raise Forbidden(f"The group {opening.group} is not yours to write to.")
    return opening


def _opening(who: Who, asked: Asked, desk: Desk) -> Opening:
    form, kind = _form_and_type(asked, desk)
    visible = (group for group in desk.groups if who.may_see(group))
    return Opening(
        group=asked.group or _first(form and form.group, kind and kind.group, *visible),
        subject=" ".join(asked.subject.split()),
        contact=Contact("", asked.name, asked.email, desk.locale),
        channel=asked.channel,
        priority=asked.priority or _first(kind and kind.priority, "normal"),
        tags=asked.tags,
        type=kind.id if kind else "",
        form=form.id if form else "",
        fields=forms.filled(asked.fields, desk)[0],
        is_acknowledged=asked.is_acknowledged,
    )


def _form_and_type(asked: Asked, desk: Desk) -> tuple[Form | None, TicketType | None]:
    """The form and the type: where one is not said, as the other has it."""
    form = desk.forms.get(asked.form)
    kind = desk.types.get(asked.type or (form.type if form else ""))
    if not asked.form and kind:
        form = desk.forms.get(kind.form)
    return form, kind


def _misfits(asked: Asked, desk: Desk) -> dict[str, str]:
    form, kind = _form_and_type(asked, desk)
    if asked.type and kind is None:
        return {"type": f"one of {', '.join(desk.types)}"}
    if asked.form and form is None:
        return {"form": f"one of {', '.join(desk.forms)}"}
    if form and form.type and (kind is None or form.type != kind.id):
        return {"form": f"is for tickets of the type {form.type}"}
    return {}


def _first(*names: object) -> str:
    return str(next(filter(None, names), ""))
