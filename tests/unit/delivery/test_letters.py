"""What a letter is called, whatever other desks and mail programs put before its subject."""

from __future__ import annotations

import pytest

from chalicelib.delivery.letters import bare_subject


@pytest.mark.parametrize(
    ("subject", "bare"),
    [
        ("Printer", "Printer"),
        ("Re: AW: Sv: Printer", "Printer"),
        ("Printer [#1001-6]", "Printer"),
        ("Re: [#1001-6] Re: Printer [#1001-6]", "Printer"),
        ("[JIRA-12] Printer", "[JIRA-12] Printer"),
        ("Re: [JIRA-12] Fwd: [Ticket#99] Re: Printer", "[JIRA-12] [Ticket#99] Printer"),
        ("[A-1] [B-2] Re: [C-3] [D-4]: Printer", "[A-1] [B-2] Printer"),
        ("[urgent] [A-1] Printer", "[urgent] [A-1] Printer"),
        ("Printer [A-1] [B-2] [C-3]", "Printer [A-1] [B-2] [C-3]"),
        ("Re:", ""),
        ("", ""),
    ],
)
def test_a_chain_of_tags_and_prefixes_ends_after_two_tags(subject: str, bare: str) -> None:
    assert bare_subject(subject) == bare


def test_a_subject_that_is_a_chain_and_nothing_else_takes_no_long_time() -> None:
    assert bare_subject("Re: [A-1] " * 25) == "[A-1] [A-1]"
    assert bare_subject("[" * 250) == "[" * 250
    assert bare_subject("[1" * 125) == "[1" * 125
