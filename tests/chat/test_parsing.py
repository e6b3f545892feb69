"""Decoding model output into a type: the arguments of a tool call, and the content of a completion."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Annotated, Any, Literal, Optional, TypedDict

import msgspec
import pydantic
import pytest

from sse_stream import ChatCompletion, Choice, Message, OutputParseError, SSEStreamError, ToolCall


class Struct(msgspec.Struct):
    a: int


class Other(msgspec.Struct, tag="other"):
    b: int


class Third(msgspec.Struct, tag="third"):
    c: int


class Typed(TypedDict):
    a: int


class Model(pydantic.BaseModel):
    a: int


class OtherModel(pydantic.BaseModel):
    b: int


@dataclasses.dataclass
class Data:
    a: int


@pydantic.dataclasses.dataclass
class PydanticData:
    a: int


class Unknown:
    """Nothing decodes it."""


class Itself:
    @staticmethod
    def model_validate_json(text: str) -> int:
        return int(text)


def call(arguments: str) -> ToolCall:
    return ToolCall("c1", "add", arguments)


def completion(content: str | None) -> ChatCompletion:
    return ChatCompletion(choices=[Choice(0, Message(content=content))])


Parse = Callable[[str, Any], Any]
PARSERS: dict[str, Parse] = {
    "arguments": lambda text, into: call(text).parse(into),
    "content": lambda text, into: completion(text).parse(into),
}


@pytest.mark.parametrize("parse", PARSERS.values(), ids=PARSERS)
@pytest.mark.parametrize(
    ("text", "type", "parsed"),
    [
        ('{"a": 1}', Struct, Struct(1)),
        ('{"a": 1}', Typed, {"a": 1}),
        ('{"a": 1}', Data, Data(1)),
        ('{"a": 1}', dict, {"a": 1}),
        ('{"a": 1}', dict[str, float], {"a": 1.0}),
        ('{"a": 1}', Any, {"a": 1}),
        # Unions, and types that are no classes.
        ("1", int | str, 1),
        ('"1"', int | str, "1"),
        ("null", Struct | None, None),
        ('{"a": 1}', Optional[Struct], Struct(1)),  # noqa: UP045  # it is another kind of object
        ('{"type": "third", "c": 3}', Other | Third, Third(3)),
        ('[{"a": 1}, null]', list[Struct | None], [Struct(1), None]),
        ('"a"', Literal["a", "b"], "a"),
        ("5", Annotated[int, msgspec.Meta(ge=5)], 5),
        ("null", None, None),
        # Whatever has a pydantic model in it.
        ('{"a": 1}', Model, Model(a=1)),
        ('{"b": 1}', Model | OtherModel, OtherModel(b=1)),
        ("null", Model | None, None),
        ('[{"a": 1}]', list[Model], [Model(a=1)]),
        ('{"x": [{"a": 1}, {"b": 2}]}', dict[str, list[Model | OtherModel]], {"x": [Model(a=1), OtherModel(b=2)]}),
        ('{"a": 1}', pydantic.TypeAdapter(Model), Model(a=1)),
        ('{"a": "1"}', PydanticData, PydanticData(1)),
        ('[{"a": "1"}]', list[PydanticData], [PydanticData(1)]),
        # Whatever decodes itself, of pydantic or not.
        ("5", Itself, 5),
        ("1", pydantic.TypeAdapter(int | str), 1),
    ],
)
def test_text_is_decoded_into_a_type(parse: Parse, text: str, type: Any, parsed: object) -> None:
    found = parse(text, type)
    assert found == parsed
    assert found.__class__ is parsed.__class__


@pytest.mark.parametrize(("arguments", "parsed"), [('{"a": [1]}', {"a": [1]}), ("", {}), (" \n", {}), ("3", 3)])
def test_arguments_are_decoded_into_what_json_says(arguments: str, parsed: object) -> None:
    assert call(arguments).parse() == parsed


def test_content_is_decoded_into_what_json_says() -> None:
    assert completion(' {"a": [1]}\n').parse() == {"a": [1]}


@pytest.mark.parametrize("parse", PARSERS.values(), ids=PARSERS)
@pytest.mark.parametrize(
    ("text", "type", "message"),
    [
        ('{"a"', Any, r"^cannot decode the (arguments for 'add'|content): .*: '{\"a\"'$"),
        ('{"a":"b"}', Struct, r"Expected `int`, got `str` - at `\$.a`"),
        ('{"a":"b"}', Model, "valid integer"),
        ('{"a":"b"}', Model | OtherModel, "valid integer"),
        ('{"a":"b"}', pydantic.TypeAdapter(Model), "valid integer"),
        ("1.5", int | str, "Expected `int | str`, got `float`"),
        ("[" * 100_000, Any, r"…'"),
        ("[" * 100_000, Model, r"nested deeper than 128 levels: .*…'"),
        ("[" * 100_000, pydantic.TypeAdapter(list[Any]), r"nested deeper than 128 levels: .*…'"),
    ],
)
def test_text_that_cannot_be_decoded(parse: Parse, text: str, type: Any, message: str) -> None:
    with pytest.raises(OutputParseError, match=message) as error:
        parse(text, type)
    assert error.value.text == text
    assert isinstance(error.value, ValueError)
    assert not isinstance(error.value, SSEStreamError)
    assert isinstance(error.value.__cause__, (ValueError, RecursionError))
    assert len(str(error.value)) < 700


@pytest.mark.parametrize("nothing", [completion(None), completion(""), ChatCompletion()])
def test_no_content_cannot_be_decoded(nothing: ChatCompletion) -> None:
    with pytest.raises(OutputParseError, match=r"cannot decode the content: .*: ''") as error:
        nothing.parse(Struct)
    assert error.value.text == ""


def test_blank_arguments_of_the_wrong_type_are_told_as_they_came() -> None:
    with pytest.raises(OutputParseError, match=r"missing required field `a`: ' '$") as error:
        call(" ").parse(Struct)
    assert error.value.text == " "


@pytest.mark.parametrize(("text", "shown"), [("x" * 200, "x" * 200), ("x" * 201, "x" * 200 + "…")])
@pytest.mark.parametrize("parse", PARSERS.values(), ids=PARSERS)
def test_text_that_cannot_be_decoded_is_shown_as_it_begins(parse: Parse, text: str, shown: str) -> None:
    with pytest.raises(OutputParseError) as error:
        parse(text, Any)
    assert str(error.value).endswith(f": {shown!r}")


@pytest.mark.parametrize(
    ("type", "message"),
    [
        (complex | Struct, "complex"),
        (dict[str, object()], "object"),  # type: ignore[misc]
        (list[Model | Unknown], "^pydantic cannot decode into list.*Model"),
    ],
)
@pytest.mark.parametrize("parse", PARSERS.values(), ids=PARSERS)
def test_a_type_that_nothing_can_be_decoded_into(parse: Parse, type: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        parse("{}", type)
