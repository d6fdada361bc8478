from __future__ import annotations

import dataclasses

import pytest

from chalicelib.config import VARIABLES, Config, ConfigError


def test_every_missing_variable_is_named_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        Config.from_env({"SKRANKE_TABLE": "t"})
    assert "SKRANKE_BUS" in caught.value.message
    assert "SKRANKE_TABLE" not in caught.value.message


def test_the_address_loses_its_closing_slash() -> None:
    values = dict.fromkeys(VARIABLES.values(), "x") | {"SKRANKE_URL": "https://desk.example/"}
    assert Config.from_env(values).url == "https://desk.example"


def test_every_field_has_its_variable() -> None:
    assert {field.name for field in dataclasses.fields(Config)} == set(VARIABLES)
