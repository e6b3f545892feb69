"""The names in the OpenTelemetry GenAI semantic conventions, by version: one table of attributes, one of metrics.

Up to 1.41 they are part of OpenTelemetry's semantic conventions (`open-telemetry/semantic-conventions`). Then they moved
to a repository of their own (`open-telemetry/semantic-conventions-genai`), whose first release is 0.1.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Final, Literal, NamedTuple, TypeAlias, TypeVar, get_args

Convention: TypeAlias = Literal["1.26", "1.27", "1.37", "1.40", "1.41", "genai-0.1"]
"""A version of the GenAI semantic conventions. Only versions that changed a name are listed; each holds until the next:

- `1.26`: `gen_ai.system` and `gen_ai.usage.prompt_tokens`; no metrics.
- `1.27`: up to 1.36; `gen_ai.usage.input_tokens`, metrics of duration and token usage.
- `1.37`: up to 1.39; `gen_ai.provider.name`.
- `1.40`: cached tokens.
- `1.41`: reasoning tokens, metrics of streaming.
- `genai-0.1`: the first release from the GenAI conventions' own repository; `gen_ai.client.inference.*`.
"""

DEFAULT: Final = "1.41"
"""The last version that was released with OpenTelemetry's other conventions, which most backends know."""

V = TypeVar("V")

_VERSIONS: tuple[Convention, ...] = get_args(Convention)

# The name of each attribute, by the version that introduced the name.
_ATTRIBUTES: dict[str, dict[Convention, str]] = {
    "operation": {"1.27": "gen_ai.operation.name"},
    "provider": {"1.26": "gen_ai.system", "1.37": "gen_ai.provider.name"},
    "request_model": {"1.26": "gen_ai.request.model"},
    "request_stream": {"1.41": "gen_ai.request.stream"},
    "server_address": {"1.27": "server.address"},
    "server_port": {"1.27": "server.port"},
    "response_id": {"1.26": "gen_ai.response.id"},
    "response_model": {"1.26": "gen_ai.response.model"},
    "finish_reasons": {"1.26": "gen_ai.response.finish_reasons"},
    "time_to_first_chunk": {"1.41": "gen_ai.response.time_to_first_chunk"},
    "input_tokens": {"1.26": "gen_ai.usage.prompt_tokens", "1.27": "gen_ai.usage.input_tokens"},
    "output_tokens": {"1.26": "gen_ai.usage.completion_tokens", "1.27": "gen_ai.usage.output_tokens"},
    "cache_read_tokens": {"1.40": "gen_ai.usage.cache_read.input_tokens"},
    "cache_write_tokens": {
        "1.40": "gen_ai.usage.cache_creation.input_tokens",
        "genai-0.1": "gen_ai.usage.cache_write.input_tokens",
    },
    "reasoning_tokens": {"1.41": "gen_ai.usage.reasoning.output_tokens"},
    "input_text_tokens": {"genai-0.1": "gen_ai.usage.text.input_tokens"},
    "input_image_tokens": {"genai-0.1": "gen_ai.usage.image.input_tokens"},
    "input_audio_tokens": {"genai-0.1": "gen_ai.usage.audio.input_tokens"},
    "output_text_tokens": {"genai-0.1": "gen_ai.usage.text.output_tokens"},
    "output_audio_tokens": {"genai-0.1": "gen_ai.usage.audio.output_tokens"},
    "token_type": {"1.27": "gen_ai.token.type"},
    "token_modality": {"genai-0.1": "gen_ai.token.modality"},
    # No GenAI names: the first is common to all of OpenTelemetry, the second is this library's own.
    "error_type": {"1.26": "error.type"},
    "ending": {"1.26": "sse_stream.ending"},
}

SECONDS = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
TOKENS = (1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864)


class Metric(NamedTuple):
    """One instrument.

    Attributes:
        name: Its name.
        unit: Its unit, as a UCUM code.
        description: What it measures.
        boundaries: The bucket boundaries of a histogram, as the conventions advise; `None` for a counter.
    """

    name: str
    unit: str
    description: str
    boundaries: tuple[float, ...] | None


def _seconds(name: str, description: str) -> Metric:
    return Metric(name, "s", description, SECONDS)


def _tokens(name: str, description: str) -> Metric:
    return Metric(name, "{token}", description, TOKENS)


def _counter(kind: str, description: str) -> Metric:
    return Metric(f"gen_ai.client.inference.usage.{kind}", "{token}", description, None)


_FIRST = "Time from the request to the first chunk of the response."
_EACH = "Time between two chunks of the response."

# The metrics, likewise; `None` if a version dropped one.
_METRICS: dict[str, dict[Convention, Metric | None]] = {
    "duration": {
        "1.27": _seconds("gen_ai.client.operation.duration", "Duration of the operation."),
        "genai-0.1": _seconds("gen_ai.client.inference.duration", "Duration of the operation."),
    },
    "time_to_first_chunk": {
        "1.41": _seconds("gen_ai.client.operation.time_to_first_chunk", _FIRST),
        "genai-0.1": _seconds("gen_ai.client.inference.time_to_first_chunk", _FIRST),
    },
    "time_per_output_chunk": {
        "1.41": _seconds("gen_ai.client.operation.time_per_output_chunk", _EACH),
        "genai-0.1": _seconds("gen_ai.client.inference.time_per_output_chunk", _EACH),
    },
    "token_usage": {
        "1.27": _tokens("gen_ai.client.token.usage", "Input and output tokens of the operation."),
        "genai-0.1": None,
    },
    "input_distribution": {
        "genai-0.1": _tokens("gen_ai.client.inference.operation.input_tokens", "Input tokens of the operation.")
    },
    "output_distribution": {
        "genai-0.1": _tokens("gen_ai.client.inference.operation.output_tokens", "Output tokens of the operation.")
    },
    "input_usage": {"genai-0.1": _counter("input_tokens", "Input tokens, cached ones included.")},
    "output_usage": {"genai-0.1": _counter("output_tokens", "Output tokens, reasoning included.")},
    "cache_read_usage": {"genai-0.1": _counter("cache_read.input_tokens", "Input tokens read from a cache.")},
    "cache_write_usage": {"genai-0.1": _counter("cache_write.input_tokens", "Input tokens written to a cache.")},
    "reasoning_usage": {"genai-0.1": _counter("reasoning.output_tokens", "Output tokens of reasoning.")},
}

# What to report, once the stream is over, for a choice without a finish reason.
_MISSING_REASON: dict[Convention, str] = {"genai-0.1": "error"}


@cache
def names(convention: Convention) -> Mapping[str, str]:
    """The names of the attributes in a version; those that it does not have are absent.

    Raises:
        ValueError: The version is not known.
    """
    return _as_of(convention, _ATTRIBUTES)


@cache
def metrics(convention: Convention) -> Mapping[str, Metric]:
    """The metrics of a version."""
    return {key: metric for key, metric in _as_of(convention, _METRICS).items() if metric is not None}


def missing_reason(convention: Convention) -> str | None:
    """What to report for a choice without a finish reason; `None` for nothing."""
    return _MISSING_REASON.get(convention)


def schema_url(convention: Convention) -> str | None:
    """The URL of a version's schema; `None` if none is published."""
    return None if convention.startswith("genai") else f"https://opentelemetry.io/schemas/{convention}.0"


def _as_of(convention: Convention, table: Mapping[str, Mapping[Convention, V]]) -> dict[str, V]:
    """The entry of each row that holds in a version."""
    if convention not in _VERSIONS:
        raise ValueError(
            f"convention is one of {', '.join(map(repr, _VERSIONS))}, not {convention!r}; each holds until the next"
        )
    known = _VERSIONS[: _VERSIONS.index(convention) + 1]
    found = {}
    for key, row in table.items():
        for version in known:
            if version in row:
                found[key] = row[version]
    return found
