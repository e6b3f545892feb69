"""The standard's algorithms, transcribed step by step: slow and obvious, as the reference for the decoder.

The quotations are from the HTML standard, sections 9.2.5 "Parsing an event stream" and 9.2.6 "Interpreting an event
stream", and from the Encoding standard, section 8.1.1 "UTF-8 decoder". None of the library's decoder is used here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from sse_stream import ServerSentEvent

LF, CR = 0x0A, 0x0D


@dataclass
class Reading:
    """What a whole stream comes to.

    Attributes:
        events: The events, in order of dispatch.
        last_event_id: The last event ID string at the end.
        retry: The reconnection time at the end, `None` if it was never set.
        too_large: Whether the reading stopped because an event was larger than the limit.
        comments: The comments, the space after their colon dropped.
        ignored: Name and value of the fields whose names the standard does not know.
    """

    events: list[ServerSentEvent] = field(default_factory=list)
    last_event_id: str = ""
    retry: int | None = None
    too_large: bool = False
    comments: list[str] = field(default_factory=list)
    ignored: list[tuple[str, str]] = field(default_factory=list)


def utf_8_decode(stream: bytes) -> list[int]:
    """ "To UTF-8 decode an I/O queue of bytes": without its BOM, and by the UTF-8 decoder's handler."""
    # "Let buffer be the result of peeking three bytes from ioQueue, converted to a byte sequence. If
    # buffer is 0xEF 0xBB 0xBF, then read three bytes from ioQueue. (Do nothing with those bytes.)"
    queue = list(stream[3:] if stream[:3] == b"\xef\xbb\xbf" else stream)
    output: list[int] = []
    code_point = bytes_seen = bytes_needed = 0
    lower, upper = 0x80, 0xBF
    while queue:
        byte = queue.pop(0)
        if bytes_needed == 0:
            if byte <= 0x7F:
                output.append(byte)
            elif 0xC2 <= byte <= 0xDF:
                bytes_needed = 1
                code_point = byte & 0x1F
            elif 0xE0 <= byte <= 0xEF:
                if byte == 0xE0:
                    lower = 0xA0
                if byte == 0xED:
                    upper = 0x9F
                bytes_needed = 2
                code_point = byte & 0xF
            elif 0xF0 <= byte <= 0xF4:
                if byte == 0xF0:
                    lower = 0x90
                if byte == 0xF4:
                    upper = 0x8F
                bytes_needed = 3
                code_point = byte & 0x7
            else:
                output.append(0xFFFD)
            continue
        if not lower <= byte <= upper:
            code_point = bytes_needed = bytes_seen = 0
            lower, upper = 0x80, 0xBF
            # "Restore byte to ioQueue. Return error", which becomes U+FFFD.
            queue.insert(0, byte)
            output.append(0xFFFD)
            continue
        lower, upper = 0x80, 0xBF
        code_point = (code_point << 6) | (byte & 0x3F)
        bytes_seen += 1
        if bytes_seen == bytes_needed:
            output.append(code_point)
            code_point = bytes_needed = bytes_seen = 0
    if bytes_needed != 0:
        # "If byte is end-of-queue and UTF-8 bytes needed is not 0, set UTF-8 bytes needed to 0 and return error."
        output.append(0xFFFD)
    return output


def lines_of(units: Sequence[int]) -> Iterator[tuple[list[int], bool]]:
    """Lines, and whether each was ended: by CRLF, by LF or by CR. The units are code points or bytes."""
    line: list[int] = []
    position = 0
    while position < len(units):
        unit = units[position]
        position += 1
        if unit == CR:
            if position < len(units) and units[position] == LF:
                position += 1
            yield line, True
            line = []
        elif unit == LF:
            yield line, True
            line = []
        else:
            line.append(unit)
    yield line, False


def read(stream: bytes, *, max_event_size: int | None = None) -> Reading:
    """Interpret a whole stream.

    The limit is the library's own: no line may be longer than what the data before it, in bytes and
    joined by LF, leaves of it. A line that was not ended counts as well.
    """
    reading = Reading()
    without_bom = stream[3:] if stream[:3] == b"\xef\xbb\xbf" else stream
    text_lines = list(lines_of(utf_8_decode(stream)))
    byte_lines = list(lines_of(without_bom))
    assert len(text_lines) == len(byte_lines), "a line end is one byte, whatever is malformed around it"
    # "When a stream is parsed, a data buffer, an event type buffer, and a last event ID buffer must be
    # associated with it. They must be initialized to the empty string."
    data = event_type = last_event_id = ""
    data_sizes: list[int] = []
    block_retry: int | None = None
    for (points, ended), (raw, _) in zip(text_lines, byte_lines, strict=True):
        waiting = sum(data_sizes) + max(0, len(data_sizes) - 1)
        if max_event_size is not None and waiting + len(raw) > max_event_size:
            reading.too_large = True
            break
        if not ended:
            # "Once the end of the file is reached, any pending data must be discarded."
            break
        line = "".join(map(chr, points))
        if line == "":
            # "Dispatch the event": "Set the last event ID string of the event source to the value of the
            # last event ID buffer. The buffer does not get reset".
            reading.last_event_id = last_event_id
            # "If the data buffer is an empty string, set the data buffer and the event type buffer to the
            # empty string and return."
            if data != "":
                # "If the data buffer's last character is a U+000A LINE FEED (LF) character, then remove
                # the last character from the data buffer."
                data = data.removesuffix("\n")
                type_ = event_type if event_type != "" else "message"
                reading.events.append(ServerSentEvent(data, type_, last_event_id, block_retry))
            data = event_type = ""
            data_sizes = []
            block_retry = None
            continue
        if line[0] == ":":
            # "If the line starts with a U+003A COLON character (:), ignore the line."
            reading.comments.append(line[2:] if line[1:2] == " " else line[1:])
            continue
        if ":" in line:
            # "Collect the characters on the line before the first U+003A COLON character (:), and let
            # field be that string. Collect the characters on the line after the first U+003A COLON
            # character (:), and let value be that string. If value starts with a U+0020 SPACE character,
            # remove it from value."
            colon = line.index(":")
            name, value = line[:colon], line[colon + 1 :]
            if value[:1] == " ":
                value = value[1:]
        else:
            # "Process the field using … the whole line as the field name, and the empty string as the
            # field value."
            name, value = line, ""
        if name == "event":
            # "Set the event type buffer to field value."
            event_type = value
        elif name == "data":
            # "Append the field value to the data buffer, then append a single U+000A LINE FEED (LF)
            # character to the data buffer."
            data += value + "\n"
            data_sizes.append(len(raw_value(raw)))
        elif name == "id":
            # "If the field value does not contain U+0000 NULL, then set the last event ID buffer to the
            # field value. Otherwise, ignore the field."
            if "\0" not in value:
                last_event_id = value
        elif name == "retry":
            # "If the field value consists of only ASCII digits, then interpret the field value as an
            # integer in base ten, and set the event stream's reconnection time to that integer."
            if value != "" and all("0" <= character <= "9" for character in value):
                number = 0
                for character in value:
                    number = number * 10 + "0123456789".index(character)
                block_retry = reading.retry = number
        else:
            # "Otherwise: The field is ignored."
            reading.ignored.append((name, value))
    return reading


def raw_value(line: list[int]) -> list[int]:
    """A field's value in bytes: what follows the first colon, and the one space after it."""
    if ord(":") not in line:
        return []
    value = line[line.index(ord(":")) + 1 :]
    return value[1:] if value[:1] == [ord(" ")] else value
