"""Rules about the responses of Gemini's generateContent."""

from __future__ import annotations

from ._rule import Rule

_GEMINI = "Gemini API reference: GenerateContentResponse"

GEMINI_RULES = (
    Rule(
        "GEMI001",
        "not_a_chunk",
        "warning",
        "a JSON object has none of a response's fields",
        "Programs that read candidates[0] of each event raise.",
        _GEMINI,
    ),
    Rule(
        "GEMI002",
        "early_finish",
        "note",
        "a candidate went on after a finish reason",
        "Programs that stop at the first finish reason lose the rest of the answer.",
        _GEMINI,
        is_forbidden=False,
    ),
    Rule(
        "GEMI003",
        "text_contradicts",
        "warning",
        "arguments that were sent again do not go on with what came",
        "Clients differ in which of the two they keep.",
        _GEMINI,
    ),
    Rule(
        "GEMI004",
        "odd_type",
        "warning",
        "a field holds a value of another type than its own",
        "Clients with strict models refuse the event.",
        _GEMINI,
    ),
    Rule(
        "GEMI005",
        "missing_usage",
        "note",
        "no event has usageMetadata",
        "What the request cost is not known.",
        _GEMINI,
        is_forbidden=False,
    ),
    Rule(
        "GEMI006",
        "unknown_finish_reason",
        "note",
        "a finish reason is none that the format has",
        "The google-genai SDK warns and passes the word on; clients with strict models refuse the event. A response "
        "that calls functions ends with STOP.",
        _GEMINI,
    ),
)
