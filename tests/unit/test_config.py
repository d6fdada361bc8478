from __future__ import annotations

import dataclasses

import pytest

from chalicelib.config import VARIABLES, WEBHOOK_HOSTS, Config, ConfigError


def test_every_missing_variable_is_named_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        Config.from_env({"SKRANKE_TABLE": "t"})
    assert "SKRANKE_BUS" in caught.value.message
    assert "SKRANKE_TABLE" not in caught.value.message


def test_the_address_loses_its_closing_slash() -> None:
    values = dict.fromkeys(VARIABLES.values(), "x") | {"SKRANKE_URL": "https://desk.example/"}
    assert Config.from_env(values).url == "https://desk.example"


def test_every_field_has_its_variable() -> None:
    assert {field.name for field in dataclasses.fields(Config)} == {*VARIABLES, "webhook_hosts"}


def test_webhooks_go_nowhere_private_unless_somebody_says_where() -> None:
    values = dict.fromkeys(VARIABLES.values(), "x")
    assert Config.from_env(values).webhook_hosts == ()
    hosts = {WEBHOOK_HOSTS: "localhost:9000, 127.0.0.1:9000"}
    assert Config.from_env(values | hosts).webhook_hosts == ("localhost:9000", "127.0.0.1:9000")
