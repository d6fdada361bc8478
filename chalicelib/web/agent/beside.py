"""What goes on beside a ticket's page: who else has it open, and drafts that are not sent yet.

The page's script asks for it in the background; all but the heartbeat works without a script too.
"""

from __future__ import annotations

from typing import Any

from chalice.app import Response

from chalicelib.tickets import drafts, presence, service
from chalicelib.tickets.edits import Edit
from chalicelib.tickets.model import ArticleKind, KeptDraft, Timeline
from chalicelib.web import pages, present
from chalicelib.web.agent import shown
from chalicelib.web.api.presence import mode_of
from chalicelib.web.files import number_of
from chalicelib.web.routing import Call


def beat(call: Call, number: str) -> Response:
    """Say that one is there, and show who else is: the part of the page that says so."""
    there = presence.beat(call.ports, call.who, number_of(number), mode_of(call))
    others = [present.presence_json(call.desk, one) for one in there]
    return pages.html(call, "agent/_presence.html", others=others)


def keep_draft(call: Call, number: str) -> Response:
    """Keep what stands in the composer."""
    found = number_of(number)
    text = str(call.body.get("text", ""))
    # Only what says that it is a reply may be offered as one.
    is_reply = call.body.get("kind") == ArticleKind.REPLY
    kind = ArticleKind.REPLY if is_reply else ArticleKind.NOTE
    drafts.keep(call.ports, call.who, found, kind, text)
    return pages.see_other(call, f"/agent/tickets/{found}", notice="draft_kept")


def discard_draft(call: Call, number: str) -> Response:
    """Throw away what was typed."""
    found = number_of(number)
    drafts.discard(call.who, found)
    return pages.see_other(call, f"/agent/tickets/{found}")


def follow(call: Call, number: str) -> Response:
    """Follow the ticket from now on, or no longer."""
    found, me = number_of(number), (call.who.agent or "",)
    follows = call.body.get("do") != "unfollow"
    wanted = Edit(add_followers=me) if follows else Edit(remove_followers=me)
    service.edit_ticket(call.ports, call.who, found, wanted)
    return pages.see_other(call, f"/agent/tickets/{found}#followers")


def show_draft(call: Call, number: str, agent: str) -> Response:
    """What a colleague has typed and not sent."""
    draft = drafts.read(call.ports, call.who, number_of(number), agent)
    return pages.html(
        call,
        "agent/draft.html",
        number=draft.number,
        draft=_draft(call, draft),
        **pages.frame(call, "inbox"),
    )


def context(call: Call, timeline: Timeline) -> dict[str, Any]:
    """What the page of a ticket shows of it: who is there, one's own draft, and the colleagues'."""
    now, me = call.ports.clock(), call.who.agent
    kept = [draft for draft in timeline.drafts if drafts.is_kept(draft, now)]
    there = presence.others(timeline.presences, call.who, now)
    return {
        "me": me,
        "others": [present.presence_json(call.desk, one) for one in there],
        "draft": next((_draft(call, draft) for draft in kept if draft.agent == me), None),
        "drafts": [_draft(call, draft) for draft in kept if draft.agent != me],
    }


def _draft(call: Call, draft: KeptDraft) -> dict[str, Any]:
    return {
        "by": shown.agent_name(call.desk, draft.agent),
        "agent": draft.agent,
        "kind": draft.kind.value,
        "text": draft.text,
        "at": draft.at,
    }
