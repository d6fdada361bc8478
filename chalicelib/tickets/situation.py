"""A ticket as the conditions of a desk see it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from chalicelib import facts
from chalicelib.desk.conditions import OF_EVENT, OWN, Situation, Values, folded
from chalicelib.desk.fields import Value
from chalicelib.desk.model import Desk
from chalicelib.tickets.model import Article, Ticket

# Which field of a ticket a fact is about, where it says what that was before.
_FIELD_OF: dict[type[facts.Fact], str] = {
    facts.SubjectChanged: "subject",
    facts.PriorityChanged: "priority",
    facts.AssigneeChanged: "assignee",
    facts.ResponsibleChanged: "responsible",
    facts.GroupChanged: "group",
    facts.TagsChanged: "tags",
    facts.TypeChanged: "type",
}


def situation(
    ticket: Ticket,
    desk: Desk,
    now: datetime,
    *,
    article: Article | None = None,
    said: Iterable[facts.Fact] = (),
) -> Situation:
    """What conditions can ask of a ticket, with the article that came and the facts just said."""
    said = tuple(said)
    own = own_values(ticket.fields, desk)
    values = {**values_of(ticket), **own, **_of_article(article), **_of_facts(said)}
    before = {**changed(said), **_own_before(said, desk)}
    return Situation(values, now, before, desk.calendars)


def values_of(ticket: Ticket) -> dict[str, tuple[str, ...]]:
    """The fields of a ticket by their names in conditions."""
    email = folded(ticket.requester.email)
    return {
        "group": (ticket.group,),
        "priority": (ticket.priority,),
        "status": _texts(ticket.status, ticket.label),
        "assignee": _texts(ticket.assignee),
        "responsible": _texts(ticket.responsible),
        "organization": _texts(ticket.organization),
        "tags": _texts(*ticket.tags),
        "type": _texts(ticket.type),
        "form": _texts(ticket.form),
        "subject": _texts(ticket.subject),
        "requester": _texts(email),
        "domain": _texts(email.partition("@")[2]),
        "language": _texts(ticket.requester.locale),
    }


def changed(said: Iterable[facts.Fact]) -> Values:
    """What those fields were before that these facts are about; of several the first counts."""
    before: dict[str, tuple[str, ...]] = {}
    for fact in said:
        if isinstance(fact, facts.StatusChanged):
            before.setdefault("status", _texts(fact.before, fact.label_before))
        elif name := _FIELD_OF.get(type(fact)):
            was = fact.before  # type: ignore[attr-defined]
            before.setdefault(name, _texts(*was) if isinstance(was, list) else _texts(was))
    return before


def own_values(fields: Mapping[str, Value | None], desk: Desk) -> dict[str, tuple[str, ...]]:
    """Fields of the desk's own by their names in conditions; in a tree what is above counts."""
    return {
        OWN + name: _texts(*desk.fields[name].texts(value)) if value is not None else ()
        for name, value in fields.items()
        if name in desk.fields
    }


def _own_before(said: Iterable[facts.Fact], desk: Desk) -> dict[str, tuple[str, ...]]:
    before: dict[str, Value | None] = {}
    for fact in said:
        if isinstance(fact, facts.FieldsChanged):
            before = {**fact.before, **before}
    return own_values(before, desk)


def _of_article(article: Article | None) -> dict[str, tuple[str, ...]]:
    if article is None:
        return {}
    return {
        "text": _texts(article.text),
        "by": (article.author.role,),
        "kind": (article.kind.value,),
    }


def _of_facts(said: Iterable[facts.Fact]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for fact in said:
        if isinstance(fact, facts.TicketOpened):
            found["channel"] = _texts(fact.channel)
        elif isinstance(fact, facts.TargetBreached | facts.TargetNear):
            found["target"] = (*found.get("target", ()), fact.target)
        elif isinstance(fact, facts.ExternalEvent):
            found |= {
                "source": _texts(fact.source),
                "state": _texts(fact.state),
                "severity": _texts(fact.severity),
                **{f"{OF_EVENT}{name}": _texts(one) for name, one in fact.fields.items()},
            }
    return found


def _texts(*texts: str | None) -> tuple[str, ...]:
    return tuple(folded(text) for text in texts if text)
