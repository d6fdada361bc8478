"""The desk's YAML files: one directory is one configuration, and the demo's tickets beside it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from chalicelib.desk import service
from chalicelib.desk.files import type_of
from chalicelib.desk.keys import LINES, TEXT, Key, keys_of, list_of, one_of
from chalicelib.desk.model import KEYS, PRIORITIES
from chalicelib.errors import Conflict, Invalid, NotFound
from chalicelib.ports import Ports
from infra.sharing import shared

DEMO = "demo"
# Of a desk, and the section of its configuration that tells what lies there.
FOLDER = "files"
_STORIES = list_of(
    keys_of(
        (
            Key("from", TEXT, "Who writes.", is_required=True),
            Key("to", TEXT, "The group that gets it.", is_required=True),
            Key("subject", TEXT, "What it is about.", is_required=True),
            Key("text", LINES, "What it says.", is_required=True),
            Key("answer", LINES, "What an agent answers."),
            Key("note", LINES, "What an agent notes."),
            Key("status", TEXT, "The status that goes along with the answer."),
            Key("priority", one_of(PRIORITIES), "The priority that an agent gives it."),
            Key("tags", list_of(TEXT), "The tags that an agent gives it."),
        )
    )
)


def load(folder: Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The configuration in all `*.yaml` of a folder, as JSON has it, and what is under `demo`."""
    body: dict[str, Any] = {}
    for file in sorted(folder.glob("*.yaml")):
        part = read_yaml(file)
        if not isinstance(part, dict):
            raise Invalid(f"{file}: it must map sections to settings.")
        if twice := sorted(set(part) & set(body)):
            raise Invalid(f"{file}: {', '.join(twice)} stands in another file as well.")
        body |= part
    if not body:
        raise Invalid(f"{folder} has no *.yaml.")
    if FOLDER in body:
        raise Invalid(f"{folder}: {FOLDER} is made from what lies in the folder {FOLDER}.")
    if described := _described(folder):
        body[FOLDER] = described
    demo: list[dict[str, Any]] = body.pop(DEMO, [])
    return body, demo


def _described(folder: Path) -> dict[str, Any]:
    """The section of the files that lie beside the YAML."""
    return {
        file.name: {
            "type": type_of(file.name),
            "size": file.stat().st_size,
            "sha256": _digest(file),
        }
        for file in sorted((folder / FOLDER).glob("[!.]*"))
    }


def _digest(file: Path) -> str:
    try:
        with file.open("rb") as content:
            return hashlib.file_digest(content, "sha256").hexdigest()
    except OSError as error:
        raise Invalid(f"{file}: {error}") from error


def keep_files(ports: Ports, folder: Path, body: Mapping[str, Any]) -> None:
    """Store the files that a body names, each once and for good, before it can go live."""
    for file in service.check(body, ports.clock()).files.values():
        try:
            ports.blobs.head(file.key)
        except NotFound:
            content = (folder / FOLDER / file.name).read_bytes()
            if hashlib.sha256(content).hexdigest() != file.sha256:
                raise Conflict(f"{file.name} changes while it is read: apply again.") from None
            ports.blobs.put(file.key, content, content_type=file.content_type)


def read_yaml(file: Path) -> Any:
    """What a YAML file says, or Invalid."""
    try:
        return parse_yaml(file.read_text("utf-8"))
    except (OSError, TypeError, ValueError, yaml.YAMLError) as error:
        raise Invalid(f"{file}: {error}") from error


def parse_yaml(text: str) -> Any:
    """What YAML says, in the types of JSON: dates are text. A mapping where it is empty."""
    found = yaml.load(text, _Loader)  # noqa: S506 - a safe loader
    return json.loads(json.dumps(found or {}))


def schema() -> dict[str, Any]:
    """The JSON Schema of each file of a desk: it may hold any of the sections."""
    written = [key for key in KEYS if key.name != FOLDER]
    described = keys_of((*written, Key(DEMO, _STORIES, "Tickets of the demo."))).schema
    without = {name: value for name, value in described.items() if name != "required"}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **shared(without)}


def write_schemas(folder: Path) -> None:
    """Write what editors complete a desk's files from into its folder `schema`."""
    from infra import cases

    target = folder / "schema"
    target.mkdir(exist_ok=True)
    for name, content in (("desk", schema()), ("tests", cases.schema())):
        text = json.dumps(content, ensure_ascii=False, indent=2)
        (target / f"{name}.json").write_text(f"{text}\n", "utf-8")


_TIMESTAMP, _BOOLEAN = "tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:bool"


class _Loader(yaml.SafeLoader):
    """YAML in which no key may stand twice, for the first would be lost, and dates are text."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - as the base class has it
        letter: [
            (tag, pattern)
            for tag, pattern in found
            # In YAML of today `on` and `no` are words, such as the key of a trigger.
            if tag != _TIMESTAMP and (tag != _BOOLEAN or letter in "tTfF")
        ]
        for letter, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key, _ in node.value:
            name = self.construct_object(key, deep=True)
            if name in seen:
                mark = key.start_mark
                raise yaml.MarkedYAMLError(None, None, f"{name!r} stands here twice", mark)
            seen.add(name)
        return super().construct_mapping(node, deep)
