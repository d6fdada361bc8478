"""One list of variables: what Config reads, what the template sets, what the README tells."""

from __future__ import annotations

import json
import re
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

import yaml

from chalicelib.config import VARIABLES, WEBHOOK_HOSTS
from chalicelib.desk.model import Group, Limits, read_desk
from infra.desk import load

ROOT = Path(__file__).resolve().parents[2]


def test_the_readme_names_every_variable() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    assert [name for name in VARIABLES.values() if f"`{name}`" not in readme] == []


def test_the_template_sets_every_variable_and_no_other() -> None:
    text = (ROOT / "infra" / "fragments" / "functions.yaml").read_text("utf-8")
    found = {word.strip(" :") for word in text.split() if word.startswith("SKRANKE_")}
    assert found == set(VARIABLES.values())


def test_no_deployed_function_may_send_a_webhook_to_a_private_address() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    assert f"`{WEBHOOK_HOSTS}`" in readme
    deployed = [*(ROOT / "infra" / "fragments").glob("*.yaml"), ROOT / ".chalice" / "config.json"]
    assert [file.name for file in deployed if "WEBHOOK_HOSTS" in file.read_text("utf-8")] == []


def test_every_function_of_the_application_is_configured_and_none_else() -> None:
    import app

    config = json.loads((ROOT / ".chalice" / "config.json").read_text("utf-8"))
    [stage] = config["stages"].values()
    functions = {function.name for function in app.app.pure_lambda_functions}
    assert set(stage["lambda_functions"]) == {*functions, "api_handler"}
    assert config["autogen_policy"] is False


def test_the_fragments_are_yaml_that_anybody_can_read() -> None:
    class Loader(yaml.SafeLoader):
        pass

    Loader.add_multi_constructor("!", lambda *_: None)
    for fragment in (ROOT / "infra" / "fragments").glob("*.yaml"):
        assert yaml.load(fragment.read_text("utf-8"), Loader)  # noqa: S506 - a safe loader


def described() -> tuple[str, dict[str, Any]]:
    """The example of what can be set about mail, as it stands and as it is read."""
    manual = (ROOT / "docs" / "operations.md").read_text("utf-8")
    text = manual.partition("### What can be set about mail")[2]
    block = text.partition("```yaml\n")[2].partition("```")[0]
    return block, yaml.safe_load(block)


def test_the_manual_tells_every_limit_and_every_setting_of_a_group_with_what_holds() -> None:
    block, settings = described()
    assert Limits(**settings["limits"]) == Limits()
    assert set(settings["limits"]) == {one.name for one in fields(Limits)}
    (group,) = settings["groups"].values()
    named = {*group, *re.findall(r"^    # (\w+): \|", block, re.MULTILINE)}
    assert named == {one.name for one in fields(Group)} - {"id"}
    held = {one.name: one.default for one in fields(Group) if one.default is not MISSING}
    said = {name: value for name, value in group.items() if isinstance(value, bool | int)}
    assert said == {name: held[name] for name in said}


def test_what_the_manual_shows_can_be_applied() -> None:
    _, settings = described()
    demo, _ = load(ROOT / "desk")
    group = settings["groups"]["support"]
    groups = {**demo["groups"], "support": group}
    desk = read_desk({**demo, **settings, "groups": groups}, version=1)
    found = desk.foreign["tracker"].pattern.search("Kim commented on (DEV-7)")
    assert found is not None
    assert found[1] == "DEV-7"
