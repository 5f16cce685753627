"""What browsers keep of the pages' files, and how many bytes they fetch."""

import gzip
from pathlib import Path

import pytest
from flask import Flask, url_for
from flask.testing import FlaskClient

from silog_scan.web.assets import options

ZIPPED = {"Accept-Encoding": "gzip, br"}


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def address(app: Flask, name: str) -> str:
    with app.test_request_context():
        return url_for("static", filename=name)


@pytest.mark.parametrize("name", ["js/station.js", "css/silog.css", "vendor/zxing_reader.wasm"])
def test_a_file_comes_gzipped_to_who_can_read_that(
    app: Flask, client: FlaskClient, name: str
) -> None:
    plain = client.get(address(app, name)).data

    answer = client.get(address(app, name), headers=ZIPPED)

    assert answer.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(answer.data) == plain
    assert len(answer.data) < len(plain) / 2


def test_a_file_is_kept_for_a_year_and_not_asked_for_again(app: Flask, client: FlaskClient) -> None:
    kept = client.get(address(app, "js/station.js"), headers=ZIPPED).headers["Cache-Control"]

    assert {"max-age=31536000", "immutable"} <= set(kept.split(", "))


def test_a_gzipped_file_that_is_known_is_not_sent_again(app: Flask, client: FlaskClient) -> None:
    first = client.get(address(app, "js/station.js"), headers=ZIPPED)

    again = client.get(
        address(app, "js/station.js"), headers=ZIPPED | {"If-None-Match": first.headers["ETag"]}
    )

    assert (again.status_code, again.data) == (304, b"")


def test_a_changed_file_has_another_address(tmp_path: Path) -> None:
    (tmp_path / "a.js").write_text("1")
    before = options(tmp_path)["static_url_path"]

    (tmp_path / "a.js").write_text("2")

    assert options(tmp_path)["static_url_path"] != before


def test_a_page_is_neither_gzipped_nor_kept(client: FlaskClient) -> None:
    answer = client.get("/sign-in", headers=ZIPPED)

    assert "Content-Encoding" not in answer.headers
    assert answer.headers["Cache-Control"] == "no-store"
