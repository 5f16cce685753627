"""What rides in a wheel, and what is pinned; nothing here builds or fetches."""

import hashlib
import importlib.util
import re
import tomllib
from pathlib import Path
from types import ModuleType

import pytest
from hatchling.builders.wheel import WheelBuilder

ROOT = Path(__file__).parent.parent
VENDOR = ROOT / "silog_scan" / "web" / "static" / "vendor"
LOCKS = ("requirements.lock", "requirements-dev.lock")


@pytest.fixture(scope="module")
def in_the_wheel() -> set[str]:
    files = WheelBuilder(str(ROOT)).recurse_included_files()
    return {str(file.distribution_path).replace("\\", "/") for file in files}


@pytest.fixture(scope="module")
def hook() -> ModuleType:
    spec = importlib.util.spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def pins(lock: str) -> set[str]:
    text = (ROOT / lock).read_text()
    return set(re.findall(r"^([\w.\[\]-]+==[^ ;]+)", text, re.MULTILINE))


def files_below(folder: str) -> set[str]:
    every = (path for path in (ROOT / folder).rglob("*") if path.is_file())
    found = (path for path in every if "__pycache__" not in path.parts)
    return {f"silog_scan/{path.relative_to(ROOT).as_posix()}" for path in found}


@pytest.mark.parametrize("folder", ["templates", "fixtures"])
def test_what_lies_beside_the_package_rides_inside_it(in_the_wheel: set[str], folder: str) -> None:
    expected = files_below(folder)

    assert expected
    assert expected <= in_the_wheel


def test_every_vendored_file_and_catalogue_rides_in_the_wheel(
    in_the_wheel: set[str], hook: ModuleType
) -> None:
    vendored = {f"silog_scan/web/static/vendor/{name}" for name in hook.VENDORED.values()}
    catalogues = {
        path.relative_to(ROOT).with_suffix(".mo").as_posix()
        for path in (ROOT / "silog_scan" / "translations").rglob("*.po")
    }

    assert vendored | catalogues <= in_the_wheel


def test_the_wasm_is_the_one_its_script_was_built_with() -> None:
    digest = hashlib.sha256((VENDOR / "zxing_reader.wasm").read_bytes()).hexdigest()

    assert digest in (VENDOR / "zxing-reader.js").read_text()


def test_every_vendored_package_brings_its_licence(hook: ModuleType) -> None:
    packages = {re.split(r"/dist/|/LICENSE", source)[0] for source in hook.VENDORED}
    licensed = {source.split("/LICENSE")[0] for source in hook.VENDORED if "/LICENSE" in source}

    assert packages == licensed


@pytest.mark.parametrize("lock", [*LOCKS, "package-lock.json"])
def test_a_lock_names_no_registry(lock: str) -> None:
    text = (ROOT / lock).read_text()

    assert '"resolved"' not in text
    assert not re.findall(r"--(?:extra-)?index-url|--find-links|@ \w+://", text)


def test_every_dependency_is_pinned() -> None:
    named = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

    asked = {re.split(r"[^\w.-]", name)[0] for name in named["dependencies"]}

    assert asked <= {pin.split("==")[0] for pin in pins("requirements.lock")}


def test_the_station_runs_on_the_versions_that_were_tested() -> None:
    run, dev = (pins(lock) for lock in LOCKS)

    assert run
    assert run <= dev
