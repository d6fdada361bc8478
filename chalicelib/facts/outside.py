"""What goes out to others, and what comes of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from chalicelib.facts.base import PERSONAL, Fact


@dataclass(frozen=True)
class DeliveryQueued(Fact):
    """A mail waits to be sent: `delivery` is the id of the delivery on its ticket."""

    delivery: str
    mail: str


@dataclass(frozen=True)
class DeliveryFailed(Fact):
    """`reason` is what a mail system said, which may name the recipient."""

    delivery: str
    reason: str = field(metadata=PERSONAL)


@dataclass(frozen=True)
class DeliveryBounced(Fact):
    delivery: str
    is_permanent: bool
    status: str | None = None


@dataclass(frozen=True)
class DeliveryComplained(Fact):
    """The recipient reported the mail as unwanted."""

    delivery: str


@dataclass(frozen=True)
class WebhookQueued(Fact):
    """A webhook is to be called: `call` is the id of the call on its ticket."""

    webhook: str
    call: str
    rule: str = ""


@dataclass(frozen=True)
class WebhookFailed(Fact):
    """A call will not be tried any more; `reason` is in words of our own."""

    webhook: str
    call: str
    reason: str


@dataclass(frozen=True)
class ExternalEvent(Fact):
    """A source told of something: `state` is firing or resolved, told where it says none.

    Of an alert `key` says which; `fields` are what the desk has it note.
    """

    source: str
    state: str
    severity: str = ""
    key: str = field(default="", metadata=PERSONAL)
    fields: dict[str, str] = field(default_factory=dict, metadata=PERSONAL)
