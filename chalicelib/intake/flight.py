"""The flight record: how a mail was understood when it came in, and what was done with it. Pure.

It is stored with what the mail became, and read by people who wonder. Codes, not words: pages and
commands put them into the reader's language.
"""

from __future__ import annotations

from collections.abc import Iterable

from chalicelib.intake.case import Case
from chalicelib.intake.model import Flight


def record(
    case: Case, done: str, *, matched_by: str = "none", tried: Iterable[str] = (), **more: object
) -> Flight:
    """The record of a mail. `done` is opened, joined, held, note, follow_up, forwarded, bounce or
    suspended; `tried` says of each clue that did not count why. Empty values are left out.
    """
    tagged = case.clues.tagged
    found = {
        **case.receipt.verdicts.to_dict(),
        "kind": case.mail.kind.value,
        "authenticated": "yes" if case.is_authenticated else "no",
        "matched_by": matched_by,
        "tried": ",".join(tried),
        "done": done,
        "smime": case.opened.smime,
        "possible_duplicate_of": tagged if tagged and done == "opened" else "",
        "released_by": str(case.release.actor) if case.release else "",
        **more,
    }
    return {name: str(value) for name, value in found.items() if value not in ("", None)}
