"""What a chunk reports beside its pieces: usage and log probabilities. Events and completions hold them too."""

from __future__ import annotations

from typing import Self

from ._model import NOTHING, Report


class TopLogprob(Report, frozen=True):
    """One of the most likely tokens at a position.

    Attributes:
        token: The token as text.
        logprob: The natural logarithm of its probability.
        bytes: The token's UTF-8 bytes.
        extra: What the model does not name.
    """

    token: str = ""
    logprob: float | None = None
    bytes: list[int] | None = None


class TokenLogprob(Report, frozen=True):
    """The chosen token at a position, with the ones that it was chosen from.

    Attributes:
        token: The token as text.
        logprob: The natural logarithm of its probability.
        bytes: The token's UTF-8 bytes.
        top_logprobs: The most likely tokens at this position.
        extra: What the model does not name.
    """

    token: str = ""
    logprob: float | None = None
    bytes: list[int] | None = None
    top_logprobs: list[TopLogprob] | None = None


class ChoiceLogprobs(Report, frozen=True):
    """Log probabilities of a piece of a choice.

    Attributes:
        content: One item a token of the text.
        refusal: One item a token of the refusal.
        extra: What the model does not name.
    """

    content: list[TokenLogprob] | None = None
    refusal: list[TokenLogprob] | None = None


class PromptTokensDetails(Report, frozen=True):
    """What the prompt's tokens were.

    Attributes:
        audio_tokens: Tokens of sound.
        cache_write_tokens: Tokens that were written to the provider's cache.
        cached_tokens: Tokens that were found in the provider's cache.
        image_tokens: Tokens of pictures.
        text_tokens: Tokens of text.
        extra: What the model does not name.
    """

    audio_tokens: int | None = None
    cache_write_tokens: int | None = None
    cached_tokens: int | None = None
    image_tokens: int | None = None
    text_tokens: int | None = None


class CompletionTokensDetails(Report, frozen=True):
    """What the completion's tokens were.

    Attributes:
        accepted_prediction_tokens: Predicted tokens that appeared in the completion.
        audio_tokens: Tokens of sound.
        reasoning_tokens: Tokens of reasoning.
        rejected_prediction_tokens: Predicted tokens that did not appear.
        text_tokens: Tokens of text.
        extra: What the model does not name.
    """

    accepted_prediction_tokens: int | None = None
    audio_tokens: int | None = None
    reasoning_tokens: int | None = None
    rejected_prediction_tokens: int | None = None
    text_tokens: int | None = None


class Usage(Report, frozen=True):
    """What the request cost, in tokens, as the provider counts them.

    Attributes:
        prompt_tokens: Tokens that went in.
        completion_tokens: Tokens that came out.
        total_tokens: The provider's total; it need not be the sum.
        prompt_tokens_details: What the prompt's tokens were.
        completion_tokens_details: What the completion's tokens were.
        extra: What the model does not name: costs, times, the cache counters of some providers.
    """

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    total_tokens: int | None = None
    prompt_tokens_details: PromptTokensDetails | None = None
    completion_tokens_details: CompletionTokensDetails | None = None

    def copied(self) -> Self:
        """Usage that says the same and shares nothing with this that can be changed."""
        prompt, completion = self.prompt_tokens_details, self.completion_tokens_details
        # Measured as "usage on each chunk": most report counts and nothing else, which nobody can change.
        if (
            self.extra is NOTHING
            and (prompt is None or prompt.extra is NOTHING)
            and (completion is None or completion.extra is NOTHING)
        ):
            return self
        return super().copied()
