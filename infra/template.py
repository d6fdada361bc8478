"""The tenant's template: the fragments beside this module, merged, and their translation.

Chalice writes the functions, their roles and the API; everything else of a tenant stands in
`fragments/*.yaml`, one concern each, and is merged over it. How the code gets into the package is
`package.py`'s business.
"""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

Template = dict[str, Any]

_UNPREFIXED = {"Ref", "Condition"}


class FragmentError(Exception):
    """Two fragments set the same thing, so the template would depend on their order."""


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short forms: `!Ref Table`, `!GetAtt Table.Arn`, `!Sub ...`."""


def _intrinsic(loader: _Loader, suffix: str, node: yaml.Node) -> Template:
    name = suffix if suffix in _UNPREFIXED else f"Fn::{suffix}"
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
        return {name: value.split(".", 1) if suffix == "GetAtt" else value}
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    assert isinstance(node, yaml.MappingNode)
    return {name: loader.construct_mapping(node, deep=True)}


_Loader.add_multi_constructor("!", _intrinsic)


def load(path: Path) -> Template:
    """One fragment, short forms written out."""
    loaded = _Loader(path.read_text("utf-8")).get_single_data()
    if not isinstance(loaded, dict):
        raise FragmentError(f"{path.name} is not a mapping.")
    return loaded


def merge(fragments: Iterable[tuple[str, Mapping[str, Any]]]) -> Template:
    """All fragments as one template; no value may be set twice."""
    merged: Template = {}
    for name, fragment in fragments:
        _merge_into(merged, fragment, name)
    return merged


def _merge_into(target: Template, source: Mapping[str, Any], where: str) -> None:
    for key, value in source.items():
        if key not in target:
            target[key] = copy.deepcopy(value)
        elif isinstance(target[key], dict) and isinstance(value, dict):
            _merge_into(target[key], value, f"{where}: {key}")
        else:
            raise FragmentError(f"{where} sets {key} once more.")


def fragments(folder: Path) -> Template:
    """What `chalice package --merge-template` lays over its own template."""
    return merge((path.name, load(path)) for path in sorted(folder.glob("*.yaml")))


def translate(sam: Template, parameters: Mapping[str, str], *, code: str, region: str) -> Template:
    """The plain CloudFormation that the SAM transform makes of it, without asking AWS.

    `code`: the s3:// address at which the package would stand.
    """
    from boto3 import Session
    from samtranslator.parser.parser import Parser
    from samtranslator.translator.translator import Translator

    placed = copy.deepcopy(sam)
    for resource in placed["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = code
    # Our roles name every action themselves: there are no managed policies to look up.
    translator = Translator({}, Parser(), boto_session=Session(region_name=region))
    plain: Template = translator.translate(placed, parameter_values=dict(parameters))
    return plain


def read(path: Path) -> Template:
    """A template that a build wrote."""
    template: Template = json.loads(path.read_text("utf-8"))
    return template
