"""Every way in which the desk can be woken, as a case for the fault harness.

A case is named after the function it wakes. Its world is brought to just before the event.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from email import message_from_bytes
from email.message import Message
from typing import Any
from urllib.parse import urlencode

from chalicelib.desk.model import Limits
from chalicelib.desk.service import apply, live_desk
from chalicelib.exports import service as exports
from chalicelib.intake import store as intake_store
from chalicelib.ledger.model import Actor
from chalicelib.mail.parse import MailError
from chalicelib.tickets import joining
from chalicelib.tickets import service as tickets
from chalicelib.tickets.access import SCOPES, Who
from chalicelib.tickets.changes import Edit
from chalicelib.tickets.model import ArticleKind
from chalicelib.web import csrf, session
from chalicelib.web import store as web_store
from tests.aws_calls import aws_client
from tests.faults.copies import Stage
from tests.faults.desk import EXPORTING, NAMES, Desk, left_by, new_desk
from tests.faults.harness import Case, is_done, nothing
from tests.reports import report
from tests.web.browser import FORM
from tests.web.calls import event
from tests.world import DESK, letter

Prepare = Callable[[Desk], Any]
# In minutes, and a little longer: who held a delivery or an export has surely given it up.
LEASE, EXPORT_LEASE = 6, 17
TOKEN = "skr_for-the-faults"
TICKET = {"requester": "kim@customer.example", "subject": "Printer", "body": "It smokes."}
WRITTEN = {"kind": "reply", "text": "Try turning it off and on.", "seen_seq": "1"}
REPLY = {"kind": "reply", "body": "Try turning it off and on."}
COMPOSING = {"mode": "composing"}


def sent(desk: Desk) -> Message:
    """The last mail that went out."""
    return message_from_bytes(desk.outside.mails[-1]["Content"]["Raw"]["Data"])


def answer(desk: Desk, number: int = 1001) -> None:
    """An agent replies; nothing reacts yet."""
    who = Who.from_agent(live_desk(desk.world.ports).agents["anna"])
    draft = tickets.Draft(ArticleKind.REPLY, "Try turning it off and on.")
    tickets.write_article(desk.world.ports, who, number, draft)


def known_customer(desk: Desk, **mail: Any) -> None:
    """A ticket whose customer has the acknowledgement."""
    desk.mail(letter("It smokes.", **mail).as_bytes())


# What comes in. ------------------------------------------------------------------------------


def new_ticket(desk: Desk) -> Any:
    return desk.arrival(letter().as_bytes())


def reply_by_token(desk: Desk) -> Any:
    known_customer(desk)
    return desk.arrival(letter("It works now.", to=str(sent(desk)["Reply-To"])).as_bytes())


def second_ticket(desk: Desk) -> None:
    mail = letter("There is a fire.", subject="Fire", sender="Bo Lind <bo@customer.example>")
    desk.mail(mail.as_bytes())


def answer_to_merged(desk: Desk) -> Any:
    """Somebody else's ticket leads to the first one now."""
    known_customer(desk)
    second_ticket(desk)
    merged(desk)
    to, sender = str(sent(desk)["Reply-To"]), "Bo Lind <bo@customer.example>"
    return desk.arrival(letter("It burns.", to=to, sender=sender).as_bytes())


def reply_with_attachment(desk: Desk) -> Any:
    known_customer(desk)
    mail = letter("See the picture.", to=str(sent(desk)["Reply-To"]))
    mail.add_attachment(b"\x89PNG", maintype="image", subtype="png", filename="smoke.png")
    return desk.arrival(mail.as_bytes())


def spam(desk: Desk) -> Any:
    return desk.arrival(letter("Buy printers!").as_bytes(), verdicts={"spam": "FAIL"})


def duplicate(desk: Desk) -> Any:
    raw = letter().as_bytes()
    desk.mail(raw)
    return desk.arrival(raw)


def held(desk: Desk) -> Any:
    known_customer(desk)
    eve = letter("I am Kim.", sender="Eve <eve@else.example>", to=str(sent(desk)["Reply-To"]))
    return desk.arrival(eve.as_bytes())


def flood(desk: Desk) -> Any:
    """One mail more than a sender may write in ten minutes: a block begins, and a lead is told."""
    for count in range(Limits().mails_in_ten_minutes):
        desk.world.call("inbound_mail", desk.arrival(numbered(count)))
    return desk.arrival(numbered(Limits().mails_in_ten_minutes))


def numbered(count: int) -> bytes:
    return letter(f"Alarm {count}", subject=f"Alarm {count}").as_bytes()


def claimed_id(desk: Desk) -> Any:
    """The real mail, after a stranger has sent another one under its id."""
    desk.mail(letter("Mine.", sender="eve@else.example", message_id="<x@c.example>").as_bytes())
    return desk.arrival(letter("The real one.", message_id="<x@c.example>").as_bytes())


def passed_on(desk: Desk) -> Any:
    text = (
        "Who takes it?\n\n---------- Forwarded message ---------\n"
        "From: Oda Moe <oda@customer.example>\nDate: Mon, 2 Mar 2026 at 08:30\n"
        "Subject: The door\nTo: Anna Berg <anna@agents.example>\n\nIt does not open.\n"
    )
    mail = letter(text, sender="Anna Berg <anna@agents.example>", subject="Fwd: The door")
    return desk.arrival(mail.as_bytes())


def note_by_mail(desk: Desk) -> Any:
    known_customer(desk)
    reference = str(sent(desk)["References"]).split()[-1]
    mail = letter("On it.", sender="Anna Berg <anna@agents.example>", References=reference)
    return desk.arrival(mail.as_bytes())


def returned(desk: Desk) -> Any:
    """A mail system returns an answer of ours, which mutes the address."""
    known_customer(desk)
    return desk.arrival(report(sent(desk)), envelope_from="")


def unannounced(desk: Desk) -> Any:
    """The event was lost, and the bucket's own notice has waited long enough."""
    queue = desk.world.ports.config.unprocessed_queue_url
    sqs = aws_client("sqs")
    # moto's queue follows the real clock, which does not move between two tries.
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"VisibilityTimeout": "0"})
    known, lost = letter("It smokes.").as_bytes(), letter("Nobody told you.").as_bytes()
    desk.mail(known)
    keys = ["inbound/ses000001", f"inbound/{desk.world.put_mail(lost)}"]
    notice = {"Records": [{"s3": {"object": {"key": key}}} for key in keys]}
    sqs.send_message(QueueUrl=queue, MessageBody=json.dumps(notice))
    return {}


def unreadable(desk: Desk) -> Any:
    """The parser reads nearly everything, so it is made to fail."""

    def fail(_: bytes) -> None:
        raise MailError("It cannot be read.")

    desk.patch.setattr("chalicelib.intake.contents.parse", fail)
    return desk.arrival(b"no mail at all")


# What happened. ------------------------------------------------------------------------------


def entries(desk: Desk) -> Any:
    """Two entries of several facts each."""
    for text in ("One.", "Two."):
        raw = letter(text).as_bytes()
        desk.world.call("inbound_mail", desk.arrival(raw))
    return {"Records": desk.world.stream()}


def acknowledgement(desk: Desk) -> Any:
    desk.world.call("inbound_mail", new_ticket(desk))
    return desk.next_event("DeliveryQueued")


def reply(desk: Desk) -> Any:
    known_customer(desk)
    answer(desk)
    return desk.next_event("DeliveryQueued")


def breach(desk: Desk) -> Any:
    """A target is missed, and nobody has looked yet."""
    known_customer(desk, to="quick@desk.example")
    desk.world.pass_time(minutes=2)
    return {}


def wait_over(desk: Desk) -> Any:
    """A ticket has waited long enough; the sweep opens it, and tells its assignee."""
    known_customer(desk)
    who = Who.from_agent(live_desk(desk.world.ports).agents["anna"])
    wait = Edit(status="pending", assignee="anna", until="2026-03-02T10:02")
    tickets.edit_ticket(desk.world.ports, who, 1001, wait)
    desk.world.pass_time(minutes=2)
    return {}


def near(desk: Desk) -> Any:
    """A warning is due; the sweep gives it, and its mail waits to be sent."""
    body = copy.deepcopy(DESK)
    body["policies"]["quick"]["warn"] = ["50%"]
    apply(desk.world.ports, body)
    known_customer(desk, to="quick@desk.example")
    desk.world.pass_time(seconds=31)
    return {}


def breach_published(desk: Desk) -> Any:
    breach(desk)
    desk.world.sweep()
    return desk.next_event("TargetBreached")


def forgotten_delivery(desk: Desk) -> Any:
    """The bus never brought the news of a mail."""
    acknowledgement(desk)
    desk.world.pass_time(minutes=6)
    return {}


def unsealed(desk: Desk) -> Any:
    """A window of the ledger is over, and something was written in it."""
    desk.world.call("reconcile", {})
    desk.world.sweep()
    known_customer(desk)
    desk.world.pass_time(minutes=25)
    return {}


def forgotten_export(desk: Desk) -> Any:
    export_requested(desk)
    desk.world.pass_time(minutes=6)
    return {}


def old_suspended_mail(desk: Desk) -> Any:
    desk.world.call("inbound_mail", spam(desk))
    desk.flow()
    desk.world.pass_time(days=31)
    return {}


TOLD = [{"emailAddress": "kim@customer.example", "status": "5.1.1"}]
BOUNCED = {"bounceType": "Permanent", "bouncedRecipients": TOLD}
LATE = {"bounceType": "Transient", "bouncedRecipients": TOLD}


def reporting(kind: str, **told: Any) -> Prepare:
    """SES says what became of the mail that it sent last."""

    def prepare(desk: Desk) -> Any:
        known_customer(desk)
        tags = {tag["Name"]: [tag["Value"]] for tag in desk.outside.mails[-1]["EmailTags"]}
        return {"detail": {"eventType": kind, "mail": {"tags": tags}, **told}}

    return prepare


def export_requested(desk: Desk) -> Any:
    known_customer(desk)
    desk.world.call("inbound_mail", spam(desk))
    desk.flow()
    exports.request(desk.world.ports, program())
    return desk.next_event("ExportRequested")


def program() -> Who:
    return Who(Actor("token", "auditor"), "auditor", "", frozenset(SCOPES), None)


# What clients ask. ---------------------------------------------------------------------------


def asking(method: str, path: str, body: Mapping[str, Any]) -> Prepare:
    """A program that repeats what fails with the same Idempotency-Key."""

    def prepare(desk: Desk) -> Any:
        known_customer(desk)
        who = program()
        web_store.add_token(TOKEN, name=who.name, scopes=sorted(who.scopes))
        headers = {"authorization": f"Bearer {TOKEN}", "idempotency-key": "k1"}
        return event(desk.world, method, f"/api/v1{path}", json.dumps(body), headers=headers)

    return prepare


def relating(
    verb: str, body: Mapping[str, Any], before: Callable[[Desk], None] | None = None
) -> Prepare:
    """A program says what the second of two tickets is to the first."""
    method = "POST" if verb else "PATCH"

    def prepare(desk: Desk) -> Any:
        request = asking(method, f"/tickets/1002{verb}", body)(desk)
        second_ticket(desk)
        if before:
            before(desk)
        return request

    return prepare


def merged(desk: Desk) -> None:
    joining.merge(desk.world.ports, program(), 1002, 1001)
    desk.flow()


def adopted(desk: Desk) -> None:
    joining.link(desk.world.ports, program(), 1002, "parent", 1001)
    desk.flow()


def submitting(path: str, fields: Mapping[str, str]) -> Prepare:
    """An agent who sends the same form of a page again."""

    def prepare(desk: Desk) -> Any:
        known_customer(desk)
        return submitted(desk, path, fields)

    return prepare


def deciding(method: str, verb: str = "") -> Prepare:
    """A program decides about a suspended mail, and repeats what fails."""

    def prepare(desk: Desk) -> Any:
        desk.world.call("inbound_mail", spam(desk))
        desk.flow()
        (mail,) = (item.columns["id"] for item in intake_store.list_page(2, None).items)
        who = program()
        web_store.add_token(TOKEN, name=who.name, scopes=sorted(who.scopes))
        headers = {"authorization": f"Bearer {TOKEN}"}
        return event(desk.world, method, f"/api/v1/suspended/{mail}{verb}", headers=headers)

    return prepare


def submitted(desk: Desk, path: str, fields: Mapping[str, str]) -> dict[str, Any]:
    """The event of a form that a signed-in agent sends; without fields the page is only opened."""
    ports = desk.world.ports
    value = session.start(ports, live_desk(ports).agents["anna"])
    headers = {"cookie": f"{session.name(ports)}={value}", "content-type": FORM}
    if not fields:
        return event(desk.world, "GET", path, headers=headers)
    proof = {"csrf_token": csrf.token(ports.keys(), value), "nonce": "n1"}
    return event(desk.world, "POST", path, urlencode({**fields, **proof}), headers=headers)


def is_answered(response: Any) -> bool:
    return bool(response["statusCode"] < 400)


# The table. ----------------------------------------------------------------------------------


def world_of(prepare: Prepare, **parts: bool) -> Callable[[], AbstractContextManager[Desk]]:
    @contextmanager
    def world() -> Iterator[Desk]:
        with new_desk(**parts) as desk:
            desk.event = prepare(desk)
            yield desk

    return world


def case(
    name: str, prepare: Prepare, *, sweeps: int = 0, minutes: float = LEASE, **parts: bool
) -> Case[Desk]:
    """`name` begins with the function that the event wakes.

    Where it may leave something to a sweep, so many come, each after a lease. All else has to be
    right when the function is done: what others make of it is a case of its own.
    """
    function = name.partition(":")[0]
    return Case(
        name,
        Stage(world_of(prepare, **parts)),
        lambda desk: desk.world.call(function, desk.event),
        left_by,
        (lambda desk: desk.come_to_rest(sweeps, minutes)) if sweeps else nothing,
        is_answered if function == "app" else is_done,
        EXPORTING if "export" in name else NAMES,
    )


EXPORT: dict[str, Any] = {"sweeps": 2, "minutes": EXPORT_LEASE}
CASES = [
    case("inbound_mail: a new ticket, cold", new_ticket, is_warm=False),
    case("inbound_mail: a reply by token", reply_by_token),
    case("inbound_mail: a reply with an attachment", reply_with_attachment),
    case("inbound_mail: spam", spam),
    case("inbound_mail: unreadable", unreadable),
    case("inbound_mail: a duplicate", duplicate),
    case("inbound_mail: a stranger's reply, held", held),
    case("inbound_mail: a flood", flood),
    case("inbound_mail: under an id that was claimed in advance", claimed_id),
    case("inbound_mail: passed on by an agent", passed_on),
    case("inbound_mail: an agent's note", note_by_mail),
    case("inbound_mail: a mail of ours that comes back", returned),
    case("relay: two entries", entries),
    case("deliver: an acknowledgement", acknowledgement, sweeps=2),
    case("deliver: a reply", reply, sweeps=2),
    case("deliver: refused by SES", acknowledgement, sweeps=2, is_verified=False),
    case("escalate: a breach", breach_published),
    case("mail_events: a bounce", reporting("Bounce", bounce=BOUNCED)),
    case("mail_events: a temporary bounce", reporting("Bounce", bounce=LATE)),
    case("mail_events: a complaint", reporting("Complaint")),
    case("reconcile: a mail without an event", unannounced),
    case("sweep: a breach", breach),
    case("sweep: a wait that is over", wait_over),
    case("sweep: a warning", near, sweeps=2),
    case("sweep: a delivery that the bus forgot", forgotten_delivery, sweeps=2),
    case("sweep: an old suspended mail", old_suspended_mail),
    case("sweep: a window to seal", unsealed, sweeps=1, minutes=1),
    case("sweep: an export that the bus forgot", forgotten_export, **EXPORT),
    case("export: all of it", export_requested, **EXPORT),
    case("app: a new ticket", asking("POST", "/tickets", TICKET)),
    case("app: a reply", asking("POST", "/tickets/1001/articles", REPLY)),
    case("app: a reply by form", submitting("/agent/tickets/1001/articles", WRITTEN)),
    case("app: a suspended mail released", deciding("POST", "/release")),
    case("app: a sender allowed", deciding("POST", "/allow")),
    case("app: a sender blocked", deciding("POST", "/block")),
    case("app: a suspended mail deleted", deciding("DELETE"), sweeps=2),
    case("app: somebody at a ticket", asking("POST", "/tickets/1001/presence", COMPOSING)),
    case("app: a draft", submitting("/agent/tickets/1001/draft", WRITTEN)),
    case("app: an edit", asking("PATCH", "/tickets/1001", {"priority": "urgent"})),
    case("app: a merge", relating("/merge", {"into": 1001})),
    case("app: a merge undone", relating("/unmerge", {}, before=merged)),
    case("app: a link", relating("/links", {"type": "parent", "ticket": 1001})),
    case("app: a child solved", relating("", {"status": "solved"}, before=adopted)),
    case("app: a split", asking("POST", "/tickets/1001/split", {"articles": ["1"]})),
    case("inbound_mail: an answer to a merged ticket", answer_to_merged),
    case("app: an export", asking("POST", "/exports", {})),
]
