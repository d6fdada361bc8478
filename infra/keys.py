"""The tenant's secret keys in SSM: made once, rotated by adding, never shown."""

from __future__ import annotations

import base64
import json
import secrets
from typing import Any

KEY_BYTES = 32


def ensure(ssm: Any, name: str) -> bool:
    """Write keys where there are none; whether any were written."""
    try:
        ssm.get_parameter(Name=name)
    except ssm.exceptions.ParameterNotFound:
        _put(ssm, name, {"pepper": _new(), "signing": {"k1": _new()}}, overwrite=False)
        return True
    return False


def rotate(ssm: Any, name: str, *, keep: int = 2) -> str:
    """Sign with a new key from now on; the `keep` newest stay valid. Returns the new key's id."""
    stored = json.loads(ssm.get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"])
    newest = max(int(key[1:]) for key in stored["signing"])
    fresh = f"k{newest + 1}"
    kept = list(stored["signing"].items())[: keep - 1]
    _put(ssm, name, {**stored, "signing": {fresh: _new(), **dict(kept)}}, overwrite=True)
    return fresh


def _new() -> str:
    return base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()


def _put(ssm: Any, name: str, keys: dict[str, Any], *, overwrite: bool) -> None:
    ssm.put_parameter(Name=name, Value=json.dumps(keys), Type="SecureString", Overwrite=overwrite)
