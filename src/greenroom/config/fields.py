"""What the keys of ``greenroom.toml`` are made of: types with their checks, and the table that knows its keys."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from greenroom.config import values

DURATION_PATTERN = r"^(\d+(\.\d+)?(ms|s|m|h|d) ?)+$"

Duration = Annotated[
    float,
    BeforeValidator(values.duration),
    WithJsonSchema(
        {"anyOf": [{"type": "number", "minimum": 0}, {"type": "string", "pattern": DURATION_PATTERN}]}
    ),
]
LongDuration = Annotated[
    float,
    BeforeValidator(values.long_duration),
    WithJsonSchema(
        {"anyOf": [{"type": "number", "minimum": 0}, {"type": "string", "pattern": DURATION_PATTERN}]}
    ),
]
Size = Annotated[
    int,
    BeforeValidator(values.size),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 1},
                {"type": "string", "pattern": r"^\d+ ?([KMGkmg]i?)?[Bb]?$"},
            ]
        }
    ),
]
Command = Annotated[
    tuple[str, ...],
    BeforeValidator(values.command),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "minLength": 1},
                {"type": "array", "items": {"type": "string"}, "minItems": 1},
            ]
        }
    ),
]
Inside = Annotated[str, AfterValidator(values.inside)]
Page = Annotated[str, AfterValidator(values.page), WithJsonSchema({"type": "string", "pattern": "^/"})]
Label = Annotated[
    str,
    AfterValidator(values.label),
    WithJsonSchema({"type": "string", "pattern": f"^{values.LABEL.pattern}$"}),
]
VariableName = Annotated[str, AfterValidator(values.variable_name)]
Variable = Annotated[str, BeforeValidator(values.variable), WithJsonSchema({"type": ["string", "integer"]})]


def key(default: Any, text: str, example: Any = None, **limits: Any) -> Any:
    """A key with its text; ``default`` ... makes it required, ``example`` stands in the reference file."""
    examples = None if example is None else [example]
    return Field(default, description=text, examples=examples, **limits)


class Table(BaseModel):
    """A table that refuses keys it does not know and values of another type."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, use_attribute_docstrings=False)
