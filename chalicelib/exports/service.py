"""The verbs of exports: ask for one, write its next part, wake one that was left, fetch it.

An export is written part by part. Each part is one call, and is recorded together with the fact
that wakes the next, so a process that dies has lost one part at most, and twice is once.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from chalicelib import facts, table
from chalicelib.errors import Forbidden, NotFound
from chalicelib.exports import contents, model, store
from chalicelib.exports.bundle import Bundle, Limits, canonical, sha256
from chalicelib.exports.model import Cursor, Export, Link, State
from chalicelib.exports.rows import File, Piece
from chalicelib.ledger.model import Actor
from chalicelib.ports import Ports
from chalicelib.tickets import store as tickets
from chalicelib.tickets.access import Who
from chalicelib.tickets.service import Claim, Done

ACTOR = Actor("system", "export")
LIMITS = Limits()
ID_LENGTH = 24


def request(ports: Ports, who: Who, *, claim: Claim | None = None) -> Export:
    """Ask for an export of everything up to now. The same claim again gives the first one.

    Raises Done where the claim stands for something else.
    """
    _need_all(who)
    now = ports.clock()
    asked = Export(
        id=_id_of(claim) if claim else ports.new_id(),
        requested_by=str(who.actor),
        requested_at=now,
        last_number=tickets.last_number(),
    )
    try:
        return store.save(
            asked,
            facts.ExportRequested(asked.id),
            actor=who.actor,
            at=now,
            alarm_at=now + model.OVERDUE,
            also=[claim.write(0, 0)] if claim else [],
        )
    except table.Lost as lost:
        return _asked_before(lost, asked.id, claim)


def _id_of(claim: Claim) -> str:
    return hashlib.sha256("\0".join(claim.key).encode()).hexdigest()[:ID_LENGTH]


def _asked_before(lost: table.Lost, export_id: str, claim: Claim | None) -> Export:
    found = store.get(export_id)
    if found:
        return found
    if claim and claim.key in lost.held:
        raise Done(lost.held[claim.key]) from lost
    raise lost


def _need_all(who: Who) -> None:
    who.need("exports")
    if who.groups is not None:
        raise Forbidden("An export holds all groups, and not all of them are yours to see.")


def get(ports: Ports, who: Who, export_id: str) -> Export:
    """How far an export is, with links to all of its files once it is done."""
    _need_all(who)
    export = store.get(export_id)
    if export is None:
        raise NotFound(f"There is no export {export_id}.")
    if export.state is not State.DONE:
        return export
    parts = (model.part_name(part) for part in range(1, export.parts + 1))
    links = [_link(ports, export, model.MANIFEST, "application/json")]
    links += [_link(ports, export, name, "application/zip") for name in parts]
    return replace(export, links=tuple(links))


def _link(ports: Ports, export: Export, name: str, content_type: str) -> Link:
    url = ports.blobs.link(export.file(name), filename=name, content_type=content_type)
    return Link(name, url)


def run(ports: Ports, export_id: str) -> None:
    """Write the next part, and with the last one the manifest; harmless to repeat."""
    export = store.claim(export_id, ports.clock())
    if export is None:
        return
    with Bundle(LIMITS) as bundle:
        cursor = _fill(ports, bundle, contents.pieces(ports, export))
        written = export if bundle.is_empty else _put_part(ports, export, bundle)
    if cursor:
        after = written.given_back(cursor=cursor)
        _save(ports, export, after, facts.ExportContinued(export.id, after.next_part))
    else:
        digest = _put_manifest(ports, written)
        after = written.given_back(state=State.DONE, manifest_sha256=digest)
        _save(ports, export, after, facts.ExportDone(export.id))


def _fill(ports: Ports, bundle: Bundle, pieces: Iterator[Piece]) -> Cursor | None:
    """Pack until the part is full, and say where to go on; None when that was all."""
    for piece in pieces:
        bundle.add_row(piece.entity, piece.row)
        for file in piece.files:
            _pack(ports, bundle, file)
        if bundle.is_full:
            return piece.cursor
    return None


def _pack(ports: Ports, bundle: Bundle, file: File) -> None:
    if bundle.has_file(file.member):
        return
    blobs = ports.mail_blobs if file.is_mail else ports.blobs
    try:
        bundle.add_file(file.member, blobs.get(file.key))
    except NotFound:
        bundle.miss_file(file.member)


def _put_part(ports: Ports, export: Export, bundle: Bundle) -> Export:
    name = model.part_name(export.next_part)
    content, description = bundle.close(name)
    ports.blobs.put(export.file(name), content, content_type="application/zip")
    _put_json(ports, export.file(model.description_name(export.next_part)), description)
    return export.with_part(bundle.counts, len(content))


def _put_manifest(ports: Ports, export: Export) -> str:
    """Write what the whole bundle consists of, and return the digest of that."""
    names = (model.description_name(part) for part in range(1, export.parts + 1))
    parts = [json.loads(ports.blobs.get(export.file(name))) for name in names]
    body = model.manifest(export, ports.config.tenant, parts)
    return _put_json(ports, export.file(model.MANIFEST), body)


def _put_json(ports: Ports, key: str, body: dict[str, Any]) -> str:
    content = f"{canonical(body)}\n".encode()
    ports.blobs.put(key, content, content_type="application/json")
    return sha256(content)


def resume(ports: Ports, item: table.Item) -> None:
    """Wake an export that the bus forgot, or whose process died; give it up the fifth time.

    Called by the sweep, which only says again that there is something to do.
    """
    export, now = store.export_of(item), ports.clock()
    if export is None or not export.is_left(now):
        return
    attempt = export.attempt + 1
    if attempt > model.ATTEMPTS:
        reason = f"part {export.next_part} could not be written, {model.ATTEMPTS} times over"
        after = export.given_back(state=State.FAILED, reason=reason)
        _save(ports, export, after, facts.ExportFailed(export.id, reason))
    else:
        after = export.given_back(attempt=attempt)
        _save(ports, export, after, facts.ExportContinued(export.id, export.next_part))


def _save(ports: Ports, before: Export, after: Export, fact: facts.Fact) -> None:
    now = ports.clock()
    alarm_at = None if after.state.is_final else now + model.OVERDUE
    try:
        store.save(after, fact, before=before, actor=ACTOR, at=now, alarm_at=alarm_at)
    except table.Lost:
        # Somebody else took the export over, and goes on with it.
        return
