"""The languages of the desk: which there are, their texts, and dates and times in them.

The texts live in `locale/<language>/LC_MESSAGES/skranke.po`; English is the source and needs no
catalog. Templates are rendered in `render`; what a template says stands in the template.
"""

from __future__ import annotations

import gettext
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from datetime import datetime, timedelta

SOURCE = "en"
LANGUAGES = {"en": "English", "da": "Dansk", "nb": "Norsk bokmål", "hu": "Magyar"}
DOMAIN = "skranke"
CATALOGS = Path(__file__).resolve().parent / "locale"

# What readers call a language is not always what we call it: both forms of Norwegian read Bokmål.
_ALSO = {"no": "nb", "nn": "nb"}
# English dates with the day first and 24 hours, as the desk's neighbours write them.
_BABEL = {"en": "en_GB"}
# A browser sends a handful of languages; more than this is somebody else's joke.
_MOST_WANTED = 20


class CatalogMissingError(RuntimeError):
    """The texts of a language were not compiled."""


def choose_language(*wanted: str | None) -> str:
    """The first wanted language that the desk speaks, else English.

    Each may be a stored tag ("nb-NO"), an Accept-Language header ("da, en;q=0.8") or None.
    """
    for header in wanted:
        for tag in _by_preference(header or ""):
            primary = tag.replace("_", "-").split("-")[0].lower()
            language = _ALSO.get(primary, primary)
            if language in LANGUAGES:
                return language
    return SOURCE


def _by_preference(header: str) -> list[str]:
    ranges = [part.partition(";") for part in header.split(",")[:_MOST_WANTED]]
    weighed = [(_weight(parameters), tag.strip()) for tag, _, parameters in ranges]
    return [tag for weight, tag in sorted(weighed, key=lambda pair: -pair[0]) if weight > 0]


def _weight(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    if name != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0


@lru_cache
def texts(language: str) -> gettext.NullTranslations:
    """The catalog of one of LANGUAGES. Raises CatalogMissingError where it was not compiled."""
    if language == SOURCE:
        return gettext.NullTranslations()
    try:
        return gettext.translation(DOMAIN, CATALOGS, [language])
    except FileNotFoundError as missing:
        name = LANGUAGES.get(language, language)
        raise CatalogMissingError(
            f"The texts in {name} are not compiled: run `make messages`."
        ) from missing


def mark(context: str, text: str) -> str:
    """Note a word for the catalogs where it stands; `word` translates it where it is shown."""
    del context
    return text


WORDS: dict[str, dict[str, str]] = {
    "link": {
        "related": mark("link", "Related"),
        "duplicate": mark("link", "Duplicate"),
        "parent": mark("link", "Parent"),
        "child": mark("link", "Child"),
        "problem": mark("link", "Problem"),
        "incident": mark("link", "Incident"),
        "blocks": mark("link", "Blocked by this one"),
        "blocked_by": mark("link", "Blocks this one"),
    },
    "status": {
        "new": mark("status", "New"),
        "open": mark("status", "Open"),
        "pending": mark("status", "Pending"),
        "on_hold": mark("status", "On hold"),
        "solved": mark("status", "Solved"),
        "closed": mark("status", "Closed"),
        "merged": mark("status", "Merged"),
        "spam": mark("status", "Spam"),
        "deleted": mark("status", "Deleted"),
    },
    "priority": {
        "low": mark("priority", "Low"),
        "normal": mark("priority", "Normal"),
        "high": mark("priority", "High"),
        "urgent": mark("priority", "Urgent"),
    },
    "target": {
        "first_reply": mark("target", "First reply"),
        "next_reply": mark("target", "Next reply"),
        "periodic_update": mark("target", "Update"),
        "pausable_update": mark("target", "Update while we work"),
        "agent_work": mark("target", "Work"),
        "requester_wait": mark("target", "Customer's wait"),
        "resolution": mark("target", "Resolution"),
        "internal_first_reply": mark("target", "First reply (internal)"),
        "internal_next_reply": mark("target", "Next reply (internal)"),
        "internal_periodic_update": mark("target", "Update (internal)"),
        "internal_pausable_update": mark("target", "Update while we work (internal)"),
        "internal_agent_work": mark("target", "Work (internal)"),
        "internal_requester_wait": mark("target", "Customer's wait (internal)"),
        "internal_resolution": mark("target", "Resolution (internal)"),
    },
    "step": {
        "started": mark(
            "step", "Counting begins in the hours of %(calendar)s, by the policy %(policy)s."
        ),
        "waits": mark("step", "Promised by the policy %(policy)s. It waits: %(status)s."),
        "paused": mark("step", "Paused after %(counted)s: %(status)s."),
        "resumed": mark("step", "Goes on from %(counted)s: %(status)s."),
        "retargeted": mark(
            "step", "New terms after %(counted)s: the policy %(policy)s, the hours of %(calendar)s."
        ),
        "met": mark("step", "Met after %(counted)s."),
        "missed": mark("step", "Missed: the time was used up."),
        "cancelled": mark("step", "No longer needed after %(counted)s."),
        "untargeted": mark("step", "There is no target for this priority."),
        "due": mark("step", "Of %(target)s, %(left)s of open time are left: due %(due)s."),
    },
    "ladder": {
        "near": mark("ladder", "Close to being missed (%(at)s)."),
        "overdue": mark("ladder", "Still missed (%(at)s)."),
        "waits": mark("ladder", "Nobody is told before the desk opens."),
        "told": mark("ladder", "%(name)s was told (%(role)s)."),
        "told_level": mark("ladder", "Level %(level)s (%(at)s) told %(name)s (%(role)s)."),
        "again": mark("ladder", "Level %(level)s (%(at)s) told %(name)s again (%(role)s)."),
        "nobody": mark("ladder", "Level %(level)s (%(at)s) found nobody to tell."),
        "blocked": mark("ladder", "Level %(level)s (%(at)s) could not set everything: %(why)s"),
        "acknowledged": mark("ladder", "%(name)s takes care of it."),
    },
    "role": {
        "assignee": mark("role", "assignee"),
        "unassigned": mark("role", "group lead, since nobody has the ticket"),
        "responsible": mark("role", "responsible"),
        "followers": mark("role", "follower"),
        "group_lead": mark("role", "group lead"),
        "agent": mark("role", "named by the ladder"),
        "email": mark("role", "named by the ladder"),
        "substitute": mark("role", "stands in for %(absent)s"),
    },
    "recipient": {
        "assignee": mark("recipient", "You get this notice because the ticket is yours."),
        "unassigned": mark(
            "recipient",
            "You get this notice because you lead the group and nobody has the ticket.",
        ),
        "responsible": mark("recipient", "You get this notice because you answer for the ticket."),
        "followers": mark("recipient", "You get this notice because you follow the ticket."),
        "group_lead": mark("recipient", "You get this notice because you lead the group."),
        "agent": mark("recipient", "You get this notice because the desk names you for it."),
        "email": mark("recipient", "You get this notice because the desk names you for it."),
        "substitute": mark("recipient", "You get this notice because you stand in for %(absent)s."),
    },
    "obstacle": {
        "unanswered": mark("obstacle", "%(name)s did not answer in time"),
        "skill": mark("obstacle", "%(name)s lacks the skill: %(what)s"),
        "absent": mark("obstacle", "%(name)s is away until further notice"),
        "absent_until": mark("obstacle", "%(name)s is away until %(what)s"),
        "hours": mark("obstacle", "%(name)s does not work before %(what)s"),
        "load": mark("obstacle", "%(name)s has enough open tickets: %(what)s"),
    },
    "chosen": {
        "turn": mark("chosen", "%(name)s was chosen, whose turn it was among %(among)s"),
        "load": mark("chosen", "%(name)s was chosen, with the fewest open tickets of %(among)s"),
        "skill": mark("chosen", "%(name)s was chosen, who can do it best of %(among)s"),
        "meant": mark("chosen", "%(name)s was chosen, whom it is meant for"),
        "stands_in": mark("chosen", "%(name)s was chosen, and stands in for %(absent)s"),
    },
    "lapsed": {
        "unanswered": mark("lapsed", "%(name)s did not answer in time: it is the group's again"),
        "left": mark("lapsed", "%(name)s has left the group: the ticket is the group's again"),
    },
    "proposal": {
        "compensation": mark(
            "proposal", "Missed: %(target)s. This can be offered to the customer: %(text)s"
        ),
    },
    "call": {
        "queued": mark("call", "Waiting"),
        "calling": mark("call", "Being called"),
        "waiting": mark("call", "Will be tried again"),
        "done": mark("call", "Heard"),
        "failed": mark("call", "Not heard"),
    },
    "alert": {
        "still": mark("alert", "The alert is still on:"),
        "back": mark("alert", "The alert is back:"),
        "over": mark("alert", "The alert is over."),
    },
    "rule": {
        "trigger": mark("rule", "Trigger"),
        "automation": mark("rule", "Automation"),
    },
    "event": {
        "opened": mark("event", "A ticket was opened"),
        "replied": mark("event", "Somebody replied"),
        "noted": mark("event", "An agent wrote a note"),
        "status_changed": mark("event", "The status changed"),
        "changed": mark("event", "A field changed"),
        "target_near": mark("event", "A target will be missed soon"),
        "target_breached": mark("event", "A target was missed"),
        "event": mark("event", "A source told of something"),
    },
    "action": {
        "set": mark("action", "Sets fields"),
        "note": mark("action", "Writes a note"),
        "reply": mark("action", "Replies"),
        "notify": mark("action", "Sends notices"),
        "webhook": mark("action", "Calls a webhook"),
        "checklist": mark("action", "Adds tasks"),
    },
    "why": {
        "fires": mark("why", "It would fire now."),
        "fired": mark("why", "It fired."),
        "event": mark("why", "It does not listen to what happened."),
        "unchanged": mark("why", "Nothing changed that it asks about."),
        "condition": mark("why", "What it asks for did not hold."),
        "stopped": mark("why", "A rule above it ended the round."),
        "paused": mark("why", "It is paused."),
        "waits": mark("why", "It waits for its time:"),
        "never": mark("why", "What it counts from has not happened."),
        "unheard": mark("why", "Rules listen to no machine, and to nothing on a closed ticket."),
    },
    "part": {
        "all": mark("part", "needed:"),
        "any": mark("part", "one of these:"),
        "none": mark("part", "must not be:"),
    },
    "clock": {
        "running": mark("clock", "Running"),
        "paused": mark("clock", "Paused"),
        "met": mark("clock", "Met"),
        "breached": mark("clock", "Breached"),
        "cancelled": mark("clock", "No longer needed"),
    },
    "delivery": {
        "queued": mark("delivery", "Waiting"),
        "sending": mark("delivery", "Being sent"),
        "sent": mark("delivery", "Sent"),
        "failed": mark("delivery", "Not sent"),
        "bounced": mark("delivery", "Returned"),
    },
    "cause": {
        "unreadable": mark("cause", "Could not be read"),
        "virus": mark("cause", "Carries a virus"),
        "spam": mark("cause", "Looks like spam"),
        "dmarc_reject": mark("cause", "Rejected by the sender's domain"),
        "no_sender": mark("cause", "Names no sender"),
        "own_address": mark("cause", "Comes from an address of the desk"),
        "blocked": mark("cause", "The sender is blocked"),
        "flood": mark("cause", "Too many mails from this sender"),
        "automatic": mark("cause", "Written by a machine"),
        "no_group": mark("cause", "No group has this address"),
    },
    "mail_kind": {
        "human": mark("mail_kind", "A person"),
        "auto_reply": mark("mail_kind", "A machine that answers for somebody who is away"),
        "auto_generated": mark("mail_kind", "A machine"),
        "bounce": mark("mail_kind", "A mail system: a mail could not be delivered"),
        "delayed": mark("mail_kind", "A mail system: a mail is late"),
        "feedback": mark("mail_kind", "A mail system: a complaint about a mail"),
        "list": mark("mail_kind", "A mailing list"),
    },
    "verdict": {
        "PASS": mark("verdict", "Passed"),
        "FAIL": mark("verdict", "Failed"),
        "GRAY": mark("verdict", "Undecided"),
        "": mark("verdict", "Not known"),
        "UNKNOWN": mark("verdict", "Not known"),
        "DISABLED": mark("verdict", "Not known"),
        "PROCESSING_FAILED": mark("verdict", "Not known"),
    },
    "flight_done": {
        "opened": mark("flight_done", "It opened this ticket"),
        "joined": mark("flight_done", "It joined the ticket"),
        "held": mark("flight_done", "It is held on the ticket"),
        "note": mark("flight_done", "It became an internal note"),
        "follow_up": mark("flight_done", "It opened a follow-up ticket"),
        "forwarded": mark("flight_done", "It opened a ticket for the person it was passed on for"),
        "bounce": mark("flight_done", "It was noted as a returned mail"),
        "suspended": mark("flight_done", "It was suspended"),
    },
    "flight_match": {
        "none": mark("flight_match", "None was named"),
        "reply_address": mark(
            "flight_match", "Found by the reply address that the mail was sent to"
        ),
        "own_id": mark("flight_match", "Found by the mail of ours that it answers"),
        "message_id": mark("flight_match", "Found by an earlier mail that it answers"),
        "body_marker": mark("flight_match", "Found by a link of ours in the mail that it quotes"),
        "subject_tag": mark("flight_match", "Found by the number in the subject"),
        "foreign": mark("flight_match", "Found by the key of another system"),
        "bounced": mark("flight_match", "Found by the mail of ours that came back"),
    },
    "flight_clue": {
        "reply_address": mark("flight_clue", "Reply address"),
        "own_id": mark("flight_clue", "Id of a mail of ours"),
        "message_id": mark("flight_clue", "Id of an earlier mail"),
        "body_marker": mark("flight_clue", "Link in the quoted mail"),
        "subject_tag": mark("flight_clue", "Number in the subject"),
        "foreign": mark("flight_clue", "Key of another system"),
        "bounced": mark("flight_clue", "Mail that came back"),
    },
    "flight_why": {
        "forged": mark("flight_why", "the signature is not ours"),
        "expired": mark("flight_why", "it is too old"),
        "no_such_ticket": mark("flight_why", "there is no such ticket"),
        "not_authenticated": mark("flight_why", "nobody vouches for the sender"),
        "not_on_ticket": mark("flight_why", "the sender is not on the ticket"),
        "not_participant": mark("flight_why", "the sender is not on the ticket"),
        "token_of_another": mark("flight_why", "the reply address is somebody else's"),
        "closed": mark("flight_why", "the ticket is closed and takes no more"),
        "agent_without_access": mark("flight_why", "this agent may not see the ticket"),
        "staff_only": mark("flight_why", "the reply address is for agents alone"),
        "ticket": mark("flight_why", "too many mails on one ticket"),
        "desk": mark("flight_why", "too many new tickets at once"),
    },
    "flight_ack": {
        "sent": mark("flight_ack", "Sent"),
        "not_human": mark("flight_ack", "Not sent: a machine wrote this mail"),
        "muted": mark("flight_ack", "Not sent: mail to this address came back"),
        "not_authenticated": mark("flight_ack", "Not sent: nobody vouches for the sender"),
        "limit_address": mark("flight_ack", "Not sent: this address was sent enough of them"),
        "limit_domain": mark("flight_ack", "Not sent: this domain was sent enough of them"),
        "limit_desk": mark("flight_ack", "Not sent: the desk has sent too many at once"),
        "same_subject": mark("flight_ack", "Not sent: one was sent for this subject already"),
        "group_off": mark("flight_ack", "Not sent: the group sends none"),
        "internal": mark("flight_ack", "Not sent: the ticket is internal"),
        "forwarded": mark("flight_ack", "Not sent: an agent passed this mail on"),
    },
    "yes_no": {
        "yes": mark("yes_no", "Yes"),
        "no": mark("yes_no", "No"),
    },
    "smime": {
        "signed": mark("smime", "Signed"),
        "signed_untrusted": mark("smime", "Signed by somebody whom nobody vouches for"),
        "signature_broken": mark("smime", "The signature is broken"),
        "signature_unchecked": mark("smime", "The signature could not be checked"),
        "encrypted": mark("smime", "Encrypted"),
        "cannot_decrypt": mark("smime", "Encrypted, and could not be decrypted"),
    },
    "refusal": {
        "virus": mark("refusal", "It carries a virus and can only be deleted."),
        "unreadable": mark("refusal", "It cannot be read: download its original."),
        "not_authenticated": mark(
            "refusal", "Nobody vouches for its sender: release it without allowing more."
        ),
        "no_sender": mark("refusal", "It names no sender to block."),
        "released": mark("refusal", "It is on a ticket already."),
        "deleted": mark("refusal", "It was deleted."),
        "not_found": mark("refusal", "It is not there any more."),
        "internal": mark("refusal", "Something broke on our side: try again."),
        "conflict": mark("refusal", "Somebody else decided about it at the same time."),
    },
}


def word(kind: str, value: str, language: str) -> str:
    """What the reader calls a value, say a status. One we do not know is shown as it is."""
    text = WORDS[kind].get(value)
    if text is None:
        return value.replace("_", " ")
    return texts(language).pgettext(kind, text)


def date_time(at: datetime, zone: str, language: str) -> str:
    """Date and time to the minute as the reader writes them, in the reader's zone."""
    from babel.dates import format_date, format_time, get_datetime_format

    local = at.astimezone(ZoneInfo(zone))
    locale = _BABEL.get(language, language)
    # Babel types the pattern as an object, and it may quote literal words.
    pattern = str(get_datetime_format("medium", locale=locale)).replace("'", "")
    date = format_date(local, "medium", locale=locale)
    return pattern.replace("{1}", date).replace("{0}", format_time(local, "short", locale=locale))


def zone_name(at: datetime, zone: str) -> str:
    """The short name of the zone at that instant, say "CET"."""
    return at.astimezone(ZoneInfo(zone)).tzname() or zone


def relative(at: datetime, now: datetime, language: str) -> str:
    """How far away an instant is: "in 2 hours", "3 days ago"."""
    return _timedelta(at - now, language, with_direction=True)


def duration(span: timedelta, language: str) -> str:
    """How long something takes, without a direction: "2 hours"."""
    return _timedelta(abs(span), language, with_direction=False)


def _timedelta(span: timedelta, language: str, *, with_direction: bool) -> str:
    from babel.dates import format_timedelta

    return format_timedelta(
        span,
        granularity="minute",
        add_direction=with_direction,
        locale=_BABEL.get(language, language),
    )


def file_size(size: int, language: str) -> str:
    """A size in bytes as the reader writes it: "3.4 MB"."""
    from babel.numbers import format_decimal

    amount, unit = float(size), "B"
    for larger in ("kB", "MB", "GB"):
        if amount < 1000:  # noqa: PLR2004 the units are decimal
            break
        amount, unit = amount / 1000, larger
    pattern = "0" if unit == "B" or amount >= 10 else "0.#"  # noqa: PLR2004 two digits tell enough
    number = format_decimal(amount, pattern, locale=_BABEL.get(language, language))
    return f"{number}\N{NO-BREAK SPACE}{unit}"
