"""Whether a mail says no more than thank you. Pure.

In doubt it says more: a ticket that is opened for nothing costs a click, one that stays solved
while somebody waits costs a customer. So a question, a doubt or a third sentence is never thanks.
"""

from __future__ import annotations

import re

LETTERS_LIMIT = 200
WORDS_LIMIT = 25
_THANKS = frozenset(
    word
    for words in (
        "thanks thank thx cheers appreciated grateful",  # English
        "tak takker takk tack tackar",  # Danish, Norwegian, Swedish
        "danke dank bedanke",  # German
        "köszönöm köszönjük köszi kösz köszönet hálás",  # Hungarian
        "bedankt merci gracias grazie obrigado obrigada dziękuję dzięki kiitos",
    )
    for word in words.split()
)
# What takes back, asks or goes on. One of them, and the mail is more than thanks.
_MORE = frozenset(
    word
    for words in (
        # English
        "but however still not no never cannot can't don't doesn't didn't won't isn't again yet",
        "except although unfortunately wrong broken fails error problem issue please could would",
        "when how why also another else need needs",
        # Danish, Norwegian, Swedish
        "men dog stadig ikke ikkje inte aldrig aldri igen igjen dessværre dessverre tyvärr fejl",
        "feil fel kan kunne skal hvornår hvordan hvorfor når hur varför också også ogsaa endnu",
        "enda ännu mangler saknas fortsatt fortfarande",
        # German
        "aber jedoch doch noch nicht kein keine nie wieder leider fehler könnten können bitte",
        "wann wie warum auch immer",
        # Hungarian
        "de azonban még nem nincs sem soha sajnos hiba probléma mikor hogyan miért kérem kérjük",
        "kellene mégis újra megint",
        # Dutch, French, Spanish, Italian, Portuguese, Polish, Finnish
        "maar niet geen mais pas pero ma non não mas ale nie mutta ei",
    )
    for word in words.split()
)
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")


def is_thanks(text: str) -> bool:
    """Whether a short text thanks, and neither asks nor objects."""
    if len(text) > LETTERS_LIMIT or re.search(r"[?？;¿]|https?:|\d{3}", text):
        return False
    words = [word.replace("’", "'") for word in _WORD.findall(text.casefold())]
    found = set(words)
    return len(words) <= WORDS_LIMIT and bool(found & _THANKS) and not found & _MORE
