"""An imported API forgets which bodies are binary: take them from its definition."""
# ruff: noqa: SLF001

from __future__ import annotations

from typing import Any

import ministack.services.apigateway_v1 as api

_DEFINED = "x-amazon-apigateway-binary-media-types"


def apply() -> None:
    import_api = api._import_rest_api

    def import_with_binary_types(spec: dict[str, Any], base: dict[str, Any] | None = None) -> Any:
        settings = dict(base or {})
        settings["binaryMediaTypes"] = settings.get("binaryMediaTypes") or spec.get(_DEFINED, [])
        return import_api(spec, settings)

    api._import_rest_api = import_with_binary_types
