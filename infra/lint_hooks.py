"""What is hardly meant in webhooks and sources: where nobody hears, and what nobody ends."""

from __future__ import annotations

from collections.abc import Iterator

from chalicelib.desk.model import Desk
from chalicelib.outward import HERE, place_of


def doubts(desk: Desk) -> Iterator[tuple[str, str]]:
    """Everything doubtful about the webhooks and sources of a desk: place and sentence."""
    for webhook in desk.webhooks.values():
        place = f"webhooks.{webhook.id}"
        if place_of(webhook.url).host in HERE:
            yield f"{place}.url", "is this machine: a deployed desk calls nobody there"
    for source in desk.sources.values():
        place = f"sources.{source.id}"
        if source.key and not source.state:
            yield f"{place}.state", "is missing: nothing ever ends its tickets by itself"
        elif source.key and not source.began:
            yield f"{place}.began", "is missing: what comes late or twice counts as new"
