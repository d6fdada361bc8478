"""One desk, told three times: what is read, what editors complete, what the manual shows."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from chalicelib.clocks.model import INTERNAL
from chalicelib.desk.model import read_desk
from chalicelib.errors import Invalid
from infra import cases
from infra.desk import load, parse_yaml, read_yaml, schema
from tests.world import DESK

ROOT = Path(__file__).resolve().parents[2]
MANUAL = (ROOT / "docs" / "configuration.md").read_text("utf-8")
OF_RULES = (ROOT / "docs" / "rules.md").read_text("utf-8")
EXAMPLES = re.findall(r"^```yaml\n(.*?)^```", MANUAL, re.MULTILINE | re.DOTALL)
Body = dict[str, Any]


def kept(name: str) -> Any:
    return json.loads((ROOT / "desk" / "schema" / f"{name}.json").read_text("utf-8"))


def is_described(body: Body) -> bool:
    return jsonschema.Draft202012Validator(schema()).is_valid(body)


def is_read(body: Body) -> bool:
    try:
        read_desk(body, version=1)
    except Invalid:
        return False
    return True


@pytest.mark.parametrize(("name", "made"), [("desk", schema), ("tests", cases.schema)])
def test_the_schemas_that_are_kept_are_those_of_the_code(
    name: str, made: Callable[[], Body]
) -> None:
    assert kept(name) == json.loads(json.dumps(made())), "run python -m infra schema"


@pytest.mark.parametrize("file", sorted((ROOT / "desk").glob("*.yaml")), ids=lambda file: file.name)
def test_every_file_of_the_demo_names_its_schema_and_keeps_to_it(file: Path) -> None:
    first = file.read_text("utf-8").splitlines()[0]
    assert first == "# yaml-language-server: $schema=schema/desk.json"
    jsonschema.Draft202012Validator(kept("desk")).validate(read_yaml(file))


def test_the_cases_of_the_demo_keep_to_their_schema() -> None:
    for file in (ROOT / "desk" / "tests").glob("*.yaml"):
        jsonschema.Draft202012Validator(kept("tests")).validate(read_yaml(file))


def test_the_schemas_are_schemas() -> None:
    for name in ("desk", "tests"):
        jsonschema.Draft202012Validator.check_schema(kept(name))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda d: d.update(colour="red"),
        lambda d: d.update(name=7),
        lambda d: d.update(locale="dk"),
        lambda d: d["groups"]["hr"].update(colour="red"),
        lambda d: d["groups"]["hr"].pop("address"),
        lambda d: d["groups"]["hr"].update(address="nowhere"),
        lambda d: d["groups"]["hr"].update(address=f"{'x' * 25}@desk.example"),
        lambda d: d["groups"]["hr"].update(address="a+b@desk.example"),
        lambda d: d["groups"]["hr"].update(acknowledges="yes"),
        lambda d: d["groups"]["hr"].update(reopen_days=-1),
        lambda d: d["groups"]["hr"].update(reopen_days=1.5),
        lambda d: d["groups"].update(HR=d["groups"]["hr"]),
        lambda d: d["groups"].clear(),
        lambda d: d["agents"]["anna"].update(groups="support"),
        lambda d: d["agents"]["anna"].update(email="anna"),
        lambda d: d["calendars"]["office"]["hours"].update(monday=["8-16"]),
        lambda d: d["calendars"]["office"]["hours"].update(moonday=[]),
        lambda d: d["policies"]["quick"]["targets"].update(first_word={"normal": "1h"}),
        lambda d: d["policies"]["quick"]["targets"].update(first_reply={"normal": "soon"}),
        lambda d: d.update(limits={"acks": -1}),
        lambda d: d.update(foreign={"x": {"header": "Subject"}}),
    ],
)
def test_what_the_schema_refuses_is_refused_on_reading_as_well(
    spoil: Callable[[Body], Any],
) -> None:
    body = copy.deepcopy(DESK)
    assert is_described(body)
    assert is_read(body)
    spoil(body)
    assert not is_described(body)
    assert not is_read(body)


def keys(part: Body) -> Iterator[str]:
    """Every key that a schema knows by name."""
    for name, below in part.get("properties", {}).items():
        yield name
        yield from keys(below)
    more = [part.get("items"), part.get("additionalProperties"), *part.get("anyOf", ())]
    for below in (*more, *part.get("$defs", {}).values()):
        if isinstance(below, dict):
            yield from keys(below)


def test_the_manual_names_every_key() -> None:
    told = set(re.findall(r"[a-z_]+", MANUAL + OF_RULES))
    known = {*keys(schema()), *keys(cases.schema())}
    assert {key for key in known if not key.startswith(INTERNAL)} - told == set()


def test_every_example_of_the_manual_can_be_used() -> None:
    demo, _ = load(ROOT / "desk")
    parts = [parse_yaml(text) for text in EXAMPLES]
    bodies = [part for part in parts if isinstance(part, dict)]
    told = {name: value for part in bodies for name, value in part.items()}
    assert set(schema()["properties"]) - set(told) == {"smime_authorities"}
    told.pop("demo")
    joined = {
        name: {**demo.get(name, {}), **value} if isinstance(value, dict) else value
        for name, value in told.items()
    }
    read_desk({**demo, **joined}, version=1)
    for part in parts:
        if isinstance(part, list):
            jsonschema.Draft202012Validator(cases.schema()).validate(part)
