"""``manifest`` and what is asked about one: import, list, export, close, void, reconcile."""

import csv
import io
import json
from pathlib import Path

import pytest

from tests.cli.conftest import ALL_OF_IT, FIXTURES, MANIFEST, Run

BAD = MANIFEST + b"SJ-1,12,12.71,1271-KS-000009,LAMPU,many,12.71.01\n"
BARE = b"package,item,destination\n1271-KS-000001,KOTAK,12.71.01.1001.001\n"
IMPORT = ("manifest", "import", "-")


def numbers(run: Run) -> list[str]:
    return [row["number"] for row in run("manifest", "list", "--jsonl").objects]


@pytest.mark.usefixtures("home")
class TestImport:
    def test_a_manifest_comes_from_a_file(self, run: Run) -> None:
        done = run("manifest", "import", FIXTURES / "SJ-1271-0147.csv")

        assert (done.code, len(done.lines)) == (0, 1)
        assert "SJ-1271-0147" in done.out
        assert numbers(run) == ["SJ-1271-0147"]

    def test_jsonl_is_the_apis_answer_and_nothing_else(self, run: Run) -> None:
        done = run(*IMPORT, "--jsonl", input=MANIFEST)

        assert done.code == 0
        assert done.objects == [
            {
                "number": "SJ-1",
                "numbers": ["SJ-1"],
                "rows": 3,
                "accepted": 3,
                "problems": [],
                "warnings": [],
                "changes": {"SJ-1": "new"},
                "imported": True,
            }
        ]

    def test_importing_twice_changes_nothing_and_says_so(self, run: Run) -> None:
        run(*IMPORT, input=MANIFEST)
        before = run("ledger", "export").out

        done = run(*IMPORT, input=MANIFEST)

        assert done.code == 0
        assert "nothing changed" in done.out
        assert run("ledger", "export").out == before

    def test_a_dry_run_imports_nothing(self, run: Run) -> None:
        done = run(*IMPORT, "--dry-run", input=MANIFEST)
        answer = run(*IMPORT, "--dry-run", "--jsonl", input=MANIFEST).objects[0]

        assert (done.code, done.out) == (0, "SJ-1 can be imported.\n")
        assert (answer["changes"], answer["imported"]) == ({"SJ-1": "new"}, False)
        assert numbers(run) == []

    @pytest.mark.parametrize("words", [(), ("--dry-run",), ("--dry-run", "--good-rows")])
    def test_problems_are_told_row_by_row(self, run: Run, words: tuple[str, ...]) -> None:
        done = run(*IMPORT, *words, input=BAD)

        assert done.code == 1
        assert "Row 5" in done.err
        assert numbers(run) == []

    def test_a_file_with_problems_is_not_called_importable(self, run: Run) -> None:
        done = run(*IMPORT, input=BAD)

        assert done.out == ""
        assert "nothing was imported" in done.err.splitlines()[-1]

    def test_the_good_rows_may_be_taken_and_the_exit_says_some_were_not(self, run: Run) -> None:
        done = run(*IMPORT, "--good-rows", "--jsonl", input=BAD)

        assert done.code == 1
        assert done.objects[0]["imported"] is True
        assert numbers(run) == ["SJ-1"]

    def test_what_the_file_lacks_may_be_given(self, run: Run) -> None:
        words = ("--number", "SJ-7", "--from", "12", "--to", "12.71.01", "--map", "package=peti")

        done = run(*IMPORT, *words, "--jsonl", input=BARE.replace(b"package", b"peti"))

        assert (done.code, done.objects[0]["numbers"]) == (0, ["SJ-7"])

    @pytest.mark.parametrize(
        ("words", "data"),
        [
            ((), b""),
            ((), b"manifest,from\n"),
            ((), b"\x00\x01\x02\xff" * 100),
            ((), (FIXTURES / "photos" / "one.jpg").read_bytes()),
            (("--map", "nonsense"), MANIFEST),
            (("--map", "nosuchfield=package"), MANIFEST),
            (("--map", "package=nosuchcolumn"), MANIFEST),
            (("--from", "99.99"), BARE),
            (("--number", ""), BARE),
            (("--number", "x" * 500, "--from", "12"), BARE),
        ],
    )
    def test_what_cannot_be_imported_is_told(
        self, run: Run, words: tuple[str, ...], data: bytes
    ) -> None:
        done = run(*IMPORT, *words, input=data)

        assert (done.code, done.out) == (1, "")
        assert done.err
        assert numbers(run) == []

    def test_a_manifest_between_other_places_is_not_taken(self, run: Run) -> None:
        done = run("manifest", "import", FIXTURES / "SJ-1275-0021.csv")

        assert done.code == 1
        assert numbers(run) == []


@pytest.mark.usefixtures("delivery")
class TestDelivery:
    def test_the_list_shows_how_far_each_is(self, run: Run) -> None:
        run("scan", "-", "--manifest", "SJ-1", input="1271-KS-000001\n")

        [line] = run("manifest", "list").lines

        assert line.split() == ["SJ-1", "12", ">", "12.71", "open", "1/3"]

    def test_an_export_can_be_imported_again(self, run: Run, tmp_path: Path) -> None:
        out = tmp_path / "out.csv"
        run("manifest", "export", "SJ-1", "-o", out)

        again = run("manifest", "import", out, "--jsonl")

        assert again.objects[0]["changes"] == {"SJ-1": "unchanged"}
        assert run("manifest", "export", "SJ-1").out == out.read_text()

    @pytest.mark.parametrize("name", ["out.xlsx", "out.XLSX"])
    def test_a_workbook_is_written_by_its_ending_and_imported_again(
        self, run: Run, tmp_path: Path, name: str
    ) -> None:
        run("manifest", "export", "SJ-1", "-o", tmp_path / name)

        again = run("manifest", "import", tmp_path / name, "--jsonl")

        assert again.objects[0]["changes"] == {"SJ-1": "unchanged"}

    def test_an_empty_manifest_is_refused_until_it_has_rows(self, run: Run, tmp_path: Path) -> None:
        run("manifest", "template", "-o", tmp_path / "empty.xlsx")

        done = run("manifest", "import", tmp_path / "empty.xlsx")

        assert done.code == 1
        assert "no rows below it" in done.err

    def test_a_file_that_cannot_be_written_is_told(self, run: Run, tmp_path: Path) -> None:
        done = run("manifest", "export", "SJ-1", "-o", tmp_path / "none" / "out.csv")

        assert done.code == 1
        assert "out.csv" in done.err

    @pytest.mark.parametrize(
        "words",
        [
            ("manifest", "export", "none"),
            ("manifest", "close", "none"),
            ("manifest", "void", "none", "--reason", "why"),
            ("reconcile", "none"),
            ("reconcile", "\x00"),
            ("trace", "none"),
            ("stock", "--place", "none"),
        ],
        ids=ascii,
    )
    def test_what_is_not_known_is_told(self, run: Run, words: tuple[str, ...]) -> None:
        done = run(*words)

        assert (done.code, done.out) == (1, "")
        assert len(done.err.splitlines()) == 2

    def test_a_closed_manifest_stops_scans(self, run: Run) -> None:
        closed = run("manifest", "close", "SJ-1")

        done = run("scan", "-", "--manifest", "SJ-1", input="1271-KS-000001\n")

        assert closed.code == 0
        assert (done.code, done.out.split()[0]) == (1, "manifest-closed")

    def test_closing_twice_is_closed(self, run: Run) -> None:
        run("manifest", "close", "SJ-1")
        before = run("ledger", "export").out

        assert run("manifest", "close", "SJ-1").code == 0
        assert run("ledger", "export").out == before

    def test_a_manifest_that_was_never_counted_may_be_made_void(self, run: Run) -> None:
        done = run("manifest", "void", "SJ-1", "--reason", "sent twice")

        assert done.code == 0
        assert run("manifest", "list", "--jsonl").objects[0]["state"] == "void"

    def test_a_counted_manifest_is_not_made_void(self, run: Run) -> None:
        run("scan", "-", "--manifest", "SJ-1", input="1271-KS-000001\n")

        done = run("manifest", "void", "SJ-1", "--reason", "sent twice")

        assert (done.code, done.out) == (1, "")

    # Reports.

    def test_a_whole_delivery_reconciles(self, run: Run) -> None:
        run("scan", "-", "--manifest", "SJ-1", input=ALL_OF_IT)

        assert run("reconcile", "SJ-1").code == 0

    @pytest.mark.parametrize(
        "texts",
        ["", "1271-KS-000001\n", ALL_OF_IT + "SLG-ITEM-TINTA\n", ALL_OF_IT + "GRAFIKA-1\n"],
        ids=["nothing", "a part", "too much", "a stranger"],
    )
    @pytest.mark.parametrize("form", ["table", "json", "csv"])
    def test_differences_are_three(self, run: Run, texts: str, form: str) -> None:
        run("scan", "-", "--manifest", "SJ-1", input=texts)

        done = run("reconcile", "SJ-1", "--format", form)

        assert done.code == 3
        assert "1271-KS-000002" in done.out

    def test_the_json_is_the_contracts(self, run: Run) -> None:
        run("scan", "-", "--manifest", "SJ-1", input="1271-KS-000001\nGRAFIKA-1\nGRAFIKA-1\n")

        found = json.loads(run("reconcile", "SJ-1", "--format", "json").out)

        assert list(found) == [
            "manifest",
            "place",
            "state",
            "totals",
            "packages",
            "items",
            "destinations",
            "lines",
            "extras",
        ]
        assert list(found["lines"][0]) == [
            "row",
            "package",
            "item",
            "destination",
            "expected",
            "counted",
            "damaged",
            "status",
        ]
        assert [line["status"] for line in found["lines"]] == ["matched", "missing", "missing"]
        assert found["totals"]["extras"] == 1
        [extra] = found["extras"]
        assert list(extra) == ["text", "outcome", "scanned_at", "station", "scans"]
        assert (extra["text"], extra["outcome"], extra["scans"]) == ("GRAFIKA-1", "unknown", 2)

    def test_the_csv_has_a_row_for_each_line(self, run: Run, tmp_path: Path) -> None:
        run("reconcile", "SJ-1", "--format", "csv", "-o", tmp_path / "out.csv")

        rows = list(csv.DictReader(io.StringIO((tmp_path / "out.csv").read_text())))
        assert [row["package"] for row in rows] == ["1271-KS-000001", "1271-KS-000002", ""]

    def test_loading_is_reconciled_apart(self, run: Run) -> None:
        run("scan", "-", "--manifest", "SJ-1", input=ALL_OF_IT)

        done = run("reconcile", "SJ-1", "--task", "dispatch", "--format", "json")

        assert done.code == 3
        assert json.loads(done.out)["packages"] == {"expected": 2, "counted": 0}

    def test_stock_is_the_contracts(self, run: Run) -> None:
        run("scan", "-", "--manifest", "SJ-1", input=ALL_OF_IT)

        found = json.loads(run("stock", "--format", "json").out)

        good = {"place": "12.71", "condition": "good"}
        assert found == [
            good | {"item": "KOTAK", "quantity": 2, "packages": 2},
            good | {"item": "TINTA", "quantity": 40, "packages": 0},
        ]

    @pytest.mark.parametrize("form", ["table", "csv"])
    def test_stock_is_readable(self, run: Run, form: str) -> None:
        run("scan", "-", "--manifest", "SJ-1", input=ALL_OF_IT)

        done = run("stock", "--format", form)

        assert (done.code, len(done.lines)) == (0, 3)
        assert "KOTAK" in done.out

    @pytest.mark.parametrize("form", ["table", "json", "csv"])
    def test_a_place_without_stock_is_no_error(self, run: Run, form: str) -> None:
        assert run("stock", "--place", "12.71.02", "--format", form).code == 0

    def test_a_trace_is_the_contracts(self, run: Run) -> None:
        run("scan", "-", "--manifest", "SJ-1", input="1271-KS-000001\n")

        found = json.loads(run("trace", "1271-KS-000001", "--json").out)

        events = found.pop("events")
        assert (
            found.items()
            >= {
                "package": "1271-KS-000001",
                "item": "KOTAK",
                "destination": "12.71.01.1001.001",
                "place": "12.71",
                "state": "stored",
            }.items()
        )
        assert [list(event) for event in events] == [["at", "station", "task", "outcome", "place"]]

    def test_a_trace_is_readable(self, run: Run) -> None:
        run("scan", "-", "--manifest", "SJ-1", input="1271-KS-000001\n1271-KS-000001\n")

        done = run("trace", "1271-KS-000001")

        assert (done.code, len(done.lines)) == (0, 3)
        assert "duplicate" in done.lines[2]
