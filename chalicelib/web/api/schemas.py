"""The shapes of what goes over the API, as one table of JSON Schema, and an example of most.

Every field of an answer is always there; what may be missing in a request is said there. The shapes
of an area that has many stand in a module of their own, and are put into the table here.
"""

from __future__ import annotations

from typing import Any

from chalicelib.clocks.model import NAMES, ClockState
from chalicelib.desk.model import LOCALES, PRIORITIES
from chalicelib.exports.model import State
from chalicelib.i18n import WORDS
from chalicelib.intake.model import Cause
from chalicelib.intake.suspended import BULK, Action, Done
from chalicelib.mail.kinds import MailKind
from chalicelib.tickets.changes import SUBJECT_LIMIT
from chalicelib.tickets.edits import REASON_LIMIT, RESOLUTION_LIMIT, TAG_LIMIT
from chalicelib.tickets.model import ArticleKind, DeliveryState, Status
from chalicelib.tickets.presence import Mode
from chalicelib.tickets.relations import REVERSE, SPLIT_LIMIT
from chalicelib.tickets.service import BODY_LIMIT
from chalicelib.web.api import (
    availability,
    forms,
    hooks,
    incidents,
    macros,
    notes,
    organizations,
    participants,
    rules,
    tasks,
    views,
)
from chalicelib.web.api.fields import CONTENT_ID
from chalicelib.web.api.shapes import (
    FLAG,
    INSTANT,
    LINK,
    NUMBER,
    TEXT,
    Schema,
    asked,
    listing,
    many,
    mapping,
    one_of,
    or_null,
    ref,
    text,
)
from chalicelib.web.present import EXCERPT

NEW_UPLOAD, NEW_ARTICLE, NEW_TICKET = "NewUpload", "NewArticle", "NewTicket"
SUSPENDED_ACTION, PRESENCE = "SuspendedAction", "Presence"
_UNTIL = (
    "Until when a pending or on-hold ticket waits: an instant, a local time, a date, or "
    "`+3 business days`."
)
_LINK_TYPE = {
    "enum": list(REVERSE),
    "type": "string",
    "description": "What the other ticket is to this one: its `parent`, say.",
}


def table() -> dict[str, Schema]:
    """All schemas by name."""
    row = {
        "number": NUMBER,
        "status": text(description="The id of a status of the desk."),
        "category": {**one_of(Status), "description": "What rules and targets take it for."},
        "status_label": text(description="The status in the language of the desk."),
        "until": or_null(
            {**INSTANT, "description": "When the status ends by itself: a wait, or solved."}
        ),
        "unopened": {
            "anyOf": [ref("Unopened"), {"type": "null"}],
            "description": "The customer wrote since it was solved, and it stayed as it is.",
        },
        "version": {**NUMBER, "description": "Counts the changes that a PATCH may conflict with."},
        "subject": TEXT,
        "group": TEXT,
        "assignee": or_null(text(description="An agent's address.")),
        "requester": ref("Contact"),
        "priority": one_of(PRIORITIES),
        "type": or_null(text(description="The id of a type of the desk.")),
        "tags": many(TEXT),
        "due": many(ref("Due")),
        "opened_at": INSTANT,
        "updated_at": INSTANT,
    }
    summary = {
        **row,
        "responsible": or_null(text(description="The address of the agent who answers for it.")),
        "followers": many(TEXT, description="The addresses of the agents who are told."),
        "organization": or_null(text(description="The id of the requester's.")),
        "reason": text(description="Why it waits."),
        "resolution": text(description="How it was solved."),
        "form": or_null(text(description="The id of the form that was filled in.")),
        "fields": forms.VALUES,
        "is_internal": {**FLAG, "description": "Nothing of it goes to a customer."},
        "reopen_count": NUMBER,
        "open_tasks": NUMBER,
        "follow_up_of": or_null(NUMBER),
        "merged_into": or_null({**NUMBER, "description": "Where whatever comes for it goes."}),
    }
    return {
        "TicketRow": mapping(**row),
        "Unopened": mapping(why=one_of(["thanks", "too_often"]), at=INSTANT),
        "TicketSummary": mapping(**summary),
        "ChangedTicket": mapping(
            **summary,
            warnings=many(TEXT, description="Such as that its new assignee is away."),
        ),
        "Ticket": mapping(
            **summary,
            seq={**NUMBER, "description": "The newest article that is not held: `seen_seq`."},
            participants=many(ref("Contact")),
            articles=many(ref("Article"), description="The newest, oldest of them first."),
            older=or_null(text(description="Send it as `before` for older articles.")),
            sources=many(NUMBER, description="What was merged into it."),
            links=many(ref("Link"), description="On the newest page alone."),
            open_children=many(NUMBER),
            tasks=many(ref("Task"), description="On the newest page alone."),
        ),
        "Link": mapping(type=_LINK_TYPE, ticket=NUMBER),
        "Contact": mapping(
            name=TEXT,
            email=TEXT,
            is_muted={**FLAG, "description": "Mail to this address came back for good."},
        ),
        "Due": mapping(target=one_of(NAMES), due_at=or_null(INSTANT), state=one_of(ClockState)),
        **_of_clocks(),
        "Article": mapping(
            id=TEXT,
            kind=one_of(ArticleKind),
            author=ref("Author"),
            text=TEXT,
            has_more={**FLAG, "description": "The text is only the first part of all of it."},
            at=INSTANT,
            is_held={**FLAG, "description": "Came by mail, and is not trusted until accepted."},
            mail_kind=one_of(MailKind),
            attachments=many(ref("Attachment")),
            comment=or_null(text(description="What an agent wrote above a mail they passed on.")),
            ticket={**NUMBER, "description": "Where it stands: perhaps on one that was merged."},
            split_to=or_null({**NUMBER, "description": "The ticket that was made of it."}),
            raw=or_null({**LINK, "description": "Redirects to the original mail."}),
            flight={
                "type": ["object", "null"],
                "description": "How the mail was understood; its names may change.",
                "additionalProperties": True,
            },
            delivery=many(ref("Delivery")),
        ),
        "Excerpt": mapping(
            id=TEXT,
            kind=one_of(ArticleKind),
            author=ref("Author"),
            at=INSTANT,
            text=text(maxLength=EXCERPT, description="How it begins."),
        ),
        "Present": mapping(
            name=TEXT,
            email=or_null(text(description="An agent's address; null for a program.")),
            mode=one_of([Mode.VIEWING, Mode.COMPOSING]),
            until={**INSTANT, "description": "When they are forgotten, unless they say it again."},
        ),
        "PresentOthers": mapping(others=many(ref("Present"))),
        "Author": mapping(
            name=TEXT,
            email=TEXT,
            role=one_of(["requester", "participant", "stranger", "agent", "system"]),
            is_agent=FLAG,
        ),
        "Attachment": mapping(
            name=TEXT,
            content_type=TEXT,
            size={**NUMBER, "description": "In bytes."},
            url={**LINK, "description": "Redirects to the file."},
        ),
        "Delivery": mapping(
            id=TEXT,
            to=TEXT,
            state=one_of(DeliveryState),
            mail=text(description="Which mail it is: reply, acknowledgement, escalation."),
            reason=or_null(TEXT),
        ),
        "Person": mapping(id=TEXT, name=TEXT, email=TEXT, locale=one_of(LOCALES)),
        **_of_suspended_mail(),
        **forms.SCHEMAS,
        **hooks.SCHEMAS,
        **rules.SCHEMAS,
        "Export": mapping(
            id=TEXT,
            state=one_of(State),
            requested_at=INSTANT,
            last_number=NUMBER,
            counts={"type": "object", "additionalProperties": NUMBER},
            parts=NUMBER,
            bytes=NUMBER,
            manifest_sha256=or_null(TEXT),
            reason=or_null(TEXT),
            files=many(mapping(name=TEXT, url=LINK), description="Links that last five minutes."),
        ),
        "Upload": mapping(
            id=text(description="Names the file in an article's `attachments`."),
            name=TEXT,
            url=LINK,
            fields={"type": "object", "additionalProperties": TEXT},
        ),
        "TicketList": listing("TicketRow"),
        "PeopleList": listing("Person"),
        "SuspendedList": listing("SuspendedRow"),
        "Health": mapping(status=one_of(["ok"])),
        "Description": {"type": "object", "required": ["openapi", "info", "paths"]},
        "Error": mapping(error=ref("Problem"), request_id=TEXT),
        "Problem": _problem(),
        **_requests(),
        **views.SCHEMAS,
        **macros.SCHEMAS,
        **participants.SCHEMAS,
        **tasks.SCHEMAS,
        **incidents.SCHEMAS,
        **organizations.SCHEMAS,
        **notes.SCHEMAS,
        **availability.SCHEMAS,
    }


def _problem() -> Schema:
    fields = {
        "type": "object",
        "additionalProperties": TEXT,
        "description": "What is wrong, by the field of the request. Where others have changed the "
        "same fields, what they are by now.",
    }
    schema = mapping(
        code=text(description="For programs: invalid, not_found, conflict, ..."),
        message=text(description="For people."),
        fields=fields,
    )
    new = "Only with a reply that was overtaken: what its author has not read, oldest first."
    schema["properties"]["new"] = many(ref("Excerpt"), description=new)
    return schema


def _of_clocks() -> dict[str, Schema]:
    step = {
        "at": INSTANT,
        "what": one_of([*WORDS["step"], "near", "overdue", "told", "blocked", "acknowledged"]),
        "words": text(description="For people, in the zone of the desk."),
    }
    rung = mapping(
        level={**NUMBER, "description": "From 1; 0 where the policy has no ladder."},
        at=text(description="When it comes: 50%, -30m, 0, +1h, +1d."),
        notify=many(TEXT, description="Whom it calls."),
        set={"type": "object", "description": "What it sets on the ticket."},
        comes_at=or_null({**INSTANT, "description": "Null once it came, and for never."}),
        calls=or_null({**NUMBER, "description": "How often it has called; null until it comes."}),
        is_calling={**FLAG, "description": "It calls again, unless something ends that."},
    )
    note = mapping(by=text(description="Who, as the ledger names them."), at=INSTANT)
    return {
        "Clock": mapping(
            target=one_of(NAMES),
            state=one_of(ClockState),
            policy=TEXT,
            calendar=TEXT,
            started_at=INSTANT,
            due_at=or_null(INSTANT),
            next_step_at=or_null({**INSTANT, "description": "When its ladder goes on."}),
            breached_at=or_null(INSTANT),
            met_at=or_null(INSTANT),
            seconds=or_null({**NUMBER, "description": "What is promised, in open time."}),
            counted={**NUMBER, "description": "Seconds of open time so far."},
            is_certain={
                **FLAG,
                "description": "The ledger leads to this clock on the terms of today's desk.",
            },
            acknowledged=or_null({**note, "description": "Who takes care of what escalated."}),
            ladder=many(rung, description="The steps around its target, in order."),
            steps=many(mapping(**step), description="What moved it, and what came of it."),
        ),
        "Clocks": mapping(items=many(ref("Clock"))),
    }


def _of_suspended_mail() -> dict[str, Schema]:
    row = {
        "id": TEXT,
        "cause": one_of(Cause),
        "sender": TEXT,
        "is_authenticated": {**FLAG, "description": "The sender's domain vouches for the mail."},
        "subject": TEXT,
        "received_at": INSTANT,
    }
    verdict = one_of(["PASS", "FAIL", "GRAY", "PROCESSING_FAILED", "DISABLED", "UNKNOWN"])
    verdicts = mapping(**dict.fromkeys(("spf", "dkim", "dmarc", "spam", "virus"), verdict))
    verdicts["properties"]["dmarc_policy"] = text(description="What the domain asks for.")
    verdicts["required"].append("dmarc_policy")
    flight = {"type": "object", "additionalProperties": TEXT}
    return {
        "SuspendedRow": mapping(**row),
        "SuspendedMail": mapping(
            **row,
            recipients=many(TEXT, description="Those of ours that it was sent to."),
            verdicts={**verdicts, "description": "SES's own, of the time it came in."},
            flight={**flight, "description": "How it was understood; its names may change."},
            raw=or_null({**LINK, "description": "Redirects to the original; null with a virus."}),
        ),
        "SuspendedResult": mapping(
            id=TEXT,
            outcome=one_of(Done),
            ticket=or_null({**NUMBER, "description": "The ticket that the mail is on now."}),
            error={
                "anyOf": [ref("Problem"), {"type": "null"}],
                "description": "Why nothing was done; its field `mail` says it for programs: "
                "virus, unreadable, not_authenticated, no_sender, released, deleted.",
            },
        ),
        "SuspendedResults": mapping(items=many(ref("SuspendedResult"))),
    }


def _requests() -> dict[str, Schema]:
    subject = text(minLength=1, maxLength=SUBJECT_LIMIT)
    body = text(minLength=1, maxLength=BODY_LIMIT)
    tags = many(TEXT, maxItems=TAG_LIMIT)
    followers = many(text(minLength=1, description="An agent's id or address."))
    shown_at = 'A picture: it is shown where the text says "[cid:...]" with this id.'
    content_id = text(pattern=f"^{CONTENT_ID}$", description=shown_at)
    return {
        NEW_TICKET: asked(
            "requester",
            "subject",
            "body",
            requester={"oneOf": [TEXT, asked("email", name=or_null(TEXT), email=TEXT)]},
            subject=subject,
            body=body,
            group=or_null(text(description="Where there is none: the first that the token sees.")),
            priority={"enum": [*PRIORITIES, None], "default": "normal"},
            tags=tags,
            type=or_null(text(description="Where there is none: that of the form.")),
            form=or_null(text(description="Where there is none: that of the type.")),
            fields=forms.VALUES,
        ),
        "TicketChanges": asked(
            version=or_null(
                {**NUMBER, "description": "Refused where others changed the same fields since."}
            ),
            subject=subject,
            status=text(description="The id of a status; a refusal names those allowed."),
            until=or_null(text(description=_UNTIL)),
            reason=text(maxLength=REASON_LIMIT, description="Why it waits."),
            resolution=text(maxLength=RESOLUTION_LIMIT, description="How it was solved."),
            priority=one_of(PRIORITIES),
            group=TEXT,
            assignee=or_null(text(description="An agent's id or address; null for nobody.")),
            responsible=or_null(text(description="As the assignee: who answers for it.")),
            followers=followers,
            add_followers=followers,
            remove_followers=followers,
            tags=tags,
            type=or_null(text(description="The id of a type of the desk; null for none.")),
            fields=forms.VALUES,
        ),
        NEW_ARTICLE: asked(
            "kind",
            "body",
            kind=one_of(ArticleKind),
            body=body,
            attachments=many(
                {"oneOf": [TEXT, asked("id", id=TEXT, name=TEXT, content_id=content_id)]}
            ),
            status=or_null(text(description="Set along with it.")),
            seen_seq=or_null(
                {**NUMBER, "description": "A reply is refused where others have written since."}
            ),
        ),
        PRESENCE: asked(mode={**one_of(Mode), "default": Mode.VIEWING.value}),
        "Merge": asked(
            "into",
            into=NUMBER,
            add_people={**FLAG, "description": "Those on it take part there from now on."},
        ),
        "NewLink": asked("type", "ticket", type=_LINK_TYPE, ticket=NUMBER),
        "Split": asked(
            "articles",
            articles=many(text(minLength=1), minItems=1, maxItems=SPLIT_LIMIT),
            subject=or_null({**subject, "description": "Else that of the ticket."}),
        ),
        "Acceptance": asked(
            add_sender={**FLAG, "description": "The sender is a participant from now on."}
        ),
        NEW_UPLOAD: asked("name", name=text(minLength=1), content_type=TEXT),
        SUSPENDED_ACTION: asked(
            "action",
            "ids",
            action=one_of(Action),
            ids=many(text(minLength=1), minItems=1, maxItems=BULK),
        ),
    }


def examples() -> dict[str, Any]:
    """One example each of what is sent, and of the answers that are read most."""
    ticket = {
        "number": 1001,
        "status": "parts",
        "category": "on_hold",
        "status_label": "Waits for parts",
        "until": "2026-03-09T07:00:00Z",
        "unopened": None,
        "version": 3,
        "subject": "The printer on floor 2",
        "group": "support",
        "assignee": "anna@agents.example",
        "requester": {
            "name": "Kim Jensen",
            "email": "kim@customer.example",
            "is_muted": False,
        },
        "priority": "normal",
        "type": "incident",
        "tags": ["printer"],
        "due": [{"target": "resolution", "due_at": "2026-03-03T12:00:00Z", "state": "running"}],
        "opened_at": "2026-03-02T09:00:00Z",
        "updated_at": "2026-03-02T09:20:00Z",
    }
    return {
        NEW_TICKET: {
            "requester": {"name": "Kim Jensen", "email": "kim@customer.example"},
            "subject": "The printer on floor 2",
            "body": "It prints only the letter Q.",
            "group": "support",
            "tags": ["printer"],
        },
        "TicketChanges": {"version": 3, "status": "pending", "assignee": "anna@agents.example"},
        NEW_ARTICLE: {"kind": "reply", "body": "Please turn it off and on.", "status": "pending"},
        NEW_UPLOAD: {"name": "manual.pdf", "content_type": "application/pdf"},
        SUSPENDED_ACTION: {"action": "release", "ids": ["c6af9ac67b6111e69a4193e8deadbeef0001"]},
        "SuspendedResults": {
            "items": [
                {
                    "id": "c6af9ac67b6111e69a4193e8deadbeef0001",
                    "outcome": "released",
                    "ticket": 1001,
                    "error": None,
                }
            ]
        },
        "TicketList": {"items": [ticket], "next": None},
        "Error": {
            "error": {
                "code": "invalid",
                "message": "Some fields cannot be set so.",
                "fields": {"status": "must be one of open, pending, on_hold, solved, closed"},
            },
            "request_id": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
        },
    }
