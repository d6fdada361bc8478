"""One list of variables: what Config reads, what the template sets, what the README tells."""

from __future__ import annotations

import json
from pathlib import Path

import yaml

from chalicelib.config import VARIABLES

ROOT = Path(__file__).resolve().parents[2]


def test_the_readme_names_every_variable() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    assert [name for name in VARIABLES.values() if f"`{name}`" not in readme] == []


def test_the_template_sets_every_variable_and_no_other() -> None:
    text = (ROOT / "infra" / "fragments" / "functions.yaml").read_text("utf-8")
    found = {word.strip(" :") for word in text.split() if word.startswith("SKRANKE_")}
    assert found == set(VARIABLES.values())


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
