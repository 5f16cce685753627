"""What one set of expected labels of one size answers to a picture."""

from __future__ import annotations

from dataclasses import dataclass

from silog_scan.vision.expected.evidence import Evidence


@dataclass(frozen=True, slots=True)
class Answer:
    """The best expected text, whether the rule accepts it, and why."""

    text: str
    is_accepted: bool
    evidence: Evidence
