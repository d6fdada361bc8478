"""Which of the desk's languages a text is in: the customer is answered in the one they wrote. Pure.

A few of the commonest short words of each language are counted. Danish and Norwegian share most
of theirs, so the lists hold what tells them apart as well. No clear winner means None.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

_WORDS = {
    "en": "the and is are was have has not you your with this that what please hello my would",
    "da": "og jeg er det ikke en et af til på med har jeres hvad min mig kan blev nu hej venlig "
    "hilsen meget også efter fra uge noget kunne skal hvordan hvornår bliver ud få",
    "nb": "og jeg er det ikke en et av til på med har deres hva min meg kan ble nå hei vennlig "
    "hilsen mye også etter fra uke noe kunne skal hvordan når blir dere ut fått",
    "hu": "a az és hogy nem van egy de is meg ez azt ha csak már nekem kérem köszönöm tisztelt "
    "üdvözlettel jó napot szeretnék vagyok miért mikor lehet",
}
_LISTS = {locale: frozenset(words.split()) for locale, words in _WORDS.items()}
_WORD = re.compile(r"[^\W\d_]+")
_ENOUGH, _SAMPLE = 2, 4000


def language_of(text: str, hints: Iterable[str] = ()) -> str | None:
    """The locale of a text, of which the first 4,000 characters count.

    `hints` are language tags of the mail's headers, best first; they decide where the words do not.
    """
    seen = Counter(_WORD.findall(text[:_SAMPLE].lower()))
    scores = {
        locale: sum(count for word, count in seen.items() if word in words)
        for locale, words in _LISTS.items()
    }
    best, second = sorted(scores, key=lambda locale: -scores[locale])[:2]
    if scores[best] >= _ENOUGH and scores[best] > scores[second]:
        return best
    for hint in hints:
        tag = hint.lower().partition("-")[0]
        locale = "nb" if tag in {"no", "nn"} else tag
        if locale in _LISTS:
            return locale
    return None
