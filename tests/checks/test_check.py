"""`check`, `acapture` and `assert_clean`: their inputs and results."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import anyio
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sse_stream import Limits
from sse_stream.checks import RULES, Capture, Finding, Report, acapture, assert_clean, check
from sse_stream.dialects import AnthropicMessages, OpenAIChat
from sse_stream.testing import Disconnect, ReplayServer, chat_streams, chunkings, mutations
from sse_stream.testing._recordings import ChatRecording

from .defects import ANTHROPIC, CLEAN, DEFECTS, DONE, FIRST, SECOND, STOP, USAGE, chunk, named

BROKEN = FIRST + b"data: : ping\n\n: a comment\n\n" + SECOND + b"data: : ping\n\n" + STOP + DONE


def found(report: Report, name: str) -> Finding:
    return next(finding for finding in report.findings if finding.rule.name == name)


def test_a_finding_says_where_it_is_and_how_often() -> None:
    finding = found(check(BROKEN), "keepalive_as_data")
    assert finding == Finding(
        rule=RULES["SSE005"],
        level="error",
        message="a keep-alive is an event with data instead of a comment",
        event=2,
        offset=len(FIRST),
        line=3,
        excerpt=": ping",
        count=2,
    )


def test_a_comment_before_an_event_is_not_where_the_event_begins() -> None:
    body = b": 1\n: 2\ndata: : ping\n\n" + CLEAN
    finding = found(check(body), "keepalive_as_data")
    assert (finding.event, finding.line, finding.offset) == (1, 3, 8)


def test_what_ends_the_stream_is_at_its_end() -> None:
    finding = found(check(FIRST + SECOND), "truncated")
    assert (finding.event, finding.offset) == (2, len(FIRST + SECOND))


def test_an_excerpt_is_short_and_has_no_control_characters() -> None:
    finding = found(check(FIRST + b"data: \x1b[2J" + b"x" * 500 + b"\n\n"), "undecodable")
    assert finding.excerpt.startswith("\\x1b[2Jxxx")
    assert len(finding.excerpt) == 160
    assert finding.excerpt.endswith("…")


@pytest.mark.parametrize(
    "source",
    [
        BROKEN,
        bytearray(BROKEN),
        memoryview(BROKEN),
        [BROKEN[:9], BROKEN[9:]],
        iter([BROKEN]),
    ],
    ids=["bytes", "bytearray", "memoryview", "list", "iterator"],
)
def test_a_body_may_be_bytes_or_come_in_pieces(source: Any) -> None:
    assert check(source) == check(BROKEN)


def test_a_file_is_read_and_closed(tmp_path: Path) -> None:
    path = tmp_path / "recording.sse"
    path.write_bytes(BROKEN)
    file = path.open("rb")
    assert check(file) == check(BROKEN)
    assert file.closed


@pytest.mark.parametrize("wrong", ["data: 1", 5, None, Path("recording.sse")])
def test_what_is_no_body_is_refused(wrong: Any) -> None:
    with pytest.raises(TypeError):
        check(wrong)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"profile": "loose"}, "a profile is one of compat, strict, not 'loose'"),
        ({"dialect": "openai"}, "a dialect is one of openai_chat, .*, sse, not 'openai'"),
        ({"select": ["XYZ"]}, "unknown rule 'XYZ'"),
        ({"ignore": ["XYZ"]}, "unknown rule 'XYZ'"),
    ],
)
def test_wrong_options_are_refused_before_anything_is_read(options: Any, message: str) -> None:
    def never() -> Iterator[bytes]:
        yield pytest.fail("nothing is to be read")

    with pytest.raises(ValueError, match=message):
        check(never(), **options)


@pytest.mark.parametrize("options", [{"select": "SSE"}, {"ignore": "SSE"}])
def test_a_single_text_is_no_list_of_selectors(options: Any) -> None:
    with pytest.raises(TypeError, match="pass a list"):
        check(CLEAN, **options)


def test_the_dialect_may_be_given() -> None:
    for dialect in (AnthropicMessages(), "anthropic_messages"):
        assert check(named(*ANTHROPIC), dialect=dialect).findings == ()
    assert check(CLEAN, dialect=OpenAIChat()).dialect == "openai_chat"
    assert found(check(CLEAN, dialect="anthropic_messages"), "truncated").level == "error"


def test_a_dialect_of_somebody_else_has_the_general_rules() -> None:
    class Own(OpenAIChat):
        name = "own"

    report = check(BROKEN, dialect=Own())
    assert {finding.rule.name for finding in report.findings} == {"keepalive_as_data"}


def test_the_framing_alone_is_checked_of_what_is_no_models() -> None:
    report = check(b"id: 1\ndata: hello\n\nretry: soon\ndata: bye\n\n", dialect="sse")
    assert [finding.rule.name for finding in report.findings] == ["ignored_retry"]
    assert (report.dialect, report.ending, report.events) == ("", "complete", 2)


@pytest.mark.parametrize(
    ("body", "expected", "ending"),
    [
        (b"data: a\n\ndata: lost", {"unterminated_event"}, "truncated"),
        (b"data: a\n\ndata: lost\n", {"unterminated_event"}, "truncated"),
        (b"data: a\n\nid: 1\n", {"unterminated_event"}, "truncated"),
        (b"data: a\n\n: bye", set(), "complete"),
        (b"data: a\n\n: bye\n", set(), "complete"),
        (b"data: a\n\ndata: b\xf0\x9f", {"unterminated_event"}, "truncated"),
        (b"data: \xff\xfe\n\n", {"invalid_utf8"}, "complete"),
        (b": \xff\ndata: a\n\n", {"invalid_utf8"}, "complete"),
        (b"data: : ping\n\n", {"keepalive_as_data"}, "complete"),
        (b'data: a\n\n{"a":1}\n\n', {"unframed_json"}, "complete"),
        (b"data: 3:15\n\nevent: ping\ndata: {}\n\n", set(), "complete"),
        (b"<html><body>no</body></html>", {"not_a_stream"}, "invalid"),
        (b'{"a":1}', {"not_a_stream"}, "invalid"),
        (b"", set(), "complete"),
    ],
)
def test_of_the_framing_alone_what_the_decoder_would_report_is_found(
    body: bytes, expected: set[str], ending: str
) -> None:
    report = check(body, dialect="sse")
    assert {finding.rule.name for finding in report.findings} == expected
    assert report.ending == ending


def test_selected_rules_are_the_only_ones_that_are_found() -> None:
    assert [finding.rule.id for finding in check(FIRST, select=["END001"]).findings] == ["END001"]
    assert check(FIRST, ignore=["truncated"]).findings == ()


def test_the_strict_profile_raises_the_level_of_what_is_forbidden() -> None:
    body = FIRST + SECOND + DONE
    assert found(check(body), "missing_finish_reason").level == "warning"
    assert found(check(body, profile="strict"), "missing_finish_reason").level == "error"
    bom = b"\xef\xbb\xbf" + CLEAN
    assert found(check(bom, profile="strict"), "byte_order_mark").level == "warning"


def test_limits_bound_what_is_read() -> None:
    finding = found(check(CLEAN, limits=Limits(event_size=100)), "event_too_large")
    assert finding.message == "an event, or the whole answer, is too large: the limit is 100 bytes"


def test_a_report_counts_and_compares_levels() -> None:
    report = check(FIRST + SECOND + DONE)
    assert (report.count("error"), report.count("warning"), report.count("note")) == (0, 1, 0)
    assert report.worst == "warning"
    assert [report.fails(level) for level in ("error", "warning", "note")] == [False, True, True]
    assert check(CLEAN).worst is None
    wrong: Any = "fatal"
    with pytest.raises(ValueError, match="a level is one of error, warning, note, not 'fatal'"):
        report.fails(wrong)


def test_assert_clean_fails_with_the_report() -> None:
    assert_clean(CLEAN)
    assert_clean(FIRST + SECOND + DONE)
    with pytest.raises(AssertionError, match="END008 missing_finish_reason"):
        assert_clean(FIRST + SECOND + DONE, fail_on="warning")
    with pytest.raises(AssertionError) as failure:
        assert_clean(BROKEN)
    assert str(failure.value) == check(BROKEN).render()


# ------------------------------------------------------------------------------------------ responses


def test_a_connection_that_breaks_is_a_finding_and_what_came_is_checked() -> None:
    with ReplayServer(BROKEN[:-40], fault=Disconnect()) as server, httpx.Client() as client:
        report = check(client.stream("POST", server.chat_url))
    names = {finding.rule.name for finding in report.findings}
    assert {"connection_broken", "keepalive_as_data"} <= names
    assert report.ending == "transport_error"
    assert "RemoteProtocolError" in found(report, "connection_broken").message


def test_a_client_that_finds_no_server_raises_its_own_error() -> None:
    with ReplayServer(CLEAN) as server:
        url = server.chat_url
    with httpx.Client() as client, pytest.raises(httpx.ConnectError):
        check(client.stream("POST", url))


def test_the_response_is_closed() -> None:
    with ReplayServer(CLEAN) as server, httpx.Client() as client, client.stream("POST", server.chat_url) as response:
        check(response)
        assert response.is_closed


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("name", ["answer: truncated", "http: text/plain", "http: a connection that breaks"])
def test_async_responses_are_checked_alike(name: str, backend: str) -> None:
    async def checked(url: str) -> Report:
        async with httpx.AsyncClient() as client:
            return check(await acapture(client.stream("POST", url)))

    with ReplayServer(DEFECTS[name].reply) as server, httpx.Client() as client:
        expected = check(client.stream("POST", server.chat_url))
        assert anyio.run(checked, server.chat_url, backend=backend) == expected


def test_a_response_that_ends_with_an_empty_read_is_captured() -> None:
    async def captured(url: str) -> Capture:
        async with aiohttp.ClientSession() as client:
            return await acapture(client.post(url))

    with ReplayServer(CLEAN) as server:
        assert anyio.run(captured, server.chat_url).body == CLEAN


def test_what_somebody_else_has_captured_is_checked_with_its_headers() -> None:
    report = check(Capture(body=CLEAN, status=200, headers={"content-type": "text/plain", "cache-control": "no-store"}))
    assert [finding.rule.name for finding in report.findings] == ["odd_content_type"]


@pytest.mark.parametrize("wants_usage", [True, False])
def test_usage_that_was_asked_for_is_missed_and_no_other(wants_usage: bool) -> None:
    sent = {"cache-control": "no-store", "content-type": "text/event-stream"}
    silent = CLEAN.replace(chunk([], usage=USAGE), b"")
    report = check(Capture(body=silent, status=200, headers=sent, wants_usage=wants_usage))
    assert [finding.rule.id for finding in report.findings] == ["CHAT017"] * wants_usage
    assert not check(Capture(body=CLEAN, status=200, headers=sent, wants_usage=wants_usage)).findings


def test_an_answer_that_was_cut_off_may_lack_its_usage() -> None:
    report = check(Capture(body=FIRST, wants_usage=True))
    assert "usage_ignored" not in {finding.rule.name for finding in report.findings}


def test_a_response_without_content_needs_neither_a_length_nor_a_type() -> None:
    report = check(Capture(body=b"", status=204, headers={"cache-control": "no-store"}, http_version="HTTP/1.1"))
    assert [finding.rule.name for finding in report.findings] == ["not_a_stream"]


def test_a_failed_request_shows_what_the_server_said() -> None:
    report = check(Capture(body=b'{"detail": "Not Found"}', status=404))
    assert report.findings[0].excerpt == '{"detail": "Not Found"}'


def test_an_error_in_mid_stream_is_shown_as_json() -> None:
    report = check(FIRST + b'data: {"error": {"message": "overloaded"}}\n\n')
    assert [finding.excerpt for finding in report.findings if finding.level == "error"] == [
        '{"error": {"message": "overloaded"}}'
    ]


def test_a_line_separator_is_shown_with_what_is_around_it() -> None:
    report = check(CLEAN.replace(b" there", ("é" * 40 + "\u2028there").encode()))
    (found,) = report.findings
    assert "\\u2028there" in found.excerpt
    assert "\ufffd" not in found.excerpt


def test_an_iterable_of_text_is_a_mistake_of_the_caller() -> None:
    wrong: Any = ["data: 1\n\n"]
    with pytest.raises(TypeError, match="not bytes"):
        check(wrong)

    async def pieces() -> AsyncIterator[Any]:
        yield "data: 1\n\n"

    async def captured() -> Capture:
        return await acapture(pieces())

    with pytest.raises(TypeError, match="not bytes"):
        anyio.run(captured)


def test_an_async_iterable_is_a_source() -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(BROKEN), 50):
            yield BROKEN[start : start + 50]

    async def checked() -> Report:
        return check(await acapture(pieces()))

    assert anyio.run(checked) == check(BROKEN)


# --------------------------------------------------------------------------------------------- any body


@given(chat_streams(), st.data())
def test_however_a_body_is_cut_the_report_is_the_same(recording: ChatRecording, data: st.DataObject) -> None:
    assert check(data.draw(chunkings(recording.body))) == check(recording.body)


@given(chat_streams().flatmap(lambda recording: mutations(recording.body)))
def test_damage_is_reported_and_raises_nothing(body: bytes) -> None:
    report = check(body)
    assert report.size == len(body)
    assert all(finding.offset <= len(body) for finding in report.findings)
    report.render("text")
    report.render("junit")
    if report.ending not in ("complete", "open"):
        assert report.worst == "error"


@given(st.binary(max_size=300))
def test_any_bytes_give_a_report(body: bytes) -> None:
    assert check(body).size == len(body)
    assert check(body, dialect="sse").size == len(body)


@pytest.mark.parametrize("body", [CLEAN, BROKEN])
def test_over_http_the_body_has_the_same_findings(body: bytes) -> None:
    with ReplayServer(body) as server, httpx.Client() as client:
        report = check(client.stream("POST", server.chat_url), ignore=["HTTP"])
    assert report.findings == check(body).findings
