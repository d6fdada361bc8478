"""Proof that a form was made for the one who sends it."""

from __future__ import annotations

from chalicelib.keys import Keys


def token(keys: Keys, owner: str) -> str:
    """The token in the forms of one session, or of one signed link."""
    return keys.sign("csrf", owner)


def is_valid(keys: Keys, owner: str, given: str) -> bool:
    return bool(owner) and keys.is_signed("csrf", owner, given)
