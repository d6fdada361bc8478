from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from chalicelib.errors import NotFound
from chalicelib.intake import suspended
from chalicelib.intake.model import Cause, Suspended
from chalicelib.ports import Blob
from tests.world import World, letter

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
MAIL = Suspended("m", Cause.SPAM, "kim@customer.example", "Hi", AT, "inbound/m")


class Blobs:
    """One stored original, and how often it was read."""

    def __init__(self, raw: bytes | None, size: int | None = None) -> None:
        self.raw, self.size, self.reads = raw, size, 0

    def head(self, key: str) -> Blob:
        if self.raw is None:
            raise NotFound("There is no file.")
        return Blob(key, self.size or len(self.raw), "message/rfc822")

    def get(self, _key: str) -> bytes:
        self.reads += 1
        assert self.raw is not None
        return self.raw


def preview(world: World, blobs: Any) -> suspended.Preview | None:
    return suspended.preview(replace(world.ports, mail_blobs=blobs), MAIL)


def test_a_preview_is_the_beginning_of_the_text_and_the_names_of_the_files(world: World) -> None:
    message = letter("Look at this.")
    message.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="prize.pdf")
    found = preview(world, Blobs(message.as_bytes()))
    assert found == suspended.Preview("Look at this.", is_cut=False, files=(("prize.pdf", 4),))


def test_a_preview_ends_after_two_thousand_characters(world: World) -> None:
    found = preview(world, Blobs(letter("x" * 1000 + "\n" + "y" * 1500).as_bytes()))
    assert found is not None
    assert (len(found.text), found.is_cut) == (2000, True)


def test_a_preview_of_html_is_text(world: World) -> None:
    message = letter()
    message.set_content("<p>Hello <b>you</b></p><script>alert(1)</script>", subtype="html")
    found = preview(world, Blobs(message.as_bytes()))
    assert found is not None
    assert found.text == "Hello you"


@pytest.mark.parametrize("blobs", [Blobs(None), Blobs(b"Subject: x\n\ny", size=40_000_000)])
def test_what_is_gone_or_too_large_has_no_preview_and_is_not_read(
    world: World, blobs: Blobs
) -> None:
    assert preview(world, blobs) is None
    assert blobs.reads == 0


def test_every_action_has_a_verb() -> None:
    assert set(suspended.VERBS) == set(suspended.Action)
