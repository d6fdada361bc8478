"""Which mails only thank, in the languages of the desk's neighbours."""

from __future__ import annotations

import pytest

from chalicelib.tickets.thanks import is_thanks


@pytest.mark.parametrize(
    "text",
    [
        "Thanks!",
        "Thank you so much for the quick help, it works now.\n\nKim",
        "Mange tak for hjælpen, nu virker den.\n\nVenlig hilsen\nKim",
        "Tusen takk, nå fungerer det!",
        "Tack så mycket för snabb hjälp!",
        "Vielen Dank für die schnelle Hilfe!",
        "Nagyon köszönöm, most már működik.",
    ],
)
def test_a_few_words_of_thanks_are_thanks(text: str) -> None:
    assert is_thanks(text)


@pytest.mark.parametrize(
    "text",
    [
        "Thanks, but it is still broken.",
        "Thank you. When does the new lamp come?",
        "Tak, men den virker stadig ikke.",
        "Takk, men det er ikke løst",
        "Tack, fast det fungerar inte.",
        "Danke, es geht aber noch immer nicht.",
        "Köszönöm, de még mindig nem működik.",
        "Thanks, call me on 555 123 456",
        "Thanks. " + "And the report has a long list of what was found. " * 6,
        "It works now.",
        "Many printers",
        "",
    ],
)
def test_whoever_asks_objects_or_goes_on_does_more_than_thank(text: str) -> None:
    assert not is_thanks(text)
