"""The desk's YAML files: one directory is one configuration, and the demo's tickets beside it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from chalicelib.desk.keys import LINES, TEXT, Key, keys_of, list_of, one_of
from chalicelib.desk.model import KEYS, PRIORITIES
from chalicelib.errors import Invalid

DEMO = "demo"
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
    demo: list[dict[str, Any]] = body.pop(DEMO, [])
    return body, demo


def read_yaml(file: Path) -> Any:
    """What a YAML file says, or Invalid."""
    try:
        return parse_yaml(file.read_text("utf-8"))
    except (OSError, UnicodeError, yaml.YAMLError) as error:
        raise Invalid(f"{file}: {error}") from error


def parse_yaml(text: str) -> Any:
    """What YAML says, in the types of JSON: dates are text. A mapping where it is empty."""
    found = yaml.load(text, _Loader)  # noqa: S506 - a safe loader
    return json.loads(json.dumps(found or {}))


def schema() -> dict[str, Any]:
    """The JSON Schema of each file of a desk: it may hold any of the sections."""
    described = keys_of((*KEYS, Key(DEMO, _STORIES, "Tickets of the demo."))).schema
    without = {name: value for name, value in described.items() if name != "required"}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **without}


def write_schemas(folder: Path) -> None:
    """Write what editors complete a desk's files from into its folder `schema`."""
    from infra import cases

    target = folder / "schema"
    target.mkdir(exist_ok=True)
    for name, content in (("desk", schema()), ("tests", cases.schema())):
        text = json.dumps(content, ensure_ascii=False, indent=2)
        (target / f"{name}.json").write_text(f"{text}\n", "utf-8")


class _Loader(yaml.SafeLoader):
    """YAML in which no key may stand twice, for the first would be lost, and dates are text."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - as the base class has it
        letter: [one for one in found if one[0] != "tag:yaml.org,2002:timestamp"]
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
