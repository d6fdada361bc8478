"""Inbound mail that no event announced.

The bucket puts every object on a queue that holds it back for a quarter of an hour. By then a mail
has its claim, unless its event was lost. Without an event there are no verdicts, so such a mail
counts as not authenticated.
"""

from __future__ import annotations

import json
from urllib.parse import unquote_plus

from chalicelib import table
from chalicelib.errors import NotFound
from chalicelib.intake import service, store
from chalicelib.intake.model import INBOUND_PREFIX, SETUP_NOTIFICATION, Receipt
from chalicelib.ports import Ports


def reconcile(ports: Ports) -> int:
    """Receive what nobody was told about; return how much there was."""
    count = 0
    while messages := ports.unprocessed.receive():
        for _, body in messages:
            for key in _object_keys(body):
                count += _reconcile(ports, key)
        ports.unprocessed.done([receipt for receipt, _ in messages])
    return count


def _object_keys(body: str) -> list[str]:
    records = json.loads(body).get("Records", ())
    keys = [unquote_plus(record["s3"]["object"]["key"]) for record in records]
    return [key for key in keys if key.startswith(INBOUND_PREFIX)]


def _reconcile(ports: Ports, key: str) -> bool:
    ses_id = key.removeprefix(INBOUND_PREFIX)
    claim = store.ses_key(ses_id)
    if ses_id == SETUP_NOTIFICATION or claim in table.fetch([claim]):
        return False
    receipt = Receipt(ses_id, key, ports.clock())
    try:
        service.receive(ports, receipt)
    except NotFound:
        return False
    return True
