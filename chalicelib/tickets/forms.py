"""What types and forms make of a ticket: which fields it is asked for, what they may say. Pure.

What a desk can configure of it stands in `desk.fields` and `desk.forms`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from chalicelib import facts
from chalicelib.desk.conditions import OWN
from chalicelib.desk.fields import FIELDS_BYTES, Value, Values, as_text
from chalicelib.desk.forms import CLOSING, NEVER, Form, FormField
from chalicelib.desk.model import Desk
from chalicelib.tickets import promised
from chalicelib.tickets.access import is_internal
from chalicelib.tickets.changes import Change, with_fact
from chalicelib.tickets.model import Ticket
from chalicelib.tickets.situation import situation
from chalicelib.tickets.statuses import OVER, status_of

# Before the id of a field, where what is asked, wrong or meant is named by its place.
PLACE = "fields."


def form_of(ticket: Ticket, desk: Desk) -> Form | None:
    """The form that was filled in, if it is for the ticket's type; else that of the type."""
    form, kind = desk.forms.get(ticket.form), desk.types.get(ticket.type)
    if form and form.type in {"", ticket.type}:
        return form
    return desk.forms.get(kind.form) if kind else None


def shown(ticket: Ticket, desk: Desk, now: datetime) -> tuple[FormField, ...]:
    """The fields that the form of a ticket shows, required where their conditions hold.

    What a field says that is not shown counts for none of the fields below it.
    """
    form = form_of(ticket, desk)
    if form is None:
        return ()
    seen, found = situation(ticket, desk, now), []
    values = dict(seen.values)
    seen = replace(seen, values=values)
    for one in form.fields:
        if one.show_when.holds(seen):
            is_due = one.require_when.holds(seen)
            found.append(one if is_due else replace(one, required=NEVER))
        else:
            values.pop(OWN + one.field, None)
    return tuple(found)


def missing(ticket: Ticket, desk: Desk, moment: str, now: datetime) -> dict[str, str]:
    """What a ticket lacks at `registration` or `closing`, by the place of the field."""
    return {
        PLACE + one.field: f"is needed at {moment}: {desk.fields[one.field].name(desk.locale)}"
        for one in shown(ticket, desk, now)
        if one.is_due(moment) and one.field not in ticket.fields
    }


def unclosed(before: Ticket, after: Ticket, desk: Desk, now: datetime) -> dict[str, str]:
    """What keeps a ticket from being solved or closed; of one that is, what it would lose."""
    if after.status not in OVER:
        return {}
    lacking = missing(after, desk, CLOSING, now)
    known = missing(before, desk, CLOSING, now) if before.status in OVER and lacking else {}
    return {place: problem for place, problem in lacking.items() if place not in known}


def filled(given: Mapping[str, object], desk: Desk) -> tuple[Values, dict[str, str]]:
    """Values in the form that they have, without those that are empty, and problems by place."""
    values: dict[str, Value] = {}
    problems: dict[str, str] = {}
    for name, one in given.items():
        try:
            value = _value(name, one, desk)
        except ValueError as error:
            problems[PLACE + name] = str(error)
        else:
            values |= {} if value is None else {name: value}
    if not _fits(values):
        problems["fields"] = f"at most {FIELDS_BYTES} bytes together"
    return values, problems


def tickets_in(given: Mapping[str, object], desk: Desk) -> dict[str, int]:
    """The tickets that values name, by the ids of the fields that do; what is wrong names none."""
    named = {
        name: one
        for name, one in filled(given, desk)[0].items()
        if desk.fields[name].kind == "ticket"
    }
    return {name: int(one) for name, one in named.items()}


def _value(name: str, given: object, desk: Desk) -> Value | None:
    if name not in desk.fields:
        raise ValueError("there is no such field")
    return desk.fields[name].value(given)


def _fits(values: Values) -> bool:
    return len(json.dumps(dict(values), ensure_ascii=False).encode()) <= FIELDS_BYTES


# Changing them. ------------------------------------------------------------------------------


def set_type(change: Change, wanted: object, desk: Desk, now: datetime) -> Change:
    """The change with the ticket of another type, or of none. Raises ValueError."""
    before, name = change.after, str(wanted or "")
    if name == before.type:
        return change
    if name and name not in desk.types:
        raise ValueError(f"must be one of {', '.join(desk.types)}")
    kind = desk.types.get(name)
    if kind and not kind.allows(status_of(before, desk).id):
        raise ValueError(f"a ticket that is {status_of(before, desk).id} cannot be of this type")
    if before.is_internal and not (kind and kind.is_internal):
        raise ValueError("the ticket is internal, and stays so: open another one, and link the two")
    fact = facts.TypeChanged(before.type, name)
    change = with_fact(change, fact, type=name, is_internal=is_internal(before, name, desk))
    return replace(change, after=promised.retargeted(change.after, desk, now))


def set_field(name: str, change: Change, wanted: object, desk: Desk, now: datetime) -> Change:
    """The change with one field of the desk's own saying this, or nothing. Raises ValueError."""
    fields = change.after.fields
    was = fields.get(name)
    if was is not None and (wanted == as_text(was) or wanted == was):
        # A form sends what it shows, also what could not be chosen any more.
        return change
    is_gone = wanted in (None, "") and name in fields
    value = None if is_gone else _value(name, wanted, desk)
    if value == was:
        return change
    after = {**fields, name: value} if value is not None else _without(fields, name)
    if not _fits(after):
        raise ValueError(f"all fields together have at most {FIELDS_BYTES} bytes")
    said = [fact for fact in change.facts if isinstance(fact, facts.FieldsChanged)]
    first = said[0] if said else facts.FieldsChanged({}, {})
    fact = facts.FieldsChanged({name: was, **first.before}, {**first.after, name: value})
    rest = tuple(one for one in change.facts if one not in said)
    change = with_fact(replace(change, facts=rest), fact, fields=after)
    return replace(change, after=promised.retargeted(change.after, desk, now))


def _without(fields: Values, name: str) -> Values:
    return {one: value for one, value in fields.items() if one != name}
