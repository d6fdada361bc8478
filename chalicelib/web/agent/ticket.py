"""The page of one ticket, and what its forms do. What was typed is never lost to an error."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from chalice.app import Response

from chalicelib.errors import Conflict, DeskError, Invalid, NotFound
from chalicelib.macros.model import Proposal
from chalicelib.routing import availability
from chalicelib.tickets import service
from chalicelib.tickets.collision import Clash, Overtaken
from chalicelib.tickets.edits import Edit
from chalicelib.tickets.forms import PLACE
from chalicelib.tickets.model import ArticleKind, Status, Timeline
from chalicelib.web import errors, files, formatted, idempotency, pages, paging
from chalicelib.web.agent import beside, drawn, macros, remaining, shown
from chalicelib.web.files import number_of
from chalicelib.web.routing import Call
from chalicelib.web.whole import read_whole

DONE = {ArticleKind.REPLY: "reply_sent", ArticleKind.NOTE: "note_added"}


@dataclass(frozen=True, slots=True)
class _Typed:
    """What the forms show instead of what the ticket says, and what is wrong with it."""

    text: str = ""
    kind: str = ArticleKind.REPLY
    error: str | None = None
    conflict: Iterable[str] = ()
    form: Mapping[str, str] = field(default_factory=dict)
    form_errors: Mapping[str, str] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)
    proposal: Proposal | None = None


def show(call: Call, number: str) -> Response:
    """One ticket with the newest hundred items of its timeline: one call to the table."""
    found = number_of(number)
    scope = _scope(found)
    cursor = paging.from_cursor(call.ports.keys(), scope, call.query.get("cursor"))
    before = cursor["before"] if cursor else None
    timeline = service.read_ticket(call.who, found, before=before)
    proposal = macros.chosen(call, timeline.ticket) if "macro" in call.query else None
    typed = _drafted(proposal) if proposal else None
    return _page(call, timeline, typed=typed, is_newest=before is None)


def _drafted(proposal: Proposal) -> _Typed:
    """What a macro proposes, as if the agent had typed it."""
    return _Typed(proposal.text, proposal.kind or ArticleKind.REPLY, proposal=proposal)


def _page(
    call: Call,
    timeline: Timeline,
    status: int = 200,
    typed: _Typed | None = None,
    *,
    is_newest: bool = True,
) -> Response:
    typed, head, keys = typed or _Typed(), timeline.ticket, call.ports.keys()
    beside_it = beside.context(call, timeline)
    chosen = shown.choices(call.desk, head, call.who.agent)
    may_reply = head.status not in {Status.CLOSED, Status.MERGED} and not head.is_internal
    older = {"before": timeline.older} if timeline.older else None
    return pages.html(
        call,
        "agent/ticket.html",
        status,
        ticket=shown.ticket(call.desk, timeline, call.prefix + _path(head.number)),
        facts=shown.facts(call.desk, timeline, call.locale),
        older=paging.to_cursor(keys, _scope(head.number), older),
        is_newest=is_newest,
        now=call.ports.clock(),
        may_reply=may_reply,
        may_edit="tickets:write" in call.who.scopes,
        composer=_composer(typed, beside_it["draft"]),
        macros=macros.offered(call, head) if may_reply else [],
        proposal=typed.proposal and macros.context(call, typed.proposal, typed.refused),
        has_script=True,
        conflict=list(typed.conflict),
        form={**shown.form(call.desk, head), **typed.form},
        form_errors=typed.form_errors,
        refused=typed.refused,
        relations=shown.relations(call.desk, timeline),
        **remaining.context(call, timeline),
        **drawn.context(call.desk, head, call.ports.clock(), call.locale, typed.form_errors),
        nonce=call.ports.new_id(),
        **{**pages.frame(call, "inbox"), **chosen, **beside_it},
    )


def _composer(typed: _Typed, draft: shown.Shown | None) -> dict[str, str | None]:
    """What was typed just now, or else what was kept of what was typed before."""
    if draft and not typed.text and typed.error is None:
        return {"kind": draft["kind"], "text": draft["text"], "error": None}
    return {"kind": typed.kind, "text": typed.text, "error": typed.error}


def _path(number: int) -> str:
    return f"/agent/tickets/{number}"


def _scope(number: int) -> str:
    return f"timeline {number}"


# Writing. ------------------------------------------------------------------------------------


def write(call: Call, number: str) -> Response:
    """Add a reply or a note."""
    found = number_of(number)
    text, kind = str(call.body.get("text", "")), str(call.body.get("kind", ""))
    seen_seq = pages.typed_number(call, "seen_seq")
    if call.body.get("macro"):
        return _write_with_macro(call, found, text, seen_seq)
    try:
        _write(call, found, kind, service.Draft(_kind(kind), text, seen_seq=seen_seq))
    except (Conflict, Invalid) as error:
        return _not_written(call, found, _Typed(text, kind), error, seen_seq)
    return pages.see_other(call, _path(found), notice=DONE[_kind(kind)])


def _write_with_macro(call: Call, number: int, text: str, seen_seq: int) -> Response:
    """Add what a macro proposed and the agent made of it, with the fields that it sets."""
    ticket = service.read_ticket(call.who, number).ticket
    proposal = macros.chosen(call, ticket)
    if proposal is None:
        # The macro went while the agent was writing. The text is theirs, and is not lost.
        return _not_written(call, number, _Typed(text), NotFound("There is no such macro."), 0)
    try:
        path = macros.use(call, number, proposal, text, seen_seq)
    except (Conflict, Invalid) as error:
        typed = _Typed(text, proposal.kind or ArticleKind.REPLY, proposal=proposal)
        return _not_written(call, number, typed, error, seen_seq)
    return pages.see_other(call, path, notice=macros.DONE[proposal.kind])


def _not_written(
    call: Call, number: int, typed: _Typed, error: DeskError, seen_seq: int
) -> Response:
    """The page again, with what was typed and why it was not taken."""
    timeline = service.read_ticket(call.who, number)
    if isinstance(error, Overtaken):
        fresh = [str(article.seq) for article in timeline.articles if article.seq > seen_seq]
        typed = replace(typed, conflict=fresh)
    else:
        wrong = pages.what_is_wrong(typed.text, error)
        typed = replace(typed, error=wrong, refused=error.fields if typed.proposal else {})
    return _page(call, timeline, errors.status_of(error), typed)


def _write(call: Call, number: int, kind: str, draft: service.Draft) -> None:
    if kind not in set(ArticleKind):
        raise Invalid("Say what it is.", fields={"kind": "reply or note"})
    claim = idempotency.claim(call, str(call.body.get("nonce", "")))
    try:
        service.write_article(call.ports, call.who, number, draft, claim=claim)
    except service.Done as done:
        idempotency.replayed(call, done)


def _kind(kind: str) -> ArticleKind:
    # Only what says that it is a reply may leave the house.
    return ArticleKind.REPLY if kind == ArticleKind.REPLY else ArticleKind.NOTE


# The properties. -----------------------------------------------------------------------------


def edit(call: Call, number: str) -> Response:
    """Set the properties as the form shows them; what is so already stays."""
    found = number_of(number)
    typed = {name: str(value) for name, value in call.body.items() if shown.is_property(name)}
    try:
        away = availability.assignee_away(call.ports, _edit(call, found, typed))
    except (Conflict, Invalid) as error:
        return _again(call, found, typed, error)
    return pages.see_other(call, _path(found), notice="saved_away" if away else "saved")


def _edit(call: Call, number: int, typed: Mapping[str, str]) -> service.Saved:
    wanted: dict[str, Any] = {name: value for name, value in typed.items() if name in shown.FORM}
    own = {name.removeprefix(PLACE): typed[name] for name in typed.keys() - wanted.keys()}
    if "tags" in wanted:
        wanted["tags"] = wanted["tags"].split(",")
    version = pages.typed_number(call, "version")
    edit = Edit(**wanted, fields=own)
    return service.edit_ticket(call.ports, call.who, number, edit, version=version)


def _again(call: Call, number: int, typed: Mapping[str, str], error: DeskError) -> Response:
    timeline = service.read_ticket(call.who, number)
    if isinstance(error, Clash):
        mine = {name: value for name, value in typed.items() if name in error.meant}
        clash = _Typed(form=mine, form_errors=dict.fromkeys(error.fields, "changed"))
        return _page(call, timeline, errors.status_of(error), clash)
    now = shown.form(call.desk, timeline.ticket)
    changed = {name: value for name, value in typed.items() if value != now.get(name, "")}
    if not changed:
        # Somebody was faster and wanted the same: perhaps this very form, sent twice.
        return pages.see_other(call, _path(number), notice="saved")
    problems = dict.fromkeys(set(error.fields) or set(changed), "invalid")
    problems |= {name: "required" for name in problems if shown.is_empty_field(name, typed)}
    if "children" in error.fields:
        problems["status"] = "children"
    elif "tasks" in error.fields:
        problems["status"] = "tasks"
    form = _Typed(form=changed, form_errors=problems)
    return _page(call, timeline, errors.status_of(error), form)


def refuse(call: Call, number: int, error: DeskError, refused: Mapping[str, str]) -> Response:
    """The page of a ticket, with why one of its smaller forms was not taken."""
    timeline = service.read_ticket(call.who, number)
    return _page(call, timeline, errors.status_of(error), _Typed(refused=refused))


# What stands on the timeline. ----------------------------------------------------------------


def accept(call: Call, number: str, article: str) -> Response:
    """Take a held article as the customer's, and whoever wrote it as a participant if wanted."""
    found, seq, adds_sender = number_of(number), number_of(article), call.body.get("add") == "yes"

    def accept_it() -> service.Saved:
        return service.accept_article(call.ports, call.who, found, seq, adds_sender=adds_sender)

    return _done(call, found, "accepted", accept_it)


def send_again(call: Call, number: str, delivery: str) -> Response:
    """Send a mail once more that failed or bounced."""
    found = number_of(number)
    send = service.send_again
    return _done(call, found, "sent_again", lambda: send(call.ports, call.who, found, delivery))


def _done(call: Call, number: int, notice: str, verb: Callable[[], service.Saved]) -> Response:
    """Run a verb that has one outcome; where somebody was faster the page shows it as it is."""
    try:
        verb()
    except Conflict:
        return pages.see_other(call, _path(number))
    return pages.see_other(call, _path(number), notice=notice)


def show_whole(call: Call, number: str, article: str) -> Response:
    """One article with all of its text and what it quotes."""
    found = files.article_for(call.who, number, article)
    whole = read_whole(call.ports, found)
    return pages.html(
        call,
        "agent/whole.html",
        number=found.number,
        article=shown.whole(call.desk, found, whole, call.prefix + _path(found.number)),
        is_cut=whole.is_cut,
        **pages.frame(call, "inbox"),
    )


def show_formatted(call: Call, number: str, article: str) -> Response:
    """The mail of an article as it was formatted, for a frame."""
    found = files.article_for(call.who, number, article)
    return formatted.respond(call, found, locale=call.locale)


def get_attachment(call: Call, number: str, article: str, place: str) -> Response:
    """One attachment, by redirect."""
    return files.to_attachment(call, files.article_for(call.who, number, article), place)


def get_raw(call: Call, number: str, article: str) -> Response:
    """The original mail of an article, by redirect."""
    return files.to_raw(call, files.article_for(call.who, number, article))
