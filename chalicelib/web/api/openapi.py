"""The API in OpenAPI 3.1, made from the table of routes; the shapes are in `schemas`.

Here is only what a route does not say itself: its query, its success, and some words for people.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from chalicelib.web import paging
from chalicelib.web.api import (
    availability,
    forms,
    hooks,
    incidents,
    macros,
    notes,
    organizations,
    participants,
    rules,
    schemas,
    tasks,
    views,
)
from chalicelib.web.api.shapes import LINK, NUMBER, TEXT, Operation, one_of, ref
from chalicelib.web.idempotency import KEY_LENGTH

if TYPE_CHECKING:
    from chalicelib.web.routing import Route

JSON = "application/json"
ABOUT = """\
Send a token with every call: `Authorization: Bearer skr_...`. Its scopes say what it may do, its
groups whose tickets it sees; a ticket of another group does not exist for it.

**Lists** answer `items` and `next`. While `next` is not null there may be more: send it as `cursor`
with the same query. A page can hold fewer items than `limit`, even none, and still have a next.

**Repetition.** Where an `Idempotency-Key` is taken, the same request with the same key changes
nothing for 24 hours, and answers with what it led to the first time, as it is now. Another request
under that key is a conflict.

**Conflicts.** Send the `version` that you read with a change, and the `seq` that you read as
`seen_seq` with a reply. Where somebody changed the same fields or wrote meanwhile, nothing is
changed, and the answer is 409: `fields` has what they are by now, `new` what was written.

**Files** go by requests of their own: ask for an upload, post the file as a form with the given
`fields` and the file last, as `file`, to the given `url`, then name the upload in an article. What
is downloaded is redirected to a link that lasts five minutes.

**Errors** all have one shape. `fields` names what is wrong in the request.
"""
ERRORS = {
    400: "The request cannot be used; `fields` says which part of it.",
    401: "There is no token, or it is not known (any more).",
    403: "The token may not do this.",
    404: "There is no such thing, or not for this token.",
    409: "Somebody was faster, or the ticket is not in a state for this: read, then decide again.",
    429: "That was too much for now: try again later.",
}


_PLACES: dict[str, dict[str, Any]] = {
    "number": {**NUMBER, "description": "The ticket's number."},
    "article": {**TEXT, "description": "The article's `id`."},
    "place": {**NUMBER, "description": "Where it stands among `attachments`, from 0."},
    "delivery": {**TEXT, "description": "The delivery's `id`."},
    "export": TEXT,
    "organization": {**TEXT, "description": "The organization's `id`."},
    "task": {**TEXT, "description": "The task's `id`."},
    "person": {**TEXT, "description": "The person's `id`."},
    "note": {**TEXT, "description": "The note's `id`."},
    "mail": {**TEXT, "description": "The suspended mail's `id`."},
    "source": {**TEXT, "description": "The id of a source of the desk."},
    "call_id": {**TEXT, "description": "The call's `id`."},
    "view": {**TEXT, "description": "The view's `id`."},
    "macro": {**TEXT, "description": "The macro's `id`."},
    "rule": {**TEXT, "description": "The rule's `id`."},
    "colleague": {**TEXT, "description": "The agent's `id`."},
}


def describe(url: str) -> dict[str, Any]:
    """The description of this API as it stands at `url`."""
    # The table of routes has the route that answers with this.
    from chalicelib.web.site import ROUTES

    operations = _operations()
    paths: dict[str, dict[str, Any]] = {}
    for route in ROUTES:
        if not route.is_page:
            operation = operations[route.handler.__name__]
            methods = paths.setdefault(route.path, {"parameters": _path_parameters(route.path)})
            methods[route.method.lower()] = _described(route, operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Skranke",
            "version": "1",
            "summary": "A service desk: tickets, the mails on them, and the people behind both.",
            "description": ABOUT,
        },
        "servers": [{"url": url}],
        "paths": paths,
        "components": {
            "schemas": schemas.table(),
            "responses": {str(status): _error(text) for status, text in ERRORS.items()},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operations() -> dict[str, Operation]:
    """Everything there is to do, by the name of its handler."""
    page = {
        "limit": {**NUMBER, "minimum": 1, "maximum": paging.MOST, "default": paging.LIMIT},
        "cursor": {**TEXT, "description": "The `next` of the page before, with the same query."},
    }
    return {
        "list_tickets": Operation(
            200,
            "TicketList",
            query={
                "group": {**TEXT, "description": "Its tickets alone."},
                "requester": {**TEXT, "description": "An address; also the tickets that are over."},
                "assignee": {**TEXT, "description": "An agent's id or address."},
                "status": {**TEXT, "description": "A category, or a status of the desk's own."},
                "replied_after_solve": {
                    **one_of(["true"]),
                    "description": "Solved ones alone, to which the customer wrote in the last "
                    "72 hours without opening them again.",
                },
                **page,
            },
            more="Without a filter, one group after the other. Solved tickets are left out unless "
            "asked for by status or requester. Closed ones are listed month by month, for two "
            "years back.",
        ),
        "create_ticket": Operation(
            201,
            "Ticket",
            schemas.NEW_TICKET,
            more="The requester is told the number by mail, where the group acknowledges.",
        ),
        "get_ticket": Operation(
            200,
            "Ticket",
            query={"before": {**TEXT, "description": "The `older` of the page before."}},
        ),
        "get_clocks": Operation(200, "Clocks"),
        "acknowledge_escalation": Operation(
            200,
            "TicketSummary",
            more="What has come of the ladders calls no more, and later steps come all the same. "
            "Whoever is first stays the one who took note. A conflict where nothing escalates.",
            has_conflicts=True,
        ),
        "patch_ticket": Operation(200, "ChangedTicket", "TicketChanges"),
        "create_article": Operation(201, "Article", schemas.NEW_ARTICLE),
        "set_presence": Operation(
            200,
            "PresentOthers",
            schemas.PRESENCE,
            more="Say it again every 30 seconds: whoever is silent for 75 is gone.",
        ),
        "accept_article": Operation(200, "Article", "Acceptance", has_conflicts=True),
        **_of_relations(),
        "get_raw": Operation(303),
        "get_attachment": Operation(303),
        "send_again": Operation(200, "Ticket", has_conflicts=True),
        "create_upload": Operation(201, "Upload", schemas.NEW_UPLOAD),
        "list_people": Operation(
            200,
            "PeopleList",
            query={
                "email": {**TEXT, "description": "The one with this address."},
                "name": {**TEXT, "description": "Those whose name begins so: the first ones."},
                **page,
            },
        ),
        **_of_suspended_mail(page),
        **forms.OPERATIONS,
        **hooks.OPERATIONS,
        **rules.OPERATIONS,
        **views.operations(page),
        **macros.OPERATIONS,
        **participants.OPERATIONS,
        **tasks.OPERATIONS,
        **incidents.OPERATIONS,
        **organizations.OPERATIONS,
        **notes.OPERATIONS,
        **availability.OPERATIONS,
        "create_export": Operation(
            202,
            "Export",
            more="For tokens that see all groups. Ask for the export until it is done.",
        ),
        "get_export": Operation(200, "Export"),
        "health": Operation(200, "Health"),
        "openapi": Operation(200, "Description"),
    }


def _of_relations() -> dict[str, Operation]:
    again = "Again is the same as once."
    return {
        "merge_ticket": Operation(
            200,
            "TicketSummary",
            "Merge",
            more="What was written stays where it is, and the other ticket shows it, too. Mail for "
            "this one joins the other, and whoever writes it sees what is written there from then "
            f"on. Its targets end. {again}",
            has_conflicts=True,
        ),
        "unmerge_ticket": Operation(
            200,
            "TicketSummary",
            more="It is what it was before. What has come since stays on the other ticket. "
            f"{again}",
        ),
        "split_ticket": Operation(
            201,
            "Ticket",
            "Split",
            more="The originals stay, and name the new ticket. Its targets start now, and nobody "
            "is told of it by mail.",
        ),
        "link_ticket": Operation(
            200,
            "Ticket",
            "NewLink",
            more="Each of the two says what it is to the other. A parent cannot be solved while "
            f"children are open, unless its group only warns. {again}",
            has_conflicts=True,
        ),
        "unlink_ticket": Operation(200, "Ticket", "NewLink", more=again),
    }


def _of_suspended_mail(page: dict[str, dict[str, Any]]) -> dict[str, Operation]:
    def verb(more: str) -> Operation:
        return Operation(200, "SuspendedResult", more=more, has_conflicts=True)

    again = "Again is the same as once: the answer is the same, and names the same ticket."
    return {
        "list_suspended": Operation(200, "SuspendedList", query=page),
        "get_suspended": Operation(200, "SuspendedMail"),
        "get_suspended_raw": Operation(303),
        "decide_suspended": Operation(
            200,
            "SuspendedResults",
            schemas.SUSPENDED_ACTION,
            more=f"One result for each mail, in the order of the ids. {again}",
        ),
        "release_suspended": verb(
            "One that was sent to no group's address goes to the first group that the token sees. "
            f"A mail with a virus is never released. {again}"
        ),
        "allow_suspended": verb(
            "From then on its sender's mail is not suspended for spam, as a flood or as written by "
            "a machine, as long as the sender's domain vouches for it; so it must for this one. "
            f"A block of the sender ends. {again}"
        ),
        "block_suspended": verb(
            f"Later mail of the sender is suspended with the cause `blocked`, and not lost. {again}"
        ),
        "unblock_suspended": verb(f"The mail itself stays as it is. {again}"),
        "delete_suspended": verb(
            "The original is deleted within a minute or two; the bucket lets an operator undo that "
            f"for thirty days. {again}"
        ),
    }


def _described(route: Route, operation: Operation) -> dict[str, Any]:
    parts: dict[str, Any] = {
        "operationId": route.handler.__name__,
        "summary": (route.handler.__doc__ or "").partition("\n")[0],
        "security": [{"token": [route.scope]}] if route.scope else [],
        "parameters": _parameters(route, operation),
        "responses": _responses(route, operation),
    }
    if operation.more:
        parts["description"] = operation.more
    if operation.body:
        parts["requestBody"] = {"required": True, "content": _content(operation.body)}
    return parts


def _path_parameters(path: str) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": _PLACES[name]}
        for name in re.findall(r"\{(\w+)\}", path)
    ]


def _parameters(route: Route, operation: Operation) -> list[dict[str, Any]]:
    found = [{"name": name, "in": "query", "schema": it} for name, it in operation.query.items()]
    if route.replays:
        schema = {**TEXT, "maxLength": KEY_LENGTH}
        found.append({"name": "Idempotency-Key", "in": "header", "schema": schema})
    return found


def _responses(route: Route, operation: Operation) -> dict[str, Any]:
    answers: dict[str, Any] = {str(operation.status): _success(operation)}
    is_refusable = {
        400: bool(route.takes or operation.query),
        401: bool(route.scope),
        403: bool(route.scope),
        404: "{" in route.path,
        409: route.replays or operation.has_conflicts,
        429: operation.has_limits,
    }
    for status in ERRORS:
        if is_refusable[status]:
            answers[str(status)] = {"$ref": f"#/components/responses/{status}"}
    answers["default"] = _error("Something broke on our side; name the request id.")
    return answers


def _success(operation: Operation) -> dict[str, Any]:
    if not operation.answer:
        location = {"Location": {"required": True, "schema": LINK}}
        return {"description": "A link that lasts five minutes.", "headers": location}
    return {"description": operation.answer, "content": _content(operation.answer)}


def _error(description: str) -> dict[str, Any]:
    return {"description": description, "content": _content("Error")}


def _content(schema: str) -> dict[str, Any]:
    example = schemas.examples().get(schema)
    return {JSON: {"schema": ref(schema), **({"example": example} if example else {})}}
