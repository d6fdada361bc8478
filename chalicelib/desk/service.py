"""Reading the live desk, cheaply, and making a new version live."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from chalicelib import table
from chalicelib.desk import store
from chalicelib.desk.model import Desk, read_desk
from chalicelib.errors import Conflict, Invalid, NotFound
from chalicelib.ports import Ports

# A warm function follows a change of the configuration within this time.
FRESH_FOR = timedelta(seconds=30)


def live_desk(ports: Ports) -> Desk:
    """The live version; at most half a minute old in a warm function."""
    cached: tuple[Desk, datetime] | None = ports.cache.get("desk")
    now = ports.clock()
    if cached and now < cached[1]:
        return cached[0]
    pointer = store.live()
    if pointer is None:
        raise NotFound("Apply a configuration first: `python -m infra apply desk`.")
    if cached and cached[0].version == int(pointer.version):
        desk = cached[0]
    else:
        desk = read_desk(json.loads(ports.blobs.get(pointer.file)), version=int(pointer.version))
    ports.cache["desk"] = (desk, now + FRESH_FOR)
    return desk


def apply(ports: Ports, body: Mapping[str, Any], *, expect: int | None = None) -> int:
    """Make this body the live version and return its number; Conflict when `expect` is not live."""
    pointer = store.live()
    current = int(pointer.version) if pointer else 0
    if expect is not None and expect != current:
        raise Conflict(f"Version {current} is live, not {expect}: plan again.")
    content = json.dumps(body, sort_keys=True, ensure_ascii=False, default=str).encode()
    sha256 = hashlib.sha256(content).hexdigest()
    if pointer and pointer.sha256 == sha256:
        return current
    _check(read_desk(json.loads(content), version=current + 1), ports.clock())
    file = f"config/{sha256}.json"
    ports.blobs.put(file, content, content_type="application/json")
    try:
        store.point(current + 1, sha256=sha256, file=file, instead_of=current)
    except table.Lost as error:
        raise Conflict("Another version went live meanwhile: plan again.") from error
    ports.cache.pop("desk", None)
    return current + 1


def _check(desk: Desk, now: datetime) -> None:
    """Raise Invalid for what is right in itself, and cannot go live all the same."""
    from chalicelib.desk.certificates import problems

    found = dict(problems(desk, now))
    if found:
        raise Invalid("Mend the configuration of the desk.", fields=found)
