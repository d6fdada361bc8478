"""What the desk does all day, one operation each, for the budget of calls and units.

Everything is warm: configuration, keys and clients are cached, as they are for all but the first
request of a process. Texts are of a usual length, and nothing that is measured is random.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any

from moto import mock_aws

from chalicelib import table
from chalicelib.desk.service import live_desk
from chalicelib.people import absences
from chalicelib.people.model import Absence
from chalicelib.routing import availability
from chalicelib.tickets import service as tickets
from chalicelib.tickets import store
from chalicelib.tickets.access import Who
from chalicelib.tickets.edits import Edit
from chalicelib.tickets.model import ArticleKind, Attachment
from chalicelib.web.store import add_token
from tests.faults.cases import assigning, hooked, sent, submitted, telling
from tests.faults.desk import Desk, new_desk
from tests.meter import Meter
from tests.web.calls import event
from tests.world import letter

Act = Callable[[], object]
TEXT = " ".join(["The printer on floor 2 prints only every other page since this morning."] * 20)
SUBJECT = "Printer on floor 2 skips every second page"
ANSWER = " ".join(["Please take out the tray, clean the rollers, and put it in again."] * 10)
TOKEN = "skr_for-the-budget"


@dataclass(frozen=True)
class Operation:
    """`prepare` brings a desk to just before it; what it returns is measured.

    `calls` is the target, `writes` the most write units of table and indexes together.
    """

    name: str
    prepare: Callable[[Desk], Act]
    calls: int
    writes: int | None = None


def measure_all() -> dict[Operation, Meter]:
    """Every operation, each in a desk of its own."""
    with mock_aws():
        return {operation: measure(operation) for operation in OPERATIONS}


def measure(operation: Operation) -> Meter:
    """The calls of one run in a desk of its own."""
    with new_desk() as desk:
        # No real instant is a whole second, and every digit is paid for.
        desk.world.pass_time(microseconds=123_457)
        act = operation.prepare(desk)
        with Meter() as meter:
            act()
    return meter


# Mail in. ------------------------------------------------------------------------------------


def mail(number: int, **parts: str) -> EmailMessage:
    parts = {"subject": SUBJECT, **parts}
    return letter(TEXT, message_id=f"<{number:016d}@mail.customer.example>", **parts)


def ticket(desk: Desk, **parts: str) -> None:
    """A ticket of Kim's, acknowledged."""
    desk.mail(mail(1, **parts).as_bytes())


def arriving(desk: Desk, message: EmailMessage) -> Act:
    woken_by = desk.arrival(message.as_bytes())
    return lambda: desk.world.call("inbound_mail", woken_by)


def from_known_sender(desk: Desk) -> Act:
    ticket(desk)
    # An hour later, so that the counts of Kim's mail are as new as they usually are; the hour has
    # begun with somebody else's, and Kim is not told twice a day that the same has arrived.
    desk.world.pass_time(hours=1)
    desk.mail(mail(3, sender="Eva Lund <eva@other.example>").as_bytes())
    live_desk(desk.world.ports)
    return arriving(desk, mail(2, subject=SUBJECT[::-1]))


def with_attachments(count: int) -> Callable[[Desk], Act]:
    def prepare(desk: Desk) -> Act:
        ticket(desk)
        message = mail(2, subject=SUBJECT[::-1])
        for place in range(count):
            message.add_attachment(
                b"\x89PNG", maintype="image", subtype="png", filename=f"{place}.png"
            )
        return arriving(desk, message)

    return prepare


def from_new_sender(desk: Desk) -> Act:
    return arriving(desk, mail(1))


def reply_by_token(desk: Desk) -> Act:
    ticket(desk)
    return arriving(desk, mail(2, to=str(sent(desk)["Reply-To"])))


def reply_by_stored_id(desk: Desk) -> Act:
    ticket(desk)
    ses_id = store.timeline(1001).deliveries[0].ses_id  # type: ignore[union-attr]
    return arriving(desk, mail(2, In_Reply_To=f"<{ses_id}@eu-west-1.amazonses.com>"))


def redelivered(desk: Desk) -> Act:
    woken_by = desk.arrival(mail(1).as_bytes())
    desk.world.call("inbound_mail", woken_by)
    return lambda: desk.world.call("inbound_mail", woken_by)


def received_twice(desk: Desk) -> Act:
    ticket(desk)
    return arriving(desk, mail(1))


# Facts and mail out. -------------------------------------------------------------------------


def relayed(facts: int) -> Callable[[Desk], Act]:
    def prepare(desk: Desk) -> Act:
        ticket(desk)
        who = agent(desk)
        for place in range(facts):
            tickets.edit_ticket(desk.world.ports, who, 1001, Edit(subject=f"Printer {place}"))
        records = desk.world.stream()
        return lambda: desk.world.call("relay", {"Records": records})

    return prepare


def delivered(*files: bytes) -> Callable[[Desk], Act]:
    def prepare(desk: Desk) -> Act:
        ticket(desk)
        uploads = []
        for place, content in enumerate(files):
            key = f"uploads/{place}"
            desk.world.ports.blobs.put(key, content, content_type="image/png")
            uploads.append(Attachment(f"{place}.png", "image/png", len(content), key))
        draft = tickets.Draft(ArticleKind.REPLY, ANSWER, uploads=tuple(uploads))
        tickets.write_article(desk.world.ports, agent(desk), 1001, draft)
        woken_by = desk.next_event("DeliveryQueued")
        return lambda: desk.world.call("deliver", woken_by)

    return prepare


# What people do. -----------------------------------------------------------------------------


def agent(desk: Desk) -> Who:
    return Who.from_agent(live_desk(desk.world.ports).agents["anna"])


def program(
    method: str, path: str, body: Mapping[str, Any] | None = None, *, is_cached: bool
) -> Callable[[Desk], Act]:
    """A request of a program whose token is, or is not, in the function's memory."""

    def prepare(desk: Desk) -> Act:
        ticket(desk)
        add_token(TOKEN, name="crm", scopes=["tickets:read", "tickets:write"])
        headers = {"authorization": f"Bearer {TOKEN}"}
        if is_cached:
            answered(desk, event(desk.world, "GET", API_TICKET, headers=headers))
        asked = event(desk.world, method, path, json.dumps(body or {}), headers=headers)
        return lambda: answered(desk, asked)

    return prepare


def browser(path: str, **fields: str) -> Callable[[Desk], Act]:
    """A page that a signed-in agent opens, or a form that they send."""

    def prepare(desk: Desk) -> Act:
        ticket(desk)
        asked = submitted(desk, path, fields)
        return lambda: answered(desk, asked)

    return prepare


def beating(desk: Desk) -> Act:
    """The second beat of a page that stays open."""
    act = browser(PRESENCE, mode="viewing")(desk)
    act()
    return act


def answered(desk: Desk, asked: dict[str, Any]) -> None:
    response = desk.world.call("app", asked)
    assert response["statusCode"] < 400, asked["path"]


def overtaken(desk: Desk) -> Act:
    """An agent's reply that decides on a ticket which a colleague has changed by then."""
    ticket(desk)
    ports, who, load = desk.world.ports, agent(desk), store.load
    seen = iter([load(1001)])
    tickets.edit_ticket(ports, who, 1001, Edit(priority="high"))

    def load_late(*keys: Any) -> Any:
        found = load(*keys)
        return next(seen, found)

    desk.patch.setattr(store, "load", load_late)
    draft = tickets.Draft(ArticleKind.REPLY, ANSWER)
    return lambda: tickets.write_article(ports, who, 1001, draft)


def ticket_read(desk: Desk) -> Act:
    ticket(desk)
    who = agent(desk)
    return lambda: tickets.read_ticket(who, 1001)


def formatted(desk: Desk) -> Act:
    """The HTML of a mail with an image in it."""
    message = mail(1)
    message.add_alternative(f"<p>{TEXT} <img src='cid:p1@customer.example'></p>", subtype="html")
    message.add_attachment(
        b"\x89PNG\r\n\x1a\n", maintype="image", subtype="png", cid="<p1@customer.example>"
    )
    desk.mail(message.as_bytes())
    asked = submitted(desk, f"{ARTICLES}/1/html", {})
    return lambda: answered(desk, asked)


def list_read(index: str, pk: str) -> Callable[[Desk], Act]:
    def prepare(desk: Desk) -> Act:
        ticket(desk)
        tickets.edit_ticket(desk.world.ports, agent(desk), 1001, Edit(assignee="anna"))
        return lambda: store.list_page(index, pk, limit=50, start=None)

    return prepare


# The clock. ----------------------------------------------------------------------------------


def swept(due: int) -> Callable[[Desk], Act]:
    """So many tickets that miss a target in the same minute, spread over the shards."""

    def prepare(desk: Desk) -> Act:
        for number in range(due):
            desk.mail(mail(number, to="quick@desk.example").as_bytes())
        desk.world.pass_time(minutes=2)
        live_desk(desk.world.ports)
        return desk.world.sweep

    return prepare


def escalated(desk: Desk) -> Act:
    swept(1)(desk)()
    woken_by = desk.next_event("TargetBreached")
    return lambda: desk.world.call("escalate", woken_by)


SHARDS = len(table.due_shards())
ARTICLES, PROPERTIES = "/agent/tickets/1001/articles", "/agent/tickets/1001/properties"
PRESENCE, DRAFT = "/agent/tickets/1001/presence", "/agent/tickets/1001/draft"
API_TICKET = "/api/v1/tickets/1001"
REPLY = {"kind": "reply", "body": ANSWER}
WRITTEN = {"kind": "reply", "text": ANSWER, "seen_seq": "1"}
CLOSE = {"status": "closed"}
# Who gets a ticket. --------------------------------------------------------------------------


def to_assign(how: str, *, twice: bool = False) -> Callable[[Desk], Act]:
    def prepare(desk: Desk) -> Act:
        assigning(desk, how=how)
        desk.world.call("inbound_mail", desk.arrival(mail(1).as_bytes()))
        opened = desk.next_event("TicketOpened")
        if twice:
            desk.world.call("assign", opened)
        return lambda: desk.world.call("assign", opened)

    return prepare


def absences_read(desk: Desk) -> Act:
    absence_noted(desk)()
    return lambda: absences.read_now(desk.world.ports, desk.world.now)


def absence_noted(desk: Desk) -> Act:
    lena = Who.from_agent(live_desk(desk.world.ports).agents["lena"])
    absence = Absence("anna", desk.world.now, None, "lena")
    return lambda: availability.plan(desk.world.ports, lena, absence)


def webhook_called(desk: Desk) -> Act:
    queued = hooked()(desk)
    return lambda: desk.world.call("call_webhook", queued)


def told(*states: str) -> Callable[[Desk], Act]:
    """A source tells of an alert in the last of these states."""

    def prepare(desk: Desk) -> Act:
        request = telling(*states)(desk)
        return lambda: desk.world.call("app", request)

    return prepare


OPERATIONS = (
    Operation("new mail, known sender", from_known_sender, calls=4, writes=24),
    Operation("new mail, new sender", from_new_sender, calls=4),
    Operation("new mail, known sender, 2 attachments", with_attachments(2), calls=6),
    Operation("reply by token", reply_by_token, calls=3),
    Operation("reply by stored id", reply_by_stored_id, calls=4),
    Operation("same event again", redelivered, calls=2, writes=0),
    Operation("same mail again", received_twice, calls=3),
    Operation("relay of 10 facts", relayed(10), calls=1, writes=0),
    Operation("relay of 11 facts", relayed(11), calls=2, writes=0),
    Operation("delivery to one recipient", delivered(), calls=4),
    Operation("delivery with 2 attachments", delivered(b"1", b"2"), calls=6),
    Operation("agent's reply, session", browser(ARTICLES, **WRITTEN), 2),
    Operation(
        "agent's reply, cached token",
        program("POST", f"{API_TICKET}/articles", REPLY, is_cached=True),
        calls=2,
    ),
    Operation(
        "agent's reply, uncached token",
        program("POST", f"{API_TICKET}/articles", REPLY, is_cached=False),
        calls=3,
    ),
    Operation("agent's reply that loses the lock once", overtaken, calls=4),
    Operation("close, cached token", program("PATCH", API_TICKET, CLOSE, is_cached=True), 2),
    Operation("close, uncached token", program("PATCH", API_TICKET, CLOSE, is_cached=False), 3),
    Operation("close, session", browser(PROPERTIES, status="closed", version="1"), 2),
    Operation("heartbeat, session", beating, calls=1, writes=1),
    Operation("heartbeat, the first", browser(PRESENCE, mode="viewing"), calls=3, writes=2),
    Operation("draft kept", browser(DRAFT, **WRITTEN), calls=2),
    Operation("ticket: read", ticket_read, calls=1, writes=0),
    Operation("ticket: page", browser("/agent/tickets/1001"), calls=1, writes=0),
    Operation("ticket: API", program("GET", API_TICKET, is_cached=True), calls=1, writes=0),
    Operation("ticket: HTML of a mail", formatted, calls=2, writes=0),
    Operation("inbox: list of a group", list_read("gsi1", table.group_open("support")), 1, 0),
    Operation("inbox: list of mine", list_read("gsi3", table.mine("anna")), 1, 0),
    Operation("inbox: page", browser("/agent/inbox"), calls=1, writes=0),
    Operation("sweep, nothing due", swept(0), calls=SHARDS, writes=0),
    Operation("sweep, 1 due", swept(1), calls=SHARDS + 1 + 1),
    Operation("sweep, 3 due", swept(3), calls=SHARDS + 1 + 3),
    # Who is absent is read anew after half a minute.
    Operation("escalation", escalated, calls=3),
    Operation("assign: whose turn it is, one with a limit", to_assign("round_robin"), calls=3 + 1),
    Operation("assign: who has the fewest, of 2", to_assign("load"), calls=3 + 2),
    Operation("assign: a group that does not", to_assign("none"), calls=0, writes=0),
    Operation("assign: the same event again", to_assign("load", twice=True), calls=1, writes=0),
    Operation("webhook called", webhook_called, calls=3),
    Operation("alert, a new one", told("firing"), calls=3),
    Operation("alert, over", told("firing", "resolved"), calls=3),
    Operation("alert, told before", told("firing", "firing"), calls=1, writes=0),
    Operation("absences of everybody", absences_read, calls=1, writes=0),
    Operation("absence noted", absence_noted, calls=2),
)
