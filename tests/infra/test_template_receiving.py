"""The stack that activates the account's receipt rule set."""

import pytest

from infra import template
from tests.infra.built import ROOT


class Ses:
    """The two calls of SES that the function makes."""

    def __init__(self, active=""):
        self.active = active

    def describe_active_receipt_rule_set(self):
        return {"Metadata": {"Name": self.active}} if self.active else {}

    def set_active_receipt_rule_set(self, RuleSetName=""):  # noqa: N803 - as SES spells it
        self.active = RuleSetName


@pytest.fixture
def change():
    loaded = template.load(ROOT / "infra" / "bootstrap" / "receiving.yaml")
    code = loaded["Resources"]["Activate"]["Properties"]["Code"]["ZipFile"]
    names = {}
    without_imports = "\n".join(line for line in code.splitlines() if "import" not in line)
    exec(compile(without_imports, "receiving.yaml", "exec"), names)  # noqa: S102 - our own template
    return names["change"]


@pytest.mark.parametrize("active", ["", "skranke", "old"])
def test_our_set_becomes_the_active_one(change, active):
    ses = Ses(active)
    change(ses, "Create", "skranke", "old")
    assert ses.active == "skranke"


def test_another_set_is_never_put_out_of_use_unasked(change):
    ses = Ses("theirs")
    with pytest.raises(ValueError, match="theirs"):
        change(ses, "Create", "skranke", "")
    assert ses.active == "theirs"


@pytest.mark.parametrize(("active", "then"), [("skranke", ""), ("theirs", "theirs")])
def test_when_the_stack_goes_only_our_own_set_is_deactivated(change, active, then):
    ses = Ses(active)
    change(ses, "Delete", "skranke", "")
    assert ses.active == then
