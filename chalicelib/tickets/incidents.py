"""One answer to everybody whom a problem hit: a reply on each incident, on its own ticket.

Each incident is a change of its own, under a claim of its own: what failed half-way goes on with
the same claims, and nobody gets two mails.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from chalicelib.desk.groups import LOCALES
from chalicelib.errors import Conflict, DeskError, Forbidden, Invalid, NotFound
from chalicelib.ports import Ports
from chalicelib.tickets import service, store
from chalicelib.tickets.access import Who, seen
from chalicelib.tickets.edits import Edit
from chalicelib.tickets.model import ArticleKind, Status, Ticket
from chalicelib.tickets.service import BODY_LIMIT, Claim, Done, Draft

# In one go; the same request again answers as many more.
AT_ONCE = 50
LEFT = "left"


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one incident; one that is left waits for the same request again."""

    number: int
    error: DeskError | None = None
    is_left: bool = False


def reply(
    ports: Ports,
    who: Who,
    number: int,
    texts: Mapping[str, str],
    claim_of: Callable[[int], Claim],
    *,
    solves: bool = False,
) -> list[Result]:
    """Answer all incidents of a problem in the language of each, and solve them if wanted.

    A customer whose language has no text gets the English one, else the first. One that refuses it
    holds up no other, and has no mail: those that are closed or gone come last.
    """
    who.need("tickets:write")
    incidents = _incidents(who, number)
    texts = _checked(texts)
    claims = {incident: claim_of(incident) for incident in incidents}
    found, items = store.load_many(incidents, [claim.key for claim in claims.values()])
    results, sent = [], 0
    for incident in sorted(incidents, key=lambda one: _takes_none(found.get(one))):
        claim = claims[incident]
        if claim.key in items:
            results.append(Result(incident))
        elif sent < AT_ONCE:
            text = _said(texts, found.get(incident))
            results.append(_answer(ports, who, incident, text, claim, solves=solves))
            sent += 1
        else:
            results.append(Result(incident, is_left=True))
    return sorted(results, key=lambda one: one.number)


def _checked(texts: Mapping[str, str]) -> dict[str, str]:
    problems = {
        f"texts.{locale}": "is no language of the desk's"
        for locale in texts
        if locale not in LOCALES
    }
    problems |= {
        f"texts.{locale}": f"at most {BODY_LIMIT} characters"
        for locale, text in texts.items()
        if len(text) > BODY_LIMIT
    }
    given = {locale: text for locale, text in texts.items() if text.strip()}
    if not given:
        problems.setdefault("texts", "is empty")
    if problems:
        raise Invalid("Write something first.", fields=problems)
    return given


def _incidents(who: Who, number: int) -> Sequence[int]:
    found = store.timeline(number)
    seen(who, found.ticket if found else None, number)
    assert found is not None
    incidents = sorted(link.other for link in found.links if link.type == "incident")
    if not incidents:
        raise Conflict("The ticket has no incidents: link them first.")
    return incidents


def _takes_none(ticket: Ticket | None) -> bool:
    return ticket is None or ticket.is_internal or ticket.status in {Status.CLOSED, Status.MERGED}


def _said(texts: Mapping[str, str], ticket: Ticket | None) -> str:
    locale = ticket.requester.locale if ticket else ""
    return texts.get(locale) or texts.get("en") or next(iter(texts.values()))


def _answer(
    ports: Ports, who: Who, number: int, text: str, claim: Claim, *, solves: bool
) -> Result:
    edit = Edit(status=Status.SOLVED.value) if solves else Edit()
    try:
        draft = Draft(ArticleKind.REPLY, text, edit=edit)
        service.write_article(ports, who, number, draft, claim=claim)
    except Done:
        # The same request was faster.
        return Result(number)
    except (Conflict, Forbidden, Invalid, NotFound) as error:
        return Result(number, error)
    return Result(number)
