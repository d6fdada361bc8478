from __future__ import annotations

import pytest

from chalicelib.people.language import language_of


@pytest.mark.parametrize(
    ("text", "locale"),
    [
        ("Hej, jeg kan ikke logge ind. Hvad skal jeg gøre?", "da"),
        ("Hei, jeg har ikke fått lønnen min. Hva skal jeg gjøre?", "nb"),
        ("Jeg finner ikke lønnslippen min. Kan dere sende den på nytt?", "nb"),
        ("Please help, the printer is broken and I have to print this.", "en"),
        ("Tisztelt Ügyfélszolgálat! Nem működik a fűtés, kérem, nézzék meg.", "hu"),
    ],
)
def test_a_letter_is_recognised_by_its_small_words(text: str, locale: str) -> None:
    assert language_of(text) == locale


def test_a_text_that_says_nothing_leaves_it_to_the_hints() -> None:
    assert language_of("PO 4711") is None
    assert language_of("PO 4711", ["no-NO"]) == "nb"
    assert language_of("PO 4711", ["xx", "hu-HU"]) == "hu"
    assert language_of("PO 4711", ["xx"]) is None


def test_words_count_more_than_the_hints_of_a_mail_program() -> None:
    assert language_of("Hej, jeg kan ikke logge ind på min computer", ["en-US"]) == "da"
