"""The JSON Schema of scenario files, made of the tables that read them."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from hlsim.config import Option
from hlsim.scenario.acts import FAULT, REQUESTS
from hlsim.scenario.conditions import CONDITIONS
from hlsim.scenario.judges import JUDGES, JudgeSpec
from hlsim.scenario.reading import REQUIRED
from hlsim.scenario.words import WORDS
from hlsim.scenarios.faults import Effect, Phase
from hlsim.scenarios.story import DURATION
from hlsim.server.control.registry import Asked

Json = dict[str, Any]

_DURATION: Json = {"type": "string", "pattern": f"^{DURATION}$"}
_TEXT: Json = {"type": "string", "minLength": 1}
_COUNT: Json = {"type": "integer", "minimum": 1}
_NUMBER_OR_TEXT: Json = {"type": ["number", "string"]}


def schema() -> Json:
    """The whole document, for drafts from 2020-12 on."""
    kinds: list[type[Asked]] = [spec.asked for spec in REQUESTS.values()]
    kinds += [spec.asked for spec in CONDITIONS.values()]
    kinds += [spec.asked for spec in JUDGES.values()]
    shapes, defs = msgspec.json.schema_components(kinds, ref_template="#/$defs/{name}")
    by_kind = dict(zip(kinds, shapes, strict=True))
    conditions = {
        name: _described(by_kind[spec.asked], spec.text) for name, spec in CONDITIONS.items()
    }
    defs |= {
        "Duration": {**_DURATION, "description": "500ms, 1.5s, 2m, 1h, 1d"},
        "FaultPlan": _fault(),
        "Condition": _one_of(conditions),
        "Step": _step(by_kind),
        "Expectation": {
            "oneOf": [_judge(spec, conditions, defs) for spec in JUDGES.values()],
        },
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "hlsim scenario",
        "type": "object",
        "properties": _properties(),
        "required": list(REQUIRED),
        "additionalProperties": False,
        "$defs": defs,
    }


def text() -> str:
    """As it is published."""
    return json.dumps(schema(), indent=2) + "\n"


def _properties() -> Json:
    duration = _ref("Duration")
    return {
        "title": _TEXT,
        "teaches": _described(_TEXT, "what a bot's author learns of it"),
        "source": _described(_TEXT, "where the failure was seen"),
        "exchange": {
            "description": "what hlsim.start takes",
            "type": "object",
            "properties": {key: _word(option) for key, option in WORDS.items()},
            "additionalProperties": False,
        },
        "account": {
            "type": "integer",
            "minimum": 0,
            "description": "which of the funded accounts is the bot's",
        },
        "lasts": _described(duration, "exchange time from the bot's first request on"),
        "step": _described(duration, "how far time goes at a go"),
        "speed": {
            "type": "number",
            "exclusiveMinimum": 0,
            "maximum": 1000,
            "description": "exchange seconds in a real one while the bot runs",
        },
        "faults": {"type": "array", "items": _ref("FaultPlan")},
        "actors": {
            "description": "who else trades, by name: what actor/open takes of each",
            "type": "object",
            "additionalProperties": {
                "type": ["object", "null"],
                "properties": {"usdc": _NUMBER_OR_TEXT},
                "additionalProperties": False,
            },
        },
        "timeline": {"type": "array", "items": _ref("Step")},
        "expect": {"type": "array", "items": _ref("Expectation"), "minItems": 1},
    }


def _word(option: Option) -> Json:
    if option.key == "fund":
        return {"type": "object", "additionalProperties": _NUMBER_OR_TEXT}
    if option.parts:
        several = {"type": "array", "items": {"type": "string"}}
        return {"anyOf": [{"type": "string"}, several], "description": option.help}
    return {**_NUMBER_OR_TEXT, "description": option.help}


def _fault() -> Json:
    """A plan in one line or as an object. What goes with what is checked when it is read."""
    number: Json = {"type": ["integer", "string"]}
    keys: Json = {
        "on": _TEXT,
        "effect": {"enum": [one.value for one in Effect]},
        "phase": {"enum": [one.value for one in Phase]},
        "rate": _NUMBER_OR_TEXT,
        "nth": {"anyOf": [number, {"type": "array", "items": number}]},
        "ms": number,
        "code": number,
        "refusal": _TEXT,
        "coin": _TEXT,
        "user": _TEXT,
        "cloid": _TEXT,
        "is": {"enum": ["snapshot", "update"]},
        "from": number,
        "until": number,
        "times": number,
    }
    whole = {
        "type": "object",
        "properties": keys,
        "required": ["on", "effect"],
        "additionalProperties": False,
    }
    return {"anyOf": [{"type": "string", "description": "as in order:#1:after:drop"}, whole]}


def _step(by_kind: dict[type[Asked], Json]) -> Json:
    acts = {path: _described(by_kind[spec.asked], spec.text) for path, spec in REQUESTS.items()}
    acts[FAULT] = _ref("FaultPlan")
    times: Json = {
        "at": _ref("Duration"),
        "every": _ref("Duration"),
        "when": _ref("Condition"),
        "after": _described(_ref("Duration"), "so long after the condition came to hold"),
        "times": _COUNT,
        "for": _described(_ref("Duration"), "a fault is lifted after it"),
    }
    return {
        "type": "object",
        "properties": {**times, **acts},
        "additionalProperties": False,
        "allOf": [
            {"oneOf": [{"required": [key]} for key in ("at", "every", "when")]},
            {"oneOf": [{"required": [key]} for key in acts]},
        ],
    }


def _judge(spec: JudgeSpec, conditions: Json, defs: Json) -> Json:
    """`{name: keys}`, with one condition among the keys if the judge wants one."""
    whole = defs[spec.asked.__name__]
    keys = dict(whole["properties"])
    required = [{"required": whole["required"]}] if whole["required"] else []
    if spec.wants_condition:
        keys |= conditions
        required.append({"oneOf": [{"required": [name]} for name in conditions]})
    inner: Json = {"type": "object", "properties": keys, "additionalProperties": False}
    if required:
        inner["allOf"] = required
    else:
        inner["type"] = ["object", "null"]
    return _one_of({spec.name: _described(inner, spec.text)})


def _one_of(named: Json) -> Json:
    """An object of just one of these keys."""
    return {
        "type": "object",
        "properties": named,
        "additionalProperties": False,
        "minProperties": 1,
        "maxProperties": 1,
    }


def _ref(name: str) -> Json:
    return {"$ref": f"#/$defs/{name}"}


def _described(shape: Json, said: str) -> Json:
    return {**shape, "description": " ".join(said.split())}
