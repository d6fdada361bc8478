"""What has happened, in the past tense: every change is written together with its facts.

A fact is at once the audit entry, the line on the timeline and the message on the bus. Its payload
is stored in the ledger; its detail, which leaves out what is personal, goes on the bus. A stored
fact is never rewritten: an older form is upcast on read, an unknown one is kept as it is.
"""

from __future__ import annotations

# Whoever uses facts says `facts.TicketOpened`: where each stands is their own affair.
from chalicelib.facts.base import *  # noqa: F403
from chalicelib.facts.desk import *  # noqa: F403
from chalicelib.facts.outside import *  # noqa: F403
from chalicelib.facts.people import *  # noqa: F403
from chalicelib.facts.promises import *  # noqa: F403
from chalicelib.facts.routing import *  # noqa: F403
from chalicelib.facts.rules import *  # noqa: F403
from chalicelib.facts.stored import *  # noqa: F403
from chalicelib.facts.tickets import *  # noqa: F403
