"""Tickets as the templates of the agents want them: named, dated, and with what happened."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from chalicelib import table
from chalicelib.clocks.ladders import escalates
from chalicelib.clocks.model import Clock
from chalicelib.desk.model import Desk
from chalicelib.facts import (
    AssignmentLapsed,
    AssignmentMade,
    Fact,
    FieldsChanged,
    FollowersChanged,
    NobodyAvailable,
    Routed,
    StatusChanged,
    TypeChanged,
    UntilChanged,
)
from chalicelib.ledger.model import Entry
from chalicelib.tickets import routed, statuses
from chalicelib.tickets.forms import PLACE
from chalicelib.tickets.model import Article, Author, Delivery, Ticket, Timeline
from chalicelib.tickets.relations import REVERSE
from chalicelib.views.model import next_due
from chalicelib.web import pages, present
from chalicelib.web.agent import drawn
from chalicelib.web.formatted import is_formatted
from chalicelib.web.whole import Whole, has_whole

Shown = dict[str, Any]


def row(desk: Desk, item: table.Item) -> Shown:
    """A ticket in a list, from the columns of its index."""
    shown, columns = present.row_json(desk, item), item.columns
    return {
        **shown,
        "status_as": statuses.named(columns["status"], columns.get("label"), desk),
        "assignee": agent_name(desk, columns.get("assignee")),
        "opened_at": table.instant(shown["opened_at"]),
        "updated_at": table.instant(shown["updated_at"]),
        "next_due": _next_due(columns),
        "until": table.instant(columns["until"]) if columns.get("until") else None,
        "group_name": group_name(desk, columns["group"]),
    }


def _next_due(columns: Mapping[str, Any]) -> Shown | None:
    """The target that somebody waits for and that is due first, missed ones included."""
    found = next_due(columns)
    if found is None:
        return None
    due_at, target, state = found
    return {"target": target, "due_at": table.instant(due_at), "state": state}


def ticket(desk: Desk, timeline: Timeline, base: str) -> Shown:
    """The whole ticket; `base` is the address of its page, for the links of files."""
    head = timeline.ticket
    return {
        "number": head.number,
        "version": head.version,
        "seq": head.written_seq,
        "subject": head.subject,
        "status": head.status.value,
        "status_as": statuses.status_of(head, desk),
        "until": head.until,
        "reason": head.reason,
        "resolution": head.resolution,
        "unopened": head.unopened[0] if head.unopened else None,
        "is_assignee_lost": _is_lost(desk, head),
        "priority": head.priority,
        "group": {"id": head.group, "name": group_name(desk, head.group)},
        "assignee": _option(head.assignee, agent_name(desk, head.assignee)),
        "responsible": _option(head.responsible, agent_name(desk, head.responsible)),
        "followers": [_option(one, agent_name(desk, one)) for one in head.followers],
        "requester": {**present.contact_json(head.requester), "person": head.requester.person},
        "organization": head.organization,
        "participants": [present.contact_json(contact) for contact in head.participants],
        "tags": list(head.tags),
        "type": head.type,
        "is_internal": head.is_internal,
        "opened_at": head.opened_at,
        "updated_at": head.updated_at,
        "due": [
            {
                "target": clock.name,
                "due_at": clock.due_at,
                "state": clock.state.value,
                "met_at": clock.met_at,
                "is_running": clock.is_running,
                "escalates": escalates(clock),
                "acknowledged": _acknowledged(desk, head, clock),
            }
            for clock in head.clocks
            if clock.target is not None
        ],
        "articles": _articles(desk, timeline, base.rpartition("/")[0]),
        "notices": _notices(timeline),
    }


def _acknowledged(desk: Desk, head: Ticket, clock: Clock) -> Shown | None:
    """Who takes care of what has escalated."""
    if clock.acknowledged is None or clock.met_at:
        return None
    by, at = clock.acknowledged
    return {"by": _actor(desk, head, by), "at": at}


def _is_lost(desk: Desk, head: Ticket) -> bool:
    """Whether the assignee may not see tickets of its group any more, or has left."""
    agent = desk.agents.get(head.assignee or "")
    sees = agent is not None and (agent.is_admin or head.group in agent.groups)
    return head.assignee is not None and not sees


def _option(key: str | None, name: str | None) -> Shown | None:
    return {"id": key, "name": name} if key else None


def _article(desk: Desk, article: Article, deliveries: Iterable[Delivery], base: str) -> Shown:
    return {
        "id": str(article.seq),
        "number": article.number,
        "origin": None,
        "split_to": article.split_to,
        "kind": article.kind.value,
        "author": {"name": _name(article.author), "is_agent": article.author.is_agent},
        "comment": _comment(desk, article),
        "can_join": article.is_held and article.author.role == "stranger",
        "text": article.text,
        "rest": "",
        "whole": f"{base}/articles/{article.seq}/whole" if has_whole(article) else None,
        "formatted": f"{base}/articles/{article.seq}/html" if is_formatted(article) else None,
        "raw": f"{base}/articles/{article.seq}/raw" if article.raw_key else None,
        "at": article.at,
        "is_held": article.is_held,
        "attachments": pages.attachments(article, f"{base}/articles/{article.seq}"),
        "delivery": [present.delivery_json(one) for one in deliveries if one.seq == article.seq],
        "flight": article.flight,
    }


def _articles(desk: Desk, timeline: Timeline, base: str) -> list[Shown]:
    """The articles of a page, and those of what was merged into it, which say where they stand."""
    found = [
        _article(desk, one, page.deliveries, f"{base}/{one.number}")
        for page in (timeline, *timeline.sources)
        for one in page.articles
    ]
    own = timeline.ticket.number
    return [{**one, "origin": None if one["number"] == own else one["number"]} for one in found]


def relations(desk: Desk, timeline: Timeline) -> Shown:
    """What other tickets are to this one, and what may be said of them."""
    head = timeline.ticket
    return {
        "merged": head.merge
        and {
            "into": head.merge.into,
            "at": head.merge.at,
            "by": _actor(desk, head, head.merge.by),
        },
        "sources": head.sources,
        "links": [{"type": link.type, "number": link.other} for link in timeline.links],
        "follow_up_of": head.follow_up_of,
        "open_children": head.open_children,
        "types": list(REVERSE),
    }


def _comment(desk: Desk, article: Article) -> Shown | None:
    """What an agent wrote above a mail they passed on, and who it was."""
    agent = (article.flight or {}).get("forwarded_by")
    return {"by": agent_name(desk, agent), "text": article.comment} if article.comment else None


def whole(desk: Desk, article: Article, found: Whole, base: str) -> Shown:
    """An article with all of its text, alone on a page."""
    read = {"text": found.text, "rest": found.rest, "whole": None}
    return {**_article(desk, article, (), base), **read}


def _notices(timeline: Timeline) -> list[Shown]:
    """Mails about no article of this page: those of an escalation, and of an article before it."""
    written = {article.seq for article in timeline.articles}
    loose = [one for one in timeline.deliveries if one.seq not in written]
    return [{"at": one.at, "delivery": [present.delivery_json(one)]} for one in loose]


def _name(author: Author) -> str:
    # A stranger may call himself what he likes: his address is what an agent has to judge.
    if author.role == "stranger" and author.name != author.email:
        return f"{author.name} <{author.email}>"
    return author.name


def agent_name(desk: Desk, agent: str | None) -> str | None:
    """An agent's name; of one who left the desk, the id."""
    found = desk.agents.get(agent or "")
    return found.name if found else agent


def group_name(desk: Desk, group: str) -> str:
    """A group's name; of one that is gone, the id."""
    found = desk.groups.get(group)
    return found.name if found else group


# The form of the properties. -----------------------------------------------------------------


FORM = (
    "status",
    "until",
    "reason",
    "resolution",
    "priority",
    "group",
    "assignee",
    "responsible",
    "tags",
    "type",
)


def is_property(name: str) -> bool:
    """Whether an input is of the form of the properties."""
    return name in FORM or name.startswith(PLACE)


def is_empty_field(name: str, typed: Mapping[str, str]) -> bool:
    """Whether a field of the desk's own is lacking rather than wrong."""
    return name.startswith(PLACE) and not typed.get(name, "").strip()


def form(desk: Desk, head: Ticket) -> dict[str, str]:
    """The properties as their form shows them."""
    return {
        "status": statuses.status_of(head, desk).id,
        "until": statuses.local_until(head, desk),
        "reason": head.reason,
        "resolution": head.resolution,
        "priority": head.priority,
        "group": head.group,
        "assignee": head.assignee or "",
        "responsible": head.responsible or "",
        "tags": ", ".join(head.tags),
        "type": head.type,
        **drawn.values(head),
    }


def choices(desk: Desk, head: Ticket, agent_id: str | None) -> Shown:
    """What may be chosen for a ticket; what it has now is always among it."""
    agents = {
        agent.id: agent.name
        for agent in desk.agents.values()
        if agent.is_admin or head.group in agent.groups
    }
    for one in filter(None, (head.assignee, head.responsible)):
        agents.setdefault(one, agent_name(desk, one) or "")
    groups = {group.id: group.name for group in desk.groups.values()}
    groups.setdefault(head.group, head.group)
    current = statuses.status_of(head, desk)
    settable = statuses.settable(head, desk, agent_id)
    group = desk.groups.get(head.group)
    return {
        "statuses": settable if current in settable else [current, *settable],
        "needs_resolution": bool(group and group.needs_resolution),
        "groups": [_option(*group) for group in groups.items()],
        "assignees": [_option(*agent) for agent in agents.items()],
    }


# What happened. ------------------------------------------------------------------------------


def facts(desk: Desk, timeline: Timeline, locale: str) -> list[Shown]:
    """The facts of a timeline, with people, agents and groups by name."""
    addresses = {delivery.id: delivery.email for delivery in timeline.deliveries}
    return [
        {
            "at": entry.at,
            "type": fact.type,
            "data": _named(desk, fact, addresses, locale),
            "actor": _actor(desk, timeline.ticket, entry.actor),
        }
        for entry in timeline.entries
        if isinstance(entry, Entry)
        for fact in entry.facts
    ]


def _named(desk: Desk, fact: Fact, addresses: dict[str, str], locale: str) -> Shown:
    shown = {**fact.to_payload(), **_of_routing(desk, fact), **_of_form(desk, fact, locale)}
    shown |= _of_followers(desk, fact)
    if fact.type in {"AssigneeChanged", "ResponsibleChanged"}:
        shown |= {key: agent_name(desk, shown[key]) for key in ("before", "after")}
    elif fact.type == "GroupChanged":
        shown |= {key: group_name(desk, shown[key]) for key in ("before", "after")}
    elif isinstance(fact, UntilChanged):
        shown["at"] = table.instant(fact.after) if fact.after else None
    elif isinstance(fact, StatusChanged):
        shown["was"] = statuses.named(fact.before, fact.label_before, desk)
        shown["is"] = statuses.named(fact.after, fact.label_after, desk)
    elif fact.type == "Escalated":
        shown["to"] = agent_name(desk, shown["agent"]) or shown["email"]
        shown["absent"] = agent_name(desk, shown["absent"])
    elif fact.type == "MacroApplied" and shown["macro"] in desk.macros:
        shown["name"] = desk.macros[shown["macro"]].name(locale)
    elif "delivery" in shown:
        shown["to"] = addresses.get(shown["delivery"])
    return shown


def _of_form(desk: Desk, fact: Fact, locale: str) -> Shown:
    if isinstance(fact, TypeChanged):
        names = {kind.id: kind.name(locale) for kind in desk.types.values()}
        before, after = (names.get(one, one) for one in (fact.before, fact.after))
        return {"before": before, "after": after}
    if isinstance(fact, FieldsChanged):
        return {"fields": drawn.changes(desk, fact.before, fact.after, locale)}
    return {}


def _of_followers(desk: Desk, fact: Fact) -> Shown:
    if not isinstance(fact, FollowersChanged):
        return {}
    before, after = ([agent_name(desk, one) for one in some] for some in (fact.before, fact.after))
    return {
        "added": [one for one in after if one not in before],
        "removed": [one for one in before if one not in after],
    }


def _of_routing(desk: Desk, fact: Fact) -> Shown:
    if isinstance(fact, AssignmentMade):
        return {"name": agent_name(desk, fact.agent), "absent": agent_name(desk, fact.instead_of)}
    if isinstance(fact, AssignmentLapsed):
        return {"name": agent_name(desk, fact.agent)}
    if isinstance(fact, NobodyAvailable):
        return {"obstacles": routed.obstacles(fact, desk)}
    if isinstance(fact, Routed):
        return {"to": group_name(desk, fact.group), "meant": agent_name(desk, fact.agent)}
    return {}


def _actor(desk: Desk, head: Ticket, actor: str) -> str | None:
    kind, _, name = actor.partition(":")
    if kind == "agent":
        return agent_name(desk, name)
    if kind == "person":
        return next((one.name for one in head.contacts if one.person == name), None)
    return name if kind == "token" else None
