"""Usage and log probabilities, as chunks, events and completions have them."""

from __future__ import annotations

from typing import Self

from ._model import NOTHING, Report


class TopLogprob(Report, frozen=True):
    """One of the most likely tokens at a position.

    Attributes:
        token: The token as text.
        logprob: The natural logarithm of its probability.
        bytes: The token's UTF-8 bytes.
        extra: Fields that are not in the model.
    """

    token: str = ""
    logprob: float | None = None
    bytes: list[int] | None = None


class TokenLogprob(Report, frozen=True):
    """The chosen token at a position, with its alternatives.

    Attributes:
        token: The token as text.
        logprob: The natural logarithm of its probability.
        bytes: The token's UTF-8 bytes.
        top_logprobs: The most likely tokens at this position.
        extra: Fields that are not in the model.
    """

    token: str = ""
    logprob: float | None = None
    bytes: list[int] | None = None
    top_logprobs: list[TopLogprob] | None = None


class ChoiceLogprobs(Report, frozen=True):
    """The log probabilities of a choice, or of a piece of it.

    Attributes:
        content: One item per token of the text.
        refusal: One item per token of the refusal.
        extra: Fields that are not in the model.
    """

    content: list[TokenLogprob] | None = None
    refusal: list[TokenLogprob] | None = None


class PromptTokensDetails(Report, frozen=True):
    """A breakdown of the prompt tokens.

    Attributes:
        audio_tokens: Audio tokens.
        cache_write_tokens: Tokens written to the provider's cache.
        cached_tokens: Tokens read from the provider's cache.
        image_tokens: Image tokens.
        text_tokens: Text tokens.
        extra: Fields that are not in the model.
    """

    audio_tokens: int | None = None
    cache_write_tokens: int | None = None
    cached_tokens: int | None = None
    image_tokens: int | None = None
    text_tokens: int | None = None


class CompletionTokensDetails(Report, frozen=True):
    """A breakdown of the completion tokens.

    Attributes:
        accepted_prediction_tokens: Predicted tokens that appeared in the completion.
        audio_tokens: Audio tokens.
        reasoning_tokens: Reasoning tokens.
        rejected_prediction_tokens: Predicted tokens that did not appear.
        text_tokens: Text tokens.
        extra: Fields that are not in the model.
    """

    accepted_prediction_tokens: int | None = None
    audio_tokens: int | None = None
    reasoning_tokens: int | None = None
    rejected_prediction_tokens: int | None = None
    text_tokens: int | None = None


class Usage(Report, frozen=True):
    """The token usage of the request, as the provider counts it.

    Attributes:
        prompt_tokens: Input tokens.
        completion_tokens: Output tokens.
        total_tokens: The provider's total, which may differ from the sum.
        prompt_tokens_details: A breakdown of the prompt tokens.
        completion_tokens_details: A breakdown of the completion tokens.
        extra: Fields that are not in the model: costs, times, the cache counters of some providers.
    """

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    total_tokens: int | None = None
    prompt_tokens_details: PromptTokensDetails | None = None
    completion_tokens_details: CompletionTokensDetails | None = None

    def copied(self) -> Self:
        """Return equal usage that shares no mutable object with this one."""
        prompt, completion = self.prompt_tokens_details, self.completion_tokens_details
        # Measured as "usage in each chunk": most reports have only counts, which are immutable.
        if (
            self.extra is NOTHING
            and (prompt is None or prompt.extra is NOTHING)
            and (completion is None or completion.extra is NOTHING)
        ):
            return self
        return super().copied()
