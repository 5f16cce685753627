"""The bill of materials and the list of licences say what the locks say, no more and no less."""

import importlib.util
import json
import re
import subprocess
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from types import ModuleType
from typing import Any

import cyclonedx.schema
import jsonschema_rs
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
SCRIPT = ROOT / "scripts" / "materials.py"
PAGE = (ROOT / "docs" / "licences.md").read_text(encoding="utf-8")
RUN = (ROOT / "requirements.lock").read_text(encoding="utf-8")
DEV = (ROOT / "requirements-dev.lock").read_text(encoding="utf-8")
LOCKED = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))["packages"]
NPM = {path.removeprefix("node_modules/"): one for path, one in LOCKED.items() if path}
Json = dict[str, Any]
HASH = "--hash=sha256:" + "0" * 64


def script(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


materials = script(SCRIPT)


def pins(lock: str) -> set[tuple[str, str]]:
    return set(re.findall(r"^([\w.-]+)==([^\s;]+)", lock, re.MULTILINE))


def name_of(requirement: str) -> str:
    return Requirement(requirement).name


def schema(name: str) -> Json:
    folder = Path(str(cyclonedx.schema.__file__)).parent / "_res"
    shipped: Json = json.loads(
        (folder / f"{name}.SNAPSHOT.schema.json").read_text(encoding="utf-8")
    )
    return shipped


@pytest.fixture(scope="module")
def bom() -> Json:
    made: Json = json.loads(materials.sbom())
    return made


def by_scope(bom: Json, scope: str, registry: str) -> set[tuple[str, str]]:
    return {
        (f"{one['group']}/{one['name']}" if "group" in one else one["name"], one["version"])
        for one in bom["components"]
        if one["scope"] == scope and one["purl"].startswith(f"pkg:{registry}/")
    }


# The bill of materials.


def test_the_bill_of_materials_is_valid_cyclonedx(bom: Json) -> None:
    named = ("spdx", "jsf-0.82")
    resources = [
        (f"http://cyclonedx.org/schema/{name}.SNAPSHOT.schema.json", schema(name)) for name in named
    ]
    registry = jsonschema_rs.Registry(resources)
    validator = jsonschema_rs.Draft7Validator(schema("bom-1.6"), registry=registry)

    assert [error.message for error in validator.iter_errors(bom)] == []
    assert not validator.is_valid(bom | {"serialNumber": "none"})


def test_it_lists_the_packages_of_the_locks_and_no_others(bom: Json) -> None:
    optional = {pin for pin in pins(RUN) if pin[0].startswith("psycopg")}

    assert by_scope(bom, "required", "pypi") == pins(RUN) - optional
    assert by_scope(bom, "optional", "pypi") == optional
    assert by_scope(bom, "excluded", "pypi") == pins(DEV) - pins(RUN)
    assert len(bom["components"]) == len(pins(DEV)) + len(NPM)


def test_of_npm_only_what_is_shipped_is_for_running(bom: Json) -> None:
    hook = script(ROOT / "hatch_build.py")
    shipped = {re.split(r"/dist/|/LICENSE", source)[0] for source in hook.VENDORED}
    every = {(name, one["version"]) for name, one in NPM.items()}

    required = by_scope(bom, "required", "npm")

    assert {name for name, _ in required} == shipped
    assert required | by_scope(bom, "excluded", "npm") == every


def test_it_has_the_hashes_of_the_locks(bom: Json) -> None:
    told = [one["content"] for part in bom["components"] for one in part["hashes"]]
    python = [digest for digest in told if len(digest) == 64]

    assert sorted(python) == sorted(re.findall(r"--hash=sha256:(\w+)", DEV))
    assert len(told) - len(python) == len(NPM)
    assert {len(digest) for digest in told} == {64, 128}


def test_every_part_has_an_address_and_a_known_licence(bom: Json) -> None:
    odd = [
        part["purl"]
        for part in bom["components"]
        if not ({"id", "expression"} & set(part["licenses"][0].get("license", part["licenses"][0])))
    ]

    assert odd == []
    assert len({part["purl"] for part in bom["components"]}) == len(bom["components"])


def test_it_says_what_the_station_asks_for_itself(bom: Json) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (node,) = bom["dependencies"]

    asked = {ref.rpartition("/")[2].partition("@")[0] for ref in node["dependsOn"]}

    assert node["ref"] == bom["metadata"]["component"]["bom-ref"]
    assert node["ref"] == f"pkg:pypi/silog-scan@{project['version']}"
    assert asked == {"psycopg", *materials.SHIPPED, *map(name_of, project["dependencies"])}


def test_the_same_locks_make_the_same_bytes() -> None:
    code = f"import runpy; print(runpy.run_path({str(SCRIPT)!r})['sbom'](), end='')"

    again = subprocess.run(  # noqa: S603
        [sys.executable, "-c", code], check=True, capture_output=True, env={"PYTHONHASHSEED": "7"}
    )

    assert again.stdout.decode() == materials.sbom()
    assert b"timestamp" not in again.stdout


# The locks.


@pytest.mark.parametrize(
    "line",
    [
        "flask==3.1.3",
        f"flask>=3.1.3 {HASH}",
        f"flask {HASH}",
        "flask==3.1.3 --hash=md5:" + "0" * 32,
        f"flask==3.1.3 {HASH} --hash=md5:" + "0" * 32,
        "flask==3.1.3 --hash=sha256:" + "0" * 63,
        f"flask @ https://example.org/flask.whl {HASH}",
        "-e .",
        "--pre",
    ],
)
def test_a_line_without_pin_and_sha256_is_refused(line: str) -> None:
    with pytest.raises(SystemExit, match="no pinned, hashed package"):
        materials.python_pins(f"alembic==1.20.1 \\\n    {HASH}\n{line}\n")


@pytest.mark.parametrize("lock", [RUN, DEV], ids=["run", "dev"])
def test_every_line_of_a_lock_is_pinned_and_hashed(lock: str) -> None:
    pinned = materials.python_pins(lock)

    assert {(name, version) for name, version, _ in pinned} == pins(lock)
    assert sum(map(len, pinned.values())) == lock.count("--hash=")


def needs(name: str) -> set[str]:
    """Return what an installed package asks for on this machine, without its extras."""
    try:
        asked = [Requirement(text) for text in distribution(name).requires or []]
    except PackageNotFoundError:  # for another system
        return set()
    return {
        canonicalize_name(one.name)
        for one in asked
        if one.marker is None or one.marker.evaluate({"extra": ""})
    }


@pytest.mark.parametrize("lock", [RUN, DEV], ids=["run", "dev"])
def test_what_a_locked_package_needs_is_locked_too(lock: str) -> None:
    """Else ``pip install --require-hashes`` stops."""
    locked = {name for name, _ in pins(lock)}

    assert {needed for name in locked for needed in needs(name)} - locked == set()


# Licences.


def test_the_list_of_licences_is_the_newest() -> None:
    assert materials.licences() == PAGE, "Run: make sbom"


def test_it_lists_every_package_a_station_runs_on() -> None:
    rows = set(re.findall(r"^\| `([\w.-]+)` \| ([\w.]+) \|", PAGE, re.MULTILINE))
    shipped = {(name, NPM[name]["version"]) for name in materials.SHIPPED}

    assert rows == pins(RUN) | shipped


def test_every_licence_of_what_is_shipped_is_allowed() -> None:
    refused = [
        (part.name, part.licence)
        for part in materials.parts()
        if part.scope != "dev" and not materials.is_allowed(part.licence)
    ]

    assert refused == []


@pytest.mark.parametrize(
    ("licence", "allowed"),
    [
        ("MIT", True),
        ("Apache-2.0 OR GPL-2.0-only", True),
        ("(MIT OR CC0-1.0)", True),
        ("BSD-3-Clause AND MIT", True),
        ("BSD-3-Clause AND GPL-3.0-only", False),
        ("GPL-3.0-or-later", False),
        ("AGPL-3.0-only OR SSPL-1.0", False),
        ("unknown", False),
        ("", False),
    ],
)
def test_a_licence_is_allowed_by_one_of_its_choices(licence: str, *, allowed: bool) -> None:
    assert materials.is_allowed(licence) is allowed


def carries_libraries(name: str) -> bool:
    try:
        files = distribution(name).files or []
    except PackageNotFoundError:
        return False
    return any(".libs" in file.parts[0] for file in files)


def test_every_package_that_carries_libraries_of_others_is_named() -> None:
    run = {name for name, _ in pins(RUN)}

    assert {name for name in run if carries_libraries(name)} <= set(materials.INSIDE)
    assert set(materials.INSIDE) <= run | materials.SHIPPED
