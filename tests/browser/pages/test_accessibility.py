"""Every page is open to all: machines find no fault, hands meet every target, keys reach all."""

from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Page

from tests.browser.pages.conftest import DESKTOP, PHONE, Viewer
from tests.browser.pages.gallery import NO_PAGES, SCENES

AXE = Path(__file__).parents[3] / "node_modules" / "axe-core" / "axe.min.js"
RUN = "async () => (await axe.run(document, {resultTypes: ['violations']})).violations"

scenes = pytest.mark.parametrize("scene", SCENES)
languages = pytest.mark.parametrize("language", ["id", "en"])
sizes = pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])


def violations(page: Page, theme: Any) -> list[str]:
    """Return what axe finds amiss on the page in a theme, and where."""
    page.emulate_media(color_scheme=theme, reduced_motion="reduce")
    return [
        f"{theme} {found['id']}: {node['target']} {node.get('failureSummary', '')}"
        for found in page.evaluate(RUN)
        for node in found["nodes"]
    ]


def test_every_page_is_among_those_looked_at(app: Flask) -> None:
    fetched = {rule.endpoint for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ())}

    pages = {name for name in fetched if not name.startswith("api.")} - set(NO_PAGES)

    assert pages == {scene.endpoint for scene in SCENES.values()} - {"error"}


@languages
@scenes
def test_axe_finds_nothing(viewer: Viewer, scene: str, language: str) -> None:
    page = viewer.open(scene, language)
    page.evaluate(AXE.read_text(encoding="utf-8"))

    wide = violations(page, "light") + violations(page, "dark")
    page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    narrow = violations(page, "light") + violations(page, "dark")

    assert [*wide, *narrow] == []
