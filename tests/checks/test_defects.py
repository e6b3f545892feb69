"""A server plays one defect after another; each is found, without any other error."""

from __future__ import annotations

import httpx
import pytest

from sse_stream.checks import RULES, Report, check
from sse_stream.checks._findings import GENERAL
from sse_stream.testing import ReplayServer

from .defects import CLEAN_STREAMS, DEFECTS, Defect

# These need a clock, a bound, or the request: test_times.py and test_check.py.
ELSEWHERE = {"buffered", "long_silence", "late_end", "event_too_large", "usage_ignored"}


def checked(server: ReplayServer) -> Report:
    with httpx.Client() as client:
        return check(client.stream("POST", server.chat_url))


@pytest.mark.parametrize("defect", DEFECTS.values(), ids=DEFECTS)
def test_a_defect_is_found_and_no_other_error(defect: Defect) -> None:
    with ReplayServer(defect.reply) as server:
        report = checked(server)
    names = {finding.rule.name for finding in report.findings}
    errors = {finding.rule.name for finding in report.findings if finding.level == "error"}
    assert defect.rule in names
    assert errors <= {defect.rule, *defect.beside}


@pytest.mark.parametrize("body", CLEAN_STREAMS.values(), ids=CLEAN_STREAMS)
def test_nothing_is_found_where_nothing_is_wrong(body: bytes) -> None:
    with ReplayServer(body, headers={"cache-control": "no-cache"}) as server:
        report = checked(server)
    assert report.findings == ()
    assert report.ending == "complete"


def test_every_rule_is_broken_by_a_defect() -> None:
    formats = {"chat": "CHAT", "anthropic": "ANTH", "responses": "RESP", "gemini": "GEMI"}
    broken = set()
    for name, defect in DEFECTS.items():
        family = formats.get(name.partition(":")[0])
        broken.add(RULES.named(defect.rule, GENERAL if family is None else (family, *GENERAL)).id)
    assert {rule.id for rule in RULES if rule.name not in ELSEWHERE} == broken
