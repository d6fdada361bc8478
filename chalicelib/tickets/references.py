"""What the fields of a ticket refer to, and whether whoever says so may see it."""

from __future__ import annotations

from collections.abc import Mapping

from chalicelib.desk.fields import Values
from chalicelib.desk.model import Desk
from chalicelib.errors import Invalid
from chalicelib.tickets import forms, store
from chalicelib.tickets.access import Who


def need_tickets(who: Who, given: Mapping[str, object], before: Values, desk: Desk) -> None:
    """Raise Invalid where a field would name a ticket that is not there for them.

    One call if a field names another ticket than before, else none.
    """
    named = forms.tickets_in(given, desk)
    new = {name: number for name, number in named.items() if before.get(name) != number}
    if not new:
        return
    found, _ = store.load_many(set(new.values()))
    seen = {one.number for one in found.values() if who.may_see(one.group, one.assignee)}
    problems = {
        forms.PLACE + name: "there is no such ticket"
        for name, number in new.items()
        if number not in seen
    }
    if problems:
        raise Invalid("Some fields cannot be set so.", fields=problems)
