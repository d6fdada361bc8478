"""Who follows a ticket is told what happens to it, by a mail that is written with the change.

So no function has to wake for the many tickets that nobody follows, and no mail is lost or sent
twice: it is a delivery as any other. Who follows is set in `edits`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from chalicelib import facts
from chalicelib.desk.groups import Agent
from chalicelib.desk.model import Desk
from chalicelib.desk.service import live_desk
from chalicelib.ledger.model import Actor
from chalicelib.ports import Ports
from chalicelib.tickets import addressing, changes
from chalicelib.tickets.access import agent_sees
from chalicelib.tickets.changes import Change
from chalicelib.tickets.model import BY_PEOPLE, Contact, Delivery

MAIL = "followed"


def told(ports: Ports, change: Change, actor: Actor, now: datetime) -> Change:
    """The change with a mail to each follower, where a customer or an agent wrote in public or the
    status is another one.

    Nobody is told of what they did themselves, nor twice of one change, nor of a ticket that is
    not theirs to see any more.
    """
    if not change.after.followers or not _is_news(change):
        return change
    told_already = {delivery.recipient for delivery in change.deliveries}
    mails = [_mail(ports, change, one, now) for one in _others(change, live_desk(ports), actor)]
    new = [mail for mail in mails if mail.recipient not in told_already]
    return changes.with_deliveries(change, new) if new else change


def _is_news(change: Change) -> bool:
    article = change.article
    is_written = article and article.is_public and article.mail_kind in BY_PEOPLE
    return bool(is_written) or any(isinstance(one, facts.StatusChanged) for one in change.facts)


def _others(change: Change, desk: Desk, actor: Actor) -> Iterator[Agent]:
    author = change.article.author.id if change.article else ""
    for name in change.after.followers:
        agent = desk.agents.get(name)
        is_own = str(actor) == f"agent:{name}" or author == name
        if agent and not is_own and agent_sees(agent, change.after):
            yield agent


def _mail(ports: Ports, change: Change, agent: Agent, now: datetime) -> Delivery:
    contact = Contact.from_agent(agent)
    return Delivery(
        number=change.after.number,
        seq=change.seq,
        recipient=addressing.recipient_id(ports.keys(), contact.email),
        mail=MAIL,
        name=contact.name,
        email=contact.email,
        locale=contact.locale,
        group=change.after.group,
        place=None,
        at=now,
    )
