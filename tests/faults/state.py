"""What a run leaves behind, in a form in which two runs can be compared.

A snapshot holds items, objects, sent mails and published events. Its canonical form is a list of
lines that does not depend on generated ids, numbers, hashes and instants, but still tells which
of them are the same: two runs have equal lines if one is the other under new names.
"""

from __future__ import annotations

import hashlib
import json
import re
from base64 import b64encode
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from email import message_from_bytes, policy
from functools import cached_property
from typing import Any

from boto3.dynamodb.types import Binary, TypeDeserializer
from moto import mock_aws
from moto.backends import get_backend
from moto.core import DEFAULT_ACCOUNT_ID
from moto.s3.models import FakeDeleteMarker

from tests.aws_calls import REGION, AwsCall, Response, Send, intercepted


@dataclass
class Outside:
    """What left the account: no fault and no redelivery takes it back."""

    mails: list[Mapping[str, Any]] = field(default_factory=list)
    events: list[Mapping[str, Any]] = field(default_factory=list)

    def watch(self, call: AwsCall, send: Send) -> Response:
        answer = send(call.params)
        if call.operation in {"SendEmail", "SendRawEmail"}:
            self.mails.append(call.params)
        if call.operation == "PutEvents":
            entries = zip(call.params["Entries"], answer["Entries"], strict=True)
            self.events += [entry for entry, result in entries if "ErrorCode" not in result]
        return answer


@contextmanager
def empty_world() -> Iterator[Outside]:
    """An account with nothing in it."""
    outside, moto = Outside(), mock_aws()
    with moto, intercepted(outside.watch):
        moto.reset()  # Inside another mock_aws, which saves the better part of a start.
        yield outside


@dataclass(frozen=True)
class Snapshot:
    """`items` are pairs of table and item, `objects` go by "bucket/key"."""

    items: Sequence[tuple[str, Mapping[str, Any]]] = ()
    objects: Mapping[str, bytes] = field(default_factory=dict)
    mails: Sequence[Mapping[str, Any]] = ()
    events: Sequence[Mapping[str, Any]] = ()


def snapshot(outside: Outside) -> Snapshot:
    """Everything in all tables and buckets, and what went outside."""
    return Snapshot(list(_items()), dict(_objects()), outside.mails, outside.events)


# Read from moto itself: through the clients this took as long as all the rest of a run.
def _items() -> Iterator[tuple[str, Mapping[str, Any]]]:
    read = TypeDeserializer()
    for table in get_backend("dynamodb")[DEFAULT_ACCOUNT_ID][REGION].tables.values():
        for item in table.all_items():
            wire = item.to_json()["Attributes"]
            yield table.name, {name: read.deserialize(value) for name, value in wire.items()}


def _objects() -> Iterator[tuple[str, bytes]]:
    for bucket in get_backend("s3")[DEFAULT_ACCOUNT_ID]["aws"].buckets.values():
        for key, stored in bucket.keys.items():
            if not isinstance(stored, FakeDeleteMarker):
                yield f"{bucket.name}/{key}", stored.value


@dataclass(frozen=True)
class Names:
    """What two equal runs may write differently. All patterns are searched in whole lines.

    `tokens`: kind and pattern of what is generated; equal tokens stay recognisably equal.
    `masked`: patterns whose text does not count, as instants and MIME boundaries.
    `volatile`: attributes whose values do not count. `skipped`: patterns of lines to leave out.
    """

    tokens: tuple[tuple[str, str], ...] = (
        ("ulid", r"(?<![0-9A-Za-z])[0-9A-HJKMNP-TV-Z]{26}(?![0-9A-Za-z])"),
        ("uuid", r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
        ("sha256", r"(?<![0-9A-Za-z])[0-9a-f]{64}(?![0-9A-Za-z])"),
    )
    masked: tuple[str, ...] = (
        r"\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?",
        r"\w{3}, \d{1,2} \w{3} \d{4} \d\d:\d\d:\d\d [+-]\d{4}",
        r"={10,}\d+==",
    )
    volatile: frozenset[str] = frozenset({"salt", "ttl"})
    skipped: tuple[str, ...] = ()

    def mask(self, text: str) -> str:
        for pattern in self.masked:
            text = re.sub(pattern, "<*>", text)
        return text

    def is_skipped(self, line: str) -> bool:
        return any(re.search(pattern, line) for pattern in self.skipped)

    def token(self) -> re.Pattern[str]:
        return re.compile("|".join(f"(?P<{kind}>{pattern})" for kind, pattern in self.tokens))


def canonical(taken: Snapshot, names: Names | None = None) -> list[str]:
    """One line for each thing in the snapshot, sorted, in the words that `names` leaves."""
    names = names or Names()
    token = names.token()
    lines = [_Line.read(line, token) for line in _lines(taken, names, token)]
    lines = [line for line in lines if not names.is_skipped(line.text)]
    words = _words(_colours(lines))
    return sorted(line.painted(words) for line in lines)


@dataclass(frozen=True)
class _Line:
    """A line, and the tokens in it: `between` is what stands around them."""

    text: str
    tokens: tuple[str, ...]
    kinds: tuple[str, ...]
    between: tuple[str, ...]

    @classmethod
    def read(cls, text: str, token: re.Pattern[str]) -> _Line:
        found = list(token.finditer(text))
        ends = [0, *(match.end() for match in found)]
        starts = [*(match.start() for match in found), len(text)]
        return cls(
            text,
            tuple(match[0] for match in found),
            tuple(str(match.lastgroup) for match in found),
            tuple(text[end:start] for end, start in zip(ends, starts, strict=True)),
        )

    @cached_property
    def shape(self) -> str:
        return _sha256(self.between)

    def painted(self, words: Mapping[str, str]) -> str:
        """The line with a word for each token."""
        named = [words[token] for token in self.tokens]
        return "".join(
            text for pair in zip(self.between, [*named, ""], strict=True) for text in pair
        )


def _sha256(thing: object) -> str:
    return hashlib.sha256(repr(thing).encode()).hexdigest()


def _lines(taken: Snapshot, names: Names, token: re.Pattern[str]) -> Iterator[str]:
    for table, item in taken.items:
        yield f"item {table} {names.mask(_json(item, names))}"
    for key, body in taken.objects.items():
        text = names.mask(body.decode(errors="backslashreplace"))
        digest = hashlib.sha256(token.sub(_kind, text).encode()).hexdigest()[:16]
        yield f"object {key} {digest}"
    for mail in taken.mails:
        yield f"mail {names.mask(_json(_readable(mail), names))}"
    # The bus may repeat an event by itself, so how often one was published says nothing.
    events = ({**event, "Detail": json.loads(event["Detail"])} for event in taken.events)
    yield from sorted({f"event {names.mask(_json(event, names))}" for event in events})


def _kind(found: re.Match[str]) -> str:
    return f"<{found.lastgroup}>"


def _json(thing: Any, names: Names) -> str:
    return json.dumps(
        _without(thing, names.volatile), sort_keys=True, ensure_ascii=False, default=_plain
    )


def _without(thing: Any, volatile: frozenset[str]) -> Any:
    if isinstance(thing, Mapping):
        return {k: "<*>" if k in volatile else _without(v, volatile) for k, v in thing.items()}
    if isinstance(thing, list | tuple):
        return [_without(value, volatile) for value in thing]
    return thing


def _plain(value: object) -> Any:
    """What JSON has no word for."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, set):
        return sorted(value, key=str)
    if isinstance(value, bytes | Binary):
        return b64encode(bytes(value)).decode()  # type: ignore[arg-type]
    return str(value)


def _readable(mail: Any) -> Any:
    """A raw message as its headers and decoded parts, wherever it stands in the request."""
    if isinstance(mail, Mapping):
        return {name: _readable(value) for name, value in mail.items()}
    if not isinstance(mail, bytes):
        return mail
    parts = message_from_bytes(mail, policy=policy.default).walk()
    return [
        [*sorted(f"{k}: {v}" for k, v in part.items()), _text(part.get_payload(decode=True))]
        for part in parts
    ]


def _text(payload: Any) -> str:
    return payload.decode(errors="backslashreplace") if isinstance(payload, bytes) else ""


def _colours(lines: Sequence[_Line]) -> dict[str, str]:
    """A colour for each token, told by where it stands and by what stands beside it.

    Colours start as kinds and are refined until no more of them come apart (Weisfeiler and
    Leman's refinement), so they do not depend on the tokens' own text.
    """
    colours = {
        token: f"{kind}:"
        for line in lines
        for token, kind in zip(line.tokens, line.kinds, strict=True)
    }
    told_apart = 0
    while len(set(colours.values())) > told_apart:
        told_apart = len(set(colours.values()))
        places: dict[str, list[str]] = defaultdict(list)
        for line in lines:
            seen = _sha256([line.shape, *(colours[token] for token in line.tokens)])
            for place, token in enumerate(line.tokens):
                places[token].append(f"{place} {seen}")
        colours = {token: _refined(old, places[token]) for token, old in colours.items()}
    return colours


def _refined(colour: str, places: list[str]) -> str:
    kind, _, _ = colour.partition(":")
    return f"{kind}:{_sha256([colour, sorted(places)])}"


def _words(colours: Mapping[str, str]) -> dict[str, str]:
    """Colours as short words, `<ulid:1>`: tokens of one colour cannot be told apart."""
    order = {colour: place for place, colour in enumerate(sorted(set(colours.values())), 1)}
    return {
        text: f"<{colour.partition(':')[0]}:{order[colour]}>" for text, colour in colours.items()
    }


@dataclass(frozen=True)
class Difference:
    what: str
    line: str

    def __str__(self) -> str:
        return f"{self.what}: {self.line}"


def differences(expected: Sequence[str], found: Sequence[str]) -> list[Difference]:
    """Between two canonical forms: first in what is there, then in which names are the same."""
    bare_expected, bare_found = map(_bare, expected), map(_bare, found)
    apart = _apart(Counter(bare_expected), Counter(bare_found))
    return apart or _apart(Counter(expected), Counter(found))


def _bare(line: str) -> str:
    return re.sub(r"<(\w+):\d+>", r"<\1>", line)


def _apart(expected: Counter[str], found: Counter[str]) -> list[Difference]:
    missing = [Difference("missing", line) for line in (expected - found).elements()]
    return missing + [Difference("too much", line) for line in (found - expected).elements()]
