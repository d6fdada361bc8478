"""The package and the template that the tests of this folder look at: made once, kept in .build."""

from functools import cache
from pathlib import Path

from infra import package, template
from infra.dependencies import Arch

ROOT = Path(__file__).parent.parent.parent
CODE_BUCKET, CODE_KEY = "code.example.org", "deployment.zip"
REGION = "eu-west-1"
PARAMETERS = {
    "Tenant": "acme",
    "PublicUrl": "https://desk.example.org/api",
    "RuleSetName": "shared",
    "Recipients": "help@example.org,sales@example.org",
    "Senders": "*@example.org",
}


@cache
def built(arch: Arch = "arm64") -> package.Build:
    name = "package" if arch == "arm64" else "package-host"
    return package.build(ROOT, ROOT / ".build" / name, arch=arch)


@cache
def sam() -> template.Template:
    return template.read(built().template)


@cache
def plain() -> template.Template:
    """The template after the SAM transform: what CloudFormation creates."""
    return template.translate(
        sam(), PARAMETERS, code=f"s3://{CODE_BUCKET}/{CODE_KEY}", region=REGION
    )


def of_type(kind: str) -> dict[str, template.Template]:
    """Properties of all resources of that CloudFormation type, by logical id."""
    found = plain()["Resources"].items()
    return {name: made["Properties"] for name, made in found if made["Type"] == kind}


def properties(name: str) -> template.Template:
    return plain()["Resources"][name]["Properties"]


def target(reference: object) -> str:
    """The logical id that a Ref or a GetAtt points at."""
    match reference:
        case {"Ref": str(name)}:
            return name
        case {"Fn::GetAtt": [str(name), _]}:
            return name
    raise AssertionError(f"{reference!r} points at no resource")
