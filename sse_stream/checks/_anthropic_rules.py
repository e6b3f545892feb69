"""Rules about the events of Anthropic's Messages."""

from __future__ import annotations

from ._rule import Rule

_ANTHROPIC = "Anthropic API documentation, Streaming messages: event types"

ANTHROPIC_RULES = (
    Rule(
        "ANTH001",
        "missing_event_name",
        "warning",
        "an event has no name",
        "The anthropic SDK passes over events without a name: nothing of the answer is delivered.",
        _ANTHROPIC,
    ),
    Rule(
        "ANTH002",
        "wrong_event_name",
        "warning",
        "an event's name differs from the type in its data",
        "Clients that listen by name, such as browsers' EventSource, miss the event; the anthropic SDK goes by the type.",
        _ANTHROPIC,
    ),
    Rule(
        "ANTH003",
        "missing_message_start",
        "warning",
        "the stream does not begin with message_start",
        "The anthropic SDK's stream() fails an assertion.",
        _ANTHROPIC,
    ),
    Rule(
        "ANTH004",
        "start_repeated",
        "warning",
        "message_start or content_block_start came again",
        "The anthropic SDK adds an empty block to the message.",
        _ANTHROPIC,
    ),
    Rule(
        "ANTH005",
        "unannounced_part",
        "error",
        "a delta or a stop came for a block that had not begun",
        "The anthropic SDK's stream() raises IndexError.",
        _ANTHROPIC,
    ),
    Rule(
        "ANTH006",
        "unclosed_part",
        "warning",
        "a block was never closed",
        "Clients that act on content_block_stop never run the tool, or never show the block.",
        _ANTHROPIC,
    ),
    Rule(
        "ANTH007",
        "index_gap",
        "error",
        "the index of a block does not follow that of the one before",
        "The anthropic SDK's stream() finds blocks by their index in a list: it raises IndexError, or adds the text to "
        "another block.",
        _ANTHROPIC,
    ),
    Rule(
        "ANTH008",
        "missing_index",
        "error",
        "an event of a block has no index",
        "The anthropic SDK's stream() raises TypeError.",
        _ANTHROPIC,
    ),
    Rule(
        "ANTH009",
        "missing_usage",
        "warning",
        "message_start or message_delta has no usage",
        "The anthropic SDK's stream() raises AttributeError at message_delta.",
        _ANTHROPIC,
    ),
    Rule(
        "ANTH010",
        "unknown_event",
        "note",
        "an event has a type that is not known here",
        "New types are allowed at any time; clients that do not ignore unknown ones raise.",
        _ANTHROPIC,
        is_forbidden=False,
    ),
    Rule(
        "ANTH011",
        "unknown_delta",
        "note",
        "a delta has a type that is not known here, or that its block does not take",
        "Its block cannot be sent back as it was: clients drop what they do not know.",
        _ANTHROPIC,
        is_forbidden=False,
    ),
    Rule(
        "ANTH012",
        "odd_type",
        "warning",
        "a field holds a value of another type than its own",
        "Clients with strict models refuse the event; the anthropic SDK passes the wrong type on.",
        _ANTHROPIC,
    ),
    Rule(
        "ANTH013",
        "message_repeated",
        "warning",
        "a whole message came after its events",
        "Clients pass it over, or show the answer twice.",
        _ANTHROPIC,
    ),
    Rule(
        "ANTH014",
        "unknown_finish_reason",
        "note",
        "a stop reason is none that the format has",
        "Agents that branch on it neither go on nor stop; clients with strict models refuse the event.",
        _ANTHROPIC,
    ),
    Rule(
        "ANTH015",
        "missing_type",
        "error",
        "the data of an event does not say its type",
        "The anthropic SDK goes by the type in the data: its stream() raises AssertionError.",
        _ANTHROPIC,
    ),
)
