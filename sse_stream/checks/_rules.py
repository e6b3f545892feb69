"""All rules."""

from __future__ import annotations

from ._answer_rules import CALL_RULES, END_RULES, USE_RULES
from ._anthropic_rules import ANTHROPIC_RULES
from ._chat_rules import CHAT_RULES
from ._gemini_rules import GEMINI_RULES
from ._http_rules import HTTP_RULES, TIME_RULES
from ._responses_rules import RESPONSES_RULES
from ._rule import RuleSet
from ._sse_rules import JSON_RULES, SSE_RULES

RULES = RuleSet(
    (
        *HTTP_RULES,
        *TIME_RULES,
        *SSE_RULES,
        *JSON_RULES,
        *END_RULES,
        *CALL_RULES,
        *USE_RULES,
        *CHAT_RULES,
        *ANTHROPIC_RULES,
        *RESPONSES_RULES,
        *GEMINI_RULES,
    )
)
"""All rules, family by family."""
