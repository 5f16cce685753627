"""Sentences for people, and refusals that carry one."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from silog_scan.core.visible import isolated


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence in English with named holes, translated only where it is shown.

    ``template`` is a gettext message id with ``%(name)s`` holes; ``values`` fill them after the
    translation, so that a sentence can be made anywhere without knowing the reader's language.
    """

    template: str
    values: dict[str, object] = field(default_factory=dict)

    def in_words(self, translate: Callable[[str], str] = str) -> str:
        """Return the filled sentence, its template translated by ``translate``."""
        return translate(self.template) % {
            name: value.in_words(translate) if isinstance(value, Sentence) else _seen(value)
            for name, value in self.values.items()
        }

    def as_json(self) -> dict[str, object]:
        """Return what JSON can hold of it, sentences within it too."""
        values = {
            name: value.as_json() if isinstance(value, Sentence) else value
            for name, value in self.values.items()
        }
        return {"say": self.template, "values": values}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> "Sentence":
        """Return the sentence again."""
        values = {
            name: cls.from_json(value) if isinstance(value, dict) else value
            for name, value in content["values"].items()
        }
        return cls(content["say"], values)

    def __str__(self) -> str:
        return self.in_words()


def _seen(value: object) -> object:
    """Return a value as people may see it: a stranger's text hides nothing and turns nothing."""
    return isolated(value) if isinstance(value, str) else value


def say(template: str, **values: object) -> Sentence:
    """Return a sentence; the translation catalogue collects every ``say("…")``."""
    return Sentence(template, values)


class Refused(Exception):
    """Something is not allowed or cannot be done: a stable code, and a sentence to act on."""

    def __init__(self, code: str, sentence: Sentence) -> None:
        """Keep the code for programs and the sentence for people."""
        super().__init__(code, sentence)
        self.code = code
        self.sentence = sentence

    def __str__(self) -> str:
        return str(self.sentence)


class NotFound(Refused):
    """What was named does not exist, or not for this reader."""


class NotYours(Refused):
    """It exists, but lies outside the place or role of who asks."""


class Conflict(Refused):
    """It would contradict what is already recorded."""


class Malformed(Refused):
    """The input itself is wrong."""


class TooMany(Refused):
    """It was tried too often; ``wait`` is the seconds after which it may be tried again."""

    def __init__(self, code: str, sentence: Sentence, *, wait: int) -> None:
        """Keep how long to wait."""
        super().__init__(code, sentence)
        self.wait = wait
