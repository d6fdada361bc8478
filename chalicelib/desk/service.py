"""Reading the live desk, cheaply, and making another version live: in one step, and on record."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from chalicelib import table
from chalicelib.clocks.hours import CalendarError
from chalicelib.desk import store
from chalicelib.desk.model import ORDERED, Desk, read_desk
from chalicelib.desk.store import LiveItem, Version
from chalicelib.errors import Conflict, Invalid, NotFound
from chalicelib.facts import ConfigApplied
from chalicelib.ledger.model import GENESIS, OPERATOR, End, next_entry
from chalicelib.ports import Ports

# A warm function follows a change of the configuration within this time.
FRESH_FOR = timedelta(seconds=30)
_YEAR = timedelta(days=365)


def live_desk(ports: Ports, *, at_least: int = 0) -> Desk:
    """The live version; at most half a minute old in a warm function.

    Whoever knows of a version that went live is given no older one.
    """
    cached: tuple[Desk, datetime] | None = ports.cache.get("desk")
    now = ports.clock()
    if cached and now < cached[1] and cached[0].version >= at_least:
        return cached[0]
    pointer = store.live()
    if pointer is None:
        raise NotFound("Apply a configuration first: `python -m infra apply desk`.")
    if cached and cached[0].version == int(pointer.version):
        desk = cached[0]
    else:
        body = _body(ports, pointer.file)
        desk = read_desk(body, version=int(pointer.version), is_live=True)
    ports.cache["desk"] = (desk, now + FRESH_FOR)
    return desk


def live_body(ports: Ports) -> tuple[int, dict[str, Any]]:
    """The number and the body of the live version; 0 and nothing before the first."""
    pointer = store.live()
    return (int(pointer.version), _body(ports, pointer.file)) if pointer else (0, {})


def body_of(ports: Ports, number: int) -> dict[str, Any]:
    """The body of a version; nothing where there is none, such as before the first."""
    found = store.version(number)
    return _body(ports, found.file) if found else {}


def apply(
    ports: Ports,
    body: Mapping[str, Any],
    *,
    expect: int | None = None,
    by: str = OPERATOR.id,
    comment: str = "",
) -> int:
    """Make this body the live version and return its number; Conflict when `expect` is not live."""
    pointer = _expected(expect)
    content = _written(body)
    sha256 = hashlib.sha256(content).hexdigest()
    file = f"config/{sha256}.json"
    if pointer and pointer.sha256 == sha256:
        return int(pointer.version)
    check(json.loads(content), ports.clock())
    ports.blobs.put(file, content, content_type="application/json")
    return _go_live(ports, pointer, Version(0, sha256, file, ports.clock(), by, comment), "apply")


def rollback(ports: Ports, number: int, *, expect: int | None = None, by: str = OPERATOR.id) -> int:
    """Make the body of an earlier version live again, as a new version; return its number."""
    earlier = store.version(number)
    if earlier is None:
        raise NotFound(f"No version {number} is kept: `python -m infra versions` lists them.")
    pointer = _expected(expect)
    if pointer and pointer.sha256 == earlier.sha256:
        return int(pointer.version)
    check(_body(ports, earlier.file), ports.clock())
    again = replace(earlier, at=ports.clock(), by=by, comment=f"back to version {number}")
    return _go_live(ports, pointer, again, "rollback")


def check(body: Mapping[str, Any], now: datetime) -> Desk:
    """The desk that could go live, or Invalid.

    That a certificate has ended or no calendar opens any more is asked here, and not of a desk
    that is live: it must still open in the morning.
    """
    from chalicelib.desk.certificates import problems

    desk = read_desk(body, version=0)
    found = dict(problems(desk, now))
    for name, calendar in desk.calendars.items():
        try:
            opens_at = calendar.next_opening(now)
        except CalendarError:
            opens_at = now + 2 * _YEAR
        if opens_at > now + _YEAR:
            found[f"calendars.{name}"] = "does not open within a year: nothing would ever be due"
    if found:
        raise Invalid("Mend the configuration of the desk.", fields=found)
    return desk


def _written(body: Mapping[str, Any]) -> bytes:
    """A body as it is stored: sorted where order says nothing, so that the same is the same."""
    plain = json.loads(json.dumps(body, sort_keys=True, default=str))
    for name in ORDERED & plain.keys():
        if isinstance(plain[name], dict):
            plain[name] = {entry: plain[name][entry] for entry in map(str, body[name])}
    return json.dumps(plain, ensure_ascii=False).encode()


def _expected(expect: int | None) -> LiveItem | None:
    pointer = store.live()
    current = int(pointer.version) if pointer else 0
    if expect is not None and expect != current:
        raise Conflict(f"Version {current} is live, not {expect}: plan again.")
    return pointer


def _go_live(ports: Ports, pointer: LiveItem | None, version: Version, cause: str) -> int:
    """Point at a body that is stored; the version, its entry and the pointer are one write."""
    current = int(pointer.version) if pointer else 0
    version = replace(version, number=current + 1)
    before = _body(ports, pointer.file) if pointer else {}
    after = _body(ports, version.file)
    sections = sorted(name for name in {*before, *after} if before.get(name) != after.get(name))
    end = End(current, (pointer.chain if pointer else None) or GENESIS)
    fact = ConfigApplied(version.number, version.sha256, sections)
    entry = next_entry(store.SCOPE, end, [fact], at=version.at, actor=OPERATOR, cause=cause)
    try:
        store.point(version, entry, instead_of=current)
    except table.Lost as error:
        raise Conflict("Another version went live meanwhile: plan again.") from error
    ports.cache.pop("desk", None)
    return version.number


def _body(ports: Ports, file: str) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(ports.blobs.get(file))
    return body
