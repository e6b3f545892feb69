"""The instruments, and what is recorded with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

from opentelemetry.metrics import Counter, Histogram, Meter, get_meter
from opentelemetry.trace import Tracer, get_tracer

from .._version import __version__
from ._attributes import Facts, Value, named
from ._conventions import Convention, Metric, metrics, names, schema_url

_SCOPE = "sse_stream"

# The attributes of every metric.
_DIMENSIONS = ("operation", "provider", "request_model", "response_model", "server_address", "server_port")

# Which count each token metric records, and the counts by modality that are parts of it.
_DISTRIBUTIONS = {"input_distribution": "input_tokens", "output_distribution": "output_tokens"}
_USAGE: dict[str, tuple[str, dict[str, str]]] = {
    "input_usage": (
        "input_tokens",
        {"text": "input_text_tokens", "image": "input_image_tokens", "audio": "input_audio_tokens"},
    ),
    "output_usage": ("output_tokens", {"text": "output_text_tokens", "audio": "output_audio_tokens"}),
    "cache_read_usage": ("cache_read_tokens", {}),
    "cache_write_usage": ("cache_write_tokens", {}),
    "reasoning_usage": ("reasoning_tokens", {}),
}


# Cached, because until an SDK is set up, the API keeps every meter that it returns.
@lru_cache
def default_tracer(convention: Convention) -> Tracer:
    """A tracer of the global provider, even if that is set later."""
    return get_tracer(_SCOPE, __version__, schema_url=schema_url(convention))


@lru_cache
def default_meter(convention: Convention) -> Meter:
    """A meter of the global provider, even if that is set later."""
    return get_meter(_SCOPE, __version__, schema_url=schema_url(convention))


@lru_cache
def instruments(meter: Meter, convention: Convention) -> Instruments:
    """The instruments of a meter, created once."""
    return Instruments(meter, convention)


class Instruments:
    """The instruments of one version of the conventions.

    Args:
        meter: Creates them.
        convention: The version.
    """

    def __init__(self, meter: Meter, convention: Convention) -> None:
        self._convention: Convention = convention
        self._histograms: dict[str, Histogram] = {}
        self._counters: dict[str, Counter] = {}
        for key, metric in metrics(convention).items():
            if metric.boundaries is None:
                self._counters[key] = meter.create_counter(metric.name, metric.unit, metric.description)
            else:
                self._histograms[key] = _histogram(meter, metric)

    def record(self, facts: Facts, measured: Mapping[str, Sequence[float]]) -> None:
        """Record one operation.

        Args:
            facts: What is known of it.
            measured: Times in seconds, by metric.
        """
        dimensions = named({key: facts.get(key) for key in _DIMENSIONS}, self._convention)
        failed = dimensions | named({"error_type": facts.get("error_type")}, self._convention)
        for key, values in measured.items():
            for value in values:
                self._observe(key, value, failed if key == "duration" else dimensions)
        self._observe("time_to_first_chunk", facts.get("time_to_first_chunk"), dimensions)
        for key, count in _DISTRIBUTIONS.items():
            self._observe(key, facts.get(count), failed)
        if "token_usage" in self._histograms:
            for kind in ("input", "output"):
                self._observe("token_usage", facts.get(f"{kind}_tokens"), dimensions | self._name("token_type", kind))
        for key, counter in self._counters.items():
            total, parts = _USAGE[key]
            for modality, part in _by_modality(facts, total, parts).items():
                counter.add(part, dimensions | self._name("token_modality", modality))

    def _observe(self, key: str, value: Value | None, attributes: Mapping[str, Value]) -> None:
        if key in self._histograms and isinstance(value, (int, float)):
            self._histograms[key].record(value, attributes)

    def _name(self, key: str, value: str) -> dict[str, Value]:
        return {names(self._convention)[key]: value}


def _histogram(meter: Meter, metric: Metric) -> Histogram:
    return meter.create_histogram(
        metric.name, metric.unit, metric.description, explicit_bucket_boundaries_advisory=metric.boundaries
    )


def _by_modality(facts: Facts, total: str, parts: Mapping[str, str]) -> dict[str, int]:
    """A total by modality. The rest is `unknown`; so is all of it if the parts add up to more."""
    whole = facts.get(total)
    if not isinstance(whole, int):
        return {}
    counts = {modality: count for modality, key in parts.items() if isinstance(count := facts.get(key), int) and count}
    rest = whole - sum(counts.values())
    if rest < 0:
        return {"unknown": whole}
    return counts | {"unknown": rest} if rest or not counts else counts
