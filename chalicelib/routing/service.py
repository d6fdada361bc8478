"""What routing does about a fact."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chalicelib import facts
from chalicelib.ports import Ports
from chalicelib.routing import giving, leaving


def react(ports: Ports, name: str, detail: Mapping[str, Any]) -> None:
    """A ticket may need an agent, or a version of the desk went live that took some from groups.

    `name` is the type of the fact, and `detail` what the bus says of it.
    """
    if name != facts.ConfigApplied.__name__:
        giving.assign(ports, name, detail)
    elif {"agents", "groups"} & set(detail["fact"]["sections"]):
        leaving.react(ports, detail["fact"]["version"])
