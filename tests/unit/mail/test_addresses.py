"""Address lists as clients write them."""

import pytest

from chalicelib.mail.addresses import (
    MAX_ADDRESSES,
    Address,
    clean,
    parse_addresses,
    parse_mailboxes,
)


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("bo@example.com", [("", "bo@example.com")]),
        ("Bo <bo@Example.COM>", [("Bo", "bo@example.com")]),
        ('"Holm, Åse" <a@example.com>', [("Holm, Åse", "a@example.com")]),
        ("Holm, Åse <a@example.com>", [("Holm, Åse", "a@example.com")]),
        ('"Bo \\"B\\" Holm" <bo@example.com>', [('Bo "B" Holm', "bo@example.com")]),
        ("bo@example.com (Bo (at home))", [("Bo (at home)", "bo@example.com")]),
        ("bo@example.com Bo", [("Bo", "bo@example.com")]),
        ("a@example.com, b@example.com", [("", "a@example.com"), ("", "b@example.com")]),
        ("a@example.com; Bo <b@example.com>", [("", "a@example.com"), ("Bo", "b@example.com")]),
        ("a@example.com b@example.com", [("", "a@example.com"), ("", "b@example.com")]),
        (
            "Team: a@example.com, B <b@example.com>;",
            [("", "a@example.com"), ("B", "b@example.com")],
        ),
        ("undisclosed-recipients:;", []),
        ("=?utf-8?q?=C3=85se?= <a@example.com>", [("Åse", "a@example.com")]),
        ("=?utf-8?q?Holm=2C_=C3=85se?= <a@example.com>", [("Holm, Åse", "a@example.com")]),
        ('"=?utf-8?q?=C3=85se?=" <a@example.com>', [("Åse", "a@example.com")]),
        ("=?utf-8?q?eve=40evil.example?= <a@example.com>", [("eve@evil.example", "a@example.com")]),
        ("<mailto:a@example.com>", [("", "a@example.com")]),
        ("'a@example.com' <a@example.com>", [("'a@example.com'", "a@example.com")]),
        ("<@relay.example:a@example.com>", [("", "a@example.com")]),
        ("a @ example . com", [("", "a@example.com")]),
        ("a@example.com.", [("", "a@example.com")]),
        ('"a b"@example.com', [("", '"a b"@example.com')]),
        ("Bo\u202e\u200b <a\u200b@example.com>", [("Bo", "a@example.com")]),
        ("(((((a@example.com", [("", "a@example.com")]),
        ('"never ended <a@example.com>', [("never ended", "a@example.com")]),
        ("nobody", []),
        ("@example.com", []),
        ("a@", []),
        ("", []),
        (',,;;<>()"\\', []),
    ],
)
def test_a_list_is_read_as_it_is_meant(written, found):
    assert parse_addresses(written) == tuple(Address(*pair) for pair in found)


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("Moderator <moderator>", [("Moderator", "moderator")]),
        ("root (Cron)", [("Cron", "root")]),
        ("<root>, Bo <bo@example.com>", [("", "root"), ("Bo", "bo@example.com")]),
        ("Holm, Åse <a@example.com>", [("Holm, Åse", "a@example.com")]),
        ("Bo Holm", []),
        ('"Bo"', []),
        ("=?utf-8?q?Bo?=", []),
        ("<>", []),
        ("<a@>", []),
        ("undisclosed-recipients:;", []),
        ("(((((a@example.com", [("", "a@example.com")]),
    ],
)
def test_a_mailbox_may_lack_its_domain(written, found):
    assert parse_mailboxes(written) == tuple(Address(*pair) for pair in found)
    assert all(one.is_complete for one in parse_addresses(written))


def test_a_list_is_read_up_to_a_number():
    many = ", ".join(f"u{number}@example.com" for number in range(MAX_ADDRESSES * 2))
    assert len(parse_addresses(many)) == MAX_ADDRESSES


@pytest.mark.parametrize("text", ["a", "a@", "@b", "a\n@b" * 200, "x" * 320 + "@example.com"])
def test_what_cannot_be_an_address_is_none(text):
    assert clean(text) is None
