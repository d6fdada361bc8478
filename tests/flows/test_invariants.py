"""What holds whatever comes: every inbound object has one fate, and facts lead to one state."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from email import message_from_bytes
from typing import Any

import pytest
from hypothesis import Phase, given, seed, settings
from hypothesis import strategies as st
from moto import mock_aws

from tests.aws_calls import AwsCall, Response, Send, aws_client, intercepted
from tests.faults import cases
from tests.faults.copies import in_a_copy
from tests.faults.desk import NAMES, Desk, left_by, new_desk
from tests.faults.harness import Killed, Strike, faults_of
from tests.faults.state import canonical, differences
from tests.world import REACTIONS, letter, reactions_to

# A world takes its time, so what was found is not made smaller; the seed makes it come again.
FEW = settings(deadline=None, database=None, phases=[Phase.generate])


@pytest.fixture(scope="module", autouse=True)
def _moto() -> Iterator[None]:
    with mock_aws():
        yield


# One fate for every mail. --------------------------------------------------------------------

EVE = "Eve <eve@else.example>"
MAILS: dict[str, dict[str, str]] = {
    "new": {},
    "answer": {"text": "It works now.", "message_id": "<2@customer.example>"},
    "stranger": {"text": "Me too.", "sender": EVE, "message_id": "<3@else.example>"},
    "other mail, same id": {"text": "Claimed in advance.", "sender": EVE},
    "away": {"text": "I am away.", "message_id": "<4@else.example>", "Auto_Submitted": "auto"},
    "to nobody": {"to": "nobody@else.example", "message_id": "<5@customer.example>"},
    "spam": {"text": "Buy printers!", "sender": EVE, "message_id": "<6@else.example>"},
}
ANSWERS = {"answer", "stranger"}


@dataclass(frozen=True)
class Arrival:
    """A mail, the call that fails in its first delivery, and how often its event comes at all."""

    kind: str
    failing_call: int
    fault: int
    events: int


ARRIVALS = st.builds(
    Arrival,
    st.sampled_from(sorted(MAILS)),
    failing_call=st.integers(0, 5),
    fault=st.integers(0, 20),
    events=st.integers(0, 2),
)


@seed(2026)
@settings(FEW, max_examples=6)
@given(st.lists(ARRIVALS, min_size=3, max_size=6))
def test_every_inbound_object_is_one_article_one_suspended_mail_or_a_duplicate(
    arrivals: list[Arrival],
) -> None:
    with new_desk() as desk:
        for arrival in arrivals:
            arrive(desk, arrival)
        announce(desk)
        desk.world.call("reconcile", {})
        desk.flow()
        assert fates(desk) == {key: Counter([what]) for key, what in claims(desk).items()}
        assert len(claims(desk)) == len(arrivals)
        states = Counter(item["state"] for item in items(desk, "delivery"))
        assert states == Counter({"sent": len(desk.outside.mails)})


def arrive(desk: Desk, arrival: Arrival) -> None:
    """Deliver the event, with the fault, until the function is content, and then some more."""
    event = desk.arrival(*made(desk, arrival.kind), **verdicts(arrival.kind))
    for _ in range(arrival.events):
        if not delivered(desk, event, arrival):
            assert delivered(desk, event), f"{arrival} fails without a fault as well"
    desk.flow()


def made(desk: Desk, kind: str) -> tuple[bytes]:
    parts = {"text": "It smokes.", "message_id": "<1@customer.example>", **MAILS[kind]}
    if kind in ANSWERS and desk.outside.mails:
        first = message_from_bytes(desk.outside.mails[0]["Content"]["Raw"]["Data"])
        parts["to"] = str(first["Reply-To"])
    return (letter(parts.pop("text"), **parts).as_bytes(),)


def verdicts(kind: str) -> dict[str, Any]:
    return {"verdicts": {"spam": "FAIL"}} if kind == "spam" else {}


def delivered(desk: Desk, event: dict[str, Any], arrival: Arrival | None = None) -> bool:
    """Whether the event source takes it for handled."""
    breaking = Breaking(arrival.failing_call, arrival.fault) if arrival else Breaking(0, 0)
    try:
        with intercepted(breaking.around):
            desk.world.call("inbound_mail", event)
    except (Exception, Killed):  # noqa: BLE001 - the event source sees no more than this
        return False
    return not (breaking.strike and breaking.strike.is_dead)


@dataclass
class Breaking:
    """Breaks one call, counted from 1, in one of the ways in which it can fail."""

    position: int
    fault: int
    strike: Strike | None = None

    def around(self, call: AwsCall, send: Send) -> Response:
        self.position -= 1
        if self.position == 0:
            *faults, _redelivered = faults_of([call])
            self.strike = Strike(faults[self.fault % len(faults)])
        return self.strike.around(call, send) if self.strike else send(call.params)


def announce(desk: Desk) -> None:
    """The bucket's own notices of all objects, which wait in a queue for the reconciler."""
    queue = desk.world.ports.config.unprocessed_queue_url
    for key in left_by(desk).objects:
        bucket, _, name = key.partition("/")
        if bucket == "mail":
            notice = {"Records": [{"s3": {"object": {"key": name}}}]}
            aws_client("sqs").send_message(QueueUrl=queue, MessageBody=json.dumps(notice))


def items(desk: Desk, kind: str) -> list[dict[str, Any]]:
    return [dict(item) for _, item in left_by(desk).items if item.get("kind") == kind]


def claims(desk: Desk) -> dict[str, str]:
    """What is said of each object to have become of it."""
    return {f"inbound/{i['pk'].removeprefix('SES#')}": i["outcome"] for i in items(desk, "ses")}


def fates(desk: Desk) -> dict[str, Counter[str]]:
    """What has become of each object in the bucket; a duplicate leaves nothing but the claim."""
    keys = [key.removeprefix("mail/") for key in left_by(desk).objects if key.startswith("mail/")]
    found = {key: Counter[str]() for key in keys}
    for kind, outcome in (("article", "article"), ("suspended", "suspended")):
        for item in items(desk, kind):
            found[item["raw_key"]][outcome] += 1
    said = claims(desk)
    for key, counted in found.items():
        if not counted and said.get(key) == "duplicate":
            counted["duplicate"] += 1
    return found


# One state for all orders. -------------------------------------------------------------------


def much_has_happened(desk: Desk) -> list[dict[str, Any]]:
    """Three tickets, two of them late, an answer on its way; nothing has been reacted to yet."""
    for place, to in enumerate(("support", "quick", "quick")):
        raw = letter(
            f"{place} smokes.",
            to=f"{to}@desk.example",
            subject=f"Smoke on floor {place}",
            message_id=f"<{place}@c.example>",
        )
        desk.world.call("inbound_mail", desk.arrival(raw.as_bytes()))
    desk.world.pass_time(minutes=2)
    desk.world.sweep()
    cases.answer(desk, 1001)
    desk.world.call("relay", {"Records": desk.world.stream()})
    return [event for event in desk.published() if event["detail-type"] in REACTIONS]


# What of this somebody reacts to, and how many mails come of it.
FACTS, SENT = 11, 6
# A mail can name in its references only those of ours that have gone out before it.
_SENT_BEFORE = r"(?<=References: <0@c\.example>)( <0102\d{6}-out@[\w.-]+>)?"
IN_ANY_ORDER = replace(NAMES, masked=(*NAMES.masked, _SENT_BEFORE))


@pytest.fixture(scope="module")
def apart(_moto: None) -> Iterator[Callable[[list[int]], list[str]]]:
    """What comes of an order but not of the ledger's own, tried in copies of one world."""
    with cases.world_of(much_has_happened)() as desk:
        assert len(desk.event) == FACTS
        expected = in_a_copy(lambda: react(desk, list(range(FACTS))))
        assert sum(line.startswith("mail ") for line in expected) == SENT
        yield lambda order: [
            str(difference)
            for difference in differences(expected, in_a_copy(lambda: react(desk, order)))
        ]


@seed(2026)
@settings(FEW, max_examples=6)
@given(st.permutations([*range(FACTS), *range(FACTS)]))
def test_facts_in_any_order_and_twice_lead_to_one_state(
    apart: Callable[[list[int]], list[str]], order: list[int]
) -> None:
    assert apart(order) == []


def react(desk: Desk, order: list[int]) -> list[str]:
    """Bring the facts in this order, and what follows from them in the same way."""
    events, desk.event = [desk.event[place] for place in order], []
    while events:
        for event in events:
            for reaction in reactions_to(event):
                desk.world.call(reaction, event)
        if records := desk.world.stream():
            desk.world.call("relay", {"Records": records})
        events = desk.published()
        events = [*events, *reversed(events)]
    return canonical(left_by(desk), IN_ANY_ORDER)
