"""What the stack tells a function about itself: the only reader of the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from chalicelib.errors import DeskError


class ConfigError(DeskError):
    """A variable is missing or unusable; the function must not start half-configured."""

    code = "config"


VARIABLES = {
    "tenant": "SKRANKE_TENANT",
    "table": "SKRANKE_TABLE",
    "mail_bucket": "SKRANKE_MAIL_BUCKET",
    "files_bucket": "SKRANKE_FILES_BUCKET",
    "bus": "SKRANKE_BUS",
    "keys_parameter": "SKRANKE_KEYS",
    "configuration_set": "SKRANKE_CONFIGURATION_SET",
    "user_pool_id": "SKRANKE_USER_POOL_ID",
    "user_pool_client_id": "SKRANKE_USER_POOL_CLIENT_ID",
    "url": "SKRANKE_URL",
    "unprocessed_queue_url": "SKRANKE_UNPROCESSED_QUEUE_URL",
}
# Webhooks may go to these `host:port`, wherever they are. For a desk that somebody tries at home:
# the template never sets it, since these may be addresses that only the functions can reach.
WEBHOOK_HOSTS = "SKRANKE_WEBHOOK_HOSTS"


@dataclass(frozen=True, slots=True)
class Config:
    """The names of the tenant's resources. `url` is the public address, without a closing slash."""

    tenant: str
    table: str
    mail_bucket: str
    files_bucket: str
    bus: str
    keys_parameter: str
    configuration_set: str
    user_pool_id: str
    user_pool_client_id: str
    url: str
    unprocessed_queue_url: str
    webhook_hosts: tuple[str, ...] = ()

    @classmethod
    def from_env(cls, environ: Mapping[str, str] = os.environ) -> Config:  # noqa: TID251
        """Read the configuration, or name every variable that is missing."""
        missing = [name for name in VARIABLES.values() if not environ.get(name)]
        if missing:
            raise ConfigError(f"Set {', '.join(missing)}: the template of the stack does.")
        values = {field: environ[name] for field, name in VARIABLES.items()}
        hosts = tuple(filter(None, environ.get(WEBHOOK_HOSTS, "").replace(" ", "").split(",")))
        return cls(**{**values, "url": values["url"].rstrip("/")}, webhook_hosts=hosts)
