"""A desk in Medan, on each database in turn."""

from pathlib import Path

import pytest

from silog_scan.store.db import Database
from tests.desk import Desk


@pytest.fixture
def desk(database: Database, tmp_path: Path) -> Desk:
    return Desk(database.writing, tmp_path / "files")
