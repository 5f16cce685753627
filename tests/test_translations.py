"""The Indonesian catalogue says all that code and templates say, and no page says anything else."""

import re
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.pofile import read_po
from jinja2 import Environment, nodes

from silog_scan import language

ROOT = Path(__file__).parents[1]
CATALOGUE = language.TRANSLATIONS / "id" / "LC_MESSAGES" / "messages.po"
METHODS = [("**.py", "python"), ("**.html", "jinja2")]
LOUD = {"**.html": {"silent": "false"}}
"""Else a template that cannot be parsed would have no messages at all."""

TRANSLATING = {"_", "gettext", "ngettext"}
SPOKEN = {"alt", "aria-description", "aria-label", "data-label", "label", "placeholder", "title"}
KEYS = {f"F{number}" for number in range(1, 13)}
THE_SAME = {"silog-scan", "CSV", "XLSX", "EN", "English", "ID", "Bahasa", "Indonesia"} | KEYS
"""Words that are the same in both languages: names, keys, and each language in its own words."""
HOLE = re.compile(r"%\((\w+)\)\w")
WORD = re.compile(r"[^\W\d_][\w-]*")
PHRASE = re.compile(r"[A-Z][a-z]+|[A-Za-z]+(?:[,.;:]? [A-Za-z]+)+[.:]?")
"""A constant that reads like something for people, not like a code, a class or a path."""
SENTENCE = re.compile(r"[A-Za-z]+(?: [A-Za-z]+)+[.:]?")
QUOTED = re.compile(r"\"[^\"\n]*\"|'[^'\n]*'|`[^`]*`")
COMMENT = re.compile(r"/\*.*?\*/|(?<![:\\\"'`])//[^\n]*", re.DOTALL)

MessageId = str | tuple[str, ...]


@cache
def said() -> frozenset[MessageId]:
    """Return what code and templates say; no folder is passed over, whatever its name."""
    return frozenset(
        message
        for folder in (ROOT / "silog_scan", ROOT / "templates")
        for _, _, message, _, _ in extract_from_dir(
            folder,
            METHODS,
            LOUD,
            {**DEFAULT_KEYWORDS, "say": None},
            directory_filter=lambda _: True,
        )
    )


@cache
def catalogue() -> Catalog:
    with CATALOGUE.open("rb") as lines:
        return read_po(lines, locale="id")


def messages() -> list[Message]:
    """Return the catalogue's messages without its header, whose id is empty."""
    return [message for message in catalogue() if message.id]


def files(pattern: str) -> list[str]:
    """Return the names of files below the root of the repository."""
    return sorted(str(path.relative_to(ROOT)) for path in ROOT.glob(pattern))


def forms(text: str | tuple[str, ...] | list[str] | None) -> tuple[str, ...]:
    """Return a message's one form, or its singular and plural."""
    return (text,) if isinstance(text, str) else tuple(text or ("",))


def holes(text: str) -> list[str]:
    return sorted(HOLE.findall(text))


# Templates.


class Page(HTMLParser):
    """Collects the words of a page that people read or hear, and that are not the same anyway."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        spoken = [value for name, value in attrs if value and is_spoken(name, value)]
        self.handle_data(" ".join(spoken))

    def handle_data(self, data: str) -> None:
        self.words += [word for word in WORD.findall(data) if word not in THE_SAME]


def is_spoken(name: str, value: str) -> bool:
    """Say whether people read or hear an attribute, or a script may show it."""
    return name in SPOKEN or (name.startswith("data-") and " " in value)


def shown(node: nodes.Node) -> str:
    """Return what a template writes without a translation; what is computed is one character."""
    if isinstance(node, nodes.TemplateData):
        return node.data
    if isinstance(node, nodes.Const):
        return str(node.value)
    if isinstance(node, nodes.CondExpr):
        return " ".join(shown(part) for part in (node.expr1, node.expr2) if part)
    writes = isinstance(node, nodes.Output | nodes.Concat | nodes.Or)
    if isinstance(node, nodes.Expr) and not writes:
        return "\N{OBJECT REPLACEMENT CHARACTER}"
    parts = node.iter_child_nodes()  # of a statement the expressions are conditions and names
    return "".join(shown(part) for part in parts if writes or not isinstance(part, nodes.Expr))


def handed_on(node: nodes.Node, *, inside: bool = False) -> Iterator[str]:
    """Yield the strings a template gives to macros, or a name, without a translation."""
    if isinstance(node, nodes.Const) and isinstance(node.value, str) and inside:
        yield node.value.strip()
    called = node.node if isinstance(node, nodes.Call) else None
    if isinstance(called, nodes.Name) and called.name in TRANSLATING:
        return
    inside = inside or isinstance(node, nodes.Call | nodes.Assign)
    for child in node.iter_child_nodes():
        yield from handed_on(child, inside=inside)


def unmarked(path: Path) -> list[str]:
    """Return the words of a template that are not translated."""
    templates = Environment(autoescape=True, extensions=["jinja2.ext.i18n"])
    tree = templates.parse(path.read_text(encoding="utf-8"))
    page = Page()
    page.feed(" ".join(text for text in handed_on(tree) if PHRASE.fullmatch(text)))
    page.feed(shown(tree))
    return page.words


def phrases(path: Path) -> list[str]:
    """Return the strings of a script that read like something for people."""
    code = COMMENT.sub("", path.read_text(encoding="utf-8"))
    texts = [literal[1:-1].strip() for literal in QUOTED.findall(code)]
    return [text for text in texts if SENTENCE.fullmatch(text) and text != "use strict"]


# The rules.


def test_everything_said_has_an_indonesian_message() -> None:
    filled = {message.id for message in messages() if all(forms(message.string))}

    missing = said() - filled

    assert sorted(map(str, missing)) == []


def test_the_catalogue_keeps_no_message_that_nobody_says() -> None:
    kept = {message.id for message in messages()} | set(catalogue().obsolete)

    obsolete = kept - said()

    assert sorted(map(str, obsolete)) == []


def test_no_message_is_a_guess() -> None:
    guesses = [message.id for message in messages() if message.fuzzy]

    assert guesses == []


def test_both_plural_forms_are_filled() -> None:
    plural = [message for message in messages() if message.pluralizable]

    incomplete = [message.id for message in plural if not all(forms(message.string))]

    assert {len(forms(message.string)) for message in plural} == {2}
    assert incomplete == []


def test_a_message_and_its_translation_have_the_same_holes() -> None:
    differing = [
        message.id
        for message in messages()
        if list(map(holes, forms(message.id))) != list(map(holes, forms(message.string)))
    ]

    assert differing == []


def test_the_catalogue_is_sorted() -> None:
    ids = [forms(message.id) for message in messages()]

    assert ids == sorted(ids)


@pytest.mark.parametrize("name", files("templates/**/*.html"))
def test_a_template_says_nothing_but_translated_messages(name: str) -> None:
    assert unmarked(ROOT / name) == []


@pytest.mark.parametrize("name", files("silog_scan/web/static/js/*.js"))
def test_a_script_says_only_what_the_page_hands_it(name: str) -> None:
    assert phrases(ROOT / name) == []


@pytest.mark.parametrize(
    "source",
    [
        "<p>Hello</p>",
        "<p>{{ 'Hello' if late else _('Bye') }}</p>",
        '<img alt="A box">',
        '<p data-heard="Read at last"></p>',
        '<th data-label="{{ name }} here">',
        "{{ tag('ok', 'yes', 'All is well') }}",
        "{% if late %}<b>late</b>{% endif %}",
    ],
)
def test_the_check_of_templates_finds_text_that_is_not_marked(source: str, tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text(source)

    assert unmarked(path)


@pytest.mark.parametrize(
    "source",
    [
        "<title>{{ _('Hello %(name)s', name=user) }} · silog-scan</title>",
        "<p class=\"{{ 'good day' }}\"><kbd>F9</kbd> 1. {{ 12 }}</p>",
        "{{ icon('yes') }}{{ url_for('start.home') }}",
        "{% if task == 'dispatch' %}{{ ngettext('%(num)s box', '%(num)s boxes', n) }}{% endif %}",
    ],
)
def test_the_check_of_templates_lets_marked_text_and_codes_pass(
    source: str, tmp_path: Path
) -> None:
    path = tmp_path / "page.html"
    path.write_text(source)

    assert unmarked(path) == []
