"""Every page is open to all: no tool finds a fault, hands meet every target, keys reach all."""

import re
from collections.abc import Callable
from functools import cache
from typing import Literal

import pytest
from babel.messages.pofile import read_po
from flask import Flask
from playwright.sync_api import Page

from silog_scan.web.context import Backend
from tests.browser.pages.conftest import DESKTOP, PHONE, Viewer
from tests.browser.pages.gallery import NO_PAGES, SCENES, cookie
from tests.test_translations import CATALOGUE, forms

HOLE, LETTERS = re.compile(r"%\(\w+\)\w"), re.compile(r"[^\W\d_]{2}")
ROUNDS = 2
"""A page may show more while it is gone through: what came late has its turn in the second."""
EVERYTHING, COLOURS = "{}", "{runOnly: ['color-contrast']}"


def faults(page: Page, theme: Literal["dark", "light"], rules: str) -> list[str]:
    """Return what axe finds amiss on the page in a theme, and where."""
    page.emulate_media(color_scheme=theme)
    found = page.evaluate(f"axe.run(document, {{resultTypes: ['violations'], ...{rules}}})")
    return [
        f"{theme} {fault['id']}: {' '.join(map(str, node['target']))} {node['failureSummary']}"
        for fault in found["violations"]
        for node in fault["nodes"]
    ]


def misfits(page: Page, size: tuple[int, int]) -> list[str]:
    """Return which targets are too small for a glove, and what is wider than the screen."""
    page.set_viewport_size({"width": size[0], "height": size[1]})
    return [f"{size[0]} px: {told}" for told in page.evaluate("[...small(), ...wide()]")]


def unreached(page: Page) -> list[str]:
    """Return what the Tab key does not reach, and what does not show that it is reached."""
    found, steps = [""], page.evaluate("begin()")
    for _ in range(ROUNDS):
        for _ in range(steps if found else 0):
            page.keyboard.press("Tab")
        found = page.evaluate("missed()")
    return found


@cache
def sentences(language: str) -> re.Pattern[str]:
    """Return what matches a whole text of the interface in a language."""
    with CATALOGUE.open("rb") as lines:
        messages = [(forms(m.id), forms(m.string)) for m in read_po(lines, locale="id") if m.id]
    texts = {text for message in messages for text in message[language == "id"]}
    parts = [[re.escape(part) for part in HOLE.split(text)] for text in texts]
    return re.compile("|".join(".+".join(part) for part in parts if LETTERS.search("".join(part))))


def foreign(texts: list[str], language: str) -> list[str]:
    """Return the texts of a page that the interface says in the other language only."""
    own, other = sentences(language), sentences("en" if language == "id" else "id")
    return [text for text in texts if other.fullmatch(text) and not own.fullmatch(text)]


def test_every_page_is_among_those_looked_at(app: Flask) -> None:
    fetched = {rule.endpoint for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ())}

    pages = {name for name in fetched if not name.startswith("api.")} - set(NO_PAGES)

    assert pages == {scene.endpoint for scene in SCENES.values()} - {"error"}


def test_titles_tell_pages_apart(app: Flask, backend: Backend) -> None:
    paths = {scene.path.partition("?")[0]: name for name, scene in SCENES.items() if not scene.act}

    titles = {path: title(app, backend, scene) for path, scene in paths.items()}

    assert len(set(titles.values())) == len(titles)


def title(app: Flask, backend: Backend, scene: str) -> str:
    visitor = app.test_client()
    visitor.set_cookie("silog", cookie(app, backend, scene, "en"))
    page = visitor.get(SCENES[scene].path).text
    return page.partition("<title>")[2].partition("</title>")[0]


@pytest.mark.parametrize("language", ["id", "en"])
@pytest.mark.parametrize("scene", SCENES)
def test_a_page_is_open_to_all(viewer: Viewer, scene: str, language: str) -> None:
    page = viewer.open(scene, language)

    found = {
        "not reached by keys": unreached(page),
        "wide": [*faults(page, "light", EVERYTHING), *faults(page, "dark", COLOURS)],
        "targets": [*misfits(page, DESKTOP), *misfits(page, PHONE)],
        "narrow": faults(page, "dark", EVERYTHING) if language == "id" else [],
        "in the other language": foreign(page.evaluate("said()"), language),
        "asked elsewhere": viewer.strayed,
        "against its own policy": viewer.complaints,
    }

    assert {aspect: told for aspect, told in found.items() if told} == {}


@pytest.mark.parametrize(
    ("spoil", "look", "found"),
    [
        ("h1.style.color = '#ddd'", lambda page: faults(page, "light", COLOURS), "contrast"),
        ("h1.remove()", lambda page: faults(page, "light", EVERYTHING), "heading-one"),
        ("a.style.minHeight = 0", lambda page: misfits(page, PHONE), "44"),
        ("h1.style.width = '400px'", lambda page: misfits(page, PHONE), "wider"),
        ("h1.textContent = 'Stock'", lambda page: foreign(page.evaluate("said()"), "id"), "Stock"),
        ("a.tabIndex = -1", unreached, "not reached"),
        ("a.style.setProperty('outline', '0', 'important')", unreached, "no sign"),
    ],
)
def test_the_look_finds_what_is_amiss(
    viewer: Viewer, spoil: str, look: Callable[[Page], list[str]], found: str
) -> None:
    page = viewer.open("no page")

    page.evaluate(f"const h1 = find('h1'), a = find('main a'); {spoil}")

    assert found in " ".join(look(page))
