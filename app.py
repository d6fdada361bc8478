"""Everything that can wake the desk. Wiring is in infra/, behaviour in chalicelib/."""

from __future__ import annotations

from functools import cache
from typing import Any

from aws_lambda_powertools import Logger
from chalice.app import Chalice

from chalicelib.alarms.service import in_turn, ring
from chalicelib.config import Config
from chalicelib.delivery import service as delivery
from chalicelib.exports.store import ExportItem
from chalicelib.facts import from_payload
from chalicelib.intake.items import SuspendedItem
from chalicelib.intake.model import read_receipt
from chalicelib.ledger import service as ledger
from chalicelib.ledger.store import SealHeadItem
from chalicelib.ports import Ports, live
from chalicelib.sla import escalation
from chalicelib.sla import service as sla
from chalicelib.tickets import ticking, waiting
from chalicelib.tickets.items import TaskItem
from chalicelib.tickets.store import CallItem, DeliveryItem, HeadItem
from chalicelib.web.site import mount
from chalicelib.webhooks import service as webhooks

# What reads mail and what packs exports is imported by the functions that do: a cold start of any
# other one does without.
app = Chalice(app_name="skranke", configure_logs=False)
log = Logger(service="skranke")


@cache
def ports() -> Ports:
    """The outside world, made once a process."""
    return ledger.enter(live(Config.from_env()))


# Pages and API: web/site.py has the table of their routes.
mount(app, ports)


@app.lambda_function(name="inbound_mail")
def inbound_mail(event: dict[str, Any], _context: object) -> None:
    """SES took a mail."""
    from chalicelib.intake import service as intake

    for record in event["Records"]:
        outcome = intake.receive(ports(), read_receipt(record))
        log.info("mail received", mail=record["ses"]["mail"]["messageId"], outcome=outcome)


@app.lambda_function(name="relay")
def relay(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """The table has new ledger entries."""
    again = ledger.relay(ports(), event["Records"])
    return {"batchItemFailures": [{"itemIdentifier": number} for number in again]}


@app.lambda_function(name="deliver")
def deliver(event: dict[str, Any], _context: object) -> None:
    """DeliveryQueued: a mail waits to be sent."""
    detail = event["detail"]
    delivery.deliver(ports(), detail["ticket"], detail["fact"]["delivery"])


@app.lambda_function(name="escalate")
def escalate(event: dict[str, Any], _context: object) -> None:
    """A target is near, missed or overdue, or a step calls again: somebody has to be told."""
    detail = event["detail"]
    fact = from_payload({**detail["fact"], "type": event["detail-type"]})
    escalation.escalate(ports(), detail["ticket"], detail["seq"], fact)


@app.lambda_function(name="run_rules")
def run_rules(event: dict[str, Any], _context: object) -> None:
    """Something happened: rules follow from it."""
    from chalicelib.rules import service as rules

    rules.react(ports(), event["detail"])


@app.lambda_function(name="assign")
def assign(event: dict[str, Any], _context: object) -> None:
    """A ticket may need an agent, or the desk has lost one."""
    from chalicelib.routing import service as routing

    routing.react(ports(), event["detail-type"], event["detail"])


@app.lambda_function(name="export")
def export(event: dict[str, Any], _context: object) -> None:
    """ExportRequested or ExportContinued: write the next segment."""
    from chalicelib.exports import service as exports

    exports.run(ports(), event["detail"]["fact"]["export"])


@app.lambda_function(name="call_webhook")
def call_webhook(event: dict[str, Any], _context: object) -> None:
    """WebhookQueued: somebody outside is to be told."""
    detail = event["detail"]
    webhooks.call(ports(), detail["ticket"], detail["fact"]["call"])


@app.lambda_function(name="mail_events")
def mail_events(event: dict[str, Any], _context: object) -> None:
    """SES says what became of a mail that we sent."""
    delivery.note_event(ports(), event["detail"])


@app.lambda_function(name="sweep")
def sweep(_event: dict[str, Any], _context: object) -> int:
    """Every minute: ring what is due."""
    from chalicelib.exports import service as exports
    from chalicelib.intake import service as intake
    from chalicelib.routing import giving, leaving
    from chalicelib.routing.store import LeaverItem, OfferItem
    from chalicelib.rules import automations
    from chalicelib.rules.store import TimerItem, WalkItem

    answers = {
        HeadItem: in_turn(sla.tick, waiting.wake),
        DeliveryItem: delivery.retry,
        CallItem: webhooks.in_time(ports()),
        ExportItem: exports.resume,
        SuspendedItem: intake.purge,
        SealHeadItem: ledger.seal,
        TaskItem: ticking.ring,
        OfferItem: giving.ring,
        LeaverItem: leaving.walk,
        TimerItem: automations.ring,
        WalkItem: automations.walk,
    }
    return ring(ports(), answers)


@app.lambda_function(name="reconcile")
def reconcile(_event: dict[str, Any], _context: object) -> int:
    """Every fifteen minutes: mail in the bucket that no event announced, a ledger without seals."""
    from chalicelib.intake import reconcile as intake

    ledger.begin_sealing(ports())
    return intake.reconcile(ports())
