"""A report as text, JSON, JUnit XML and GitHub workflow commands."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from junitparser import Failure, JUnitXml

from sse_stream._cli._wrapping import columns
from sse_stream.checks import Report, check

from .defects import CLEAN, DEFECTS, DONE, FIRST, SECOND, STOP, calling

SCHEMA = Path(__file__).resolve().parents[2] / "docs" / "reference" / "check-report.schema.json"
BROKEN = FIRST + b"data: : ping\n\n" + SECOND + STOP.replace(b"stop", b"eos") + DONE
REPORTS = [
    CLEAN,
    BROKEN,
    FIRST,
    b"",
    b"\x00",
    b"data: \xf0\x9f\x98\x80]]>&\n\n",
    *(content for defect in DEFECTS.values() if isinstance(content := defect.reply.body, bytes)),
]


def test_text_names_the_rule_the_place_and_the_consequence() -> None:
    assert check(BROKEN, name="a.sse").render() == (
        "error   SSE005 keepalive_as_data\n"
        "    a keep-alive is an event with data instead of a comment\n"
        f"    event 2, line 3, byte {len(FIRST)}\n"
        "    | : ping\n"
        "    Every client delivers it as an event: openai-python raises JSONDecodeError,\n"
        "    or TypeError where it is JSON. Send a comment, a line that begins with a\n"
        "    colon.\n"
        "\n"
        "note    CHAT014 unknown_finish_reason\n"
        "    a finish reason is none that the format has: eos\n"
        f"    event 4, line 7, byte {len(FIRST) + 14 + len(SECOND)}\n"
        '    | {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m"\n'
        "    Clients with strict models refuse the chunk; others treat the answer as\n"
        "    unfinished.\n"
        "\n"
        f"a.sse: 1 error, 1 note in 5 events, {len(BROKEN)} bytes of openai_chat: complete"
    )


def test_a_clean_report_is_one_line() -> None:
    assert check(CLEAN).render() == f"nothing found in 5 events, {len(CLEAN)} bytes of openai_chat: complete"


@pytest.mark.parametrize("width", [40, 80, 100])
@pytest.mark.parametrize("body", REPORTS[:12])
def test_text_fits_its_width(body: bytes, width: int) -> None:
    lines = check(body).render("text", width=width).splitlines()
    assert all(columns(line) <= width for line in lines if " " in line.strip())


def test_colour_adds_escapes_and_nothing_else() -> None:
    report = check(BROKEN)
    colored = report.render("text", color=True)
    assert "\x1b[1;31merror" in colored
    assert re.sub(r"\x1b\[[0-9;]*m", "", colored) == report.render("text")


@pytest.mark.parametrize("body", REPORTS)
def test_json_is_as_its_schema_says(body: bytes) -> None:
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    said = json.loads(check(body).render("json"))
    jsonschema.validate(said, schema)
    assert said["summary"] == check(body).summary
    assert len(said["findings"]) == len(check(body).findings)


@pytest.mark.parametrize("body", REPORTS)
@pytest.mark.parametrize("fail_on", ["error", "note"])
def test_junit_is_read_by_a_reader_of_it(body: bytes, fail_on: Any) -> None:
    report = check(body)
    read = JUnitXml.fromstring(report.render("junit", fail_on=fail_on).encode())
    (suite,) = list(read)
    cases = list(suite)
    failed = [case for case in cases if any(isinstance(result, Failure) for result in case.result)]
    failing = report.findings if fail_on == "note" else [one for one in report.findings if one.level == "error"]
    assert suite.tests == len(cases) == max(len(report.findings), 1)
    assert suite.failures == read.failures == len(failed) == len(failing)
    assert [case.name for case in failed] == [f"{one.rule.id} {one.rule.name}" for one in failing]
    assert suite.errors == 0


# https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
_COMMAND = re.compile(r"::(error|warning|notice) ((?:[a-z]+=[^,:\r\n]*)(?:,[a-z]+=[^,:\r\n]*)*)::([^\r\n]+)")


@pytest.mark.parametrize("body", REPORTS)
def test_github_reads_a_command_a_finding(body: bytes) -> None:
    report = check(body, name="a:b,c%.sse")
    *commands, last = report.render("github").splitlines()
    assert last == report.summary.replace("%", "%25")
    assert len(commands) == len(report.findings)
    for command, finding in zip(commands, report.findings, strict=True):
        read = _COMMAND.fullmatch(command)
        assert read is not None
        properties = dict(one.split("=", 1) for one in read[2].split(","))
        assert read[1] == {"error": "error", "warning": "warning", "note": "notice"}[finding.level]
        assert properties["file"] == "a%3Ab%2Cc%25.sse"
        assert int(properties["line"]) == max(finding.line, 1)
        assert properties["title"] == f"{finding.rule.id} {finding.rule.name}"


def test_a_url_is_no_file_to_annotate() -> None:
    (command, _) = check(FIRST + SECOND, name="http://127.0.0.1/v1").render("github").splitlines()
    assert command.startswith("::error title=END001 truncated::")


HOSTILE = "\x1b[31mred\x1b]0;title\x07\x9b\u202e\u061c\u2067\U000e0041\ud800"
SAID = json.dumps(HOSTILE).encode()
HOSTILE_BODIES = {
    "a finish reason": CLEAN.replace(b'"stop"', SAID),
    "an object": CLEAN.replace(b'"chat.completion.chunk"', SAID),
    "a duplicate key": CLEAN.replace(b'"created": 1', b'%b: 1, %b: 2, "created": 1' % (SAID, SAID)),
    "an error of the provider": FIRST + b'data: {"error": {"message": %b}}\n\n' % SAID,
    "an event's name": FIRST.replace(b"data:", f"event: {HOSTILE[:-1]}\ndata:".encode(), 1) + STOP + DONE,
    "the name of a tool": calling({"index": 0, "id": HOSTILE, "function": {"name": HOSTILE, "arguments": "["}}),
    "a document": b'{"error": {"message": %b}}' % SAID,
}


@pytest.mark.parametrize("form", ["text", "json", "junit", "github"])
@pytest.mark.parametrize("body", HOSTILE_BODIES.values(), ids=HOSTILE_BODIES)
def test_no_text_of_a_server_reaches_a_terminal_unescaped(body: bytes, form: Any) -> None:
    report = check(body, name="a\udcff\x1b.sse")
    assert report.findings
    rendered = report.render(form)
    assert rendered.encode()
    assert not set(HOSTILE) & set(rendered) - set(map(chr, range(32, 127)))


def test_there_are_no_other_forms() -> None:
    wrong: Any = "sarif"
    with pytest.raises(ValueError, match="text, json, junit or github, not 'sarif'"):
        check(CLEAN).render(wrong)


def test_to_dict_is_plain_json() -> None:
    report: Report = check(BROKEN)
    assert json.loads(json.dumps(report.to_dict())) == report.to_dict()
