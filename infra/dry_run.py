"""What a trigger of the live desk would have done to the past, for whoever runs the stack."""

from __future__ import annotations

from chalicelib.ledger.model import OPERATOR
from chalicelib.ports import Ports
from chalicelib.rules.past import all_of
from chalicelib.tickets.access import SCOPES, Who


def dry_run(ports: Ports, rule: str, *, days: int) -> int:
    """Print where a trigger would have fired in the last days, and how often; 0."""
    who = Who(OPERATOR, OPERATOR.id, "", frozenset(SCOPES), None)
    looked_at = fired = 0
    for page in all_of(ports, who, rule, days=days):
        looked_at += page.looked_at
        fired += len(page.matches)
        for one in page.matches:
            print(f"#{one.ticket} place {one.seq} {one.at:%Y-%m-%d %H:%M} UTC")
    print(
        f"{rule} would have fired {fired} times; it listens to {looked_at} entries of {days} days"
    )
    return 0
