"""How one mail is understood, for people who wonder."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from chalicelib.errors import Invalid
from chalicelib.mail.parse import MailError, parse, with_guessed_letters


def describe(file: Path) -> dict[str, Any]:
    """Everything the codec read out of the file; of attachments the size instead of the bytes."""
    try:
        mail = with_guessed_letters(parse(file.read_bytes()))
    except OSError as error:
        raise Invalid(f"{file} cannot be read: {error.strerror}.") from error
    except MailError as error:
        raise Invalid(f"{file} cannot be read as a mail.") from error
    shown: dict[str, Any] = _plain(asdict(mail))
    # All that is worth to know of them has fields of its own.
    del shown["headers"]
    return shown


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    return value.isoformat() if isinstance(value, datetime) else value
