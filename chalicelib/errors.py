"""What can go wrong at the desk, one situation a class. No HTTP numbers here: `web.errors` maps."""

from __future__ import annotations

from collections.abc import Mapping


class DeskError(Exception):
    """A failure that somebody can do something about; the message says what."""

    code = "desk_error"

    def __init__(self, message: str, *, fields: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.fields = dict(fields or {})


class Invalid(DeskError):
    """The input cannot be used; `fields` says which part and why."""

    code = "invalid"


class NotFound(DeskError):
    """There is no such thing, or not for this actor: the two must look alike."""

    code = "not_found"


class Conflict(DeskError):
    """Somebody else changed it first; read it again and decide anew."""

    code = "conflict"


class Forbidden(DeskError):
    """The actor is known and may not do this."""

    code = "forbidden"


class Unauthenticated(DeskError):
    """Nobody, or nobody any more: sign in."""

    code = "unauthenticated"


class TooMany(DeskError):
    """A limit is reached; later it will work again."""

    code = "too_many"
