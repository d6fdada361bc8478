"""A deployed stack, as the seed and the operator's commands see it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.local.place import ACCOUNT, REGION


def aws_environment(endpoint: str) -> dict[str, str]:
    """What makes any AWS client speak to the emulator."""
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": ACCOUNT,
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


@dataclass(frozen=True, slots=True)
class Stack:
    """`url`: pages and API. `outputs`: the template's. `environment`: the functions' variables."""

    root: Path
    url: str
    endpoint: str
    outputs: Mapping[str, str]
    environment: Mapping[str, str]

    def enter(self) -> None:
        """Make this the AWS of this process, and give it the variables that the functions see."""
        os.environ.update(self.environment)  # noqa: TID251  boto3 and the desk's Config read it

    def client(self, service: str, **options: Any) -> Any:
        """A boto3 client for the AWS that this stack runs on."""
        import boto3

        # boto3 knows its services by literal names only, and here the name is a variable.
        make: Any = boto3.client
        return make(
            service,
            endpoint_url=self.endpoint,
            region_name=REGION,
            aws_access_key_id=ACCOUNT,
            aws_secret_access_key="local",  # noqa: S106  the emulator asks for none
            **options,
        )
