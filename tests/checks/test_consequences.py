"""What a rule says that an SDK raises, it raises."""

from __future__ import annotations

import re
from importlib.metadata import version

import pytest

from sse_stream.checks import RULES

from .consequences import FAMILIES, MEASURED, outcomes
from .defects import DEFECTS

_SAYS = re.compile(r"(?:openai|anthropic)[^.]*? raises? [^.]*")
_ERROR = re.compile(r"\w+Error")
_FORMATS = {"chat": "CHAT", "anthropic": "ANTH", "responses": "RESP"}

STATED = [
    pytest.param(name, tuple(_ERROR.findall(found[0])), id=name)
    for name, defect in DEFECTS.items()
    if name.startswith(FAMILIES)
    and (found := _SAYS.search(RULES.named(defect.rule, [_FORMATS.get(name.partition(":")[0], "")]).consequence))
]


def test_many_rules_say_what_an_sdk_raises() -> None:
    assert len(STATED) > 20
    assert all(one.values[1] for one in STATED)


@pytest.mark.parametrize(("name", "raised"), STATED)
@pytest.mark.filterwarnings("ignore:Pydantic serializer warnings:UserWarning")
def test_an_sdk_raises_what_the_rule_says(name: str, raised: tuple[str, ...]) -> None:
    for package, measured in MEASURED.items():
        if version(package) != measured:
            pytest.skip(f"measured with {package} {measured}, and {version(package)} is installed")
    assert any(outcome.endswith(raised) for outcome in outcomes(name))
