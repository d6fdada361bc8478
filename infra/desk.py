"""The desk's YAML files: one directory is one configuration, and the demo's tickets beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from chalicelib.errors import Invalid

DEMO = "demo"


def load(folder: Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The configuration in all `*.yaml` of a folder, and what stands under `demo`."""
    body: dict[str, Any] = {}
    for file in sorted(folder.glob("*.yaml")):
        try:
            part = yaml.safe_load(file.read_text("utf-8")) or {}
        except yaml.YAMLError as error:
            raise Invalid(f"{file}: {error}") from error
        if twice := sorted(set(part) & set(body)):
            raise Invalid(f"{file}: {', '.join(twice)} stands in another file as well.")
        body |= part
    if not body:
        raise Invalid(f"{folder} has no *.yaml.")
    demo: list[dict[str, Any]] = body.pop(DEMO, [])
    return body, demo
