"""Delivery reports: which recipients a mail did not reach, and why.

Reads standard reports (RFC 3464), and of servers that write prose the little their texts share.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from chalicelib.mail.addresses import clean
from chalicelib.mail.bodies import decoded
from chalicelib.mail.headers import Headers, message_ids, one_line, read_headers
from chalicelib.mail.structure import Part

MAX_RECIPIENTS = 100
MAX_REPORT = 100_000  # bytes of a report that are read
MAX_PROSE = 6000  # characters; after them comes the mail that came back
MAX_RETURNED = 100_000  # characters of a report in which that mail may stand
MAX_RETURNED_IDS = 20

_STATUS = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
_REPLY_CODE = re.compile(r"(?<![\d.])([45])\d\d[ -](?=[#\d<A-Za-z])")
_ADDRESS_LINE = re.compile(
    r"^[ \t]{0,8}<?([^\s<>,;:\"()]{1,64}@[^\s<>,;:\"()]{1,255}?)>?:?"
    r"[ \t]*(?:\([^()\n]{0,200}\))?[ \t]*$",
    re.MULTILINE,
)
_BLANK_LINES = re.compile(rb"\n[ \t\r]*+\n\s*+")
_RETURNED = re.compile(
    r"^[ \t>]*-{2,}[ \w-]*(?:copy|original|returned|enclosed|undelivered|below this line)",
    re.IGNORECASE | re.MULTILINE,
)
_ORIGINALS = {
    "message/rfc822", "message/global", "text/rfc822-headers", "message/rfc822-headers",
    "message/global-headers",
}  # fmt: skip
_ID_FIELDS = ("message-id", "in-reply-to", "references")
_ID_LINE = re.compile(
    r"^[ \t>]*+(message-id|in-reply-to|references)[ \t]*:([^\n]*+(?:\n[ \t>]*+<[^\n]*+)*+)",
    re.IGNORECASE | re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class FailedRecipient:
    """An address that a mail did not reach; `status` as in RFC 3463, empty when it is unknown."""

    address: str
    status: str
    diagnostic: str = ""

    @property
    def is_permanent(self) -> bool:
        """Whether it is no use to try again."""
        return self.status.startswith("5")


def walk(part: Part) -> Iterator[Part]:
    """The part and all below it, in order."""
    yield part
    for child in part.children:
        yield from walk(child)


def from_report(raw: bytes, report: Part) -> tuple[FailedRecipient, ...]:
    """The recipients that a message/delivery-status part says were not reached."""
    content = decoded(raw, report)[:MAX_REPORT].lstrip()
    found: dict[str, FailedRecipient] = {}
    for group in _BLANK_LINES.split(content, maxsplit=2 * MAX_RECIPIENTS):
        fields, _ = read_headers(group, 0, len(group))
        failed = _failed(fields)
        if failed and len(found) < MAX_RECIPIENTS:
            found.setdefault(failed.address, failed)
    return tuple(found.values())


def _failed(fields: Headers) -> FailedRecipient | None:
    action = fields.first("action").lower()
    status = _STATUS.search(fields.first("status"))
    diagnostic = fields.first("diagnostic-code").partition(";")[2].strip()
    code = status[1] if status else _code_in(diagnostic)
    if action in {"delivered", "relayed", "expanded"} or code.startswith("2"):
        return None
    # Forwarding changes the final recipient; the original one is the address that was written to.
    for name in ("original-recipient", "final-recipient", "x-actual-recipient"):
        address = clean(fields.first(name).rpartition(";")[2])
        if address:
            code = code or ("4.0.0" if action == "delayed" else "5.0.0")
            return FailedRecipient(address, code, diagnostic[:500])
    return None


def from_prose(headers: Headers, text: str) -> tuple[FailedRecipient, ...]:
    """The recipients that a bounce in a server's own words names."""
    text = text[:MAX_PROSE]
    returned = _RETURNED.search(text)
    prose = text[: returned.start()] if returned and returned.start() else text
    named = headers.first("x-failed-recipients").split(",")[:MAX_RECIPIENTS]
    addresses = [address for name in named if (address := clean(name))]
    addresses = addresses or [
        address
        for name in _ADDRESS_LINE.findall(prose)[:MAX_RECIPIENTS]
        if (address := clean(name))
    ]
    status = _code_in(prose)
    reason = _REPLY_CODE.search(prose)
    diagnostic = one_line(prose[reason.start() :].partition("\n\n")[0])[:500] if reason else ""
    return tuple(
        FailedRecipient(address, status, diagnostic) for address in dict.fromkeys(addresses)
    )


def returned_ids(raw: bytes, root: Part, text: str) -> tuple[str, ...]:
    """The ids in the mail that a report returns: its own, then those it answers, nearest first."""
    values: dict[str, list[str]] = {}
    for part in walk(root):
        if part.content_type in _ORIGINALS and not values:
            content = decoded(raw, part)
            fields, _ = read_headers(content, 0, len(content))
            values = {name: found for name in _ID_FIELDS if (found := fields.every(name))}
    if not values:
        for line in _ID_LINE.finditer(text[:MAX_RETURNED]):
            values.setdefault(line[1].lower(), []).append(line[2])
    own, answered, thread = (message_ids(values.get(name, [])) for name in _ID_FIELDS)
    return tuple(dict.fromkeys((*own, *answered, *reversed(thread))))[:MAX_RETURNED_IDS]


def _code_in(text: str) -> str:
    status = _STATUS.search(text)
    if status:
        return status[1]
    reply = _REPLY_CODE.search(text)
    return f"{reply[1]}.0.0" if reply else ""
