"""The keys of the table, all of them. Pure."""

from __future__ import annotations

import zlib
from datetime import UTC, datetime

DUE_SHARDS = 2
LEDGER_SHARDS = 4

HEAD = "~~head"
PRESENCE = "~presence"
ONLY = "~"
CLAIM = "c"
SIGHTING = "s"
TIMELINE = "S#"
FIRINGS = "~rules"
TIMER = "~timer"


def stamp(at: datetime) -> str:
    """An instant as text that sorts: UTC, microseconds."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def instant(text: str) -> datetime:
    """The aware instant that `stamp` wrote."""
    return datetime.fromisoformat(text)


def ticket_pk(number: int) -> str:
    return f"T#{number}"


def ticket_number(pk: str) -> int | None:
    """The number in a ticket's key; None for any other."""
    kind, _, number = pk.partition("#")
    return int(number) if kind == "T" else None


def article_sk(seq: int) -> str:
    return f"S#{seq:08d}#a"


def entry_sk(seq: int) -> str:
    return f"S#{seq:08d}#e"


def delivery_sk(seq: int, recipient: str) -> str:
    return f"S#{seq:08d}#d#{recipient}"


def call_sk(seq: int, place: int) -> str:
    return f"S#{seq:08d}#c#{place}"


def effect_sk(seq: int, reaction: str) -> str:
    return f"S#{seq:08d}#x#{reaction}"


def link_sk(kind: str, number: int) -> str:
    return f"~link#{kind}#{number}"


def draft_sk(agent: str) -> str:
    return f"~draft#{agent}"


def rule_paused_key(rule: str) -> tuple[str, str]:
    return RULES, f"p#{rule}"


def rule_fired_key(rule: str) -> tuple[str, str]:
    return RULES, f"f#{rule}"


def task_sk(task: str) -> str:
    return f"~task#{task}"


NOTE = "~note#"


def note_sk(note: str) -> str:
    return f"{NOTE}{note}"


def ses_pk(ses_id: str) -> str:
    return f"SES#{ses_id}"


def message_id_pk(digest: str) -> str:
    return f"MID#{digest}"


def person_pk(person: str) -> str:
    return f"P#{person}"


def organization_pk(organization: str) -> str:
    return f"O#{organization}"


def domain_pk(domain: str) -> str:
    return f"DOM#{domain}"


def address_pk(digest: str) -> str:
    return f"E#{digest}"


def alert_key(digest: str) -> tuple[str, str]:
    return f"ALERT#{digest}", ONLY


def rate_pk(digest: str) -> str:
    return f"RATE#{digest}"


NUMBER_KEY = ("N", "ticket")
CONFIG_KEY = ("CFG", "live")
RULES = "RULES"
RULES_WALK = (RULES, "walk")
SEALS = "SEAL"
SEAL_HEAD = (SEALS, HEAD)
seal_sk = "{:08d}".format  # of its number


def config_version_key(version: int) -> tuple[str, str]:
    return CONFIG_KEY[0], f"v#{version:08d}"


def suspended_pk(suspended: str) -> str:
    return f"SU#{suspended}"


SUSPENDED_LIST = "SUSP#open"
# All persons stand in one partition: they are added one by one, and read in pages.
PEOPLE_LIST = "PEOPLE"
ORGANIZATIONS_LIST = "ORGANIZATIONS"
NAMES_LIST = "NAMES"
NOTES_LIST = "NOTES"


def name_sk(name: str) -> str:
    """A person's name as it is looked for: by how it begins, whatever the case."""
    return " ".join(name.casefold().split())


def token_pk(digest: str) -> str:
    return f"TOK#{digest}"


def idempotency_pk(digest: str) -> str:
    return f"IDEM#{digest}"


# What routing asks of all agents at once stands together: one query reads it.
DUTY = "DUTY"
AWAY = "away#"
TURN = "turn#"
LEAVER = "left#"


def away_key(agent: str) -> tuple[str, str]:
    return DUTY, f"{AWAY}{agent}"


def turn_key(agent: str) -> tuple[str, str]:
    return DUTY, f"{TURN}{agent}"


def leaver_key(agent: str) -> tuple[str, str]:
    return DUTY, f"{LEAVER}{agent}"


def offer_key(number: int) -> tuple[str, str]:
    return ticket_pk(number), "~offer"


def export_key(export: str) -> tuple[str, str]:
    return f"X#{export}", "job"


def system_pk(scope: str) -> str:
    return f"Y#{scope}"


def group_open(group: str) -> str:
    return f"G#{group}#open"


def group_closed(group: str, at: datetime) -> str:
    return f"G#{group}#{at:%Y%m}"


def mine(agent: str) -> str:
    return f"U#{agent}"


def tasks_of(agent: str) -> str:
    return f"U#{agent}#tasks"


def notes_for(agent: str) -> str:
    return f"U#{agent}#notes"


def _crc(value: str) -> int:
    return zlib.crc32(value.encode())


def rank(due_at: datetime | None, opened_at: datetime) -> str:
    """Where a ticket stands in a list: what is due first comes first, then by age."""
    return stamp(due_at) if due_at else f"9#{stamp(opened_at)}"


def due_key(pk: str, at: datetime) -> tuple[str, str]:
    """The g4 key of an alarm at that instant; one owner always rings in the same shard."""
    return f"DUE#{_crc(pk) % DUE_SHARDS}", f"{stamp(at)}#{pk}"


def due_shards() -> tuple[str, ...]:
    return tuple(f"DUE#{shard}" for shard in range(DUE_SHARDS))


def ledger_key(pk: str, seq: int, at: datetime) -> tuple[str, str]:
    return f"L#{at:%Y%m%d}#{_crc(pk) % LEDGER_SHARDS}", f"{stamp(at)}#{pk}#{seq:08d}"


def ledger_shards(day: datetime) -> tuple[str, ...]:
    return tuple(f"L#{day:%Y%m%d}#{shard}" for shard in range(LEDGER_SHARDS))
