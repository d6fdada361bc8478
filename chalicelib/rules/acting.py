"""What a rule does to a ticket, as one change: decided here, written by `service`.

Fields come first, then the article, the mails and the webhooks. Whoever wrote the rule is not here
to mend it: what can be done is done, and what cannot be stands in the fact, with why.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from chalicelib import facts
from chalicelib.desk.actions import (
    AGENT,
    Action,
    CallWebhook,
    Notify,
    StartChecklist,
    Write,
    wanted_of,
)
from chalicelib.desk.model import Desk
from chalicelib.desk.rules import Rule
from chalicelib.desk.texts import Wording
from chalicelib.errors import DeskError
from chalicelib.people.absences import absent_now
from chalicelib.ports import Ports
from chalicelib.tickets import changes, edits, tasks
from chalicelib.tickets import service as tickets
from chalicelib.tickets.changes import Change
from chalicelib.tickets.edits import Edit
from chalicelib.tickets.hooks import HookCall
from chalicelib.tickets.model import (
    Article,
    ArticleKind,
    Author,
    Contact,
    Delivery,
    Status,
    Ticket,
    attached,
)
from chalicelib.tickets.variables import variables

BY_RULES = "system:rules"
REPLY, NOTICE = "automatic", "rule"
REQUESTER = 0


@dataclass(frozen=True, slots=True)
class Occasion:
    """Why a rule fires: what its fields were, the entry that it follows from and a fact of that.

    `entry` is its place on the ticket, `root` its id; `depth` is the how-manieth firing this is.
    An automation follows from nothing but time.
    """

    matched: Mapping[str, list[str]]
    entry: int = 0
    root: str | None = None
    fact: str = facts.RuleFired.__name__
    depth: int = 0


@dataclass
class _Doing:
    """One firing in the making."""

    ports: Ports
    desk: Desk
    rule: Rule
    now: datetime
    may_mail: Callable[[str], bool]
    change: Change
    undone: dict[str, str] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)
    deliveries: dict[str, Delivery] = field(default_factory=dict)

    @property
    def ticket(self) -> Ticket:
        return self.change.after

    def set_fields(self) -> None:
        edit = Edit(**wanted_of(self.rule.do))
        asked = [edit.assignee] if isinstance(edit.assignee, str) else []
        away = absent_now(self.ports, asked, self.now)
        edited, problems = edits.applied(self.ticket, edit, self.desk, self.now, away=away)
        self.undone |= problems
        if edited:
            self.change = replace(self.change, after=edited.after, facts=edited.facts)

    def write(self, action: Write) -> None:
        if action.is_reply and (why := self.no_mail()):
            self.undone["reply"] = why
            return
        group, requester = self.desk.groups.get(self.ticket.group), self.ticket.requester
        ours = group.locale if group else self.desk.locale
        name, locale = ("reply", requester.locale) if action.is_reply else ("note", ours)
        text = self.text(name, action.text, locale)
        if text is None:
            return
        article = Article(
            number=self.ticket.number,
            seq=self.change.seq,
            kind=ArticleKind.REPLY if action.is_reply else ArticleKind.NOTE,
            author=Author("system", group.sender if group and action.is_reply else self.desk.name),
            text=text,
            at=self.now,
            attachments=tuple(attached(self.desk.files[one]) for one in action.text.attach),
        )
        self.change = changes.with_machine_words(self.change, article)
        if action.is_reply:
            self.send(requester, REQUESTER, None)

    def no_mail(self) -> str | None:
        """Why nothing automatic is sent to the requester."""
        if self.ticket.is_internal or self.ticket.status is Status.CLOSED:
            return "the ticket is internal" if self.ticket.is_internal else "the ticket is closed"
        email = self.ticket.requester.email
        if not email:
            return "the requester has no address"
        if self.ticket.requester.is_muted or not self.may_mail(email):
            return "nobody has proven to write from that address, or mail to it comes back"
        return None

    def notify(self, action: Notify) -> None:
        for name in action.to:
            if name == "requester" and (why := self.no_mail()):
                self.undone[name] = why
                continue
            contacts = self.contacts(name)
            if not contacts:
                self.undone[name] = "is nobody on this ticket"
            for contact in contacts:
                is_told = contact.email.lower() in self.deliveries
                text = None if is_told else self.text(name, action.text, contact.locale)
                if text is not None:
                    self.told.append(text)
                    place = REQUESTER if name == "requester" else None
                    self.send(contact, place, str(len(self.told) - 1))

    def contacts(self, name: str) -> list[Contact]:
        """Whom a name of a recipient means here."""
        if name == "requester":
            return [self.ticket.requester]
        agents, lead = self.desk.agents, self.desk.lead_of(self.ticket.group)
        ids = {
            "assignee": [self.ticket.assignee],
            "responsible": [self.ticket.responsible],
            "followers": self.ticket.followers,
            "lead": [lead and lead.id],
        }.get(name, [name.removeprefix(AGENT)])
        found = (agents.get(one or "") for one in ids)
        return [Contact.from_agent(agent) for agent in found if agent]

    def start(self, action: StartChecklist) -> None:
        try:
            self.change = tasks.started(
                self.change, action.checklist, self.desk, self.now, by=BY_RULES
            )
        except DeskError as error:
            self.undone[action.checklist] = error.message

    def send(self, contact: Contact, place: int | None, target: str | None) -> None:
        """A mail to somebody; `target` says which of the texts it has, else it is the article."""
        mail = NOTICE if place is None else REPLY
        delivery = tickets.delivery_to(
            self.ports, self.change, contact, place, mail=mail, now=self.now, target=target
        )
        self.deliveries[contact.email.lower()] = delivery

    def text(self, name: str, wording: Wording, locale: str) -> str | None:
        """A text in a language with its variables filled in; one with a gap is said to nobody."""
        values = variables(self.ticket, self.desk, locale, url=self.ports.config.url)
        text, missing = wording.to(locale).filled(values)
        if missing:
            self.undone[name] = f"nothing is known of {', '.join(missing)}"
            return None
        return text

    def call(self, action: CallWebhook, occasion: Occasion) -> None:
        if action.webhook not in self.desk.webhooks:
            self.undone[action.webhook] = "there is no such webhook"
            return
        call = HookCall(
            action.webhook, self.now, rule=self.rule.id, fact=occasion.fact, of=occasion.entry
        )
        self.change = changes.with_calls(self.change, [call])


def act(
    ports: Ports,
    desk: Desk,
    ticket: Ticket,
    rule: Rule,
    occasion: Occasion,
    now: datetime,
    *,
    may_mail: Callable[[str], bool],
) -> Change | None:
    """What a rule makes of a ticket; None where there is nothing to do.

    `may_mail` says whether a machine may write to an address of a customer.
    """
    change = Change(ticket, ticket, (), root=occasion.root, depth=occasion.depth)
    doing = _Doing(ports, desk, rule, now, may_mail, change)
    doing.set_fields()
    for action in _in_turn(rule.do):
        if isinstance(action, Write):
            doing.write(action)
        elif isinstance(action, Notify):
            doing.notify(action)
        elif isinstance(action, StartChecklist):
            doing.start(action)
        elif isinstance(action, CallWebhook):
            doing.call(action, occasion)
    change = changes.with_deliveries(doing.change, list(doing.deliveries.values()))
    if not change.facts and not doing.undone:
        return None
    fired = facts.RuleFired(rule.id, desk.version, dict(occasion.matched), doing.undone, doing.told)
    return replace(change, facts=(fired, *change.facts))


def _in_turn(actions: tuple[Action, ...]) -> Iterator[Action]:
    """Articles, then tasks, mails and webhooks, each as they stand."""
    for kind in (Write, StartChecklist, Notify, CallWebhook):
        yield from (one for one in actions if isinstance(one, kind))
