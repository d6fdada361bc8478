"""Why a mail became what it is, in words, from what was stored when it came in.

Nothing is judged again: a rule that has changed since would explain what never happened.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chalicelib import table
from chalicelib.errors import NotFound
from chalicelib.intake import store
from chalicelib.intake.case import id_key
from chalicelib.intake.items import SightingItem
from chalicelib.intake.model import INBOUND_PREFIX, Flight, Outcome
from chalicelib.mail.parse import InboundMail, content_digest
from chalicelib.ports import Ports
from chalicelib.tickets.model import Article
from chalicelib.tickets.store import MessageIdItem, get_article


@dataclass(frozen=True, slots=True)
class Explanation:
    """What became of a mail and why; `sentences` say it to people, in English."""

    outcome: str
    ses_id: str | None
    ticket: int | None
    article: int | None
    flight: Flight
    sentences: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        return {
            "outcome": self.outcome,
            "mail": self.ses_id,
            "ticket": self.ticket,
            "article": self.article,
            "flight": self.flight,
            "explanation": list(self.sentences),
        }


def of_article(number: int, seq: int) -> Explanation:
    """Why an article stands where it stands; NotFound for one that no mail became."""
    article = get_article(number, seq)
    if article.flight is None:
        raise NotFound(f"Article {seq} of ticket {number} came by no mail, or was erased.")
    return _of_article(article)


def of_mail(ports: Ports, mail: InboundMail) -> Explanation:
    """What became of a mail like this one, by its Message-ID and content."""
    if not mail.message_id:
        raise NotFound("The mail has no Message-ID: name its SES id, or NUMBER/ARTICLE.")
    pk, sk = id_key(ports, mail.message_id)
    digest = content_digest(mail)
    found = table.fetch([(pk, sk), (pk, digest), (pk, table.SIGHTING)])
    for item in (found.get((pk, sk)), found.get((pk, digest))):
        if isinstance(item, MessageIdItem) and item.digest == digest:
            return of_article(int(item.number), int(item.seq))
    sighting = found.get((pk, table.SIGHTING))
    if isinstance(sighting, SightingItem):
        return of_ses_id(sighting.ses_id)
    raise NotFound("No such mail came in: none has this Message-ID and this content.")


def of_ses_id(ses_id: str) -> Explanation:
    """What became of an inbound object."""
    wanted = [store.ses_key(ses_id), store.suspended_key(ses_id)]
    found = table.fetch(wanted)
    fate = store.fate_of(found.get(wanted[0]))
    if fate is None:
        raise NotFound(f"No mail came in under the SES id {ses_id}.")
    if fate.number and fate.seq:
        return of_article(fate.number, fate.seq)
    outcome = fate.outcome.value
    if fate.outcome is Outcome.DUPLICATE:
        number = fate.number
        said = f"The same mail had come in before and is on ticket {number}: nothing was done."
        return Explanation(outcome, ses_id, number, None, {}, (said,))
    mail = store.suspended_of(found.get(wanted[1]))
    record = mail.flight if mail else {}
    gone = () if mail else ("It is not among the suspended mails any more.",)
    return Explanation(outcome, ses_id, None, None, record, (*sentences(record), *gone))


def _of_article(article: Article) -> Explanation:
    record = article.flight or {}
    said = sentences(record)
    if record.get("done") == "held" and not article.is_held:
        said = (*said, "An agent has accepted it since.")
    ses_id = article.raw_key.removeprefix(INBOUND_PREFIX) if article.raw_key else None
    return Explanation(Outcome.ARTICLE.value, ses_id, article.number, article.seq, record, said)


# Words. --------------------------------------------------------------------------------------

_KEYS = {
    "reply_address": "the reply address that it was sent to",
    "own_id": "the mail of ours that it answers",
    "message_id": "an earlier mail that it answers",
    "body_marker": "the link to a ticket in what it quotes",
    "subject_tag": "the ticket number in its subject",
    "foreign": "the key of another system",
    "bounced": "the mail of ours that it returns",
}
_OBSTACLES = {
    "forged": "has no valid signature of this desk",
    "no_such_ticket": "names a ticket that does not exist",
    "expired": "is a link that was called in",
    "not_on_ticket": "counts only from people on that ticket",
}
_DONE = {
    "opened": "It opened a ticket.",
    "follow_up": "The ticket was closed too long ago, so it opened a new one that follows it.",
    "forwarded": "An agent passed it on, so it opened a ticket of its original sender.",
    "joined": "It joined the ticket as its sender's own words.",
    "held": "It is held on the ticket until an agent accepts it.",
    "note": "An agent wrote it, so it is an internal note.",
    "bounce": "It reports on a mail of ours and changes no state.",
    "suspended": "It was suspended: it is on no ticket, and nobody was answered.",
}
_WHY = {
    "not_authenticated": "Nothing proves that the sender is who they seem to be.",
    "not_on_ticket": "The sender is not on this ticket.",
    "token_of_another": "The reply address was given to somebody else.",
    "staff_only": "The reply address was given to an agent.",
    "agent_without_access": "The agent has no access to this ticket.",
    "not_ours": "It does not return a mail of ours to the one it was sent to, so nobody is muted.",
    "unreadable": "No machine can read it.",
    "virus": "SES found a virus in it.",
    "spam": "SES took it for spam.",
    "dmarc_reject": "It failed the rule of the sender's domain (DMARC), which asks to refuse it.",
    "no_sender": "It names no sender.",
    "own_address": "It claims to come from an address of this desk.",
    "blocked": "An agent has blocked the sender.",
    "flood": "Too many mails came from the sender.",
    "ticket": "Too many mails came to this ticket within the hour.",
    "desk": "Too many tickets were opened within the hour, and the sender is unknown.",
    "automatic": "A machine answered, and to nothing that is known here.",
    "no_group": "It was sent to no address of this desk.",
}
_ACKS = {
    "sent": "The sender got an acknowledgement.",
    "group_off": "No acknowledgement: the group sends none.",
    "internal": "No acknowledgement: the ticket is internal.",
    "not_human": "No acknowledgement: no human wrote the mail.",
    "muted": "No acknowledgement: mail to the sender comes back.",
    "not_authenticated": "No acknowledgement: an unknown sender who is not authenticated.",
    "same_subject": "No acknowledgement: the same subject was acknowledged within a day.",
    "limit_address": "No acknowledgement: the sender had enough of them lately.",
    "limit_domain": "No acknowledgement: the sender's domain had enough of them in this hour.",
    "limit_desk": "No acknowledgement: the desk opened very many tickets in this hour.",
    "forwarded": "No acknowledgement: an agent passed the mail on.",
}


def sentences(record: Flight) -> tuple[str, ...]:
    """A flight record in words."""
    if not record:
        return ()
    said = [_sender(record), *_ticket(record), _DONE.get(record.get("done", ""), "")]
    said += [_WHY.get(record.get("why", ""), ""), _ACKS.get(record.get("ack", ""), "")]
    if "possible_duplicate_of" in record:
        said.append(f"Perhaps it belongs to ticket {record['possible_duplicate_of']}.")
    if "released_by" in record:
        said.append(f"It was suspended before, and released by {record['released_by']}.")
    return tuple(sentence for sentence in said if sentence)


def _sender(record: Flight) -> str:
    names = ("dmarc", "dkim", "spf", "spam", "virus")
    verdicts = ", ".join(f"{name.upper()} {record[name]}" for name in names if name in record)
    proof = "is" if record.get("authenticated") == "yes" else "is not"
    return f"The sender {proof} authenticated ({verdicts or 'SES gave no verdict'})."


def _ticket(record: Flight) -> list[str]:
    said = []
    for clue in filter(None, record.get("tried", "").split(",")):
        key, _, obstacle = clue.partition("=")
        why = _OBSTACLES.get(obstacle, obstacle)
        said.append(f"Not found by {_KEYS.get(key, key)}: it {why}.")
    matched = record.get("matched_by", "none")
    if matched != "none":
        said.append(f"The ticket was found by {_KEYS.get(matched, matched)}.")
    elif not said and record.get("done") != "suspended":
        said.append("Nothing in it points at a ticket.")
    return said
