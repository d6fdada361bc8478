"""The verbs of macros: what one comes to on a ticket, doing it, and doing it on many."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from chalicelib.desk.macros import Macro
from chalicelib.desk.service import live_desk
from chalicelib.errors import Conflict, DeskError, Invalid, NotFound
from chalicelib.facts import MacroApplied
from chalicelib.macros.model import ANSWER, Proposal, proposed, usable
from chalicelib.ports import Ports
from chalicelib.tickets import service, store
from chalicelib.tickets.access import Who, seen
from chalicelib.tickets.model import Attachment, Ticket
from chalicelib.tickets.service import Claim, Done, Draft, Saved

MANY = 50


@dataclass(frozen=True, slots=True)
class Use:
    """A macro as an agent sends it: the text as it is by now, and what of it they dropped.

    Without a text it is the macro's own. `dropped` are names of fields and of files.
    """

    macro: str
    text: str | None = None
    dropped: frozenset[str] = frozenset()
    uploads: tuple[Attachment, ...] = ()
    seen_seq: int | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a macro on one of many tickets; `before` where that was done already."""

    number: int
    error: DeskError | None = None
    before: Done | None = None


def propose(ports: Ports, who: Who, number: int, macro: str) -> Proposal:
    """What a macro comes to on a ticket: one call, and nothing is stored."""
    who.need("tickets:read")
    ticket, _ = store.load(number)
    return propose_on(ports, who, seen(who, ticket, number), macro)


def propose_on(ports: Ports, who: Who, ticket: Ticket, macro: str) -> Proposal:
    """What a macro comes to on a ticket that was read already."""
    desk, now, url = live_desk(ports), ports.clock(), ports.config.url
    found = _offered(ports, ticket, macro)
    return proposed(found, ticket, desk, now, agent=who.agent, url=url)


def _offered(ports: Ports, ticket: Ticket, macro: str) -> Macro:
    offered = usable(live_desk(ports), ticket, ports.clock())
    found = next((one for one in offered if one.id == macro), None)
    if found is None:
        raise NotFound(f"There is no macro {macro!r} for this ticket.")
    return found


def apply(ports: Ports, who: Who, number: int, use: Use, *, claim: Claim | None = None) -> Saved:
    """Do what a macro proposes, in one change.

    Raises Invalid where a field cannot be set or a variable is not filled in: nothing is done then.
    """
    proposal = propose(ports, who, number, use.macro)
    return do(ports, who, number, proposal, use, claim=claim)


def do(
    ports: Ports,
    who: Who,
    number: int,
    proposal: Proposal,
    use: Use,
    *,
    claim: Claim | None = None,
) -> Saved:
    """Do what was proposed, as far as it was not dropped."""
    macro, edit = proposal.macro, proposal.edit(use.dropped)
    refused = {name: why for name, why in proposal.refused.items() if name not in use.dropped}
    if refused:
        raise Invalid("Some fields cannot be set so.", fields=refused)
    said = [MacroApplied(macro.id)]
    if proposal.kind is None:
        return service.edit_ticket(ports, who, number, edit, claim=claim, said=said)
    text = proposal.text if use.text is None else use.text
    if gaps := proposal.gaps(text):
        wanted = ", ".join(f"{{{name}}}" for name in gaps)
        raise Invalid("The text has gaps.", fields={"body": f"fill in {wanted}"})
    files = (*use.uploads, *proposal.attachments(use.dropped))
    draft = Draft(proposal.kind, text, files, use.seen_seq, edit)
    return service.write_article(ports, who, number, draft, claim=claim, said=said)


def apply_to_many(
    ports: Ports,
    who: Who,
    numbers: Sequence[int],
    use: Use,
    *,
    claim_of: Callable[[int], Claim | None],
) -> list[Result]:
    """Do a macro on several tickets, each by itself: one that refuses it holds up no other.

    Raises NotFound where the desk has no such macro at all.
    """
    desk = live_desk(ports)
    if use.macro not in {*desk.macros, *(f"{ANSWER}{name}" for name in desk.canned)}:
        raise NotFound(f"There is no macro {use.macro!r}.")
    if not numbers or len(numbers) > MANY:
        raise Invalid("Name some tickets.", fields={"tickets": f"1 to {MANY} numbers"})
    return [_one_of_many(ports, who, one, use, claim_of(one)) for one in dict.fromkeys(numbers)]


def _one_of_many(ports: Ports, who: Who, number: int, use: Use, claim: Claim | None) -> Result:
    try:
        apply(ports, who, number, use, claim=claim)
    except Done as done:
        return Result(number, before=done)
    except (Invalid, NotFound, Conflict) as error:
        return Result(number, error)
    return Result(number)
