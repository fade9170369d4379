"""The OpenAPI document of the control plane, made of its table and of the structs in it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from .registry import ControlSpec, Download, Json, Nothing

REFUSED = {"type": "object", "properties": {"error": {"type": "string"}}, "required": ["error"]}
_CANNOT = "The request cannot be carried out; the text says why and what is known."
_MAY_NOT = "Not from loopback, from a web page elsewhere, or without the bearer token. No body."


def document(specs: Iterable[ControlSpec], version: str) -> Json:
    """Every endpoint with its fields, its answers and what its docstring says."""
    listed = list(specs)
    structs: list[Any] = [spec.asked for spec in listed if spec.asked is not Nothing]
    structs += [spec.returns for spec in listed if _is_struct(spec.returns)]
    shapes, components = msgspec.json.schema_components(
        structs, ref_template="#/components/schemas/{name}"
    )
    by_struct = dict(zip(structs, shapes, strict=True))
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "hlsim control plane",
            "version": version,
            "description": "The operator's side of an exchange. For loopback, or with the bearer "
            "token that the server prints when it can be reached from elsewhere.",
        },
        "paths": {
            f"/hlsim/{spec.path}": {spec.method.lower(): _operation(spec, by_struct, components)}
            for spec in listed
        },
        "components": {
            "schemas": {**components, "Refused": REFUSED},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{}, {"token": []}],
    }


def _operation(spec: ControlSpec, shapes: dict[Any, Any], components: dict[str, Any]) -> Json:
    summary, _, rest = spec.text.partition("\n\n")
    answers = {"200": _answer(spec, shapes)}
    answers |= {"400": _refusal(_CANNOT), "403": {"description": _MAY_NOT}}
    found: dict[str, Any] = {
        "operationId": spec.path.replace("/", "_").removesuffix(".json"),
        "summary": " ".join(summary.split()),
        "responses": answers,
    }
    if rest:
        found["description"] = " ".join(rest.split())
    if spec.asked is Nothing:
        return found
    if spec.method == "GET":
        whole = components[spec.asked.__name__]
        found["parameters"] = [
            {"name": name, "in": "query", "schema": shape, "required": name in whole["required"]}
            for name, shape in whole["properties"].items()
        ]
    else:
        content = {"application/json": {"schema": shapes[spec.asked]}}
        found["requestBody"] = {"required": bool(_required(spec, components)), "content": content}
    return found


def _required(spec: ControlSpec, components: dict[str, Any]) -> list[str]:
    needed: list[str] = components[spec.asked.__name__]["required"]
    return needed


def _answer(spec: ControlSpec, shapes: dict[Any, Any]) -> Json:
    if spec.returns is str:
        return {"description": "Done.", "content": {"text/plain": {"schema": {"type": "string"}}}}
    if spec.returns is Download:
        lines = {"application/x-ndjson": {"schema": {"type": "string"}}}
        return {"description": "Done.", "content": lines}
    schema = shapes.get(spec.returns, {})
    return {"description": "Done.", "content": {"application/json": {"schema": schema}}}


def _refusal(said: str) -> Json:
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Refused"}}}
    return {"description": said, "content": content}


def _is_struct(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct) and kind is not Download
