"""What a mail says: from a ticket and a delivery to the letter that one recipient gets.

Nothing is sent and nothing is written here; a letter can be written again and says the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from chalicelib import i18n, render
from chalicelib.clocks.model import Clock
from chalicelib.desk.mail import BLOCKED_FOR
from chalicelib.desk.mails import PARTS, OwnMail
from chalicelib.desk.model import Agent, Desk, Group
from chalicelib.errors import NotFound
from chalicelib.facts import (
    ArticleAccepted,
    ArticleAdded,
    AssignmentLapsed,
    Escalated,
    Fact,
    NobodyAvailable,
    RuleFired,
    StatusChanged,
    StatusEnded,
    WebhookFailed,
)
from chalicelib.ledger.model import Entry
from chalicelib.mail.addresses import Address
from chalicelib.mail.compose import Enclosure, OutboundMail, encoded_size
from chalicelib.ports import Ports
from chalicelib.tickets import access, addressing
from chalicelib.tickets.model import Article, Attachment, Delivery, Ticket, Timeline
from chalicelib.tickets.routed import obstacles
from chalicelib.tickets.statuses import named

# SES takes 40 MB, but many mail systems on the way take no more than ten, as they are encoded.
MAIL_BYTES = 10_000_000
# A text stands in a mail twice, and as HTML and encoded it may grow twentyfold.
TEXT_GROWTH = 20
FOREIGN_TAGS = 2
PICTURES = {"image/png", "image/jpeg", "image/gif", "image/webp"}
# What SES sends on for nobody.
_REFUSED_FILE = re.compile(
    r"""\.(?:ade|adp|app|asp|bas|bat|cer|chm|cmd|com|cpl|crt|csh|der|exe|fxp|gadget|hlp|hta|inf|ins
    |isp|its|js|jse|ksh|lib|lnk|mad|maf|mag|mam|maq|mar|mas|mat|mau|mav|maw|mda|mdb|mde|mdt|mdw|mdz
    |msc|msh|msh1|msh1xml|msh2|msh2xml|mshxml|msi|msp|mst|ops|pcd|pif|plg|prf|prg|ps1|ps1xml|ps2
    |ps2xml|psc1|psc2|reg|scf|scr|sct|shb|shs|sys|tmp|url|vb|vbe|vbs|vps|vsmacros|vss|vst|vsw|vxd
    |ws|wsc|wsf|wsh|xnk)[.\s]*\Z""",
    re.IGNORECASE | re.VERBOSE,
)
# A key of another desk at the start of a subject: something in brackets that has a digit.
_FOREIGN_TAG = re.compile(r"\s*(\[[^\[\]\d]{0,40}\d[^\[\]]{0,40}\])\s*:?")


def write_letter(ports: Ports, desk: Desk, timeline: Timeline, delivery: Delivery) -> OutboundMail:
    """The mail of a delivery; NotFound where what it has to say is gone."""
    group = desk.groups.get(delivery.group) or next(iter(desk.groups.values()))
    return _Letter(ports, desk, group, timeline, delivery).write()


def bare_subject(subject: str) -> str:
    """The subject without our tags and without what replies put before it.

    Of a chain of other desks' tags the two outermost stay: by them those desks know their mail.
    """
    tags: list[str] = []
    rest = addressing.without_tags(subject)
    while found := _FOREIGN_TAG.match(rest):
        tags.append(found[1])
        rest = addressing.without_tags(rest[found.end() :])
    return " ".join([*tags[:FOREIGN_TAGS], rest]).strip()


@dataclass(frozen=True, slots=True)
class _Files:
    """An article's files as one mail takes them: along with it, or as links to the web."""

    enclosed: tuple[tuple[Attachment, str | None], ...] = ()
    linked: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True)
class _Letter:
    """One letter and everything that it may mention."""

    ports: Ports
    desk: Desk
    group: Group
    timeline: Timeline
    delivery: Delivery

    def write(self) -> OutboundMail:
        delivery, group, keys = self.delivery, self.group, self.ports.keys()
        place = addressing.STAFF if delivery.place is None else delivery.place
        rendered = render.mail(
            delivery.mail, locale=delivery.locale, zone=self.desk.zone.key, **self.context()
        )
        topic, index = self.thread
        return OutboundMail(
            sender=Address(group.sender, group.address),
            to=Address(delivery.name, delivery.email),
            reply_to=addressing.reply_address(keys, group.address, delivery.number, place),
            message_id=self.own_id(delivery),
            subject=rendered.subject,
            text=rendered.text,
            html=rendered.html,
            at=self.ports.clock(),
            in_reply_to=self.in_reply_to,
            references=self.references,
            thread_topic=topic,
            thread_index=index,
            is_automatic=not self.is_written,
            language=delivery.locale,
            enclosures=[self.enclosure(*file) for file in self.files.enclosed],
        )

    @property
    def is_written(self) -> bool:
        """Whether somebody wrote it just now; all other mails are a machine's."""
        return self.delivery.mail == "reply"

    @property
    def ticket(self) -> Ticket:
        return self.timeline.ticket

    # What it says. ---------------------------------------------------------------------------

    def context(self) -> dict[str, Any]:
        common = {
            "number": self.ticket.number,
            "subject": bare_subject(self.ticket.subject),
            "tag": addressing.subject_tag(self.ticket.number),
            "link": self.link,
            "group": self.group.name,
            "own": self.own,
        }
        return {**common, **_CONTEXTS[self.delivery.mail](self)}

    @property
    def own(self) -> dict[str, str]:
        """What the desk or the group says here in words of its own, by part; "" where nothing."""
        mail = self.desk.mails.get(self.delivery.mail, OwnMail())
        language = i18n.choose_language(self.delivery.locale)
        values = {
            "ticket.number": str(self.ticket.number),
            "ticket.link": self.link,
            "group.name": self.group.name,
            "group.address": self.group.address,
            "desk.name": self.desk.name,
        }
        said = {part: mail.said(part, self.group.id, language) for part in PARTS}
        return {part: text.filled(values)[0] if text else "" for part, text in said.items()}

    @cached_property
    def link(self) -> str:
        base, place = self.ports.config.url, self.delivery.place
        if place is None:
            return f"{base}/agent/tickets/{self.ticket.number}"
        return f"{base}/t/{addressing.link_token(self.ports.keys(), self.ticket, place)}"

    def reply_context(self) -> dict[str, Any]:
        # What came encrypted does not go back in the clear.
        quoted = self.answered if not self.was_encrypted else None
        pictures = {
            file.content_id: {"cid": cid, "name": file.name}
            for file, cid in self.files.enclosed
            if cid
        }
        unnamed = [f"[cid:{name}]" for name in pictures if f"[cid:{name}]" not in self.text]
        return {
            "text": "\n\n".join([self.text, *unnamed]),
            "pictures": pictures,
            "files": self.files.linked,
            "agent": self.article.author.name,
            "signature": self.group.signature,
            "quoted": quoted
            and {"author": quoted.author.name, "at": quoted.at, "text": quoted.text},
        }

    @property
    def was_encrypted(self) -> bool:
        flight = (self.answered.flight if self.answered else None) or {}
        return "encrypted" in flight.get("smime", "")

    @property
    def requester(self) -> str:
        return self.ticket.requester.name or self.ticket.requester.email

    @property
    def assignee(self) -> Agent | None:
        return self.desk.agents.get(self.ticket.assignee or "")

    @property
    def clock(self) -> Clock | None:
        """That of the target which a mail is about."""
        target = self.delivery.target
        return next((clock for clock in self.ticket.clocks if clock.name == target), None)

    def escalation_context(self) -> dict[str, Any]:
        due_at = (self.clock.breached_at if self.clock else None) or self.delivery.at
        return {**self.target_context(due_at), "late_for": self.ports.clock() - due_at}

    def warning_context(self) -> dict[str, Any]:
        due_at = (self.clock.due_at if self.clock else None) or self.delivery.at
        return self.target_context(due_at)

    def target_context(self, due_at: datetime) -> dict[str, Any]:
        told = next(self.told, None)
        absent = self.desk.agents.get((told and told.absent) or "")
        return {
            "requester": self.requester,
            "assignee": self.assignee.name if self.assignee else None,
            "target": self.delivery.target,
            "due_at": due_at,
            "role": told.role if told else "group_lead",
            "absent": absent.name if absent else "",
            "level": told.level if told else 0,
            "calls": told.calls if told else 1,
        }

    @property
    def told(self) -> Iterator[Escalated]:
        """What says that this recipient was told, and why."""
        for fact in self.said:
            if isinstance(fact, Escalated):
                agent = self.desk.agents.get(fact.agent or "")
                if (agent.email if agent else fact.email) == self.delivery.email:
                    yield fact

    @property
    def said(self) -> Iterator[Fact]:
        """The facts of the change that this mail is about."""
        entries = (one for one in self.timeline.entries if isinstance(one, Entry))
        return (fact for one in entries if one.seq == self.delivery.seq for fact in one.facts)

    def nobody_available_context(self) -> dict[str, Any]:
        found = (fact for fact in self.said if isinstance(fact, NobodyAvailable))
        why = [obstacles(fact, self.desk) for fact in found]
        return {"requester": self.requester, "obstacles": why[0] if why else []}

    def agent_left_context(self) -> dict[str, Any]:
        found = (fact.agent for fact in self.said if isinstance(fact, AssignmentLapsed))
        left = next(found, "")
        agent = self.desk.agents.get(left)
        return {"requester": self.requester, "agent": agent.name if agent else left}

    def waiting_over_context(self) -> dict[str, Any]:
        ended = next((fact for fact in self.said if isinstance(fact, StatusEnded)), None)
        return {
            "requester": self.requester,
            "then": ended.then if ended else "",
            "reason": ended.reason if ended else "",
        }

    def followed_context(self) -> dict[str, Any]:
        facts = list(self.said)
        wrote = any(isinstance(one, ArticleAdded | ArticleAccepted) for one in facts)
        article = self.timeline.article(self.delivery.seq)
        status = next((one for one in facts if isinstance(one, StatusChanged)), None)
        return {
            "requester": self.requester,
            "author": article.author.name if article else "",
            "wrote": wrote,
            "status": status and self.name_of(status),
        }

    def name_of(self, changed: StatusChanged) -> str:
        """The status that a ticket came to, in the language of this recipient."""
        status, locale = named(changed.after, changed.label_after, self.desk), self.delivery.locale
        return status.name(locale) or i18n.word("status", status.category, locale)

    def task_due_context(self) -> dict[str, Any]:
        found = (task for task in self.timeline.tasks if task.id == self.delivery.target)
        task = next(found, None)
        owner = self.desk.agents.get((task and task.owner) or "")
        return {
            "requester": self.requester,
            "task": task.title if task else "",
            "is_mine": owner is not None and owner.email == self.delivery.email,
        }

    def webhook_failed_context(self) -> dict[str, Any]:
        failed = (fact.reason for fact in self.said if isinstance(fact, WebhookFailed))
        return {"webhook": self.delivery.target, "reason": next(failed, "")}

    def automatic_context(self) -> dict[str, Any]:
        text = self.answer.text if self.answer else self.ruled[1]
        return {"text": text, "signature": self.group.signature, "files": self.files.linked}

    @property
    def answer(self) -> Article | None:
        """The article that this mail brings; other mails only tell of one."""
        is_answer = self.delivery.mail in {"reply", "automatic"} and self.delivery.target is None
        return self.timeline.article(self.delivery.seq) if is_answer else None

    def rule_context(self) -> dict[str, Any]:
        rule, text = self.ruled
        return {"requester": self.requester, "rule": rule, "text": text}

    @property
    def ruled(self) -> tuple[str, str]:
        """The rule that sends this mail, and its text: empty once an erasure took it away."""
        place = int(self.delivery.target or 0)
        fired = (fact for fact in self.said if isinstance(fact, RuleFired))
        found = ((fact.rule, fact.told[place : place + 1]) for fact in fired)
        return next(((rule, text[0]) for rule, text in found if text), ("", ""))

    def rule_paused_context(self) -> dict[str, Any]:
        rule, _, why = (self.delivery.target or "").partition(" ")
        rules = f"{self.ports.config.url}/agent/rules"
        return {"rule": rule, "why": why, "limit": getattr(self.desk.limits, why), "rules": rules}

    def flood_context(self) -> dict[str, Any]:
        return {"sender": self.delivery.target, "until": self.delivery.at + BLOCKED_FOR}

    @cached_property
    def article(self) -> Article:
        article = self.timeline.article(self.delivery.seq)
        if article is None:
            raise NotFound("The article of this mail is gone.")
        return article

    @cached_property
    def text(self) -> str:
        """All of what the agent wrote."""
        if self.article.text_key is None:
            return self.article.text
        return self.ports.blobs.get(self.article.text_key).decode()

    # The thread. -----------------------------------------------------------------------------

    @cached_property
    def shown(self) -> tuple[Article, ...]:
        """The articles that this recipient may know, up to the one that is sent.

        What is held and what machines wrote is not among them, so it is never passed on.
        """
        if self.delivery.place is None:
            return ()
        contact = self.ticket.contacts[self.delivery.place]
        return tuple(
            article
            for article in self.timeline.articles
            if article.seq <= self.delivery.seq and access.is_for(contact, article)
        )

    @property
    def received(self) -> tuple[Article, ...]:
        return tuple(article for article in self.shown if not article.author.is_ours)

    @property
    def answered(self) -> Article | None:
        """The newest article from outside: what a reply quotes."""
        return self.received[-1] if self.received else None

    @property
    def in_reply_to(self) -> str | None:
        ids = [article.message_id for article in self.received if article.message_id]
        return _bracketed(ids[-1]) if ids else None

    @property
    def references(self) -> list[str]:
        """The ids of the conversation as this recipient knows it, oldest first."""
        found: list[str] = []
        for article in self.shown:
            if article.message_id:
                found.append(_bracketed(article.message_id))
            for sent in self.timeline.deliveries:
                if sent.seq == article.seq and sent.place == self.delivery.place:
                    found += self.sent_ids(sent)
        return found

    def sent_ids(self, sent: Delivery) -> list[str]:
        """The ids of a mail of ours: SES's, under which the client knows it, and our own."""
        mailer = self.ports.mailer
        own = self.own_id(sent)
        return [mailer.message_id(sent.ses_id), own] if sent.ses_id else [own]

    def own_id(self, sent: Delivery) -> str:
        place = addressing.STAFF if sent.place is None else sent.place
        group = self.desk.groups.get(sent.group, self.group)
        keys = self.ports.keys()
        return addressing.message_id(keys, group.address, sent.number, sent.seq, place)

    @property
    def thread(self) -> tuple[str | None, str | None]:
        """Outlook's topic and index of the newest mail that has them.

        A topic is a subject, and a machine repeats none.
        """
        threads = [article.thread for article in self.received if article.thread]
        return threads[-1] if threads and self.is_written else (None, None)

    # The files. ------------------------------------------------------------------------------

    @cached_property
    def files(self) -> _Files:
        """Which files of an answer go along; the others stay behind a link that does not age."""
        if self.answer is None:
            return _Files()
        quoted = self.answered.text if self.answered else ""
        words = len(f"{self.text}{quoted}{self.group.signature}".encode())
        room = MAIL_BYTES - TEXT_GROWTH * words
        enclosed: list[tuple[Attachment, str | None]] = []
        linked = []
        for place, file in enumerate(self.article.attachments):
            size = encoded_size(file.size)
            if size <= room and not _REFUSED_FILE.search(file.name):
                room -= size
                enclosed.append((file, self.cid(file, place)))
            else:
                url = f"{self.link}/articles/{self.article.seq}/attachments/{place}"
                linked.append({"name": render.one_line(file.name), "size": file.size, "url": url})
        return _Files(tuple(enclosed), tuple(linked))

    def cid(self, file: Attachment, place: int) -> str | None:
        """What the HTML calls a picture by; the name that it came under is never used."""
        if not (file.is_inline and file.content_id and file.content_type in PICTURES):
            return None
        domain = self.group.address.partition("@")[2]
        return f"{self.ticket.number}.{self.article.seq}.{place}@{domain}"

    def enclosure(self, file: Attachment, cid: str | None) -> Enclosure:
        return Enclosure(file.name, file.content_type, self.ports.blobs.get(file.key), cid)


_CONTEXTS: Mapping[str, Callable[[_Letter], dict[str, Any]]] = {
    "acknowledgement": lambda _: {},
    "reply": _Letter.reply_context,
    "escalation": _Letter.escalation_context,
    "warning": _Letter.warning_context,
    "flood": _Letter.flood_context,
    "webhook_failed": _Letter.webhook_failed_context,
    "waiting_over": _Letter.waiting_over_context,
    "nobody_available": _Letter.nobody_available_context,
    "agent_left": _Letter.agent_left_context,
    "automatic": _Letter.automatic_context,
    "rule": _Letter.rule_context,
    "rule_paused": _Letter.rule_paused_context,
    "task_due": _Letter.task_due_context,
    "followed": _Letter.followed_context,
    "closed": lambda letter: {"address": letter.group.address},
}


def _bracketed(message_id: str) -> str:
    return f"<{message_id.strip('<> ')}>"
