"""The verbs of inbound mail: receive, let in after all, forget. However often one comes, it
happens once.

Every object in the inbound bucket ends as exactly one of article, suspended mail and duplicate; the
claim on its SES id, written with what it became, says which.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from chalicelib import facts, table
from chalicelib.desk.model import Desk, Group
from chalicelib.desk.service import live_desk
from chalicelib.errors import Conflict
from chalicelib.intake import match as matching
from chalicelib.intake import screen, store
from chalicelib.intake.case import Case, Kept, Opened, Release, id_key, look_up
from chalicelib.intake.contents import read_mail
from chalicelib.intake.decide import Decision, join, new_ticket, passed_on, reject
from chalicelib.intake.model import Cause, Fate, Match, Outcome, Receipt, Suspended
from chalicelib.intake.suspend import ACTOR, suspend, suspend_unreadable
from chalicelib.ledger.model import Actor, next_entry
from chalicelib.ledger.store import entry_write
from chalicelib.mail.addresses import Address
from chalicelib.mail.forwarded import forwarded
from chalicelib.mail.parse import MailError, content_digest
from chalicelib.people import store as people_store
from chalicelib.ports import Ports
from chalicelib.tickets import changes, followed, statuses
from chalicelib.tickets import service as tickets
from chalicelib.tickets import store as ticket_store
from chalicelib.tickets.model import BY_PEOPLE, Ticket


def receive(ports: Ports, receipt: Receipt) -> Outcome:
    """Make of one inbound mail what it should be; harmless to repeat at any point."""
    desk = live_desk(ports)
    try:
        opened = _open(ports, receipt, desk)
    except MailError:
        try:
            suspend_unreadable(ports, receipt)
        except table.Lost as lost:
            return _held_by(lost, receipt)
        return Outcome.SUSPENDED
    fate = _settled(ports, receipt, opened, desk)
    for copy in _copies(receipt, opened, desk, fate):
        _settled(ports, copy, opened, desk)
    return fate.outcome


def _copies(receipt: Receipt, opened: Opened, desk: Desk, fate: Fate) -> Iterator[Receipt]:
    """The copies of those groups that keep their own of a mail which others got as well."""
    addressed: dict[str, list[str]] = {}
    for address in matching.recipients(opened.mail, receipt):
        group = desk.group_at(address)
        if group:
            addressed.setdefault(group.id, []).append(address)
    separate = [name for name in addressed if desk.groups[name].keeps_own_copy]
    if fate.number is None or len(addressed) == 1 or not separate:
        return
    ticket, _ = ticket_store.load(fate.number)
    for name in separate:
        if ticket and ticket.group != name:
            yield receipt.copy(name, addressed[name])


def readmit(ports: Ports, mail: Suspended, actor: Actor, *, group: str | None = None) -> Fate:
    """Let a suspended mail in, with the verdicts of its time and without the doubts.

    `group` is where it goes if it names none itself. Released twice, it stays what it became.
    """
    if mail.cause is Cause.VIRUS:
        raise Conflict("This mail carries a virus: it stays where it is.")
    desk = live_desk(ports)
    try:
        opened = _open(ports, mail.receipt, desk)
    except MailError as error:
        raise Conflict("No machine can read this mail: download the original.") from error
    return _settled(ports, mail.receipt, opened, desk, Release(mail, actor, group))


def _open(ports: Ports, receipt: Receipt, desk: Desk) -> Opened:
    """The mail as it is read; MailError where it cannot be."""
    mail, smime = read_mail(ports, receipt.key)
    passes_on = screen.staff(mail, receipt, desk) is not None
    return Opened(mail, smime, forwarded(mail, desk.zone) if passes_on else None)


def _settled(
    ports: Ports, receipt: Receipt, opened: Opened, desk: Desk, release: Release | None = None
) -> Fate:
    kept = Kept()

    def attempt() -> Fate:
        case = look_up(ports, receipt, opened, desk, kept, release)
        return _earlier(case) or _settle(case)

    words = f"Mail {receipt.ses_id} lost {tickets.ATTEMPTS} races: it is delivered again."
    return tickets.retried(ports, attempt, words)


def _held_by(lost: table.Lost, receipt: Receipt) -> Outcome:
    fate = store.fate_of(lost.held.get(store.ses_key(receipt.ses_id)))
    if fate is None:
        raise lost
    return fate.outcome


def _earlier(case: Case) -> Fate | None:
    """What the mail has become already; a suspended one that is released is not done yet."""
    fate = case.earlier
    is_waiting = fate is not None and fate.outcome is Outcome.SUSPENDED
    return None if case.release and is_waiting else fate


def _settle(case: Case) -> Fate:
    """One attempt; raises table.Lost where somebody was faster."""
    repeated = _repeated(case)
    if repeated:
        fate = Fate(Outcome.DUPLICATE, repeated)
        table.transact(_fate_writes(case, fate))
        return fate
    cause = None if case.release else _suspension(case)
    if cause:
        suspend(case, cause)
        return Fate(Outcome.SUSPENDED)
    owner = case.organization(case.sender) if case.is_authenticated else ""
    known = matching.Known(case.ticket, case.named, case.stored, owner)
    match, tried = matching.match(case.clues, case.sender, known, is_staff=case.agent is not None)
    ticket = _own(case, case.ticket(match.number)) if match else None
    group = _group(case, ticket)
    cause, why = _second_thought(case, ticket, group)
    if cause or group is None:
        suspend(case, cause or Cause.NO_GROUP, tried, why=why)
        return Fate(Outcome.SUSPENDED)
    if match and ticket:
        after_close = _after_close(case, match, ticket)
        if after_close == "reject":
            return _write(case, reject(case, match, ticket, group, tried))
        if after_close != "follow_up":
            return _write(case, join(case, match, ticket, group, tried))
    return _open_ticket(case, group, tried, follows=ticket)


def _own(case: Case, ticket: Ticket | None) -> Ticket | None:
    """The ticket, unless the mail is the copy of another group."""
    is_copy = case.receipt.copy_for not in {"", ticket.group if ticket else ""}
    return None if is_copy else ticket


def _suspension(case: Case) -> Cause | None:
    known = case.address(case.sender)
    return screen.suspension(case.mail, case.receipt, case.desk, known, case.rate, case.now)


def _second_thought(
    case: Case, ticket: Ticket | None, group: Group | None
) -> tuple[Cause | None, str]:
    """A reason to suspend that shows only once it is known where the mail would go, and more of
    why.
    """
    if case.release:
        return None, ""
    if ticket is None and screen.is_automatic(case.mail, case.receipt, case.known):
        return Cause.AUTOMATIC, ""
    if group is None:
        return Cause.NO_GROUP, ""
    limit = case.desk.limits.mails_on_a_ticket
    if ticket and not case.agent and changes.mails_this_hour(ticket, case.now) >= limit:
        return Cause.FLOOD, "ticket"
    return None, ""


def _repeated(case: Case) -> int | None:
    """The ticket that this very mail is on already, under another SES id.

    The same Message-ID is not enough: anybody can claim one in advance.
    """
    claimed = case.own_id
    if claimed is None:
        return None
    digest = content_digest(case.mail)
    if claimed.digest == digest:
        return int(claimed.number)
    key = (claimed.pk, digest)
    beside = table.fetch([key]).get(key)
    return int(beside.number) if isinstance(beside, ticket_store.MessageIdItem) else None


def _group(case: Case, ticket: Ticket | None) -> Group | None:
    """The ticket's group, else the first of ours that the mail was sent to; one that keeps its own
    copy only where no other is.
    """
    if ticket and ticket.group in case.desk.groups:
        return case.desk.groups[ticket.group]
    addressed = map(case.desk.group_at, matching.recipients(case.mail, case.receipt))
    groups = [group for group in addressed if group]
    if groups:
        return next((group for group in groups if not group.keeps_own_copy), groups[0])
    named = case.release.group if case.release else None
    return case.desk.groups.get(named or "")


def _after_close(case: Case, match: Match, ticket: Ticket) -> str:
    """What the customer's mail does where the ticket was closed: see `statuses.after_close`."""
    if case.mail.kind not in BY_PEOPLE or case.agent:
        return ""
    return "" if case.distrust(match, ticket) else statuses.after_close(ticket, case.desk, case.now)


def _open_ticket(case: Case, group: Group, tried: list[str], *, follows: Ticket | None) -> Fate:
    kept = case.kept
    number = kept.number = kept.number or ticket_store.next_number()
    is_crowd = not case.release and screen.is_crowd(
        case.rate,
        case.desk.limits,
        number,
        authenticated=case.is_authenticated,
        known=case.known is not None,
    )
    if is_crowd:
        suspend(case, Cause.FLOOD, tried, why="desk")
        return Fate(Outcome.SUSPENDED)
    original, agent = case.opened.original, case.agent
    if original and agent and group.forwards_open_for_sender and _is_outside(case, original.sender):
        return _write(case, passed_on(case, group, number, agent, original))
    return _write(case, new_ticket(case, group, number, tried, follows=follows))


def _is_outside(case: Case, sender: Address) -> bool:
    return not case.desk.group_at(sender.address) and not case.desk.agent_at(sender.address)


def _write(case: Case, decision: Decision) -> Fate:
    """One transaction: the change, the people, the claims and the counts."""
    change = decision.change
    fate = Fate(Outcome.ARTICLE, change.after.number, change.seq)
    also = [
        *_fate_writes(case, fate),
        *decision.also,
        *_remember_id(case, change.after.number, change.seq),
        *_remember_keys(case, change.after.number, change.seq),
        case.rates.count(change.after.number),
    ]
    known = case.known
    if known and case.is_authenticated and not (known.is_proven or known.is_muted):
        also.append(people_store.judging(case.ports.keys(), case.sender, is_proven=True))
    if change.before is None and case.rate.first_number is None:
        also.append(case.rates.begin_hour(change.after.number))
    actor = case.release.actor if case.release else ACTOR
    change = followed.told(case.ports, change, actor, case.now)
    tickets.save(change, actor=actor, cause="mail", now=case.now, also=also)
    return fate


def _fate_writes(case: Case, fate: Fate) -> list[table.Write]:
    """What says what became of the object, once and for all."""
    if case.release is None:
        return [store.claim(case.receipt, fate)]
    before, actor = case.suspension, case.release.actor
    fact = facts.MailReleased(case.receipt.ses_id, fate.outcome.value, fate.number or 0)
    entry = next_entry(before.scope, before.end, [fact], at=case.now, actor=actor, cause="release")
    return [*store.settled(case.release.suspended, fate), entry_write(entry)]


def _remember_id(case: Case, number: int, seq: int) -> Sequence[table.Write]:
    """The claim on the Message-ID. Another mail under the same id gets a place beside it."""
    if not case.own_name:
        return ()
    digest = content_digest(case.mail)
    pk, _ = id_key(case.ports, case.own_name)
    if case.own_id is None:
        return [ticket_store.message_id_claim(pk, number, seq, digest=digest)]
    beside = ticket_store.message_id_claim(pk, number, seq, digest=digest, sk=digest)
    if int(case.own_id.number) == number:
        return [beside]
    return [beside, ticket_store.message_id_shared(pk, number)]


def _remember_keys(case: Case, number: int, seq: int) -> Sequence[table.Write]:
    """The keys of other systems in the mail that no ticket has yet."""
    new = [key for key in dict.fromkeys(case.clues.foreign) if not case.stored(key)]
    places = (id_key(case.ports, key)[0] for key in new)
    return [ticket_store.message_id_claim(pk, number, seq, digest=None) for pk in places]


def purge(ports: Ports, item: table.Item) -> None:
    """Forget a suspended mail that nobody wanted for a month, or at all; its claim stays."""
    original = store.original_of(item)
    if original:
        # The file first: should the second step fail, the alarm rings again.
        ports.mail_blobs.delete(original)
        table.transact([table.Write(item, is_removal=True)])
