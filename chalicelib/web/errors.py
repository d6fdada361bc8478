"""Which answer a failure is: the one map from DeskError to HTTP, the one shape of an error."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from chalice.app import Response

from chalicelib.errors import (
    Conflict,
    DeskError,
    Forbidden,
    Invalid,
    NotFound,
    TooMany,
    Unauthenticated,
)
from chalicelib.tickets.collision import Overtaken

if TYPE_CHECKING:
    from chalicelib.web.routing import Call

log = logging.getLogger("skranke")

STATUS: dict[type[DeskError], int] = {
    Invalid: 400,
    Unauthenticated: 401,
    Forbidden: 403,
    NotFound: 404,
    Conflict: 409,
    TooMany: 429,
}


def status_of(error: DeskError) -> int:
    return next((status for kind, status in STATUS.items() if isinstance(error, kind)), 500)


def respond(call: Call, error: DeskError) -> Response:
    """The answer to a failure that somebody can do something about."""
    from chalicelib.web import pages
    from chalicelib.web.routing import Access, json_answer

    status = status_of(error)
    if status == 500:  # noqa: PLR2004 - nobody outside can do anything about it
        return respond_to_crash(call, error)
    if call.route.is_page:
        if status == 401 and call.route.access is Access.SESSION:  # noqa: PLR2004
            return pages.ask_to_sign_in(call, error)
        return pages.error_page(call, status, error.code, error.message)
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else {}  # noqa: PLR2004
    return json_answer(_body(call, error.code, error), status=status, headers=headers)


def respond_to_crash(call: Call, error: Exception) -> Response:
    """The answer to a failure that only we can do something about; the log has the rest."""
    from chalicelib.web import pages
    from chalicelib.web.routing import json_answer

    log.error("request %s failed", call.request_id, exc_info=error)
    message = "Something broke on our side. Try again; if it stays, name the request id."
    if call.route.is_page:
        return pages.error_page(call, 500, "internal", message)
    crash = DeskError(message)
    return json_answer(_body(call, "internal", crash), status=500)


def _body(call: Call, code: str, error: DeskError) -> dict[str, object]:
    from chalicelib.web.present import excerpt_json

    shown: dict[str, object] = {
        "code": code,
        "message": error.message,
        "fields": error.fields,
    }
    if isinstance(error, Overtaken):
        shown["new"] = [excerpt_json(article) for article in error.new]
    return {"error": shown, "request_id": call.request_id}
