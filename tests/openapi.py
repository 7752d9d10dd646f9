"""Reads the OpenAPI schema in tests."""

from typing import Any


def resolved(schema: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    """The component that a `$ref` names; anything else as it is."""
    if "$ref" not in part:
        return part
    _, _, kind, name = part["$ref"].split("/")
    component: dict[str, Any] = schema["components"][kind][name]
    return component
