"""Sent mails are forgotten and never bounce: put each in the outbox and report its fate.

SES answers with its own id, which becomes the mail's Message-ID; deliveries, bounces and
complaints come a little later over the default bus, where a configuration set asks for them.
"""
# ruff: noqa: SLF001

from __future__ import annotations

import asyncio
import base64
import json
from pathlib import Path
from typing import Any

import ministack.services.eventbridge as bus
import ministack.services.ses as ses_v1
import ministack.services.ses_v2 as ses

from infra.local import outbox

_FATE_AFTER = 1.0  # seconds; on AWS too the sender has long stored the id by then


def apply(folder: Path) -> None:
    handle = ses.handle_request

    async def handle_or_keep(method: str, path: str, headers: Any, body: bytes, query: Any) -> Any:
        if method == "POST" and path.rstrip("/").endswith("/outbound-emails"):
            order = json.loads(body)
            if "Raw" in order.get("Content", {}):
                return ses.json_response({"MessageId": _keep(folder, order)})
        return await handle(method, path, headers, body, query)

    def send_raw(params: Any) -> Any:
        to = {"ToAddresses": ses_v1._collect_list(params, "Destinations.member")}
        order = {
            "FromEmailAddress": ses_v1._p(params, "Source"),
            "Destination": to,
            "ConfigurationSetName": ses_v1._p(params, "ConfigurationSetName"),
            "Content": {"Raw": {"Data": ses_v1._p(params, "RawMessage.Data")}},
        }
        found = f"<MessageId>{_keep(folder, order)}</MessageId>"
        answer = f"<SendRawEmailResult>{found}</SendRawEmailResult>"
        return ses_v1._xml(200, "SendRawEmailResponse", answer)

    ses.handle_request = handle_or_keep
    ses_v1._send_raw_email = send_raw


def _keep(folder: Path, order: dict[str, Any]) -> str:
    raw = base64.b64decode(order["Content"]["Raw"]["Data"])
    destination = order.get("Destination") or {}
    named = [
        address
        for field in ("ToAddresses", "CcAddresses", "BccAddresses")
        for address in destination.get(field) or []
    ]
    tags = {tag["Name"]: [tag["Value"]] for tag in order.get("EmailTags") or []}
    configuration_set = order.get("ConfigurationSetName") or ""
    sent = outbox.send(raw, sender=order.get("FromEmailAddress") or "", recipients=named)
    outbox.keep(folder, sent)
    wanted = _wanted(configuration_set)
    tags |= {"ses:configuration-set": [configuration_set]}
    entries = [
        {"Source": "aws.ses", "DetailType": fate.detail_type, "Detail": json.dumps(fate.detail)}
        for fate in outbox.fates(sent, tags)
        if fate.kind in wanted
    ]
    if entries:
        loop = asyncio.get_running_loop()
        loop.call_later(_FATE_AFTER, bus._put_events, {"Entries": entries}, True)
    return sent.id


def _wanted(configuration_set: str) -> set[str]:
    record = ses._config_sets.get(configuration_set) or {}
    destinations = (record.get("EventDestinations") or {}).values()
    return {
        kind
        for destination in destinations
        if destination.get("Enabled") and "EventBridgeDestination" in destination
        for kind in destination["MatchingEventTypes"]
    }
